"""A service's event store on a test's database, without the service around it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from shared.eventstore.store import Change, EventStore, OnAppend
from shared.eventstore.types import EventTypes
from shared.eventstore.writer import GroupWriter
from shared.keys.file_ring import FileKeyRing, Work
from shared.postgres.pool import Pool, open_pool
from tests.conftest import Database

HERE, ELSEWHERE = UUID(int=0xA1), UUID(int=0xB2)
NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
"""A Monday in week 2026-W48."""

QUICK = Work(passes=1, lanes=1, memory_kib=8)
"""For key rings whose passphrase nobody need guess: a test waits for it a thousand times."""


@dataclass(frozen=True)
class Lab:
    """One service's store, its pool, and a superuser's view of its schema."""

    database: Database
    service: str
    store: EventStore
    pool: Pool
    ring: FileKeyRing

    async def append(
        self, stream: UUID, version: int, event: object, organisation: UUID = HERE, **more: Any
    ) -> int:
        """Append one event; its leaf index."""
        change = Change(stream, version, event)
        appended = await self.store.append(organisation, [change], actor="anna", at=NOW, **more)
        return appended.last

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What a superuser sees in the service's schema."""
        with psycopg.connect(self.database.admin) as connection:
            connection.execute(f"SET search_path = {self.service}".encode())
            return connection.execute(query.encode()).fetchall()

    def do(self, *statements: str) -> None:
        """What a superuser does there, in one transaction."""
        with psycopg.connect(self.database.admin) as connection:
            connection.execute(f"SET search_path = {self.service}".encode())
            for statement in statements:
                connection.execute(statement.encode())


@asynccontextmanager
async def store_lab(
    database: Database,
    folder: Path,
    types: EventTypes,
    *,
    service: str = "intake",
    on_append: OnAppend = lambda _organisation, _last, _changes: None,
) -> AsyncIterator[Lab]:
    """The store of `service`, as its role; a second one on the same folder is another replica."""
    pool = await open_pool(database.url(service), min_size=1, max_size=6)
    writer = GroupWriter(database.url(service))
    await writer.start()
    ring = FileKeyRing(folder / f"{service}.ring", b"a passphrase for tests", QUICK)
    store = EventStore(pool=pool, writer=writer, types=types, ring=ring, on_append=on_append)
    try:
        yield Lab(database, service, store, pool, ring)
    finally:
        await writer.stop()
        await pool.close()
