"""The group writer: one commit takes everything that queued while the last one was being written.

`submit` is a future, not a thread. A conflict spoils the group's transaction, so the group is then
written again item by item: innocent items land, the others get their own error.
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections import deque
from typing import TYPE_CHECKING, Any

import msgspec
import psycopg
from psycopg import errors

from shared.eventstore import wire

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

_TYPES = (
    *(wire.UUIDS, wire.UUIDS, wire.BIGINTS, wire.TEXTS, wire.TEXTS, wire.BYTEAS, wire.UUIDS),
    *(wire.BYTEAS, wire.BYTEAS),
    *(wire.UUIDS, wire.UUIDS, wire.BYTEAS, wire.BYTEAS),
    *(wire.UUIDS, wire.BYTEAS, wire.BYTEAS, wire.BYTEAS, wire.INTEGERS),
    *(wire.TEXTS, wire.BIGINTS, wire.BIGINTS),
    *(wire.UUIDS, wire.BIGINTS),
)
_SQL = "SELECT append(" + ", ".join(f"${n}" for n in range(1, len(_TYPES) + 1)) + ")"

# A group larger than this only makes everybody in it wait longer.
_GROUP = 500
# Where this many wait, the next ones wait outside.
_QUEUE = 10_000
# How long an item waits for a database that is down before its caller is told.
_PATIENCE_SECONDS = 30.0


class Conflict(Exception):  # noqa: N818  an ordinary answer: somebody was first
    """Another command changed the stream first, or this command was answered before."""


class PositionMoved(Exception):  # noqa: N818  an ordinary answer: a duplicate or a second worker
    """The consumer's position is not what it thought: another worker was first."""


class StoreUnavailable(Exception):  # noqa: N818  what a caller reports as UNAVAILABLE
    """The database did not answer in time. Whether the item landed is found out on a repeat."""


