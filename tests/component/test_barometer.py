"""The barometer and the norms over the gateway: reporting takes in what signals released, and people ask."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4, uuid5

import httpx2
import msgspec
import pytest
import pytest_asyncio

from services.gateway.app import application
from services.reporting.service import DEFINITION
from shared.bus.connection import responds
from shared.contracts import rpc
from shared.contracts.events import (
    CloudEvent,
    OrganisationSetUp,
    PulseReleased,
    StatisticsReleased,
    WindowDrawn,
)
from shared.contracts.rpc import Shape
from shared.identity.roles import Role
from shared.identity.tokens import TokenVerifier
from shared.telemetry import configure
from tests.conftest import Database
from tests.nats_server import running_bus
from tests.service_lab import ELSEWHERE, HERE, ISSUER, Running, eventually, running

TOKEN = "5d41402abc4b2a76"
ASKED = ("seen_and_heard", "ideas_shared", "mistakes_discussed", "dares_to_speak")
BAROMETER = """
query ($period: String) {
  barometer(period: $period) {
    period version index low high coverage reason change
    components { code weight score low high reason }
    history { period index change }
  }
}
"""
ASSESS = """
mutation ($input: AssessMaturityInput!) {
  assessMaturity(input: $input) {
    __typename
    ... on AssessMaturityPayload { norm }
    ... on UserError { code path }
  }
}
"""
MATURITY = "{ maturity { newest { norm level side evidence { kind cell } } history { level } } }"


@dataclass
class World:
    """Reporting and a gateway on one bus."""

    reporting: Running
    http: httpx2.AsyncClient

    async def tell(self, service: str, subject: str, kind: str, data: Shape) -> None:
        """A neighbour publishes."""
        event = CloudEvent(
            id=str(uuid4()),
            source=f"/hoeksteen/{service}",
            type=kind,
            week="2026-W29",
            data=msgspec.Raw(msgspec.json.encode(data)),
        )
        client = await self.reporting.bus.client(service)
        await client.jetstream().publish(subject, msgspec.json.encode(event).ljust(4096))

    async def pulse(
        self, period: str, counts: Sequence[int | None], *, again: bool = False
    ) -> None:
        """Signals tells a released round."""
        result = rpc.PulseResult(
            period=period,
            policy="noisy",
            epsilon=1.0,
            questions=tuple(rpc.PulsePhrase(code=one, en=one, nl=one) for one in ASKED),
            opens_on=date(2026, 3, 9),
            closes_on=date(2026, 3, 27),
            released_week="2026-W16",
            tables=(
                rpc.PulseTable(
                    place="all",
                    place_name="",
                    answers=300,
                    answers_margin=14,
                    margin=12,
                    least=19,
                    figures=tuple(
                        rpc.PulseFigures(question=one, counts=tuple(counts), withheld=None)
                        for one in ASKED
                    ),
                ),
            ),
        )
        released = PulseReleased(
            organisation_id=str(HERE),
            release_id=str(uuid5(HERE, period)),
            rule="pulse-noisy/1",
            result=result,
            scopes={"all": ()},
        )
        for _ in range(1 + again):
            await self.tell(
                "signals",
                "signals-inside.v1.pulse.released",
                "signals.v1.pulse.released",
                released,
            )

    async def ask(
        self, query: str, role: Role, organisation: UUID = HERE, **variables: Any
    ) -> dict[str, Any]:
        """What the gateway answers."""
        token = self.reporting.token(role, organisation)
        answer = await self.http.post(
            "/graphql",
            json={"query": query, "variables": variables},
            headers={"Authorization": f"Bearer {token}", "Accept-Language": "nl"},
        )
        found: dict[str, Any] = answer.json()
        assert "errors" not in found, found
        data: dict[str, Any] = found["data"]
        return data

    async def assess(self, role: Role, **said: Any) -> dict[str, Any]:
        """A side says how far openness is."""
        given = {
            "idempotencyKey": str(uuid4()),
            "norm": "OPENNESS",
            "level": 3,
            "period": "2026-H2",
            "words": "Fouten komen vaker op tafel.",
            "evidence": [{"kind": "PULSE", "period": "2026-H2", "cell": "mistakes_discussed"}],
        }
        data = await self.ask(ASSESS, role, input=given | said)
        found: dict[str, Any] = data["assessMaturity"]
        return found

    async def looks(self, what: str) -> list[str]:
        """Roles of who looked at it."""
        return [
            one.event.role
            for one in await self.reporting.log()
            if one.type == "AccessRecorded" and one.event.what == what
        ]


@pytest_asyncio.fixture
async def world(database: Database, tmp_path: Path) -> AsyncIterator[World]:
    (tmp_path / "nats").mkdir()
    async with AsyncExitStack() as stack:
        bus = await stack.enter_async_context(running_bus(tmp_path / "nats"))
        service = await stack.enter_async_context(running(DEFINITION, database, bus, tmp_path))
        telemetry = configure("gateway", spans_path=tmp_path / "spans.jsonl")
        stack.callback(telemetry.shutdown)
        client = await bus.client("gateway")
        app = application(
            rpc=service.rpc,
            verifier=TokenVerifier(tmp_path / "jwks.json", ISSUER, "hoeksteen"),
            telemetry=telemetry,
            ready=lambda: responds(client),
            graphiql=False,
            guesses=None,
        )
        http = await stack.enter_async_context(
            httpx2.AsyncClient(
                transport=httpx2.ASGITransport(app), base_url="http://gateway.example"
            )
        )
        yield World(service, http)


def refused_messages(printed: str) -> list[str]:
    """Lines of a reader that could not take a message in."""
    return [line for line in printed.splitlines() if "consumer.failed" in line]


async def test_released_pulses_become_a_barometer_with_a_history(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """In whatever order and however often they come; every reader gets the same number, and looks of all
    but employees stand in the log. Norms are claimed beside it, with evidence that is there.
    """
    assert {"barometer": None} == await world.ask(BAROMETER, Role.BOARD)
    await world.pulse("2026-H2", (None, 20, 40, 100, 140), again=True)
    await world.pulse("2026-H1", (60, 80, 80, 50, 30))
    await world.tell(
        "intake",
        "intake.v1.organisation.set_up",
        "intake.v1.organisation.set_up",
        OrganisationSetUp(
            organisation_id=str(HERE),
            token=TOKEN,
            name="De Hoekstee",
            language="nl",
            units=(rpc.Unit(id="care", name="Zorg", headcount=1000),),
            advisers=("adviser-1",),
            release=rpc.ReleasePolicy(policy="noisy"),
            on=date(2026, 1, 5),
        ),
    )
    release = rpc.Release(
        release_id=str(uuid4()),
        organisation_id=str(HERE),
        organisation_token=TOKEN,
        period="2026-H2",
        policy="noisy",
        dimension="area",
        k=5,
        taxonomy_version=1,
        cells=(rpc.ReleasedCell(code="conduct", count=43, margin=6),),
        withheld=None,
        total=43,
        released_week="2026-W29",
        total_margin=6,
        epsilon=1.0,
        budget=2.0,
        grid_id=str(UUID(int=9)),
    )
    labels = {"conduct": "Omgang"}
    await world.tell(
        "signals",
        f"signals.v1.{TOKEN}.statistics-released",
        "signals.v1.statistics.released",
        StatisticsReleased(
            release=release,
            labels_en=labels,
            labels_nl=labels,
            drawn=(WindowDrawn(measure="area", period="2026-H2", epsilon=1.0),),
        ),
    )

    async def taken_in() -> bool:
        stored = await world.reporting.types()
        return (stored.count("PulseKept"), stored.count("ReportDrafted")) == (2, 1)

    await eventually(taken_in)
    await world.reporting.service.projector.catch_up()
    assert [] == refused_messages(capsys.readouterr().out)
    told = (await world.ask(BAROMETER, Role.WORKS_COUNCIL))["barometer"]
    readers = (Role.ADVISER, Role.HR, Role.BOARD, Role.EMPLOYEE)
    assert [told] * 4 == [(await world.ask(BAROMETER, role))["barometer"] for role in readers]
    assert ("2026-H2", "barometer/1", 50, None, "NOT_COMPARABLE") == (
        *(told["period"], told["version"], told["coverage"], told["reason"], told["change"]),
    )
    parts = {one["code"]: one for one in told["components"]}
    mean = (9 * 0 + 20 * 25 + 40 * 50 + 100 * 75 + 140 * 100) / 309
    assert round(mean) == parts["ideas_shared"]["score"]
    assert parts["ideas_shared"]["low"] < round(mean) < parts["ideas_shared"]["high"]
    # Of 85.7 that a survey would find in 184 days among a thousand people 43 came.
    assert 50 == parts["dark_number"]["score"]
    assert "hiervan is niets vrijgegeven" == parts["severity"]["reason"]
    assert round((round(mean) * 42 + 50 * 8) / 50) == told["index"]
    assert told["low"] < told["index"] < told["high"]
    assert ["2026-H1", "2026-H2"] == [one["period"] for one in told["history"]]
    earlier = (await world.ask(BAROMETER, Role.HR, period="2026-H1"))["barometer"]
    assert (42, ["2026-H1"]) == (
        earlier["coverage"],
        [one["period"] for one in earlier["history"]],
    )
    assert {"barometer": None} == await world.ask(BAROMETER, Role.HR, ELSEWHERE)
    assert ["works_council", "adviser", "hr", "board", "hr"] == await world.looks("barometer")

    assert "AssessMaturityPayload" == (await world.assess(Role.WORKS_COUNCIL))["__typename"]
    assert "AssessMaturityPayload" == (await world.assess(Role.BOARD, level=5))["__typename"]
    assert "AssessMaturityPayload" == (await world.assess(Role.BOARD, level=4))["__typename"]
    nothing = [{"kind": "PULSE", "period": "2026-H2", "cell": "policy_felt"}]
    for evidence in ([], nothing):
        refused = await world.assess(Role.ADVISER, evidence=evidence)
        assert ("INVALID_INPUT", ["input", "evidence"]) == (refused["code"], refused["path"])
    norms = (await world.ask(MATURITY, Role.HR))["maturity"]
    shown = [{"kind": "PULSE", "cell": "mistakes_discussed"}]
    assert [
        {"norm": "OPENNESS", "level": 3, "side": "works_council", "evidence": shown},
        {"norm": "OPENNESS", "level": 4, "side": "board", "evidence": shown},
    ] == norms["newest"]
    assert [4, 5, 3] == [one["level"] for one in norms["history"]]
    assert ["hr"] == await world.looks("maturity")
