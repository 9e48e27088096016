"""Projections made anew beside the ones that serve and swapped in, on a real PostgreSQL."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
import pytest_asyncio

from services.intake.service import DEFINITION as INTAKE
from services.reporting.service import DEFINITION as REPORTING
from services.signals.service import DEFINITION as SIGNALS
from shared.eventstore.rebuild import RebuildRefused, rebuild
from shared.eventstore.store import Recorded
from tests.component.test_projector import TYPES, Broken, Notes, NoteTaken, fill, held, projector
from tests.conftest import Database
from tests.store_lab import ELSEWHERE, HERE, Lab, store_lab

POSITIONS = "SELECT name, position FROM projection_position ORDER BY name"


@pytest_asyncio.fixture
async def lab(database: Database, tmp_path: Path) -> AsyncIterator[Lab]:
    async with store_lab(database, tmp_path, TYPES) as lab:
        make_notes(lab)
        yield lab


def make_notes(lab: Lab) -> None:
    """A registered table of a projection, as a migration makes it."""
    lab.do(
        "SET ROLE hoeksteen_owner",
        "CREATE TABLE notes (projection text NOT NULL, organisation uuid, number bigint"
        " CHECK (number >= 0), place bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY)",
        "CREATE INDEX notes_by_number ON notes (organisation, number)",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON notes TO intake",
        "GRANT SELECT ON notes TO hoeksteen_auditor",
        "INSERT INTO projection_table (name) VALUES ('notes')",
    )


async def anew(lab: Lab, *projections: Notes, told: list[tuple[int, int]] | None = None) -> int:
    """As the operator's program does it, in another process of the service."""
    return await rebuild(
        lab.database.url("intake"),
        "intake",
        lab.store,
        projections or (Notes(),),
        lambda done, total: (told if told is not None else []).append((done, total)),
    )


def leftovers(lab: Lab) -> list[tuple[Any, ...]]:
    """The tables of a rebuild that is under way, or was killed."""
    return lab.rows(
        "SELECT relname FROM pg_class JOIN pg_namespace ON relnamespace ="
        " pg_namespace.oid WHERE nspname = 'intake_rebuild' AND relkind = 'r'"
    )


class Gated(Notes):
    """A projection that stops before a number until its gate opens."""

    def __init__(self, stop_at: int = 0) -> None:
        super().__init__()
        self.stop_at = stop_at
        self.began, self.gate = asyncio.Event(), asyncio.Event()

    async def apply(self, connection: psycopg.AsyncConnection[Any], recorded: Recorded) -> None:
        if recorded.event.number == self.stop_at:
            self.began.set()
            await self.gate.wait()
        await super().apply(connection, recorded)


async def test_a_rebuild_repairs_what_was_spoilt(lab: Lab) -> None:
    """Rows that were removed, changed or added by hand are as the events say; it tells how far it
    is, and leaves no table behind.
    """
    await fill(lab, range(40))
    await fill(lab, range(100, 103), ELSEWHERE)
    await projector(lab, Notes()).catch_up()
    lab.do(
        "DELETE FROM notes WHERE number = 7",
        "UPDATE notes SET number = 99 WHERE number = 9",
        "INSERT INTO notes (projection, organisation, number) SELECT 'notes', organisation, 50"
        " FROM notes LIMIT 1",
    )
    positions = lab.rows(POSITIONS)
    told: list[tuple[int, int]] = []
    assert 86 == await anew(lab, told=told)
    assert list(range(40)) == held(lab)
    assert [100, 101, 102] == held(lab, organisation=ELSEWHERE)
    assert positions == lab.rows(POSITIONS)
    assert (86, 86) == told[-1]
    assert told == sorted(told)
    assert [] == leftovers(lab)