class NewLeaf(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One event as it is stored: everything but its index. Without a ciphertext it is blank."""

    organisation: UUID
    stream: UUID
    version: int
    type: str
    week: str
    actor: bytes
    key_id: UUID
    nonce: bytes
    ciphertext: bytes | None


class NewKey(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A wrapped case key with its commitment (32 bytes)."""

    key_id: UUID
    organisation: UUID
    wrapped: bytes
    commitment: bytes


class NewCommand(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A command's key and request (32 byte hashes) and its sealed answer."""

    organisation: UUID
    key: bytes
    request_sha256: bytes
    answer: bytes


class Tracking(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A consumer's step from `previous` to `position`, written with what it changed."""

    consumer: str
    previous: int
    position: int


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """What lands together or not at all. `seen` are the streams, and their newest versions, on
    which the item was decided: each must have had no event since.
    """

    leaves: Sequence[NewLeaf] = ()
    keys: Sequence[NewKey] = ()
    command: NewCommand | None = None
    tracking: Tracking | None = None
    seen: Sequence[tuple[UUID, int]] = ()


class _Queued(msgspec.Struct):
    item: Item
    done: asyncio.Future[Sequence[int]]


class GroupWriter:
    """One writer per service and process, on one connection of its own."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._queue: deque[_Queued] = deque()
        self._unsettled = 0
        self._wake = asyncio.Event()
        self._settled = asyncio.Condition()
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self._statement: wire.Statement | None = None
        self._task: asyncio.Task[None] | None = None
        # Written, and told so a moment later.
        self._late: list[tuple[_Queued, Sequence[int]]] = []

    async def start(self) -> None:
        """Connect and begin to write. Raises psycopg.OperationalError when the database is away."""
        await self._live()
        self._task = asyncio.create_task(self._run(), name="group writer")

    async def stop(self) -> None:
        """Write what is queued, then close."""
        await self._until_at_most(0)
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        self._settle_late()
        if self._connection is not None:
            await self._connection.close()

    async def ended(self) -> None:
        """Returns, or raises, when the writer has ended; while it lives nothing is lost in it."""
        if self._task is not None:
            await asyncio.shield(self._task)

    async def submit(self, item: Item) -> Sequence[int]:
        """The leaf indexes of the item's events, once they are durable.

        Raises Conflict, PositionMoved or StoreUnavailable.
        """
        if self._unsettled >= _QUEUE:
            await self._until_at_most(_QUEUE - 1)
        queued = _Queued(item, asyncio.get_running_loop().create_future())
        self._queue.append(queued)
        self._unsettled += 1
        self._wake.set()
        return await queued.done

    async def _until_at_most(self, count: int) -> None:
        async with self._settled:
            await self._settled.wait_for(lambda: self._unsettled <= count)

    async def _run(self) -> None:
        while True:
            if not self._queue:
                self._settle_late()
                self._wake.clear()
                await self._wake.wait()
            group = self._next_group()
            try:
                await self._write(group)
            finally:
                late = {id(queued) for queued, _ in self._late}
                for queued in group:
                    if not queued.done.done() and id(queued) not in late:
                        queued.done.set_exception(StoreUnavailable())
                self._unsettled -= len(group)
            async with self._settled:
                self._settled.notify_all()

    def _settle_late(self) -> None:
        late, self._late = self._late, []
        for queued, indexes in late:
            _settle(queued, indexes)

    def _next_group(self) -> list[_Queued]:
        """What can be written as one: as many as wait, in order, up to one that must come later."""
        group: list[_Queued] = []
        consumers: set[str] = set()
        written: set[int] = set()
        while self._queue and len(group) < _GROUP:
            item = self._queue[0].item
            if item.tracking is not None:
                if item.tracking.consumer in consumers:
                    break  # two steps of one consumer cannot stand in one UPDATE
                consumers.add(item.tracking.consumer)
            if any(stream.int in written for stream, _ in item.seen):
                break  # decided on a state that this very group changes
            for leaf in item.leaves:
                written.add(leaf.stream.int)
            group.append(self._queue.popleft())
        return group

    async def _write(self, group: list[_Queued]) -> None:
        try:
            indexes = await self._call([queued.item for queued in group])
        except psycopg.Error as error:
            lost = isinstance(error, psycopg.OperationalError)
            if lost or len(group) > 1:
                # One deadline for all: with the database away nobody waits for those before them.
                deadline = asyncio.get_running_loop().time() + _PATIENCE_SECONDS
                for queued in group:
                    await self._write_one(queued, deadline, perhaps_landed=lost)
            else:
                _settle_error(group[0], error)
            return
        settled = []
        place = 0
        for queued in group:
            end = place + len(queued.item.leaves)
            settled.append((queued, indexes[place:end]))
            place = end
        # Half of the callers are answered now, and the other half once the next group, with what
        # the first ones ask next, is on its way: so the database works while they do. All of them
        # run on one thread: nobody waits longer than it takes those before them to run.
        half = len(settled) // 2
        for queued, its in settled[half:]:
            _settle(queued, its)
        self._late = settled[:half]
        if half:
            await asyncio.sleep(0)

    async def _write_one(self, queued: _Queued, deadline: float, *, perhaps_landed: bool) -> None:
        while True:
            try:
                if perhaps_landed:
                    landed = await self._landed(queued.item)
                    if landed is not None:
                        _settle(queued, landed)
                        return
                _settle(queued, await self._call([queued.item]))
            except psycopg.OperationalError as error:
                perhaps_landed = True
                if asyncio.get_running_loop().time() > deadline:
                    _settle_error(queued, error)
                    return
                await asyncio.sleep(0.2)
            except psycopg.Error as error:
                _settle_error(queued, error)
                return
            else:
                return

    async def _live(self) -> tuple[psycopg.AsyncConnection[Any], wire.Statement]:
        connection, statement = self._connection, self._statement
        if connection is None or connection.closed or statement is None:
            connection = self._connection = await psycopg.AsyncConnection.connect(
                self._dsn, autocommit=True, connect_timeout=5
            )
            statement = self._statement = await wire.Statement.prepare(
                connection, _SQL, [kind.oid for kind in _TYPES]
            )
        return connection, statement

    async def _call(self, items: list[Item]) -> Sequence[int]:
        connection, statement = await self._live()
        try:
            parameters = _parameters(items)
        except (struct.error, UnicodeEncodeError) as error:
            raise psycopg.DataError("a value does not fit its column") from error
        try:
            statement.send(parameters)
            self._settle_late()
            return wire.read_bigints(await statement.value())
        except psycopg.OperationalError:
            await connection.close()  # never guess about a connection that failed
            raise

    async def _landed(self, item: Item) -> Sequence[int] | None:
        """The item's indexes if it is there already, after a reply was lost."""
        connection, _ = await self._live()
        if item.leaves:
            first = item.leaves[0]
            cursor = await connection.execute(
                "SELECT leaf_index FROM event WHERE stream = %s AND version = %s AND nonce = %s",
                (first.stream, first.version, first.nonce),
            )
            row = await cursor.fetchone()
            return None if row is None else [row[0] + n for n in range(len(item.leaves))]
        if item.tracking:
            cursor = await connection.execute(
                "SELECT 1 FROM tracking WHERE consumer = %s AND position = %s",
                (item.tracking.consumer, item.tracking.position),
            )
            return None if await cursor.fetchone() is None else []
        return None


def _parameters(items: list[Item]) -> list[bytes]:
    """The arguments of append() for a group."""
    leaves: list[NewLeaf] = []
    keys: list[NewKey] = []
    commands: list[NewCommand] = []
    last_events: list[int] = []
    steps: list[Tracking] = []
    seen: list[tuple[UUID, int]] = []
    for item in items:
        leaves += item.leaves
        keys += item.keys
        seen += item.seen
        if item.command is not None:
            commands.append(item.command)
            last_events.append(len(leaves))
        if item.tracking is not None:
            steps.append(item.tracking)
    return [
        wire.uuids([leaf.organisation for leaf in leaves]),
        wire.uuids([leaf.stream for leaf in leaves]),
        wire.bigints([leaf.version for leaf in leaves]),
        wire.texts([leaf.type for leaf in leaves]),
        wire.texts([leaf.week for leaf in leaves]),
        wire.byteas([leaf.actor for leaf in leaves]),
        wire.uuids([leaf.key_id for leaf in leaves]),
        wire.byteas([leaf.nonce for leaf in leaves]),
        wire.byteas([leaf.ciphertext for leaf in leaves]),
        wire.uuids([key.key_id for key in keys]),
        wire.uuids([key.organisation for key in keys]),
        wire.byteas([key.wrapped for key in keys]),
        wire.byteas([key.commitment for key in keys]),
        wire.uuids([command.organisation for command in commands]),
        wire.byteas([command.key for command in commands]),
        wire.byteas([command.request_sha256 for command in commands]),
        wire.byteas([command.answer for command in commands]),
        wire.integers(last_events),
        wire.texts([step.consumer for step in steps]),
        wire.bigints([step.previous for step in steps]),
        wire.bigints([step.position for step in steps]),
        wire.uuids([stream for stream, _ in seen]),
        wire.bigints([version for _, version in seen]),
    ]


def _settle(queued: _Queued, indexes: Sequence[int]) -> None:
    if not queued.done.done():  # the caller may have been cancelled; what is written stays written
        queued.done.set_result(indexes)


def _settle_error(queued: _Queued, error: psycopg.Error) -> None:
    if queued.done.done():
        return
    if isinstance(error, psycopg.OperationalError):
        queued.done.set_exception(StoreUnavailable())
    elif error.sqlstate == "P0H02":
        queued.done.set_exception(PositionMoved())
    elif isinstance(error, errors.UniqueViolation) or error.sqlstate == "P0H01":
        queued.done.set_exception(Conflict())
    else:
        queued.done.set_exception(error)
