"""Projections made anew beside the ones that serve, and swapped in (docs/adr/0015).

The new tables stand in a schema of their own under the same names. The rebuild's connection sees
that schema alone, so a projection's statements fill them as they fill the others; a table that is
not there is an error, never a write to what serves.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import msgspec
import psycopg
from psycopg import sql
from psycopg.errors import DeadlockDetected, LockNotAvailable, QueryCanceled

from shared.eventstore.projector import tracking_name
from shared.eventstore.types import UnknownEventType
from shared.keys.case_key import Unreadable
from shared.ledger.leaf import KEY_DESTROYED

if TYPE_CHECKING:
    from shared.eventstore.projector import Projection
    from shared.eventstore.store import EventStore

OnProgress = Callable[[int, int], None]
"""Told (events done, events in all) after each page."""

Targets = Mapping[tuple[str, UUID], int]
"""Up to which leaf, exclusive, each projection (by name) of each organisation's log goes."""

_PAGE: Final = 1000
# So little is left when the locks are taken.
_NEAR: Final = 200
_ROUNDS: Final = 50
# Readers wait behind a lock that waits: rather let go, and try again in between.
_LOCK_MILLISECONDS: Final = 500
_ATTEMPTS: Final = 40


class RebuildRefused(Exception):  # noqa: N818  its text is the sentence that an operator reads
    """Nothing was changed; the text says why."""


