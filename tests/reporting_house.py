"""Reporting on a real PostgreSQL behind a real gateway on a real bus: organisations with released tables."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from uuid import UUID, uuid4, uuid5

import httpx2
import msgspec
from nats.aio.client import Client

from services.gateway.app import application
from services.reporting.loading import load_tables
from services.reporting.service import DEFINITION
from shared.bus.connection import responds
from shared.bus.rpc import RpcClient
from shared.contracts.events import (
    CloudEvent,
    OrganisationSetUp,
    SignalsReleased,
    SignalTold,
    StatisticsReleased,
    WindowDrawn,
)
from shared.contracts.rpc import Release, ReleasedCell, ReleasePolicy, Shape, Unit, WithheldBlock
from shared.identity.tokens import TokenVerifier
from shared.telemetry import configure
from tests.conftest import Database
from tests.house import House
from tests.nats_server import running_bus
from tests.service_lab import HERE, ISSUER, eventually, running

LABELS = {"zorg": "Zorg", "kantoor": "Kantoor"}


@dataclass
class ReportingHouse(House):
    """The organisation, its neighbours' places on the bus, and whoever asks."""

    intake: Client = field(kw_only=True)
    signals: Client = field(kw_only=True)

    async def known(self, organisation: UUID = HERE, *advisers: str) -> None:
        """Intake tells that an organisation was set up, and reporting knows it."""
        await publish(
            self.intake,
            "intake.v1.organisation.set_up",
            "intake.v1.organisation.set_up",
            OrganisationSetUp(
                organisation_id=str(organisation),
                token=token_of(organisation),
                name="De Hoekstee",
                language="nl",
                units=(
                    Unit(id="zorg", name="Zorg", headcount=120),
                    Unit(id="kantoor", name="Kantoor", headcount=90),
                ),
                advisers=advisers or ("adviser-1",),
                release=ReleasePolicy(policy="noisy"),
                on=date(2026, 1, 1),
            ),
        )

        async def there() -> bool:
            return "OrganisationKnown" in await self.service.types(organisation)

        await eventually(there)

    async def released(
        self, period: str, figures: dict[str, int | None], organisation: UUID = HERE
    ) -> None:
        """Signals tells the units of a period, with noise; None: it is below 6. Reporting has it."""
        shown = {code: count for code, count in figures.items() if count is not None}
        below = tuple(code for code in figures if code not in shown)
        token = token_of(organisation)
        await publish(
            self.signals,
            f"signals.v1.{token}.statistics-released",
            "signals.v1.statistics.released",
            StatisticsReleased(
                release=Release(
                    release_id=str(uuid5(organisation, f"unit/{period}")),
                    organisation_id=str(organisation),
                    organisation_token=token,
                    period=period,
                    policy="noisy",
                    dimension="unit",
                    k=5,
                    taxonomy_version=1,
                    cells=tuple(
                        ReleasedCell(code=code, count=count, margin=4)
                        for code, count in shown.items()
                    ),
                    withheld=WithheldBlock(codes=below, count=None, thresholds=(6,) * len(below))
                    if below
                    else None,
                    total=None,
                    released_week="2026-W29",
                    epsilon=1.0,
                    budget=2.0,
                    grid_id=str(UUID(int=9)),
                ),
                labels_en=LABELS,
                labels_nl=LABELS,
                drawn=(WindowDrawn(measure="unit", period=period, epsilon=1.0),),
            ),
        )

        async def there() -> bool:
            await self.service.service.projector.catch_up()
            tables = await load_tables(self.service.service.parts, organisation)
            return any(table.figures.period == period for table in tables)

        await eventually(there)

    async def told(
        self, day: date, *signals: tuple[UUID, str, str, str], organisation: UUID = HERE
    ) -> None:
        """Signals tells signals of a tick: id, theme, place, period."""
        await publish(
            self.signals,
            f"signals.v1.{token_of(organisation)}.signals-released",
            "signals.v1.signals.released",
            SignalsReleased(
                organisation_id=str(organisation),
                organisation_token=token_of(organisation),
                day=day,
                released=tuple(
                    SignalTold(
                        signal_id=str(signal_id),
                        theme=theme,
                        place=place,
                        period=period,
                        direction="rising",
                        judged=False,
                        causes=("workload",),
                        aims=("workload_policy",),
                    )
                    for signal_id, theme, place, period in signals
                ),
                withdrawn=(),
            ),
        )

        async def there() -> bool:
            return "SignalsTold" in await self.service.types(organisation)

        await eventually(there)


def token_of(organisation: UUID) -> str:
    """What stands for an organisation in subjects."""
    return uuid5(organisation, "token").hex[:16]


async def publish(client: Client, subject: str, kind: str, data: Shape) -> None:
    event = CloudEvent(
        id=str(uuid4()),
        source="/hoeksteen/test",
        type=kind,
        week="2026-W29",
        data=msgspec.Raw(msgspec.json.encode(data)),
    )
    # Bodies come in size classes, filled up with spaces.
    await client.jetstream().publish(subject, msgspec.json.encode(event).ljust(4096))


@asynccontextmanager
async def running_reporting(database: Database, folder: Path) -> AsyncIterator[ReportingHouse]:
    """Both programs in this process; no organisation is known yet."""
    (folder / "nats").mkdir()
    async with (
        running_bus(folder / "nats") as bus,
        running(DEFINITION, database, bus, folder) as service,
    ):
        telemetry = configure("gateway", spans_path=folder / "spans.jsonl")
        client = await bus.client("gateway")
        app = application(
            rpc=RpcClient(client),
            verifier=TokenVerifier(folder / "jwks.json", ISSUER, "hoeksteen"),
            telemetry=telemetry,
            ready=lambda: responds(client),
            graphiql=False,
        )
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://gateway") as http:
            yield ReportingHouse(
                service,
                http,
                intake=await bus.client("intake"),
                signals=await bus.client("signals"),
            )
        telemetry.shutdown()