async def test_a_running_projector_goes_on_behind_the_swap(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Appends, projectors and readers go on during several rebuilds: readers never see less than
    was there, nothing comes twice, nothing is lost, `until` keeps its word, and no prepared
    statement fails.
    """
    monkeypatch.setattr("shared.eventstore.rebuild._PAGE", 8)
    monkeypatch.setattr("shared.eventstore.projector._POLL_SECONDS", 0.02)
    await fill(lab, range(30))
    running = projector(lab, Notes())
    tasks = [asyncio.create_task(running.run())]
    assert await running.until(HERE, 59)
    stopping = False
    problems: list[str] = []

    async def look() -> None:
        async with lab.pool.connection() as connection:
            least = 30
            while not stopping:
                # Above the threshold psycopg prepares it: one plan, over all the swaps.
                cursor = await connection.execute(
                    "SELECT number FROM notes WHERE organisation = %s ORDER BY number", (HERE,)
                )
                numbers = [row[0] for row in await cursor.fetchall()]
                await connection.commit()
                if numbers != list(range(len(numbers))) or len(numbers) < least:
                    problems.append(f"{least}: {numbers}")
                least = len(numbers)
                await asyncio.sleep(0)

    appended = 30

    async def write() -> None:
        nonlocal appended
        stream = uuid4()
        while not stopping:
            index = await lab.append(stream, appended - 29, NoteTaken(number=appended))
            appended += 1
            running.wake()
            if not await running.until(HERE, index):
                problems.append(f"{index} did not come")

    tasks += [asyncio.create_task(look()), asyncio.create_task(write())]
    for _ in range(4):
        before = lab.rows("SELECT 'intake.notes'::regclass::oid")
        await anew(lab)
        assert before != lab.rows("SELECT 'intake.notes'::regclass::oid")
    stopping = True
    await asyncio.gather(*tasks[1:])
    tasks[0].cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await tasks[0]
    assert [] == problems
    assert appended > 30
    assert list(range(appended)) == held(lab)


async def test_what_serves_is_untouched_until_the_swap(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the middle of a rebuild readers see the old rows, and what is appended is projected."""
    monkeypatch.setattr("shared.eventstore.rebuild._PAGE", 4)
    await fill(lab, range(10))
    live = projector(lab, Notes())
    await live.catch_up()
    lab.do("UPDATE notes SET number = 99 WHERE number = 9")
    slow = Gated(stop_at=6)
    under_way = asyncio.create_task(anew(lab, slow))
    await slow.began.wait()
    assert [(6,)] == lab.rows("SELECT count(*) FROM intake_rebuild.notes")
    await fill(lab, range(10, 12))
    await live.catch_up()
    assert [*range(9), 99, 10, 11] == held(lab)
    slow.gate.set()
    await under_way
    assert list(range(12)) == held(lab)


async def test_the_new_table_is_as_the_old_one(lab: Lab) -> None:
    """Constraints, indexes, identity and privileges, under the same names; a second time too."""

    def form() -> list[list[tuple[Any, ...]]]:
        return [
            lab.rows(query)
            for query in (
                "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'notes'"
                " AND schemaname = 'intake' AND indexname <> 'notes_by_number'"
                " AND indexname <> 'notes_organisation_number_idx' ORDER BY 1",
                "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
                " WHERE conrelid = 'intake.notes'::regclass ORDER BY 1",
                "SELECT attname, format_type(atttypid, atttypmod), attnotnull, attidentity"
                " FROM pg_attribute WHERE attrelid = 'intake.notes'::regclass AND attnum > 0"
                " ORDER BY attnum",
                "SELECT grantee, privilege_type FROM information_schema.role_table_grants"
                " WHERE table_schema = 'intake' AND table_name = 'notes' ORDER BY 1, 2",
                "SELECT count(*) FROM pg_indexes WHERE tablename = 'notes'"
                " AND schemaname = 'intake' AND indexdef LIKE '%(organisation, number)'",
            )
        ]

    await fill(lab, range(3))
    await projector(lab, Notes()).catch_up()
    before = form()
    assert [(1,)] == before[-1]
    assert {row[0] for row in before[-2]} == {"hoeksteen_auditor", "hoeksteen_owner", "intake"}
    for _ in range(2):
        await anew(lab)
        assert before == form()
    assert list(range(3)) == held(lab)


@pytest.mark.parametrize("definition", [INTAKE, SIGNALS, REPORTING], ids=lambda one: one.name)
async def test_every_projection_of_a_service_can_be_rebuilt(
    definition: Any, database: Database, tmp_path: Path
) -> None:
    """Each of its tables is registered and of a form that can be copied, and index and constraint
    keep their names.
    """
    async with store_lab(database, tmp_path, definition.types, service=definition.name) as lab:
        names = (
            "SELECT tablename, indexname FROM pg_indexes WHERE schemaname = current_schema"
            " ORDER BY 1, 2"
        )
        before = lab.rows(names)
        projections = definition.projections(lab.ring)
        url = database.url(definition.name)
        assert 0 == await rebuild(url, definition.name, lab.store, projections)
        assert before == lab.rows(names)
        registered = {row[0] for row in lab.rows("SELECT name FROM projection_table")}
        assert {table for each in projections for table in each.tables} == registered


async def test_a_rebuild_that_fails_changes_nothing(lab: Lab) -> None:
    """Tables and positions stay as they were, and the next rebuild begins anew."""
    await fill(lab, range(5))
    await projector(lab, Notes()).catch_up()
    lab.do("UPDATE notes SET number = 99 WHERE number = 4")
    positions = lab.rows(POSITIONS)
    with pytest.raises(Broken):
        await anew(lab, Notes(fail_at=3))
    assert [0, 1, 2, 3, 99] == held(lab)
    assert positions == lab.rows(POSITIONS)
    await anew(lab)
    assert list(range(5)) == held(lab)


_KILLED = """
import asyncio, os, sys
from pathlib import Path
from uuid import UUID
from shared.eventstore.rebuild import rebuild
from tests.component.test_projector import TYPES, Notes
from tests.store_lab import store_lab

class Slow(Notes):
    async def apply(self, connection, recorded):
        await super().apply(connection, recorded)
        if recorded.event.number == 30:
            await connection.execute("SELECT 1")
            print("in the middle", flush=True)
            await asyncio.sleep(60)

class Reached:
    url = staticmethod(lambda role: sys.argv[1])

async def main():
    async with store_lab(Reached(), Path(sys.argv[2]), TYPES) as lab:
        await rebuild(sys.argv[1], "intake", lab.store, (Slow(),))

asyncio.run(main())
"""


async def test_a_rebuild_that_is_killed_leaves_the_old_tables_serving(
    lab: Lab, tmp_path: Path
) -> None:
    """With SIGKILL, in another process, pages of it committed: what serves is whole and moves on,
    and the next rebuild begins anew and removes what was left.
    """
    await fill(lab, range(1200))
    live = projector(lab, Notes())
    await live.catch_up()
    lab.do("DELETE FROM notes WHERE number = 3")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        _KILLED.replace("== 30", "== 600"),
        lab.database.url("intake"),
        str(tmp_path),
        stdout=asyncio.subprocess.PIPE,
        env=dict(os.environ),
    )
    assert process.stdout is not None
    assert b"in the middle\n" == await process.stdout.readline()
    with pytest.raises(RebuildRefused, match="under way"):
        await anew(lab)
    process.send_signal(signal.SIGKILL)
    await process.wait()
    assert [(500,)] == lab.rows("SELECT count(*) FROM intake_rebuild.notes")
    await fill(lab, range(1200, 1202))
    await live.catch_up()
    whole = list(range(1202))
    assert [number for number in whole if number != 3] == held(lab)
    await asyncio.sleep(0.2)
    await anew(lab)
    assert whole == held(lab)
    assert [] == leftovers(lab)
    await fill(lab, range(1202, 1204))
    await live.catch_up()
    assert list(range(1204)) == held(lab)


