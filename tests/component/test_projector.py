"""The projector on a real PostgreSQL: each event once, in order, whatever stops or doubles it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
import pytest_asyncio

from shared.eventstore.projector import Projector
from shared.eventstore.store import Recorded
from shared.eventstore.types import EventTypes
from shared.keys.case_key import Unreadable
from tests.conftest import Database
from tests.store_lab import ELSEWHERE, HERE, NOW, Lab, store_lab


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteTaken:
    """An event that the projections want."""

    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteIgnored:
    """An event that they do not want."""

    number: int


TYPES = EventTypes((NoteTaken, NoteIgnored))


class Broken(Exception):  # noqa: N818  named after what happens
    """What a projection meets."""


class Notes:
    """Keeps the number of each note; fails before a number, if told to."""

    types = frozenset({"NoteTaken"})
    tables: tuple[str, ...] = ("notes",)

    def __init__(self, name: str = "notes", *, fail_at: int | None = None) -> None:
        self.name = name
        self.fail_at = fail_at

    async def apply(self, connection: psycopg.AsyncConnection[Any], recorded: Recorded) -> None:
        if recorded.event.number == self.fail_at:
            raise Broken
        # No constraint: applied twice it would stand there twice.
        await connection.execute(
            "INSERT INTO notes (projection, organisation, number) VALUES (%s, %s, %s)",
            (self.name, recorded.organisation, recorded.event.number),
        )


@pytest_asyncio.fixture
async def lab(database: Database, tmp_path: Path) -> AsyncIterator[Lab]:
    async with store_lab(database, tmp_path, TYPES) as lab:
        lab.do(
            "SET ROLE hoeksteen_owner",
            "CREATE TABLE notes (projection text, organisation uuid, number bigint,"
            " place bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY)",
            "GRANT SELECT, INSERT, UPDATE, DELETE ON notes TO intake",
            "INSERT INTO projection_table (name) VALUES ('notes')",
        )
        yield lab


def projector(lab: Lab, *projections: Notes) -> Projector:
    """As another process would make it."""
    return Projector(lab.store, lab.pool, projections, lambda problem: pytest.fail(str(problem)))


def held(lab: Lab, projection: str = "notes", organisation: UUID = HERE) -> list[int]:
    """The numbers that a projection holds, in the order in which they came."""
    return [
        row[2]
        for row in lab.rows("SELECT projection, organisation, number FROM notes ORDER BY place")
        if row[:2] == (projection, organisation)
    ]


async def fill(lab: Lab, numbers: range, organisation: UUID = HERE) -> None:
    """A note for each number, in log order, and one that nobody wants behind each."""
    stream = uuid4()
    for place, number in enumerate(numbers):
        await lab.append(stream, 2 * place + 1, NoteTaken(number=number), organisation)
        await lab.append(stream, 2 * place + 2, NoteIgnored(number=number), organisation)


async def test_each_wanted_event_is_applied_in_order(lab: Lab) -> None:
    """Of every organisation, and nothing again when nothing came."""
    await fill(lab, range(5))
    await fill(lab, range(10, 13), ELSEWHERE)
    one = projector(lab, Notes())
    await one.catch_up()
    await one.catch_up()
    assert list(range(5)) == held(lab)
    assert [10, 11, 12] == held(lab, organisation=ELSEWHERE)
    await fill(lab, range(5, 7))
    await one.catch_up()
    assert list(range(7)) == held(lab)


async def test_a_restart_goes_on_where_the_last_one_was(lab: Lab) -> None:
    """Also when it stopped within a page: the page's changes and its position go together."""
    await fill(lab, range(10))
    with pytest.raises(Broken):
        await projector(lab, Notes(fail_at=6)).catch_up()
    assert [] == held(lab), "half a page must leave nothing behind"
    await projector(lab, Notes()).catch_up()
    await fill(lab, range(10, 12))
    await projector(lab, Notes()).catch_up()
    assert list(range(12)) == held(lab)


