"""The group writer: one commit takes everything that queued while the last one was being written.

`submit` is a future, not a thread. A conflict spoils the group's transaction, so the group is then
written again item by item: innocent items land, the others get their own error.
"""

from __future__ import annotations

import asyncio
import itertools
import struct
from collections import deque
from typing import TYPE_CHECKING

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
# How many groups are on their way at once: the database works on one, the other waits for it there.
_IN_FLIGHT = 2
# Where this many wait, the next ones wait outside.
_QUEUE = 10_000
# How long an item waits for a database that is down before its caller is told.
_PATIENCE_SECONDS = 30.0


class Conflict(Exception):  # noqa: N818  an ordinary answer: somebody was first
    """Another command changed the stream first, or this command was answered before."""


class PositionMoved(Exception):  # noqa: N818  an ordinary answer: a duplicate or a second worker
    """The consumer's position is not what it thought: another worker was first."""


class DataKeyReplaced(Exception):  # noqa: N818  an ordinary answer: seal it anew
    """What the item brings is sealed under a version of the data key that was replaced."""


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
    settled: bool = False


class GroupWriter:
    """One writer per service and process, on one connection of its own."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._queue: deque[_Queued] = deque()
        # Groups that were sent and have no answer yet.
        self._flying: deque[list[_Queued]] = deque()
        # What is written and is told a moment later.
        self._late: list[tuple[_Queued, Sequence[int]]] = []
        self._unsettled = 0
        self._wake = asyncio.Event()
        self._progress = asyncio.Event()
        self._pipeline: wire.Pipeline | None = None
        # Of the oldest group in `_flying`, until the writer sees to it.
        self._error: Exception | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Connect and begin to write. Raises psycopg.OperationalError when the database is away."""
        await self._live()
        self._task = asyncio.create_task(self._run(), name="group writer")

    async def stop(self) -> None:
        """Write what is queued, then close."""
        await self._until_at_most(0)
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])  # how it ended, `ended` tells
        await self._drop()

    async def ended(self) -> None:
        """Returns, or raises, when the writer has ended; while it lives nothing is lost in it."""
        if self._task is not None:
            await asyncio.shield(self._task)

    async def submit(self, item: Item) -> Sequence[int]:
        """The leaf indexes of the item's events, once they are durable.

        Raises Conflict, PositionMoved, DataKeyReplaced or StoreUnavailable.
        """
        if self._unsettled >= _QUEUE:
            await self._until_at_most(_QUEUE - 1)
        if self._task is not None and self._task.done():
            raise StoreUnavailable
        done: asyncio.Future[Sequence[int]] = asyncio.get_running_loop().create_future()
        self._queue.append(_Queued(item, done))
        self._unsettled += 1
        self._wake.set()
        try:
            return await done
        finally:
            # What is raised holds this frame by its traceback, and the future holds what is raised.
            del done

    async def _until_at_most(self, count: int) -> None:
        while self._unsettled > count:
            self._progress.clear()
            await self._progress.wait()

    async def _run(self) -> None:
        group: list[_Queued] = []
        try:
            while True:
                group = self._next_group()
                if group:
                    await self._send(group)
                    self._settle_late()
                elif not await self._land():
                    self._settle_late()
                    await self._wake.wait()
                    self._wake.clear()
        finally:
            self._settle_late()
            for queued in itertools.chain(*self._flying, group, self._queue):
                self._settle(queued, error=StoreUnavailable())

    def _next_group(self) -> list[_Queued]:
        """What is sent now, as one. While a group is on its way the next one waits until it is as
        large: then the database goes from one to the next, and neither is small.
        """
        if self._flying and (
            self._error is not None
            or len(self._flying) >= _IN_FLIGHT
            or len(self._queue) < len(self._flying[-1])
        ):
            return []
        group: list[_Queued] = []
        consumers = {
            queued.item.tracking.consumer
            for flying in self._flying
            for queued in flying
            if queued.item.tracking is not None
        }
        written: set[int] = set()
        while self._queue and len(group) < _GROUP:
            item = self._queue[0].item
            if item.tracking is not None:
                if item.tracking.consumer in consumers:
                    break  # two steps of one consumer cannot stand in one UPDATE, nor overtake
                consumers.add(item.tracking.consumer)
            if any(stream.int in written for stream, _ in item.seen):
                break  # decided on a state that this very group changes
            for leaf in item.leaves:
                written.add(leaf.stream.int)
            group.append(self._queue.popleft())
        return group

    async def _send(self, group: list[_Queued]) -> None:
        try:
            parameters = _parameters([queued.item for queued in group])
        except (struct.error, UnicodeEncodeError) as error:
            await self._hear()  # what is on its way has no part in this
            await self._recover([group], error)
            return
        try:
            pipeline = self._pipeline if self._flying else await self._live()
            assert pipeline is not None  # noqa: S101  something is on its way in it
            pipeline.send(parameters)
        except psycopg.Error as error:
            await self._recover([*self._flying, group], error)
        else:
            self._flying.append(group)

    def _news(self) -> None:
        """Something was read: settle what is answered at once, without a turn of the writer."""
        if self._flying and self._pipeline is not None and self._error is None:
            try:
                value = self._pipeline.take()
            except psycopg.Error as error:
                self._error = error
            else:
                if value is not None:
                    self._landed_group(self._flying.popleft(), value)
        self._wake.set()

    async def _land(self) -> bool:
        """Settle the oldest group that was sent, if it is answered."""
        if self._pipeline is None or not self._flying:
            return False
        error, self._error = self._error, None
        value = None
        try:
            if error is None:
                value = self._pipeline.take()
        except psycopg.Error as raised:
            error = raised
        if error is not None:
            await self._recover(list(self._flying), error)
            return True
        if value is None:
            return False
        self._landed_group(self._flying.popleft(), value)
        if self._late:
            await asyncio.sleep(0)  # let those who were told ask again
        return True

    async def _hear(self) -> None:
        """Settle all that is on its way."""
        while self._flying:
            if not await self._land():
                self._wake.clear()
                await self._wake.wait()

    def _landed_group(self, group: list[_Queued], value: bytes) -> None:
        indexes = wire.read_bigints(value)
        settled: list[tuple[_Queued, Sequence[int]]] = []
        place = 0
        for queued in group:
            end = place + len(queued.item.leaves)
            settled.append((queued, indexes[place:end]))
            place = end
        # With nothing on its way, half of the callers are told now, and the others once the group
        # is sent of what the first ones ask next: so the database works while they do. All of them
        # run on one thread: nobody waits longer than it takes those before them to run.
        now = len(settled) if self._flying or self._queue else -(-len(settled) // 2)
        for queued, its in settled[:now]:
            self._settle(queued, its)
        self._late += settled[now:]

    async def _recover(self, groups: list[list[_Queued]], error: Exception) -> None:
        """Settle groups of which the first one failed, as a whole, in order: item by item.

        Those behind it were sent before that was known. What became of them is heard first.
        """
        self._flying.clear()
        try:
            await self._settle_all(groups, error)
        finally:
            # Where the writer itself came to its end, nobody waits for what it had in hand.
            for queued in itertools.chain(*groups):
                self._settle(queued, error=StoreUnavailable())

    async def _settle_all(self, groups: list[list[_Queued]], error: Exception) -> None:
        self._settle_late()
        # An OperationalError may also be the answer to a call, which was cancelled: what is behind
        # it goes on, on the same connection.
        failed = groups[0] if not isinstance(error, wire.ConnectionLost) else []
        lost = [] if failed else [queued for group in groups for queued in group]
        for number, group in enumerate(groups[1:], start=1) if failed else ():
            try:
                value = await self._answer()
            except wire.ConnectionLost:
                lost += [queued for group in groups[number:] for queued in group]
                break
            except psycopg.Error:
                failed += group
            else:
                self._landed_group(group, value)
                self._settle_late()
        if len(groups) == 1 == len(failed) and not isinstance(error, psycopg.OperationalError):
            self._settle(failed[0], error=error)
            return
        # One deadline for all: with the database away nobody waits for those before them.
        deadline = asyncio.get_running_loop().time() + _PATIENCE_SECONDS
        for queued in failed:
            await self._write_one(queued, deadline, perhaps_landed=False)
        for queued in lost:
            await self._write_one(queued, deadline, perhaps_landed=True)

    async def _write_one(self, queued: _Queued, deadline: float, *, perhaps_landed: bool) -> None:
        refused: Exception | None = None
        while True:
            try:
                landed = await self._landed(queued.item) if perhaps_landed else None
                if landed is None and refused is not None:
                    self._settle(queued, error=refused)
                    return
                if landed is None:
                    pipeline = await self._live()
                    pipeline.send(_parameters([queued.item]))
                    landed = wire.read_bigints(await self._answer())
            except psycopg.OperationalError as error:
                perhaps_landed = True
                await self._drop()  # never guess about a connection that failed
                if asyncio.get_running_loop().time() > deadline:
                    self._settle(queued, error=error)
                    return
                await asyncio.sleep(0.2)
            except (psycopg.Error, struct.error, UnicodeEncodeError) as error:
                if perhaps_landed and refused is None:
                    # The first try may have been under way in the database, and refuse the second.
                    refused = error
                    continue
                self._settle(queued, error=error)
                return
            else:
                self._settle(queued, landed)
                return

    def _settle_late(self) -> None:
        late, self._late = self._late, []
        for queued, indexes in late:
            self._settle(queued, indexes)

    def _settle(
        self, queued: _Queued, indexes: Sequence[int] = (), *, error: Exception | None = None
    ) -> None:
        if queued.settled:
            return
        queued.settled = True
        self._unsettled -= 1
        self._progress.set()
        if queued.done.done():
            return  # the caller was cancelled; what is written stays written
        if error is None:
            queued.done.set_result(indexes)
        else:
            queued.done.set_exception(_told(error))

    async def _live(self) -> wire.Pipeline:
        if self._pipeline is None or self._pipeline.lost:
            await self._drop()
            connection = await psycopg.AsyncConnection.connect(
                self._dsn, autocommit=True, connect_timeout=5
            )
            self._pipeline = wire.Pipeline(connection, [kind.oid for kind in _TYPES], self._news)
            try:
                self._pipeline.prepare(_SQL)
                await self._answer()
            except BaseException:
                await self._drop()  # it would be asked for a statement that it does not have
                raise
        return self._pipeline

    async def _drop(self) -> None:
        if self._pipeline is not None:
            pipeline, self._pipeline = self._pipeline, None
            await pipeline.close()

    async def _answer(self) -> bytes:
        """The next answer."""
        while True:
            if self._pipeline is None:
                raise wire.ConnectionLost("there is no connection")
            value = self._pipeline.take()
            if value is not None:
                return value
            self._wake.clear()
            await self._wake.wait()

    async def _landed(self, item: Item) -> Sequence[int] | None:
        """The item's indexes if it is there already, after a reply was lost."""
        async with await psycopg.AsyncConnection.connect(
            self._dsn, autocommit=True, connect_timeout=5
        ) as connection:
            if item.leaves:
                first = item.leaves[0]
                cursor = await connection.execute(
                    "SELECT leaf_index FROM event"
                    " WHERE stream = %s AND version = %s AND nonce = %s",
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
        *(_of_keys(keys) if keys else _NO_KEYS),
        *(_of_commands(commands, last_events) if commands else _NO_COMMANDS),
        *(_of_steps(steps) if steps else _NO_STEPS),
        wire.uuids([stream for stream, _ in seen]),
        wire.bigints([version for _, version in seen]),
    ]


def _of_keys(keys: list[NewKey]) -> tuple[bytes, ...]:
    return (
        wire.uuids([key.key_id for key in keys]),
        wire.uuids([key.organisation for key in keys]),
        wire.byteas([key.wrapped for key in keys]),
        wire.byteas([key.commitment for key in keys]),
    )


def _of_commands(commands: list[NewCommand], last_events: list[int]) -> tuple[bytes, ...]:
    return (
        wire.uuids([command.organisation for command in commands]),
        wire.byteas([command.key for command in commands]),
        wire.byteas([command.request_sha256 for command in commands]),
        wire.byteas([command.answer for command in commands]),
        wire.integers(last_events),
    )


def _of_steps(steps: list[Tracking]) -> tuple[bytes, ...]:
    return (
        wire.texts([step.consumer for step in steps]),
        wire.bigints([step.previous for step in steps]),
        wire.bigints([step.position for step in steps]),
    )


# Most groups lack one or the other.
_NO_KEYS, _NO_COMMANDS, _NO_STEPS = _of_keys([]), _of_commands([], []), _of_steps([])


def _told(error: Exception) -> Exception:
    """What a caller is told of an error."""
    if isinstance(error, psycopg.OperationalError):
        return StoreUnavailable()
    if isinstance(error, (struct.error, UnicodeEncodeError)):
        return psycopg.DataError("a value does not fit its column")
    if isinstance(error, psycopg.Error):
        if error.sqlstate == "P0H02":
            return PositionMoved()
        if error.sqlstate == "P0H07":
            return DataKeyReplaced()
        if isinstance(error, errors.UniqueViolation) or error.sqlstate == "P0H01":
            return Conflict()
    return error