async def test_a_rebuild_waits_for_a_page_under_way(lab: Lab) -> None:
    """Of an organisation that nothing was projected of before, so that there is no row to lock."""
    await fill(lab, range(3))
    slow = Gated()
    page = asyncio.create_task(projector(lab, slow).catch_up())
    await slow.began.wait()
    under_way = asyncio.create_task(anew(lab))
    await asyncio.sleep(1.0)
    assert not under_way.done()
    slow.gate.set()
    await asyncio.gather(page, under_way)
    assert list(range(3)) == held(lab)
    assert [6] == [row[1] for row in lab.rows(POSITIONS)]


async def test_readers_do_not_wait_behind_a_swap_that_waits(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A backup holds the table for as long as it likes: others read and project on, and in the
    end the rebuild gives up and says so, or comes to its turn.
    """
    monkeypatch.setattr("shared.eventstore.rebuild._ATTEMPTS", 3)
    await fill(lab, range(3))
    live = projector(lab, Notes())
    await live.catch_up()
    with psycopg.connect(lab.database.admin) as backup:
        backup.execute("LOCK TABLE intake.notes IN ACCESS SHARE MODE")
        under_way = asyncio.create_task(anew(lab))
        stream = uuid4()
        for number in range(5):
            await lab.append(stream, number + 1, NoteTaken(number=3 + number))
            async with asyncio.timeout(3):
                await live.catch_up()
                async with lab.pool.connection() as connection:
                    await connection.execute("SELECT number FROM notes")
        with pytest.raises(RebuildRefused, match="backup"):
            await under_way
        assert list(range(8)) == held(lab)
    await anew(lab)
    assert list(range(8)) == held(lab)


async def test_a_swap_that_had_to_wait_loses_nothing(lab: Lab) -> None:
    """What it caught up with before it let go of its locks is caught up with again."""
    await fill(lab, range(3))
    live = projector(lab, Notes())
    await live.catch_up()
    with psycopg.connect(lab.database.admin) as backup:
        backup.execute("LOCK TABLE intake.notes IN ACCESS SHARE MODE")
        slow = Gated(stop_at=2)
        under_way = asyncio.create_task(anew(lab, slow))
        await slow.began.wait()
        await lab.append(uuid4(), 1, NoteTaken(number=3))
        slow.gate.set()
        await asyncio.sleep(1.5)
        assert not under_way.done()
    await under_way
    assert list(range(4)) == held(lab)
    assert [7] == [row[1] for row in lab.rows(POSITIONS)]


async def test_a_rebuild_leaves_other_projections_alone(lab: Lab) -> None:
    """Whose name merely begins like it, for instance."""
    lab.do(
        "SET ROLE hoeksteen_owner",
        "CREATE TABLE notes2 (LIKE notes INCLUDING ALL)",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON notes2 TO intake",
    )

    class Others(Notes):
        tables = ("notes2",)

        async def apply(self, connection: psycopg.AsyncConnection[Any], recorded: Recorded) -> None:
            await connection.execute(
                "INSERT INTO notes2 (projection, number) VALUES ('x', %s)", (recorded.event.number,)
            )

    await fill(lab, range(3))
    await projector(lab, Notes(), Others("notes2")).catch_up()
    lab.do("DELETE FROM notes")
    before = lab.rows("SELECT * FROM notes2 ORDER BY place")
    assert 3 == len(before)
    await anew(lab)
    assert list(range(3)) == held(lab)
    assert before == lab.rows("SELECT * FROM notes2 ORDER BY place")
    assert [6, 6] == [row[1] for row in lab.rows(POSITIONS)]


@pytest.mark.parametrize("table", ["event", "log", "projection_position", "schedule", "nothing"])
async def test_only_a_projection_s_table_can_be_made_anew(lab: Lab, table: str) -> None:
    """The store's own tables are refused to the service, whichever function it calls."""
    before = lab.rows("SELECT * FROM log")
    for function in ("rebuild_begin", "rebuild_swap"):
        async with lab.pool.connection() as connection:
            with pytest.raises(psycopg.DatabaseError) as caught:
                await connection.execute(f"SELECT {function}(%s)".encode(), ([table],))
            assert "P0H05" == caught.value.sqlstate
    async with lab.pool.connection() as connection:
        await connection.execute("SELECT rebuild_end(%s)", ([table],))
    assert before == lab.rows("SELECT * FROM log")


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE notes DROP CONSTRAINT notes_pkey",
        "ALTER TABLE notes ADD FOREIGN KEY (organisation) REFERENCES log",
        "CREATE TRIGGER no_change BEFORE UPDATE ON notes FOR EACH ROW"
        " EXECUTE FUNCTION refuse_change()",
    ],
    ids=["no primary key", "foreign key", "trigger"],
)
async def test_a_table_that_a_copy_would_not_equal_is_refused(lab: Lab, change: str) -> None:
    """A swap would lose it unseen."""
    lab.do("SET ROLE hoeksteen_owner", change)
    with pytest.raises(RebuildRefused, match="cannot be copied"):
        await anew(lab)


