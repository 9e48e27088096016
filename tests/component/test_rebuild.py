"""Streams and projections made anew under running services: the same as before, nothing twice."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from nats.js.errors import NotFoundError

from hoeksteen_client import AdviserKey, seal
from services.intake.service import DEFINITION as INTAKE
from services.signals.service import DEFINITION as SIGNALS
from shared.bus import provision
from shared.bus.rebuild import rebuild
from shared.contracts.rpc import (
    AdviserSeat,
    Cases,
    Done,
    OpenCase,
    Page,
    PublishAdviserKey,
    ReleasePolicy,
    Sealed,
    SetUpOrganisation,
    Unit,
)
from shared.identity.roles import Role
from shared.runtime.operate import rebuild_projections
from tests.conftest import Database
from tests.nats_server import Bus, running_bus
from tests.service_lab import HERE, Running, eventually, running

TICK = datetime(2026, 7, 15, 9, 1, tzinfo=UTC)
NEXT_TICK = datetime(2027, 1, 15, 9, 1, tzinfo=UTC)


@dataclass
class World:
    """Intake and signals on one bus, with an organisation of which Anna is the adviser."""

    bus: Bus
    intake: Running
    signals: Running
    key: AdviserKey

    async def cases(self, count: int) -> None:
        """Anna opens cases."""
        for _ in range(count):
            case = uuid4()
            words = seal(
                "iets",
                organisation=HERE,
                case=case,
                key_id=self.key.key_id,
                public_key=self.key.public,
            )
            await self.intake.ask(
                "open_case",
                OpenCase(
                    case_id=str(case),
                    channel="walk_in",
                    anonymity="confidential",
                    reporter_role="employee",
                    relation="colleague",
                    category="bullying",
                    words=(Sealed(key_id=str(self.key.key_id), ciphertext=words),),
                ),
                Done,
                subject="anna",
            )

    def at(self, moment: datetime) -> None:
        """From now on it is `moment` for both."""
        self.intake.clock.move(moment)
        self.signals.clock.move(moment)

    async def released(self, many: int) -> None:
        """Wait until so many windows are released, and all that left with them is published: what else a tick
        tells comes before or after, so until a second brings nothing more.
        """
        seen = -1

        async def there() -> bool:
            nonlocal seen
            queued = len(self.signals.rows("SELECT 1 FROM relay_queue"))
            before, seen = seen, len(await self.messages("SIGNALS"))
            if (len(await self.figures()), queued) != (many, seen):
                return False
            await asyncio.sleep(1)
            return before == seen

        await eventually(there, within=30)

    async def figures(self) -> list[tuple[int, str, str, bytes]]:
        """The messages of released windows."""
        return [one for one in await self.messages("SIGNALS") if "statistics" in one[1]]

    async def messages(self, stream: str) -> list[tuple[int, str, str, bytes]]:
        """Position, subject, id and body of everything in a stream."""
        js = (await self.bus.client({"INTAKE": "intake", "SIGNALS": "signals"}[stream])).jetstream()
        try:
            last = (await js.stream_info(stream)).state.last_seq
        except NotFoundError:
            return []
        found = [await js.get_msg(stream, place) for place in range(1, last + 1)]
        return [
            (one.seq or 0, str(one.subject), (one.headers or {})["Nats-Msg-Id"], one.data or b"")
            for one in found
        ]

    async def both(self) -> list[list[tuple[int, str, str, bytes]]]:
        return [await self.messages("INTAKE"), await self.messages("SIGNALS")]

    def signals_database(self) -> dict[str, list[tuple[Any, ...]]]:
        """Everything that signals has stored, but for what fills its tiles."""
        sources = ("tracking", "relay_queue", *TABLES["signals"], "event WHERE type <> 'Blank'")
        return {
            source: sorted(self.signals.rows(f"SELECT * FROM {source}"), key=repr)  # noqa: S608
            for source in sources
        }

    async def received(self, at_least: int = 0) -> list[str]:
        """The ids of what the integration's stream gives out, acknowledged: so many, waited for, and
        what comes within a second after them.
        """
        js = (await self.bus.client("integration")).jetstream()
        pull = await js.pull_subscribe_bind("integration", "SIGNALS_EXT")
        found: list[str] = []
        while True:
            try:
                [message] = await pull.fetch(1, timeout=1 if len(found) >= at_least else 30)
            except TimeoutError:
                return found
            await message.ack()
            found.append((message.headers or {})["Nats-Msg-Id"])

    async def refilled(self, expected: list[list[tuple[int, str, str, bytes]]]) -> None:
        """Wait until the streams hold so much again."""

        async def there() -> bool:
            return [len(one) for one in await self.both()] == [len(one) for one in expected]

        await eventually(there, within=40)


TABLES = {
    "intake": ("case_index",),
    "signals": ("held_window", "held_facts", "reached_day", "released_window"),
}


@pytest.fixture(autouse=True)
def _looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """The relay compares stream and database every half second instead of every twenty."""
    monkeypatch.setattr("shared.runtime.service._RELAY_SECONDS", 0.5)


@pytest_asyncio.fixture
async def world(database: Database, tmp_path: Path) -> AsyncIterator[World]:
    for name in ("nats", "intake", "signals"):
        (tmp_path / name).mkdir()
    async with (
        running_bus(tmp_path / "nats") as bus,
        running(INTAKE, database, bus, tmp_path / "intake") as intake,
        running(SIGNALS, database, bus, tmp_path / "signals") as signals,
    ):
        world = World(bus, intake, signals, AdviserKey.generate())
        await intake.ask(
            "set_up_organisation",
            SetUpOrganisation(
                organisation_id=str(HERE),
                name="De Hoekstee",
                language="nl",
                units=(Unit(id="whole", name="De Hoekstee", headcount=90),),
                advisers=(AdviserSeat(id="anna", name="Anna"),),
                release=ReleasePolicy(
                    policy="exact", dimension="category", k=5, works_council_on=date(2026, 1, 20)
                ),
            ),
            Done,
            role=Role.ADMIN,
        )
        await intake.ask(
            "publish_adviser_key",
            PublishAdviserKey(public_key=world.key.public),
            Done,
            subject="anna",
        )
        await world.cases(6)
        world.at(TICK)
        await world.released(1)
        yield world


async def test_a_bus_that_lost_everything_is_filled_again(world: World) -> None:
    """The same messages byte for byte at the same positions; signals counts nothing twice."""
    before, stored = await world.both(), world.signals_database()
    assert [len(one) > 0 for one in before] == [True, True]
    world.bus.stop(kill=True)
    shutil.rmtree(world.bus.store)
    await world.bus.start()
    await world.bus.provision()
    await world.refilled(before)
    await asyncio.sleep(2)
    assert await world.both() == before
    assert world.signals_database() == stored

    await world.cases(7)
    world.at(NEXT_TICK)
    await world.released(2)
    assert (await world.both())[0][: len(before[0])] == before[0]
    kept = world.signals.rows("SELECT count(*) FROM event WHERE type = 'FactsKept'")
    assert kept == [(13,)]
    assert b'"total":7' in (await world.figures())[1][3]


async def test_streams_that_are_rebuilt_hold_what_they_held(world: World) -> None:
    """Deleted and made anew under running services; the integration is told nothing again."""
    before, stored = await world.both(), world.signals_database()
    assert [one[2] for one in before[1]] == await world.received(len(before[1]))
    given = provision.Settings(
        servers=world.bus.url,
        monitor_url=world.bus.monitor_url,
        passwords=world.bus.passwords,
        integrations=tuple(world.bus.integrations),
        replicas=1,
    )
    done = await rebuild(given, ["intake", "signals"])
    assert {"INTAKE", "SIGNALS", "INTAKE/signals-facts", "SIGNALS/export-integration"} <= set(
        done.created
    )
    assert not {
        "REPORTING",
        "TOMBSTONES",
        "REVOCATIONS",
        "DLQ",
        "INTEGRATION:SIGNALS_EXT",
    } & set(done.created)
    await world.refilled(before)
    await asyncio.sleep(2)
    assert await world.both() == before
    assert world.signals_database() == stored
    assert await world.received() == []

    await world.cases(5)
    world.at(NEXT_TICK)
    await world.released(2)
    anew = (await world.messages("SIGNALS"))[len(before[1]) :]
    assert [one[2] for one in anew] == await world.received(len(anew))


async def test_looking_again_queues_nothing(world: World) -> None:
    """What was booked since the daily moment waits for the next one, however often it looks."""
    before = await world.both()
    await world.cases(2)
    await asyncio.sleep(2)
    assert await world.both() == before
    assert len(world.intake.rows("SELECT 1 FROM relay_queue")) == len(before[0])


async def test_projections_that_are_rebuilt_hold_what_they_held(world: World) -> None:
    """Row for row, also where the tables were spoilt; and the running services go on with them."""
    for service in (world.intake, world.signals):
        spoilt = {
            "intake": ("DELETE FROM case_index WHERE opened_index > 3",),
            "signals": (
                "DELETE FROM held_facts",
                "UPDATE reached_day SET day = '1999-01-01'",
                "INSERT INTO released_window VALUES (gen_random_uuid(), '2019', gen_random_uuid())",
            ),
        }[service.name]

        def tables(service: Running = service) -> list[list[tuple[Any, ...]]]:
            return [
                sorted(service.rows(f"SELECT * FROM {table}"), key=repr)  # noqa: S608
                for table in TABLES[service.name]
            ]

        async def all_projected(service: Running = service) -> bool:
            parts = service.service.parts
            many = len(service.service.definition.projections(parts.ring))
            positions = service.rows("SELECT position FROM projection_position")
            return sorted(positions) == sorted(many * service.rows("SELECT size FROM log"))

        before = tables()
        assert all(before)
        for statement in spoilt:
            service.rows(f"{statement} RETURNING 1")
        assert tables() != before
        told = await rebuild_projections(service.service.definition, service.service.settings)
        assert told.startswith(f"{service.name}: ")
        assert tables() == before
        await eventually(all_projected)

    await world.cases(1)
    found = await world.intake.ask("cases", Page(), Cases, subject="anna")
    assert len(found.items) == 7
    world.at(NEXT_TICK)
    await world.released(2)