class Shadow:
    """Copies of the projections' tables, filled from the logs; nobody else reads or writes them."""

    def __init__(
        self,
        connection: psycopg.AsyncConnection[Any],
        service: str,
        store: EventStore,
        projections: Sequence[Projection],
        on_progress: OnProgress,
    ) -> None:
        self.connection = connection
        self.service = service
        self.schema = f"{service}_rebuild"
        self.projections = projections
        self.tables = sorted({table for each in projections for table in each.tables})
        self.positions: dict[tuple[str, UUID], int] = {}
        self._store = store
        self._on_progress = on_progress

    def to(self, heads: Mapping[UUID, int]) -> Targets:
        """Targets: every projection up to these heads."""
        return {
            (projection.name, organisation): size
            for projection in self.projections
            for organisation, size in heads.items()
        }

    def behind(self, targets: Targets) -> int:
        """How many events are left until `targets`, each counted once per projection."""
        return sum(max(0, to - self.positions.get(at, 0)) for at, to in targets.items())

    async def fill(self, targets: Targets) -> None:
        """Bring the copies up to `targets`, a page a transaction. Raises RebuildRefused."""
        for organisation in {organisation for _, organisation in targets}:
            more = True
            while more:
                async with self.connection.transaction():
                    # What a crash of the server loses of these pages, the next rebuild makes again.
                    await self.connection.execute("SET LOCAL synchronous_commit = off")
                    more = await self.page(organisation, targets)
                self._tell(targets)

    async def fill_here(self, targets: Targets) -> None:
        """The same, in the transaction that is open."""
        for organisation in {organisation for _, organisation in targets}:
            while await self.page(organisation, targets):
                pass

    async def page(self, organisation: UUID, targets: Targets) -> bool:
        """Apply one page of one log, in the transaction that is open; whether there may be more."""
        due = [
            (projection, at)
            for projection in self.projections
            if self.positions.get(at := (projection.name, organisation), 0) < targets.get(at, 0)
        ]
        if not due:
            return False
        start = min(self.positions.get(at, 0) for _, at in due)
        end = max(targets[at] for _, at in due)
        try:
            page = await self._store.read(organisation, start, min(_PAGE, end - start))
        except (Unreadable, UnknownEventType, msgspec.DecodeError) as error:
            raise RebuildRefused(
                f"The log of organisation {organisation} cannot be read behind entry {start} "
                f"({type(error).__name__}); `hoeksteen verify` says more."
            ) from error
        if not page:
            # The head counts entries that are not there: tampering, which the verifier names.
            return False
        async with self.connection.pipeline():
            for projection, at in due:
                low, high = self.positions.get(at, 0), targets[at]
                for recorded in page:
                    if (
                        low <= recorded.index < high
                        and recorded.type in projection.types
                        and (recorded.event is not None or recorded.type == KEY_DESTROYED)
                    ):
                        await projection.apply(self.connection, recorded)
        behind = page[-1].index + 1
        for _, at in due:
            self.positions[at] = max(self.positions.get(at, 0), min(behind, targets[at]))
        return behind < end

    def _tell(self, targets: Targets) -> None:
        done = sum(min(self.positions.get(at, 0), to) for at, to in targets.items())
        many = len(self.projections)
        self._on_progress(done // many, sum(targets.values()) // many)


@contextlib.asynccontextmanager
async def shadow(
    dsn: str,
    service: str,
    store: EventStore,
    projections: Sequence[Projection],
    on_progress: OnProgress = lambda _done, _total: None,
) -> AsyncIterator[Shadow]:
    """Empty copies of the projections' tables. `dsn` is the service's own.

    Raises RebuildRefused where another rebuild or audit is under way. What is left behind by a kill
    is removed by the next one.
    """
    connection: psycopg.AsyncConnection[Any] = await psycopg.AsyncConnection.connect(
        dsn, autocommit=True
    )
    async with connection:
        made = Shadow(connection, service, store, projections, on_progress)
        await connection.execute(
            sql.SQL("SET search_path = {}").format(sql.Identifier(made.schema))
        )
        await _call(made, "rebuild_begin")
        try:
            yield made
        finally:
            with contextlib.suppress(psycopg.Error):
                await _call(made, "rebuild_end")


async def rebuild(
    dsn: str,
    service: str,
    store: EventStore,
    projections: Sequence[Projection],
    on_progress: OnProgress = lambda _done, _total: None,
) -> int:
    """Fill every projection anew and swap it in while the service runs; how many events that were.

    Readers see the tables as they were until the swap, and the new ones after it; running
    projectors wait for the swap and go on behind what it took. When it fails or is killed before,
    nothing has changed.

    Raises RebuildRefused.
    """
    async with shadow(dsn, service, store, projections, on_progress) as new:
        for _ in range(_ROUNDS):
            targets = new.to(await store.heads())
            left = new.behind(targets)
            await new.fill(targets)
            # The rest is caught up under the locks; so is a log that ends before its head says.
            if left <= _NEAR * len(projections) or new.behind(targets) == left:
                break
        await _call(new, "rebuild_settle")
        for attempt in range(_ATTEMPTS):
            reached = dict(new.positions)
            try:
                async with new.connection.transaction():
                    await _swap(new, store)
                break
            except (QueryCanceled, LockNotAvailable, DeadlockDetected):
                new.positions = reached
                # Ever longer, so that readers have their turn in between.
                await asyncio.sleep(min(5.0, 0.1 * (attempt + 1)))
        else:
            raise RebuildRefused(
                "The new tables are full, but somebody keeps the old ones locked, a backup for "
                "instance; nothing was changed. Try again when it is done."
            )
        return sum(
            max(new.positions.get((projection.name, organisation), 0) for projection in projections)
            for organisation in {organisation for _, organisation in new.positions}
        )


async def _swap(new: Shadow, store: EventStore) -> None:
    """Catch up the rest and swap, all under locks that are held for a moment."""
    connection = new.connection

    def names(schema: str) -> sql.Composed:
        return sql.SQL(", ").join(sql.Identifier(schema, table) for table in new.tables)

    position = sql.Identifier(new.service, "projection_position")
    await connection.execute(
        sql.SQL("SET LOCAL statement_timeout = {}").format(sql.Literal(_LOCK_MILLISECONDS))
    )
    # Autovacuum may be at the new tables; nobody waits for these.
    await connection.execute(
        sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(names(new.schema))
    )
    # Projectors begin each page by writing here. Readers go on while the rest is caught up.
    await connection.execute(sql.SQL("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE").format(position))
    await connection.execute("SET LOCAL statement_timeout = 0")
    await new.fill_here(new.to(await store.heads()))
    await connection.execute(
        sql.SQL("SET LOCAL statement_timeout = {}").format(sql.Literal(_LOCK_MILLISECONDS))
    )
    await connection.execute(
        sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(names(new.service))
    )
    await connection.execute("SET LOCAL statement_timeout = 0")
    await _call(new, "rebuild_swap")
    for projection in new.projections:
        await connection.execute(
            sql.SQL("DELETE FROM {} WHERE starts_with(name, {})").format(
                position, sql.Literal(f"projection/{projection.name}/")
            )
        )
    for (name, organisation), reached in new.positions.items():
        await connection.execute(
            sql.SQL("INSERT INTO {} (name, position) VALUES ({}, {})").format(
                position, sql.Literal(tracking_name(name, organisation)), sql.Literal(reached)
            )
        )


async def _call(new: Shadow, function: str) -> None:
    try:
        await new.connection.execute(
            sql.SQL("SELECT {}({}::text[])").format(
                sql.Identifier(new.service, function), sql.Literal(new.tables)
            )
        )
    except psycopg.DatabaseError as error:
        match error.sqlstate:
            case "P0H05":
                raise RebuildRefused(
                    f"{new.service} has a projection whose table no migration has registered, or "
                    "one that cannot be copied (docs/adr/0015-rebuild-by-swap.md)."
                ) from error
            case "P0H06":
                raise RebuildRefused(
                    f"Another rebuild or audit of {new.service} is under way."
                ) from error
            case _:
                raise
