"""Projections: what each event does to which table, with the position in the same transaction."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

import msgspec
import psycopg

from shared.eventstore.types import UnknownEventType
from shared.keys.case_key import Unreadable
from shared.keys.ring import KeyRingProblem
from shared.ledger.leaf import KEY_DESTROYED

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg_pool import AsyncConnectionPool

    from shared.eventstore.store import EventStore, Recorded

_PAGE = 500
# The projector is woken in this process; the poll finds what other replicas appended.
_POLL_SECONDS = 1.0


class Projection(Protocol):
    """Tables made of events alone. `name` is its tracking name; `types` are the events it wants, by
    base name; `tables` is all that it writes, and nobody else writes them. One that keeps rows of
    streams which may be erased wants KeyDestroyed, and removes them: of that event only the place is
    left (`recorded.event` is None) whenever it is projected late.

    `apply` names its tables without a schema and reads no others: a rebuild fills new tables with
    the same statements. Each table has a primary key, no trigger and no foreign key, and a migration
    that registers it in `projection_table`.
    """

    name: str
    types: frozenset[str]
    tables: tuple[str, ...]

    async def apply(self, connection: psycopg.AsyncConnection[Any], recorded: Recorded) -> None:
        """Change the tables for one event, on the connection of the transaction."""


class Projector:
    """Runs one service's projections, one page of one organisation a transaction."""

    def __init__(
        self,
        store: EventStore,
        pool: AsyncConnectionPool[Any],
        projections: tuple[Projection, ...],
        on_problem: Callable[[BaseException], None],
    ) -> None:
        self._store = store
        self._pool = pool
        self._projections = projections
        self._on_problem = on_problem
        self._wake = asyncio.Event()
        self._moved = asyncio.Condition()
        self._positions: dict[tuple[str, UUID], int] = {}
        self.lag_events = 0
        """How many events were not yet projected when last looked."""

    def wake(self) -> None:
        """Something was appended in this process."""
        self._wake.set()

    async def run(self) -> None:
        """Project until cancelled. A problem is reported and tried again."""
        while True:
            self._wake.clear()
            try:
                await self.catch_up()
            except (psycopg.OperationalError, OSError) as error:
                self._on_problem(error)
            except KeyRingProblem:
                pass  # whoever watches the ring tells it
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_POLL_SECONDS):
                    await self._wake.wait()

    async def catch_up(self) -> None:
        """Bring every projection up to every log's head."""
        heads = await self._store.heads()
        # From the database, not from memory: another replica may have projected, or a rebuild may
        # have begun anew.
        async with self._pool.connection() as connection:
            cursor = await connection.execute("SELECT name, position FROM projection_position")
            held: dict[str, int] = dict(await cursor.fetchall())
        self.lag_events = 0
        for projection in self._projections:
            for organisation, size in heads.items():
                position = held.get(tracking_name(projection.name, organisation), 0)
                await self._reached(projection, organisation, position)
                self.lag_events += size - position
                before = -1
                # A page without progress: the head counts entries that are not there (tampering).
                try:
                    while before < position < size:
                        before, position = position, await self._page(projection, organisation)
                except (Unreadable, UnknownEventType, msgspec.DecodeError) as error:
                    # One organisation's damaged log stops its own projections, nobody else's.
                    self._on_problem(error)

    async def until(self, organisation: UUID, index: int, seconds: float = 5.0) -> bool:
        """Wait until all projections hold the event at `index`: one reads one's own writes.

        False when that took longer than `seconds`.
        """
        names = [projection.name for projection in self._projections]

        def there() -> bool:
            return all(self._positions.get((name, organisation), 0) > index for name in names)

        if there():
            return True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds), self._moved:
                await self._moved.wait_for(there)
        return there()

    async def _page(self, projection: Projection, organisation: UUID) -> int:
        tracking = tracking_name(projection.name, organisation)
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute(
                "INSERT INTO projection_position (name, position) VALUES (%s, 0)"
                " ON CONFLICT DO NOTHING",
                (tracking,),
            )
            # The row's lock keeps a second replica's projector waiting: each event is applied once.
            cursor = await connection.execute(
                "SELECT position FROM projection_position WHERE name = %s FOR UPDATE", (tracking,)
            )
            row = await cursor.fetchone()
            position = await self._apply(connection, projection, organisation, row[0] if row else 0)
            await connection.execute(
                "UPDATE projection_position SET position = %s WHERE name = %s", (position, tracking)
            )
        await self._reached(projection, organisation, position)
        return position

    async def _apply(
        self,
        connection: psycopg.AsyncConnection[Any],
        projection: Projection,
        organisation: UUID,
        position: int,
    ) -> int:
        """Change the tables for one page of events; the position behind it.

        What was erased and what fills a tile has no content, but its place counts.
        """
        page = await self._store.read(organisation, position, _PAGE)
        for recorded in page:
            if recorded.type in projection.types and (
                recorded.event is not None or recorded.type == KEY_DESTROYED
            ):
                await projection.apply(connection, recorded)
        return page[-1].index + 1 if page else position

    async def _reached(self, projection: Projection, organisation: UUID, position: int) -> None:
        """Tell those who wait in `until`."""
        key = (projection.name, organisation)
        if self._positions.get(key, 0) != position:
            async with self._moved:
                self._positions[key] = position
                self._moved.notify_all()


def tracking_name(projection: str, organisation: UUID) -> str:
    """Under which name `projection_position` holds how far a projection of a log has come."""
    return f"projection/{projection}/{organisation}"
