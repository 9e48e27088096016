"""Projections: what each event does to which table, with the position in the same transaction."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol
from uuid import UUID

import psycopg

from shared.eventstore.damaged import DAMAGED
from shared.keys.ring import KeyRingProblem
from shared.ledger.leaf import KEY_DESTROYED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from psycopg_pool import AsyncConnectionPool

    from shared.eventstore.store import EventStore, Recorded

_PAGE = 500
# The projector is woken in this process; the poll finds what other replicas appended.
_POLL_SECONDS = 1.0

# Of each log its length, how far the last projection is, and how many events all of them miss.
_POSITIONS = (
    "SELECT log.organisation, log.size, min(coalesce(position, 0)),"
    " sum(log.size - coalesce(position, 0))::bigint"
    " FROM log CROSS JOIN unnest(%s::text[]) AS known (name)"
    " LEFT JOIN projection_position AS held ON held.name = known.name || log.organisation"
    " GROUP BY log.organisation ORDER BY log.organisation"
)


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


class _Log(NamedTuple):
    """An organisation's log: its length, and how far the last of the projections is."""

    organisation: UUID
    size: int
    position: int


class Projector:
    """Runs one service's projections, a page a transaction for all of them: of one organisation's log, or
    of several that miss little.
    """

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
        self._positions: dict[UUID, int] = {}
        self.lag_events = 0
        """How many events were not yet projected when last looked. It is never told: it says when somebody
        works, and how much.
        """
        self.behind_logs = 0
        """How many logs could not be projected to their end when last looked."""
        self._left_events = 0
        self._looks_since: float | None = None

    def lasting_lag(self, seconds: float) -> int:
        """How many events were left when it was last looked, or are missed by a look that has taken longer
        than so many `seconds`. What is projected as it comes is in neither.
        """
        since = self._looks_since
        if since is not None and time.monotonic() - since >= seconds:
            return max(self.lag_events, self._left_events)
        return self._left_events

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
        self._looks_since = time.monotonic()
        try:
            await self._catch_up()
        finally:
            self._looks_since = None

    async def _catch_up(self) -> None:
        # From the database, not from memory: another replica may have projected, or a rebuild may
        # have begun anew.
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                _POSITIONS, ([tracking_name(one.name, None) for one in self._projections],)
            )
            rows = await cursor.fetchall()
        self.lag_events = sum(lag for _, _, _, lag in rows)
        await self._reached({organisation: lowest for organisation, _, lowest, _ in rows})
        missing = {organisation: lag for organisation, _, _, lag in rows}
        behind: list[_Log] = []
        for logs in _together(_Log(*log) for *log, lag in rows if lag > 0):
            behind += await self._bring(logs)
        self.behind_logs = len(behind)
        self._left_events = sum(missing[log.organisation] for log in behind)

    async def until(self, organisation: UUID, index: int, seconds: float = 5.0) -> bool:
        """Wait until all projections hold the event at `index`: one reads one's own writes.

        False when that took longer than `seconds`.
        """
        if not self._projections or self._positions.get(organisation, 0) > index:
            return True

        def there() -> bool:
            return self._positions.get(organisation, 0) > index

        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds), self._moved:
                await self._moved.wait_for(there)
        return there()

    async def _bring(self, logs: list[_Log]) -> list[_Log]:
        """Bring these logs' projections to the logs' ends; those that stay behind."""
        try:
            while logs:
                left = await self._page(logs)
                if left == logs:
                    # A page without progress: the head counts entries that are not there (tampering).
                    break
                logs = left
        except DAMAGED as error:
            if len(logs) > 1:
                # One organisation's damaged log stops its own projections, nobody else's.
                return [left for log in logs for left in await self._bring([log])]
            self._on_problem(error)
        return logs

    async def _page(self, logs: list[_Log]) -> list[_Log]:
        """Bring the projections of these logs one page further, in one transaction; those that are not at
        their end now.
        """
        names = {
            tracking_name(projection.name, log.organisation): (log.organisation, projection)
            for log in logs
            for projection in self._projections
        }
        async with self._pool.connection() as connection, connection.transaction():
            # First, also where nothing is missing: a rebuild that swaps its tables in keeps who would
            # write here waiting, before they hold anything that it waits for.
            await connection.execute(
                "INSERT INTO projection_position (name, position)"
                " SELECT name, 0 FROM unnest(%s::text[]) AS name ORDER BY name"
                " ON CONFLICT DO NOTHING",
                (list(names),),
            )
            held: dict[UUID, dict[Projection, int]] = defaultdict(dict)
            for name, position in (await self._locked(connection, list(names))).items():
                organisation, projection = names[name]
                held[organisation][projection] = position
            ends = await self._apply(connection, logs, held)
            moved = {
                name: max(held[organisation][projection], ends[organisation])
                for name, (organisation, projection) in names.items()
            }
            await connection.execute(
                "UPDATE projection_position SET position = moved.position"
                " FROM unnest(%s::text[], %s::bigint[]) AS moved(name, position)"
                " WHERE projection_position.name = moved.name",
                (list(moved), list(moved.values())),
            )
        await self._reached(ends)
        return [
            _Log(log.organisation, log.size, ends[log.organisation])
            for log in logs
            if ends[log.organisation] < log.size
        ]

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
        logs: list[_Log],
        held: Mapping[UUID, Mapping[Projection, int]],
    ) -> dict[UUID, int]:
        """Change the tables for one page of events; the lowest position of each log behind it.

        What was erased and what fills a tile has no content, but its place counts.
        """
        ends = {organisation: min(positions.values()) for organisation, positions in held.items()}
        if len(logs) == 1:
            ((organisation, start),) = ends.items()
            page = await self._store.read(organisation, start, _PAGE, connection=connection)
        else:
            page = await self._store.read_across(_room(logs, ends), connection=connection)
        async with connection.pipeline():
            for recorded in page:
                ends[recorded.organisation] = recorded.index + 1
                if recorded.event is None and recorded.type != KEY_DESTROYED:
                    continue
                for projection, position in held[recorded.organisation].items():
                    if recorded.index >= position and recorded.type in projection.types:
                        await projection.apply(connection, recorded)
        return ends

    async def _reached(self, positions: Mapping[UUID, int]) -> None:
        """Tell those who wait in `until`."""
        new = {
            organisation: position
            for organisation, position in positions.items()
            if self._positions.get(organisation, 0) != position
        }
        if new:
            async with self._moved:
                self._positions |= new
                self._moved.notify_all()


def _together(logs: Iterable[_Log]) -> Iterator[list[_Log]]:
    """Logs of which a page holds all that is missing; one that misses more is alone."""
    group: list[_Log] = []
    room = _PAGE
    for log in logs:
        missing = log.size - log.position
        if missing > room:
            if group:
                yield group
            group, room = [], _PAGE
        group.append(log)
        room -= missing
    if group:
        yield group


def _room(logs: Iterable[_Log], starts: Mapping[UUID, int]) -> dict[UUID, tuple[int, int]]:
    """From where to where each log is read: no more than a page in all, also where somebody put positions
    back since it was looked how much is missing.
    """
    room = _PAGE
    ranges = {}
    for log in logs:
        start = starts[log.organisation]
        stop = max(start, min(log.size, start + room))
        ranges[log.organisation] = (start, stop)
        room -= stop - start
    return ranges


def tracking_name(projection: str, organisation: UUID | None) -> str:
    """Under which name `projection_position` holds how far a projection of a log has come; None: what
    all of its names begin with.
    """
    return f"projection/{projection}/{organisation or ''}"
