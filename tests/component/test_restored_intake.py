"""An older database of intake is put back: what it had published keeps its place, and days go on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
import pytest_asyncio
from nats.js.errors import NotFoundError
from psycopg import sql

from services.intake.service import DEFINITION
from shared.contracts.rpc import ById, Case
from shared.ledger.files import LedgerFolder
from shared.runtime.operate import audit
from tests.component.test_erasure import _copied, approve, ask_for, reported
from tests.component.test_intake import Intake
from tests.conftest import Database
from tests.nats_server import Bus, running_bus
from tests.service_lab import HERE, Running, eventually, running


@pytest_asyncio.fixture
async def bus(tmp_path: Path) -> AsyncIterator[Bus]:
    folder = tmp_path / "nats"
    folder.mkdir()
    async with running_bus(folder) as bus:
        yield bus


async def until_the_tail_is(service: Running | Intake, position: int) -> None:
    """So many messages stand in the stream."""
    js = (await service.bus.client("intake")).jetstream()

    async def there() -> bool:
        return int((await js.stream_info("INTAKE")).state.last_seq) == position

    await eventually(there)


async def kinds(bus: Bus, *positions: int) -> list[str | None]:
    """The kinds of messages at these places; None: it was taken out."""
    js = (await bus.client("intake")).jetstream()
    found: list[str | None] = []
    for position in positions:
        try:
            body = (await js.get_msg("INTAKE", position)).data or b""
        except NotFoundError:
            found.append(None)
        else:
            found.append(json.loads(body)["type"].removeprefix("intake.v1."))
    return found


async def ready(service: Any) -> bool:
    """What the service says of itself."""
    return bool(await service.service.is_ready())


def day(number: int) -> datetime:
    """A moment behind that day's daily moment."""
    return datetime(2026, 3, number, 4, 0, tzinfo=UTC)


async def test_what_was_published_keeps_its_place(
    database: Database, tmp_path: Path, bus: Bus
) -> None:
    """Messages of cases that the older database does not have, one of them erased and taken out, are
    marked and not made anew; what is booked afterwards comes behind them, once, in the stream as in the
    database; the service is ready, and the audit finds nothing. A second start changes nothing.
    """
    async with running(DEFINITION, database, bus, tmp_path) as service:
        intake = Intake(service)
        await intake.found()
        first = await intake.open()
        service.clock.move(day(3))
        await until_the_tail_is(service, 3)
    older = _copied(database, "older")
    async with running(DEFINITION, database, bus, tmp_path) as service:
        intake = Intake(service)
        service.clock.move(day(3))
        lost, erased = await intake.open(), await reported(intake)
        service.clock.move(day(4))
        await until_the_tail_is(service, 6)
        await ask_for(intake, erased.case, **erased.me)
        await approve(intake, erased.case, subject="anna")
        service.clock.move(day(5))
        await until_the_tail_is(service, 8)

        async def one_is_gone() -> bool:
            return (await kinds(bus, 4, 5)).count(None) == 1

        await eventually(one_is_gone)
        published = await kinds(bus, *range(1, 9))

    async with running(DEFINITION, older, bus, tmp_path) as service:
        intake = Intake(service)
        service.clock.move(day(5))

        async def marked() -> bool:
            return (await service.types()).count("MessageAdopted") == 5

        await eventually(marked)
        assert await ready(service)
        await until_the_tail_is(service, 9)  # the day that it was put back on is closed anew
        assert published == await kinds(bus, *range(1, 9))
        assert (Case, Case) == (
            type(await intake.anna("case", ById(id=str(first)), Case)),
            type(await intake.anna("case", ById(id=str(await intake.open())), Case)),
        )
        assert (
            "NOT_FOUND" == (await service.refused("case", ById(id=str(lost)), subject="anna")).code
        )
        service.clock.move(day(6))
        await until_the_tail_is(service, 11)
        assert ["day.closed", "facts.booked", "day.closed"] == await kinds(bus, 9, 10, 11)
        looked = await audit(DEFINITION, service.service.settings, pause=0.1)
        assert [] == looked.findings
        before = await service.types()
    async with running(DEFINITION, older, bus, tmp_path) as service:
        service.clock.move(day(6))
        await eventually(lambda: ready(service))
        assert before == await service.types()
    with psycopg.connect(database.postgres.url(), autocommit=True) as connection:
        connection.execute(
            sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(older.name))
        )


async def test_an_older_database_with_an_emptied_stream_publishes_nothing(
    database: Database, tmp_path: Path, bus: Bus, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was published in between is nowhere: the service is not ready, and a person decides."""
    async with running(DEFINITION, database, bus, tmp_path) as service:
        intake = Intake(service)
        await intake.found()
        await intake.open()
        service.clock.move(day(3))
        await until_the_tail_is(service, 3)
    older = _copied(database, "older")
    async with running(DEFINITION, database, bus, tmp_path) as service:
        service.clock.move(day(3))
        ((before,),) = service.rows("SELECT size FROM log")
        await Intake(service).open()
        service.clock.move(day(4))
        await until_the_tail_is(service, 5)
        folder = LedgerFolder(service.service.settings.ledger_dir)

        async def signed() -> bool:
            newest = folder.newest("intake", HERE)
            return newest is not None and newest.size > before

        await eventually(signed)
    emptied = tmp_path / "emptied"
    emptied.mkdir()
    async with (
        running_bus(emptied) as new,
        running(DEFINITION, older, new, tmp_path) as service,
    ):
        service.clock.move(day(5))

        async def refused() -> bool:
            return not await ready(service)

        await eventually(refused)
        await asyncio.sleep(0.7)
        await until_the_tail_is(service, 0)
        assert "relay.failed" in capsys.readouterr().out