async def test_a_service_makes_no_table_of_its_own(lab: Lab) -> None:
    """Neither in its schema nor where rebuilds stand."""
    for schema in ("intake", "intake_rebuild"):
        async with lab.pool.connection() as connection:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                await connection.execute(f"CREATE TABLE {schema}.mine (id int)".encode())


async def test_a_damaged_log_is_named_and_nothing_swapped(lab: Lab) -> None:
    """Which organisation's, and behind which entry; the words of the fault are not repeated."""
    await fill(lab, range(3))
    await projector(lab, Notes()).catch_up()
    lab.do(
        "ALTER TABLE ciphertext DISABLE TRIGGER ALL",
        "UPDATE ciphertext SET ciphertext = set_byte(ciphertext, 3, 255 -"
        " get_byte(ciphertext, 3)) WHERE leaf_index = 2",
    )
    with pytest.raises(RebuildRefused) as caught:
        await anew(lab)
    assert str(HERE) in str(caught.value)
    assert "Unreadable" in str(caught.value)
    assert list(range(3)) == held(lab)


async def test_a_log_with_a_hole_is_projected_once(lab: Lab) -> None:
    """An entry that a superuser removed leaves its place: positions count places, not rows."""
    await fill(lab, range(4))
    await lab.append(uuid4(), 1, NoteTaken(number=4))
    lab.do(
        "ALTER TABLE event DISABLE TRIGGER ALL",
        "ALTER TABLE ciphertext DISABLE TRIGGER ALL",
        "DELETE FROM ciphertext WHERE leaf_index = 2",
        "DELETE FROM event WHERE leaf_index = 2",
    )
    live = projector(lab, Notes())
    await live.catch_up()
    await live.catch_up()
    assert [0, 2, 3, 4] == held(lab)
    assert [9] == [row[1] for row in lab.rows(POSITIONS)]
    await anew(lab)
    assert [0, 2, 3, 4] == held(lab)
    assert [9] == [row[1] for row in lab.rows(POSITIONS)]
