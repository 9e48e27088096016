"""The group writer: one commit takes everything that queued while the last one was being written.

`submit` is a future, not a thread. A conflict spoils the group's transaction, so the group is then
written again item by item: innocent items land, the others get their own error.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import errors

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

_TYPES = (
    "uuid[]", "uuid[]", "bigint[]", "text[]", "text[]", "bytea[]", "uuid[]", "bytea[]", "bytea[]",
    "uuid[]", "uuid[]", "bytea[]", "bytea[]",
    "uuid[]", "bytea[]", "bytea[]", "bytea[]", "integer[]",
    "text[]", "bigint[]", "bigint[]",
)  # fmt: skip
_SQL = "SELECT append(" + ", ".join(f"%s::{name}" for name in _TYPES) + ")"

# A group larger than this only makes everybody in it wait longer.
_GROUP = 500
# How long an item waits for a database that is down before its caller is told.
_PATIENCE_SECONDS = 30.0


class Conflict(Exception):  # noqa: N818  an ordinary answer: somebody was first
    """Another command changed the stream first, or this command was answered before."""


class PositionMoved(Exception):  # noqa: N818  an ordinary answer: a duplicate or a second worker
    """The consumer's position is not what it thought: another worker was first."""


class StoreUnavailable(Exception):  # noqa: N818  what a caller reports as UNAVAILABLE
    """The database did not answer in time. Whether the item landed is found out on a repeat."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLeaf:
    """One event as it is stored: everything but its index."""

    organisation: UUID
    stream: UUID
    version: int
    type: str
    week: str
    actor: bytes
    key_id: UUID
    nonce: bytes
    ciphertext: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """A wrapped case key with its commitment (32 bytes)."""

    key_id: UUID
    organisation: UUID
    wrapped: bytes
    commitment: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCommand:
    """A command's key and request (32 byte hashes) and its sealed answer."""

    organisation: UUID
    key: bytes
    request_sha256: bytes
    answer: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracking:
    """A consumer's step from `previous` to `position`, written with what it changed."""

    consumer: str
    previous: int
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """What lands together or not at all."""

    leaves: Sequence[NewLeaf] = ()
    keys: Sequence[NewKey] = ()
    command: NewCommand | None = None
    tracking: Tracking | None = None


@dataclass(slots=True)
class _Queued:
    item: Item
    done: asyncio.Future[list[int]] = field(repr=False)


class GroupWriter:
    """One writer per service and process, on one connection of its own."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._queue: asyncio.Queue[_Queued] = asyncio.Queue(maxsize=10_000)
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Connect and begin to write. Raises psycopg.OperationalError when the database is away."""
        self._connection = await self._connect()
        self._task = asyncio.create_task(self._run(), name="group writer")

    async def stop(self) -> None:
        """Write what is queued, then close."""
        await self._queue.join()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        if self._connection is not None:
            await self._connection.close()

    async def ended(self) -> None:
        """Returns, or raises, when the writer has ended; while it lives nothing is lost in it."""
        if self._task is not None:
            await asyncio.shield(self._task)

    async def submit(self, item: Item) -> list[int]:
        """The leaf indexes of the item's events, once they are durable.

        Raises Conflict, PositionMoved or StoreUnavailable.
        """
        queued = _Queued(item, asyncio.get_running_loop().create_future())
        await self._queue.put(queued)
        return await queued.done

    async def _connect(self) -> psycopg.AsyncConnection[Any]:
        return await psycopg.AsyncConnection.connect(
            self._dsn, autocommit=True, connect_timeout=5, prepare_threshold=2
        )

    async def _run(self) -> None:
        held: _Queued | None = None
        while True:
            group = [held or await self._queue.get()]
            held = None
            taken = {group[0].item.tracking and group[0].item.tracking.consumer}
            while len(group) < _GROUP and not self._queue.empty():
                nxt = self._queue.get_nowait()
                consumer = nxt.item.tracking and nxt.item.tracking.consumer
                if consumer and consumer in taken:
                    held = nxt  # two steps of one consumer cannot stand in one UPDATE
                    break
                group.append(nxt)
                taken.add(consumer)
            try:
                await self._write(group)
            finally:
                for queued in group:
                    if not queued.done.done():
                        queued.done.set_exception(StoreUnavailable())
                    self._queue.task_done()

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
        for queued in group:
            count = len(queued.item.leaves)
            _settle(queued, indexes[:count])
            indexes = indexes[count:]

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

    async def _live(self) -> psycopg.AsyncConnection[Any]:
        if self._connection is None or self._connection.closed:
            self._connection = await self._connect()
        return self._connection

    async def _call(self, items: list[Item]) -> list[int]:
        leaves = [leaf for item in items for leaf in item.leaves]
        keys = [key for item in items for key in item.keys]
        steps = [item.tracking for item in items if item.tracking]
        commands: list[tuple[NewCommand, int]] = []
        last = 0
        for item in items:
            last += len(item.leaves)
            if item.command:
                commands.append((item.command, last))
        connection = await self._live()
        try:
            cursor = await connection.execute(
                _SQL,
                (
                    [leaf.organisation for leaf in leaves],
                    [leaf.stream for leaf in leaves],
                    [leaf.version for leaf in leaves],
                    [leaf.type for leaf in leaves],
                    [leaf.week for leaf in leaves],
                    [leaf.actor for leaf in leaves],
                    [leaf.key_id for leaf in leaves],
                    [leaf.nonce for leaf in leaves],
                    [leaf.ciphertext for leaf in leaves],
                    [key.key_id for key in keys],
                    [key.organisation for key in keys],
                    [key.wrapped for key in keys],
                    [key.commitment for key in keys],
                    [command.organisation for command, _ in commands],
                    [command.key for command, _ in commands],
                    [command.request_sha256 for command, _ in commands],
                    [command.answer for command, _ in commands],
                    [last for _, last in commands],
                    [step.consumer for step in steps],
                    [step.previous for step in steps],
                    [step.position for step in steps],
                ),
                binary=True,
            )
        except psycopg.OperationalError:
            await connection.close()  # never guess about a connection that failed
            raise
        row = await cursor.fetchone()
        return list(row[0]) if row and row[0] else []

    async def _landed(self, item: Item) -> list[int] | None:
        """The item's indexes if it is there already, after a reply was lost."""
        connection = await self._live()
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


def _settle(queued: _Queued, indexes: list[int]) -> None:
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