async def test_pages_before_the_one_that_failed_are_kept(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Work that was done is not done again."""
    monkeypatch.setattr("shared.eventstore.projector._PAGE", 4)
    await fill(lab, range(6))
    with pytest.raises(Broken):
        await projector(lab, Notes(fail_at=5)).catch_up()
    assert [0, 1, 2, 3] == held(lab)
    assert [(8,)] == lab.rows("SELECT position FROM projection_position")
    await projector(lab, Notes()).catch_up()
    assert list(range(6)) == held(lab)


async def test_two_projectors_at_once_apply_each_event_once(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two replicas that start together, and go on together while events come."""
    monkeypatch.setattr("shared.eventstore.projector._PAGE", 3)
    await fill(lab, range(20))
    replicas = [projector(lab, Notes()) for _ in range(2)]
    await asyncio.gather(*(one.catch_up() for one in replicas))

    async def keep_up(one: Projector) -> None:
        while len(held(lab)) < 40:
            await one.catch_up()

    await asyncio.gather(fill(lab, range(20, 40)), *map(keep_up, replicas))
    assert list(range(40)) == held(lab)


async def test_one_waits_until_one_s_own_event_is_there(lab: Lab) -> None:
    """`until` answers once every projection holds the event, not before, and gives up in time."""
    one = projector(lab, Notes("fast"), Notes("other"))
    assert not await one.until(HERE, 0, seconds=0.05)
    running = asyncio.create_task(one.run())
    stream = uuid4()
    for number in range(20):
        index = await lab.append(stream, number + 1, NoteTaken(number=number))
        one.wake()
        assert await one.until(HERE, index)
        assert number + 1 == len(held(lab, "fast")) == len(held(lab, "other"))
    assert await one.until(HERE, -1, seconds=0), "nothing appended is nothing to wait for"
    assert not await one.until(HERE, 20, seconds=0.05)
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def test_what_another_replica_appended_is_found(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody wakes this process: it looks by itself."""
    monkeypatch.setattr("shared.eventstore.projector._POLL_SECONDS", 0.02)
    one = projector(lab, Notes())
    running = asyncio.create_task(one.run())
    await asyncio.sleep(0.05)
    index = await lab.append(uuid4(), 1, NoteTaken(number=1))
    assert await one.until(HERE, index)
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def test_an_erased_event_is_passed_over(lab: Lab) -> None:
    """Its place counts, its content is gone."""
    await fill(lab, range(4))
    lab.do(
        "ALTER TABLE ciphertext DISABLE TRIGGER ALL",
        "DELETE FROM ciphertext WHERE leaf_index = 2",
        "ALTER TABLE ciphertext ENABLE ALWAYS TRIGGER no_delete",
    )
    await projector(lab, Notes()).catch_up()
    assert [0, 2, 3] == held(lab)
    assert [(8,)] == lab.rows("SELECT position FROM projection_position")


async def test_blank_entries_are_passed_over(lab: Lab) -> None:
    """They fill a tile: no projection sees them, and who waits for their place has not long to."""
    await fill(lab, range(4))
    size = await lab.store.fill_tiles(HERE, day=NOW.date(), at=NOW, actor="intake")
    assert 256 == size
    one = projector(lab, Notes())
    await one.catch_up()
    assert 256 == one.lag_events
    assert list(range(4)) == held(lab)
    assert [(256,)] == lab.rows("SELECT position FROM projection_position")
    assert await one.until(HERE, 255, seconds=0)
    assert not await one.until(HERE, 256, seconds=0)
    await fill(lab, range(4, 6))
    await one.catch_up()
    assert 4 == one.lag_events
    assert list(range(6)) == held(lab)


async def test_an_older_version_is_projected_as_the_present_one(
    database: Database, tmp_path: Path, lab: Lab
) -> None:
    """Both versions of a type are one type to a projection; a newer one than it knows stops it
    before that, and only that organisation.
    """
    await fill(lab, range(2))
    newer = EventTypes(
        TYPES.classes, versions={NoteTaken: 2}, upcasts={("NoteTaken", 1): lambda body: body}
    )
    problems: list[BaseException] = []
    older = Projector(lab.store, lab.pool, (Notes(),), problems.append)
    async with store_lab(database, tmp_path, newer) as later:
        await later.append(uuid4(), 1, NoteTaken(number=2))
        await older.catch_up()
        assert ["NoteTaken.v2"] == [str(problem) for problem in problems]
        await fill(lab, range(7, 8), ELSEWHERE)
        await older.catch_up()
        assert [7] == held(lab, organisation=ELSEWHERE)
        assert [] == held(lab)
        assert 1 == older.behind_logs
        await projector(later, Notes()).catch_up()
    assert [0, 1, 2] == held(lab)


async def test_a_projection_that_is_added_later_starts_from_nothing(lab: Lab) -> None:
    """It catches up with all that was, and the older one does nothing again."""
    await fill(lab, range(5))
    await projector(lab, Notes()).catch_up()
    await projector(lab, Notes(), Notes("later")).catch_up()
    assert list(range(5)) == held(lab)
    assert list(range(5)) == held(lab, "later")


async def test_a_log_that_lost_its_tail_does_not_keep_the_projector_busy(lab: Lab) -> None:
    """Entries cut off by a superuser, while the head still counts them: it stops and goes on
    when something comes; the verifier is the one who tells.
    """
    await fill(lab, range(3))
    lab.do(
        "ALTER TABLE event DISABLE TRIGGER ALL",
        "ALTER TABLE ciphertext DISABLE TRIGGER ALL",
        "DELETE FROM ciphertext WHERE leaf_index > 3",
        "DELETE FROM event WHERE leaf_index > 3",
    )
    async with asyncio.timeout(5):
        await projector(lab, Notes()).catch_up()
    assert [0, 1] == held(lab)


async def test_the_lag_is_what_was_not_projected_when_last_looked(lab: Lab) -> None:
    """In events, over all projections; none once all is done. No log is behind, however many there were."""
    await fill(lab, range(5))
    one = projector(lab, Notes(), Notes("other"))
    await one.catch_up()
    assert 20 == one.lag_events
    assert 0 == one.behind_logs == one.lasting_lag(0)
    await one.catch_up()
    assert 0 == one.lag_events


async def test_what_another_replica_projected_is_known(lab: Lab) -> None:
    """Nothing is left to do here, and `until` knows it."""
    await fill(lab, range(3))
    await projector(lab, Notes()).catch_up()
    one = projector(lab, Notes())
    assert not await one.until(HERE, 5, seconds=0)
    await one.catch_up()
    assert await one.until(HERE, 5, seconds=0)


async def test_positions_that_were_put_back_are_followed(lab: Lab) -> None:
    """Somebody emptied table and positions by hand: a running projector begins anew, and `until`
    waits for that.
    """
    await fill(lab, range(3))
    one = projector(lab, Notes())
    await one.catch_up()
    lab.do("DELETE FROM notes", "DELETE FROM projection_position")
    await one.catch_up()
    assert list(range(3)) == held(lab)
    lab.do("DELETE FROM notes", "UPDATE projection_position SET position = 0")
    assert await one.until(HERE, 5, seconds=0), "what it knows is from before"
    await asyncio.gather(one.catch_up(), one.until(HERE, 5))
    assert list(range(3)) == held(lab)


async def test_lost_connections_are_outlived(lab: Lab) -> None:
    """Backends killed under way: no event is lost or doubled; only the database is to blame."""
    problems: list[BaseException] = []
    one = Projector(lab.store, lab.pool, (Notes(),), problems.append)
    running = asyncio.create_task(one.run())
    assert await one.until(HERE, await lab.append(uuid4(), 1, NoteTaken(number=0)))
    with psycopg.connect(lab.database.admin, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE usename = 'intake' AND query NOT LIKE '%append(%'"
        )
    for number in (1, 2):
        one.wake()
        await lab.append(uuid4(), 1, NoteTaken(number=number))
    async with asyncio.timeout(10):
        while not await one.until(HERE, 2, seconds=0.2):
            one.wake()
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    assert [0, 1, 2] == held(lab)
    assert all(isinstance(problem, psycopg.OperationalError) for problem in problems)


async def test_many_logs_go_on_in_one_transaction_and_a_damaged_one_alone_stays(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that miss little share pages, also where one misses more than a page; what the projection
    meets in one of them is told once, and undoes nothing of the others.
    """
    monkeypatch.setattr("shared.eventstore.projector._PAGE", 10)
    organisations = [UUID(int=number) for number in range(1, 13)]
    for organisation in organisations:
        await fill(lab, range(2), organisation)
    await fill(lab, range(2, 9), organisations[4])
    broken = UUID(int=8)
    lab.do(
        "ALTER TABLE ciphertext DISABLE TRIGGER ALL",
        # The eighth organisation's.
        "UPDATE ciphertext SET ciphertext = '\\x00' WHERE leaf_index = 2"
        " AND organisation = '00000000-0000-0000-0000-000000000008'",
        "ALTER TABLE ciphertext ENABLE ALWAYS TRIGGER no_change",
    )
    problems: list[BaseException] = []
    one = Projector(lab.store, lab.pool, (Notes(), Notes("other")), problems.append)
    await one.catch_up()
    assert [Unreadable] == [type(problem) for problem in problems]
    assert 1 == one.behind_logs
    # Its two entries, which two projections miss; of those who are done nothing is in it.
    assert 8 == one.lasting_lag(60)
    for organisation in organisations:
        whole = [0, 1, *range(2, 9)] if organisation == organisations[4] else [0, 1]
        there = [] if organisation == broken else whole
        assert there == held(lab, "notes", organisation) == held(lab, "other", organisation)
        assert bool(there) == await one.until(organisation, 3, seconds=0)
    # Two logs of four events to a page; the fifth, the damaged one's neighbour and the last are alone.
    assert [(7,)] == lab.rows("SELECT count(DISTINCT xmin::text) FROM projection_position")


class PutsBack(Notes):
    """At the first note of one organisation it has the others begin anew, as a rebuild would that comes
    between.
    """

    async def apply(self, connection: psycopg.AsyncConnection[Any], recorded: Recorded) -> None:
        if (recorded.organisation, recorded.event.number) == (UUID(int=1), 0):
            await connection.execute("DELETE FROM notes")
            await connection.execute("UPDATE projection_position SET position = 0")
        await super().apply(connection, recorded)


async def test_logs_that_begin_anew_under_way_are_read_page_by_page(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two that missed little when it was looked, and everything when their page comes."""
    monkeypatch.setattr("shared.eventstore.projector._PAGE", 10)
    others = [UUID(int=2), UUID(int=3)]
    for organisation in others:
        await fill(lab, range(10), organisation)
    one = projector(lab, PutsBack())
    await one.catch_up()
    await fill(lab, range(5), UUID(int=1))
    for organisation in others:
        await fill(lab, range(10, 12), organisation)
    await one.catch_up()
    assert list(range(5)) == held(lab, organisation=UUID(int=1))
    for organisation in others:
        assert list(range(12)) == held(lab, organisation=organisation)
    # Of ten events of a page every second one is a note.
    assert [(5,)] == lab.rows(
        "SELECT max(notes) FROM (SELECT count(*) AS notes FROM notes GROUP BY xmin::text) AS pages"
    )
