"""Statistics and reports as they were at a checkpoint, on real PostgreSQL and NATS."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest_asyncio

from services.reporting.service import DEFINITION as REPORTING
from services.signals.service import DEFINITION as SIGNALS
from shared.contracts.errors import Code, Refusal
from shared.contracts.rpc import (
    Done,
    PublishReport,
    Release,
    Report,
    ReportQuery,
    Reports,
    ReportsQuery,
    SaveInterpretation,
    Sealed,
    Shape,
    Statistics,
    StatisticsQuery,
)
from shared.eventstore.store import Recorded
from shared.identity.roles import Role
from tests.component.test_projector import TYPES, NoteTaken
from tests.component.test_reporting import Reporting
from tests.component.test_signals import DUE, TICK, Signals
from tests.conftest import Database
from tests.nats_server import Bus, running_bus
from tests.service_lab import ELSEWHERE, HERE, Running, eventually, running
from tests.store_lab import store_lab

NEXT_DUE = date(2027, 1, 15)
NEXT_TICK = datetime(2027, 1, 15, 9, 0, tzinfo=UTC)


@pytest_asyncio.fixture
async def bus(tmp_path: Path) -> AsyncIterator[Bus]:
    (tmp_path / "nats").mkdir()
    async with running_bus(tmp_path / "nats") as bus:
        yield bus


async def checkpoint(service: Running, day: date, organisation: UUID = HERE) -> int:
    """The day passes its daily moment; the size at which the log was then signed."""
    moment = datetime.combine(day, datetime.min.time(), UTC) + timedelta(hours=3, minutes=1)
    service.clock.move(moment)

    async def there() -> list[tuple[int]]:
        return service.rows(
            "SELECT size FROM checkpoint_mark WHERE organisation = %s AND day = %s",
            (organisation, day),
        )

    ((size,),) = await eventually(there)
    assert size % 256 == 0
    return int(size)


# Statistics -------------------------------------------------------------------------------------


@dataclass
class Past:
    """Two half-years of signals, and its checkpoints before, between and after."""

    signals: Signals
    before: int
    between: int
    after: int

    async def at(self, as_of: int | None, **who: Any) -> tuple[Release, ...]:
        found = await self.signals.running.ask(
            "statistics", StatisticsQuery(as_of=as_of), Statistics, **({"role": Role.HR} | who)
        )
        return found.releases

    async def refused(self, as_of: int, **who: Any) -> Refusal:
        return await self.signals.running.refused(
            "statistics", StatisticsQuery(as_of=as_of), **({"role": Role.HR} | who)
        )


@pytest_asyncio.fixture
async def past(database: Database, tmp_path: Path, bus: Bus) -> AsyncIterator[Past]:
    async with running(SIGNALS, database, bus, tmp_path) as service:
        signals = Signals(service)
        await signals.organisation()
        await signals.facts(12)
        before = await checkpoint(service, DUE)
        await signals.day()
        service.clock.move(TICK)
        await signals.released()
        between = await checkpoint(service, DUE + timedelta(days=1))
        await signals.facts(9, period="2026-H2", due=NEXT_DUE)
        await checkpoint(service, NEXT_DUE)
        await signals.day(NEXT_DUE)
        service.clock.move(NEXT_TICK)
        await signals.released(2)
        after = await checkpoint(service, NEXT_DUE + timedelta(days=1))
        yield Past(signals, before, between, after)


async def test_statistics_answer_as_of_a_checkpoint(past: Past) -> None:
    """Before the first release nothing, between the two the first one as it is to this day; the
    newest checkpoint is the present.
    """
    now = await past.at(None)
    assert ["2026-H1", "2026-H2"] == [one.period for one in now]
    assert () == await past.at(0)
    assert () == await past.at(past.before)
    assert now[:1] == await past.at(past.between)
    assert now == await past.at(past.after)


async def test_no_position_tells_where_in_the_log_a_release_stands(past: Past) -> None:
    """All positions from one checkpoint to the next give one answer, although the release stands
    somewhere between: else its place would tell how many facts came before it.
    """
    marks = [
        size
        for (size,) in past.signals.running.rows(
            f"SELECT size FROM checkpoint_mark WHERE organisation = '{HERE}' ORDER BY size"  # noqa: S608
        )
    ]
    ((place,),) = past.signals.running.rows(
        "SELECT min(leaf_index) FROM event WHERE type = 'StatisticsReleased'"
    )
    at = max(size for size in marks if size <= place)
    following = min(size for size in marks if size > place)
    for as_of in (at, place, place + 1, following - 1):
        assert () == await past.at(as_of)
    assert 1 == len(await past.at(following))


async def test_a_position_that_no_checkpoint_reaches_is_refused(past: Past) -> None:
    """With the size of the newest one, which is public; the log's own size is not told, nor where
    another organisation's ends.
    """
    ((size,),) = past.signals.running.rows(
        f"SELECT size FROM log WHERE organisation = '{HERE}'"  # noqa: S608
    )
    await past.at(None)
    for as_of in (past.after + 1, size, size + 1, 2**31 - 1):
        if as_of <= past.after:
            continue
        refusal = await past.refused(as_of)
        assert Code.INVALID_INPUT == refusal.code
        assert f"the newest checkpoint of this log is at {past.after}" in refusal.sentence("en")
        assert f"staat bij {past.after}" in refusal.sentence("nl")
    refusal = await past.refused(-1)
    assert (Code.INVALID_INPUT, "asOf") == (refusal.code, refusal.values["field"])
    assert "below zero" in refusal.sentence("en")
    elsewhere = await past.refused(past.before, organisation=ELSEWHERE)
    assert f"is at {past.after}" not in elsewhere.sentence("en")


async def test_a_look_into_the_past_is_recorded(past: Past) -> None:
    """As one at the present is; a look at nothing is none."""

    async def looks() -> int:
        return (await past.signals.running.types()).count("AccessRecorded")

    before = await looks()
    assert () == await past.at(past.before)
    assert before == await looks()
    await past.at(past.between)
    assert before + 1 == await looks()


# Reports ----------------------------------------------------------------------------------------


@dataclass
class Shelf:
    """A report that was drafted, approved and published, with a checkpoint behind each step."""

    reporting: Running
    report_id: str
    nothing: int
    drafted: int
    approved: int
    published: int

    async def list(self, as_of: int | None, role: Role) -> list[str]:
        found = await self.reporting.ask("reports", ReportsQuery(as_of=as_of), Reports, role=role)
        return [one.status for one in found.items]

    async def one(self, as_of: int | None, role: Role) -> Report:
        return await self.reporting.ask(
            "report", ReportQuery(id=self.report_id, as_of=as_of), Report, role=role
        )


@pytest_asyncio.fixture
async def shelf(database: Database, tmp_path: Path, bus: Bus) -> AsyncIterator[Shelf]:
    async with running(REPORTING, database, bus, tmp_path) as service:
        neighbours = Reporting(
            bus=bus,
            database=database,
            rpc=service.rpc,
            intake=await bus.client("intake"),
            signals=await bus.client("signals"),
            signer=service.signer,
        )

        async def tell(verb: str, request: Shape) -> None:
            await service.ask(verb, request, Done, subject="adviser-1")

        await neighbours.announce()

        async def known() -> list[tuple[int]]:
            return service.rows("SELECT size FROM log")

        await eventually(known)
        nothing = await checkpoint(service, date(2026, 7, 14))
        await neighbours.release()
        report_id = (await neighbours.reports(1)).items[0].id
        drafted = await checkpoint(service, date(2026, 7, 16))
        sealed = (Sealed(key_id=str(uuid4()), ciphertext=b"only an adviser can open this"),)
        await tell("save_interpretation", SaveInterpretation(report_id=report_id, sealed=sealed))
        await neighbours.approved(report_id, "Duiding.")
        approved = await checkpoint(service, date(2026, 7, 17))
        await tell("publish_report", PublishReport(report_id=report_id, language="nl"))
        published = await checkpoint(service, date(2026, 7, 18))
        yield Shelf(service, report_id, nothing, drafted, approved, published)


async def test_reports_answer_as_of_a_checkpoint(shelf: Shelf) -> None:
    """As far as each was then; who sees published reports only, sees those that were published."""
    steps = (0, shelf.nothing, shelf.drafted, shelf.approved, shelf.published, None)
    assert [[], [], ["drafted"], ["approved"], ["published"], ["published"]] == [
        await shelf.list(at, Role.ADVISER) for at in steps
    ]
    assert [[], [], [], [], ["published"], ["published"]] == [
        await shelf.list(at, Role.HR) for at in steps
    ]


async def test_a_report_answers_as_of_a_checkpoint(shelf: Shelf) -> None:
    """With what was written by then; to others than advisers it did not exist before."""
    drafted = await shelf.one(shelf.drafted, Role.ADVISER)
    assert ("drafted", None, (), ()) == (
        drafted.status,
        drafted.interpretation,
        drafted.drafts,
        drafted.forms,
    )
    approved = await shelf.one(shelf.approved, Role.ADVISER)
    assert ("approved", "Duiding.", 1, ()) == (
        approved.status,
        approved.interpretation,
        len(approved.drafts),
        approved.forms,
    )
    assert await shelf.one(None, Role.HR) == await shelf.one(shelf.published, Role.HR)
    for at, role in ((shelf.nothing, Role.ADVISER), (shelf.approved, Role.HR)):
        refusal = await shelf.reporting.refused(
            "report", ReportQuery(id=shelf.report_id, as_of=at), role=role
        )
        assert Code.NOT_FOUND == refusal.code
    for verb, request in (
        ("report", ReportQuery(id=shelf.report_id, as_of=shelf.published + 1)),
        ("reports", ReportsQuery(as_of=-1)),
    ):
        assert Code.INVALID_INPUT == (await shelf.reporting.refused(verb, request)).code


async def test_a_report_of_the_past_is_a_look(shelf: Shelf) -> None:
    """Recorded as one at the present, with the report that was opened."""
    await shelf.one(shelf.published, Role.HR)
    look = [one for one in await shelf.reporting.log() if one.event is not None][-1]
    assert ("AccessRecorded", "report", "hr", UUID(shelf.report_id)) == (
        look.type,
        look.event.what,
        look.event.role,
        look.event.ref,
    )


# The store --------------------------------------------------------------------------------------


async def test_the_store_reads_until_a_position(database: Database, tmp_path: Path) -> None:
    """A stream, several, and the log; the position itself is not part of it."""
    async with store_lab(database, tmp_path, TYPES) as lab:
        even, odd = uuid4(), uuid4()
        for number in range(6):
            await lab.append((even, odd)[number % 2], number // 2 + 1, NoteTaken(number=number))

        def numbers(found: list[Recorded]) -> list[int]:
            return [each.event.number for each in found]

        for until, expected in ((0, 0), (3, 3), (6, 6), (None, 6), (99, 6)):
            whole = list(range(expected))
            assert whole == numbers(await lab.store.read(HERE, 0, 100, until=until))
            assert whole == numbers(await lab.store.load_many(HERE, [even, odd], until=until))
            assert whole[::2] == numbers(await lab.store.load(HERE, even, until=until))
