"""Projections: what each event does to which table, with the position in the same transaction."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

import psycopg

from shared.eventstore.damaged import DAMAGED
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
    that registers it in `projection_table`; it may have policies, by which roles read some rows only.
    """

    name: str
    types: frozenset[str]
    tables: tuple[str, ...]

    async def apply(self, connection: psycopg.AsyncConnection[Any], recorded: Recorded) -> None:
        """Change the tables for one event, on the connection of the transaction."""


class Projector:
    """Runs one service's projections, one page of one organisation a transaction for all of them."""

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
        """How many events were not yet projected when last looked. It is never told: it says when somebody
        works, and how much.
        """
        self.behind_logs = 0
        """How many logs could not be projected to their end when last looked."""

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
        self.lag_events = behind = 0
        for organisation, size in heads.items():
            positions = {
                projection.name: held.get(tracking_name(projection.name, organisation), 0)
                for projection in self._projections
            }
            self.lag_events += sum(size - position for position in positions.values())
            await self._reached(organisation, positions)
            before: dict[str, int] = {}
            # A page without progress: the head counts entries that are not there (tampering).
            try:
                while before != positions and min(positions.values(), default=size) < size:
                    before, positions = positions, await self._page(organisation, positions, size)
            except DAMAGED as error:
                # One organisation's damaged log stops its own projections, nobody else's.
                self._on_problem(error)
            behind += min(positions.values(), default=size) < size
        self.behind_logs = behind

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

    async def _page(self, organisation: UUID, known: dict[str, int], size: int) -> dict[str, int]:
        """Bring the projections that are not at `size` one page further, in one transaction; where all
        of them are now.
        """
        behind = {
            tracking_name(projection.name, organisation): projection
            for projection in self._projections
            if known[projection.name] < size
        }
        async with self._pool.connection() as connection, connection.transaction():
            # First, also where nothing is missing: a rebuild that swaps its tables in keeps who would
            # write here waiting, before they hold anything that it waits for.
            await connection.execute(
                "INSERT INTO projection_position (name, position)"
                " SELECT name, 0 FROM unnest(%s::text[]) AS name ORDER BY name"
                " ON CONFLICT DO NOTHING",
                (list(behind),),
            )
            held = await self._locked(connection, list(behind))
            end = await self._apply(
                connection,
                organisation,
                {projection: held[at] for at, projection in behind.items()},
            )
            moved = {at: max(position, end) for at, position in held.items()}
            await connection.execute(
                "UPDATE projection_position SET position = moved.position"
                " FROM unnest(%s::text[], %s::bigint[]) AS moved(name, position)"
                " WHERE projection_position.name = moved.name",
                (list(moved), list(moved.values())),
            )
        positions = known | {projection.name: moved[at] for at, projection in behind.items()}
        await self._reached(organisation, positions)
        return positions

    async def _locked(
        self, connection: psycopg.AsyncConnection[Any], names: list[str]
    ) -> dict[str, int]:
        """Positions. The rows' locks keep a second replica's projector waiting: each event is applied
        once.
        """
        cursor = await connection.execute(
            # Nobody waits for the disk: what a crash of the server loses of this page, its position
            # loses too, and it is projected again.
            "SELECT name, position, set_config('synchronous_commit', 'off', true)"
            " FROM projection_position WHERE name = ANY (%s) ORDER BY name FOR UPDATE",
            (names,),
        )
        return {name: position for name, position, _ in await cursor.fetchall()}

    async def _apply(
        self,
        connection: psycopg.AsyncConnection[Any],
        organisation: UUID,
        positions: dict[Projection, int],
    ) -> int:
        """Change the tables for one page of events; the position behind it.

        What was erased and what fills a tile has no content, but its place counts.
        """
        start = min(positions.values())
        page = await self._store.read(organisation, start, _PAGE, connection=connection)
        async with connection.pipeline():
            for recorded in page:
                if recorded.event is None and recorded.type != KEY_DESTROYED:
                    continue
                for projection, position in positions.items():
                    if recorded.index >= position and recorded.type in projection.types:
                        await projection.apply(connection, recorded)
        return page[-1].index + 1 if page else start

    async def _reached(self, organisation: UUID, positions: dict[str, int]) -> None:
        """Tell those who wait in `until`."""
        new = {
            (name, organisation): position
            for name, position in positions.items()
            if self._positions.get((name, organisation), 0) != position
        }
        if new:
            async with self._moved:
                self._positions |= new
                self._moved.notify_all()


def tracking_name(projection: str, organisation: UUID | None) -> str:
    """Under which name `projection_position` holds how far a projection of a log has come; None: what
    all of its names begin with.
    """
    return f"projection/{projection}/{organisation or ''}"
