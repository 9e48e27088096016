"""Pages that are read in a thread from real PostgreSQL: of what has a place in a stream, and of a replay."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
import pytest_asyncio
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from services.intake.events import TYPES
from shared.eventstore import queue, threads
from shared.eventstore.pages import ENTRIES, pages
from shared.keys.case_key import Unreadable
from shared.postgres.pool import Pool, open_pool
from tests.component.test_outbox import Intake, outbox_of
from tests.conftest import Database
from tests.lines import Line, line_to
from tests.store_lab import HERE, store_lab

DELETE = {
    "ciphertext": "DELETE FROM ciphertext USING relay_queue AS place WHERE position = 2"
    " AND ciphertext.organisation = place.organisation AND ciphertext.leaf_index = place.leaf_index",
    "wrapped_key": "DELETE FROM wrapped_key USING event, relay_queue AS place WHERE position = 2"
    " AND event.organisation = place.organisation AND event.leaf_index = place.leaf_index"
    " AND wrapped_key.key_id = event.key_id",
}


@dataclass(frozen=True)
class Page:
    """A pool of one connection over a line, and a superuser in whose hands tables can be held."""

    database: Database
    pool: Pool
    line: Line

    @asynccontextmanager
    async def held(self, table: str) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
        """Whoever reads the table waits meanwhile."""
        async with await psycopg.AsyncConnection.connect(self.database.admin) as admin:
            await admin.execute("SET search_path = intake")
            await admin.execute(f"LOCK {table} IN ACCESS EXCLUSIVE MODE".encode())
            yield admin

    async def waiting(self, count: int = 1) -> None:
        """Until so many sessions wait for a lock."""
        async with await psycopg.AsyncConnection.connect(
            self.database.admin, autocommit=True
        ) as admin:
            while True:
                cursor = await admin.execute(
                    "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'relation'"
                )
                if await cursor.fetchone() == (count,):
                    return
                await asyncio.sleep(0.01)

    async def read(self, table: str = "relay_queue") -> list[Any]:
        """The page; where the table is another, one of a replay."""
        if table != "relay_queue":
            return [one async for one in pages(self.pool, ENTRIES, HERE, 0, None)]
        async with self.pool.connection() as connection:
            return await queue.queued(connection, 0, 10)


@pytest_asyncio.fixture
async def page(database: Database) -> AsyncIterator[Page]:
    at = conninfo_to_dict(database.url("intake"))
    file = f"{at['host']}/.s.PGSQL.{at.get('port', 5432)}"
    async with line_to(lambda: asyncio.open_unix_connection(file)) as line:
        over_tcp = make_conninfo(database.url("intake"), host="127.0.0.1", port=line.port)
        pool = await open_pool(over_tcp, min_size=1, max_size=1)
        try:
            yield Page(database, pool, line)
        finally:
            await pool.close()


@pytest.mark.parametrize("table", ["relay_queue", "log"])
async def test_a_connection_that_is_lost_meanwhile_is_told_as_such(page: Page, table: str) -> None:
    """Without a word of the server: whoever waits for the database goes on waiting, and nothing crashes."""
    async with page.held(table):
        reading = asyncio.create_task(page.read(table))
        await page.waiting()
        await page.line.cut()
        with pytest.raises(psycopg.OperationalError):
            await reading
    assert [] == await page.read(table)


async def test_nobody_gets_the_connection_before_the_thread_is_done_with_it(page: Page) -> None:
    """Cancelled twice, and the next one waits for the same connection until the page is there."""
    async with page.held("relay_queue") as admin:
        reading = asyncio.create_task(page.read())
        await page.waiting()
        for _ in range(2):
            reading.cancel()
            await asyncio.sleep(0)
        following = asyncio.create_task(page.read())
        done, _ = await asyncio.wait([reading, following], timeout=0.05)
        assert not done
        await admin.rollback()
        with pytest.raises(asyncio.CancelledError):
            await reading
        assert [] == await following
    assert 1 == page.line.count


@pytest.mark.parametrize("table", ["relay_queue", "log"])
async def test_a_server_that_says_nothing_more_holds_nobody_back(
    page: Page, table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who is cancelled ends, with a connection that is cut; the pool makes another."""
    monkeypatch.setattr(threads, "PATIENCE_SECONDS", 0.05)
    async with page.held(table):
        reading = asyncio.create_task(page.read(table))
        await page.waiting()
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
    assert [] == await page.read(table)
    assert 2 == page.line.count


async def test_an_erasure_between_rows_and_keys(page: Page, tmp_path: Path) -> None:
    """It is read again, and what was erased keeps its place, empty. A key that is gone alone is damage."""
    async with store_lab(page.database, tmp_path, TYPES) as lab:
        intake = Intake(lab, outbox_of(lab))
        await intake.cases(3)
        await intake.outbox.queue()
        before = await intake.messages()
        async with store_lab(page.database, tmp_path, TYPES) as other:  # has no key in memory
            async with page.held("wrapped_key") as admin:
                reading = asyncio.create_task(outbox_of(other).after(0, 10))
                await page.waiting()
                await admin.execute("ALTER TABLE ciphertext DISABLE TRIGGER ALL")
                await admin.execute("ALTER TABLE wrapped_key DISABLE TRIGGER ALL")
                for table in ("ciphertext", "wrapped_key"):
                    await admin.execute(DELETE[table])
                await admin.commit()
            after = await reading
        assert [before[0], before[2]] == [after[0], after[2]]
        assert (2, b"", True) == (after[1].position, after[1].body, after[1].erased)
        lab.do(DELETE["wrapped_key"].replace("position = 2", "position = 3"))
        async with store_lab(page.database, tmp_path, TYPES) as other:
            with pytest.raises(Unreadable):
                await outbox_of(other).after(0, 10)


async def test_what_was_just_written_is_published_without_a_look_at_keys(
    page: Page, tmp_path: Path
) -> None:
    """Its keys are in memory still; and who publishes what others wrote puts none of theirs there."""
    async with store_lab(page.database, tmp_path, TYPES) as lab:
        intake = Intake(lab, outbox_of(lab))
        await intake.cases(3)
        await intake.outbox.queue()
        async with page.held("wrapped_key"), asyncio.timeout(20):
            before = await intake.messages()
        async with store_lab(page.database, tmp_path, TYPES) as other:
            for _ in range(2):
                async with page.held("wrapped_key") as admin:
                    reading = asyncio.create_task(outbox_of(other).after(0, 10))
                    await page.waiting()
                    await admin.rollback()
                assert before == await reading
