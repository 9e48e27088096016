"""The event store of one service: append with leaf, idempotency and position; load; read in order."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from uuid import UUID

import msgspec
import psycopg

from shared.eventstore import queue
from shared.eventstore.heads import StreamHeads
from shared.eventstore.mapper import (
    EVENT,
    around,
    associated_data,
    decrypt_event,
    encrypt_event,
    version_field,
)
from shared.eventstore.memory import LONGEST, Memory, Stream
from shared.eventstore.pages import ENTRIES, SKELETONS, Skeleton, pages
from shared.eventstore.types import EventTypes, split_name
from shared.eventstore.week import week_of
from shared.eventstore.writer import (
    Conflict,
    DataKeyReplaced,
    GroupWriter,
    Item,
    NewCommand,
    NewKey,
    NewLeaf,
    PositionMoved,
    StoreUnavailable,
    Tracking,
)
from shared.keys.case_key import KEY_BYTES, NONCE_BYTES, SUITE, CaseKey, Unreadable
from shared.keys.ring import KeyRingProblem
from shared.ledger.leaf import KEY_DESTROYED
from shared.uuids import random_uuid, uuid_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable
    from datetime import date, datetime

    from psycopg_pool import AsyncConnectionPool

    from shared.keys.ring import KeyRing

__all__ = [
    "Appended",
    "Change",
    "Command",
    "Conflict",
    "EventStore",
    "Fold",
    "Folded",
    "PositionMoved",
    "Recorded",
    "Session",
    "Skeleton",
    "StoreUnavailable",
    "StreamErased",
    "Tracking",
]

_SALT_BYTES = 32

KEY_CONTEXT = b"case-key"
"""What a wrapped case key is bound to, with its id behind it."""
ANSWER_CONTEXT = b"answer"
"""What a sealed answer is bound to, with its command's hashed key behind it."""

# Random bytes for the blank entries of one filling: at most 511 (fill_tiles in the migrations).
_MOST_BLANKS = 511

_SELECT = (
    "SELECT event.organisation, event.leaf_index, event.stream, event.version, event.type,"
    " event.week, event.suite, event.key_id, event.nonce, ciphertext.ciphertext"
    " FROM event LEFT JOIN ciphertext USING (organisation, leaf_index) "
)
# Range by range. Joined freely, every entry of every log is read: how few lie in a range is not known when
# that is planned. ORDER BY keeps PostgreSQL from joining it freely after all.
_RANGES = (
    "SELECT found.* FROM unnest(%s::uuid[], %s::bigint[], %s::bigint[])"  # noqa: S608  two constants
    " AS wanted (organisation, first, until) CROSS JOIN LATERAL ("
    + _SELECT
    + "WHERE event.organisation = wanted.organisation AND event.leaf_index >= wanted.first"
    " AND event.leaf_index < wanted.until ORDER BY event.leaf_index) AS found"
    " ORDER BY found.organisation, found.leaf_index"
)
# One key of each organisation, under the first of its entries that still have one.
_FIRST_KEYS = (
    b"SELECT log.organisation, log.key_version, held.key_id, held.wrapped, held.commitment FROM log"
    b" CROSS JOIN LATERAL (SELECT key_id, wrapped, commitment FROM"
    b" (SELECT key_id FROM event WHERE event.organisation = log.organisation"
    b" ORDER BY leaf_index LIMIT 50) AS early JOIN wrapped_key USING (key_id) LIMIT 1) AS held"
)

_TOO_OLD = "The key ring has no data key as new as the database's: it is an older copy."

_SNAPSHOT = b"hoeksteen/snapshot/v1"

# A position that no log reaches: `until` where none was given.
_END = 2**63 - 1


class StreamErased(Exception):  # noqa: N818  what a command meets, not a fault in the program
    """The stream's key is destroyed: nothing is added to it, and nothing of it can be read."""


class Change(msgspec.Struct, frozen=True):
    """An event to append: the `version`-th of its `stream`, from 1.

    A stream has a key of its own, made with its first event: whoever verifies a log takes one of two
    streams for tampering. `under` names the key of this very event: one that exists and is not the
    newest. `renew` makes a new one for this event and what follows it.
    """

    stream: UUID
    version: int
    event: Any
    under: UUID | None = None
    renew: bool = False


OnAppend = Callable[[UUID, int, Sequence[Change]], None]


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """What makes a command repeatable: who sent it, under which key, with which content."""

    actor: str
    key: str
    request: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """An encrypted block that is no event: its key's id, nonce (12 bytes) and ciphertext."""

    key_id: UUID
    nonce: bytes
    ciphertext: bytes


class Appended(msgspec.Struct, frozen=True, kw_only=True):
    """Ledger positions (leaf indexes) of the first and last event; both -1 for none."""

    first: int
    last: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A command's first answer, and whether the repeat has the same content."""

    answer: bytes
    position: int
    same_content: bool


class Recorded(msgspec.Struct, frozen=True, gc=False):
    """An event as read back, decrypted. `event` is None when it was erased.

    `type` is the base name: an event of an older version has been brought to the present one.
    """

    organisation: UUID
    index: int
    stream: UUID
    version: int
    type: str
    week: str
    key_id: UUID
    event: Any


S = TypeVar("S")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold(Generic[S]):
    """A projector function for reads: how a stream's events become a state.

    `name` names the state's form and must change whenever `evolve` or the state's class does: a
    snapshot under another name is another snapshot. The state is what msgspec can write as JSON
    and read back as `state`, a dataclass or struct.
    """

    name: str
    state: type[S]
    initial: S
    evolve: Callable[[S, Any], S]
    every: int = 100
    """A snapshot is kept when so many events were folded since the last one."""
    asked_often: bool = False
    """The state is held in memory also where the stream is long: for few streams, which are asked for
    all the time."""


class Folded(msgspec.Struct, Generic[S], frozen=True, kw_only=True):
    """A stream's state after its `version` first events (0: there are none)."""

    state: S
    version: int


class EventStore:
    """One service's events of all organisations."""

    def __init__(
        self,
        *,
        pool: AsyncConnectionPool[Any],
        writer: GroupWriter,
        types: EventTypes,
        ring: KeyRing,
        on_append: OnAppend = lambda _organisation, _last, _changes: None,
        before_destroying: Callable[[UUID, UUID], None] = lambda _organisation, _stream: None,
        writing: Callable[[], contextlib.AbstractContextManager[object]] = contextlib.nullcontext,
        memory: Memory | None = None,
        heads: StreamHeads | None = None,
    ) -> None:
        """`on_append` is told (organisation, last index, changes) after each commit, in this process; what
        fills a tile is no change.

        `before_destroying` is told (organisation, stream) in a thread, before anything of a stream
        is deleted whose destruction stands in the log. What it raises puts the deletion off.

        `writing` stands around each wait for the writer: to see how long it takes.
        """
        self._pool = pool
        self._writer = writer
        self._types = types
        self._ring = ring
        self._on_append = on_append
        self._before_destroying = before_destroying
        self._writing = writing
        self._memory = memory or Memory()
        self._heads = heads or StreamHeads(pool)
        self._bases: dict[str, str] = {}

    def session(self, *, hopeful: bool = True) -> Session:
        """The store as one command sees it; not `hopeful` once it was refused or was too late: then it
        believes nothing that it has not read itself.
        """
        session = Session.__new__(Session)
        session.__dict__ = self.__dict__.copy()
        session.begin(hopeful=hopeful)
        return session

    # Writing ----------------------------------------------------------------------------------

    async def append(
        self,
        organisation: UUID,
        changes: Sequence[Change],
        *,
        actor: str,
        at: datetime,
        command: Command | None = None,
        answer: bytes = b"",
        tracking: Tracking | None = None,
    ) -> Appended:
        """Append `changes`, durable when this returns. In one transaction with its leaves, the
        command's key and answer, and the consumer's position.

        Raises Conflict (another change was first, or the command's key is taken: see `answered`),
        PositionMoved (another worker was first), StreamErased, StoreUnavailable, KeyRingProblem.
        """
        return await self._append(
            organisation,
            changes,
            actor=actor,
            at=at,
            command=command,
            answer=answer,
            tracking=tracking,
        )

    async def _append(
        self,
        organisation: UUID,
        changes: Sequence[Change],
        *,
        actor: str,
        at: datetime,
        command: Command | None = None,
        answer: bytes = b"",
        tracking: Tracking | None = None,
        seen: Sequence[tuple[UUID, int]] = (),
    ) -> Appended:
        if command is not None and not changes:
            raise ValueError("a command is stored with its events; this one has none")
        # Only for events: a pseudonym makes a key for the organisation.
        pseudonym = self._ring.pseudonym(organisation, at.year, actor) if changes else b""
        week = week_of(at)
        fresh: dict[int, Stream] = {}
        made: list[Stream] = []
        leaves: list[NewLeaf] = []
        for change in changes:
            stream = change.stream
            held = None if change.renew else fresh.get(stream.int)
            begins = change.renew or change.version == 1
            if change.under is not None:
                held = await self._under(organisation, change.under)
            elif held is None and not begins:
                held = await self._known(organisation, stream)
            if held is None:
                held = Stream(organisation, random_uuid(), CaseKey(os.urandom(KEY_BYTES)))
                made.append(held)
            fresh[stream.int] = held
            name, nonce, ciphertext = encrypt_event(
                self._types, held.key, stream, change.version, held.key_id, change.event
            )
            leaves.append(
                NewLeaf(
                    organisation=organisation,
                    stream=stream,
                    version=change.version,
                    type=name,
                    week=week,
                    actor=pseudonym,
                    key_id=held.key_id,
                    nonce=nonce,
                    ciphertext=ciphertext,
                )
            )
        item = Item(
            leaves=leaves,
            keys=[self._wrap(organisation, held.key_id, held.key) for held in made],
            command=None if command is None else self._new(organisation, command, answer),
            tracking=tracking,
            seen=seen,
        )
        try:
            with self._writing():
                indexes = await self._writer.submit(item)
        except DataKeyReplaced:
            # Another process rotated the data key, and this one has not looked since.
            await asyncio.to_thread(self._ring.look)
            anew = msgspec.structs.replace(
                item,
                keys=[self._wrap(organisation, held.key_id, held.key) for held in made],
                command=None if command is None else self._new(organisation, command, answer),
            )
            try:
                indexes = await self._writer.submit(anew)
            except DataKeyReplaced as error:
                raise KeyRingProblem(_TOO_OLD) from error
        if not indexes:
            return Appended(first=-1, last=-1)
        for change, leaf, index in zip(changes, leaves, indexes, strict=True):
            held = fresh[leaf.stream.int]
            if change.renew:
                self._renewed(leaf.stream, held)
            self._remember(leaf, index, change.event, held)
        self._on_append(organisation, indexes[-1], changes)
        return Appended(first=indexes[0], last=indexes[-1])

    def _new(self, organisation: UUID, command: Command, answer: bytes) -> NewCommand:
        key = _command_key(organisation, command)
        # Salted, and the salt sealed: a request has few possible contents, and a plain hash of
        # it would tell every reader of the table how a case ended.
        salt = os.urandom(_SALT_BYTES)
        return NewCommand(
            organisation=organisation,
            key=key,
            request_sha256=_request_hash(salt, command),
            answer=self._ring.seal(organisation, ANSWER_CONTEXT + key, salt + answer),
        )

    def _renewed(self, stream: UUID, held: Stream) -> None:
        """What is appended from now on goes under another key; what is known of the stream stays."""
        before = self._memory.streams.get(stream)
        if before is not None:
            held.recorded, held.states = before.recorded, dict(before.states)
            held.newest = before.newest
        self._memory.streams.put(stream, held)

    def _newest_key(self, stream: UUID, key_id: UUID) -> None:
        """`key_id` is that of the stream's last event that was read: another process may have renewed
        it, and nothing is appended under the one before.
        """
        held = self._memory.streams.get(stream)
        if held is not None and held.key_id != key_id:
            self._memory.streams.drop(stream)

    def _remember(self, leaf: NewLeaf, index: int, event: object, held: Stream) -> None:
        held.added(
            Recorded(
                organisation=leaf.organisation,
                index=index,
                stream=leaf.stream,
                version=leaf.version,
                type=self._base(leaf.type),
                week=leaf.week,
                key_id=leaf.key_id,
                event=event,
            )
        )
        if leaf.version == 1:
            self._memory.streams.put(leaf.stream, held)
            self._memory.keys.put(leaf.key_id, held.key)  # who publishes it is the next to read it

    async def fill_tiles(self, organisation: UUID, *, day: date, at: datetime, actor: str) -> int:
        """Grow the log with blank entries to a whole multiple of 256, for the checkpoint of `day`;
        the size at which that is signed. Every replica gets the same one.

        0 for a log that does not exist. Raises StoreUnavailable.
        """
        nonces = os.urandom(_MOST_BLANKS * NONCE_BYTES)
        try:
            async with self._pool.connection() as connection:
                cursor = await connection.execute(
                    "SELECT fill_tiles(%s, %s, %s, %s, %s, %s::bytea[])",
                    (
                        organisation,
                        day,
                        week_of(at),
                        self._ring.pseudonym(organisation, at.year, actor),
                        random_uuid(),
                        [
                            nonces[place : place + NONCE_BYTES]
                            for place in range(0, len(nonces), NONCE_BYTES)
                        ],
                    ),
                )
                row = await cursor.fetchone()
        except psycopg.OperationalError as error:
            raise StoreUnavailable from error
        size = int(row[0]) if row and row[0] is not None else 0
        if size:
            self._on_append(organisation, size - 1, ())
        return size

    # Erasing ----------------------------------------------------------------------------------

    async def erase(
        self,
        organisation: UUID,
        stream: UUID,
        event: object,
        *,
        actor: str,
        at: datetime,
        command: Command | None = None,
        answer: bytes = b"",
        tracking: Tracking | None = None,
        also: Sequence[Change] = (),
    ) -> Appended:
        """Append `event`, a KeyDestroyed, to the stream, once under each of its keys, then destroy
        those keys and all that stands under them. Durable in this order: what a crash leaves undone
        `finish_erasures` does. `also` is appended in the same transaction, to other streams.

        Raises Conflict, StreamErased (it was erased before), LookupError (there is no such stream),
        StoreUnavailable, and what `before_destroying` raises: then the rest is left undone too.
        """
        if self._types.name_of(event) != KEY_DESTROYED:
            raise ValueError("a stream is erased by its event KeyDestroyed")
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                "SELECT max(version), array_agg(DISTINCT key_id), bool_or(type = %s) FROM event"
                " WHERE stream = %s AND organisation = %s",
                (KEY_DESTROYED, stream, organisation),
            )
            row = await cursor.fetchone()
        if row is None or row[0] is None:
            raise LookupError("there is no such stream")
        last, key_ids, destroyed = row
        if destroyed:
            raise StreamErased
        appended = await self.append(
            organisation,
            [
                *(
                    Change(stream, version, event, under=key_id)
                    for version, key_id in enumerate(key_ids, start=last + 1)
                ),
                *also,
            ],
            actor=actor,
            at=at,
            command=command,
            answer=answer,
            tracking=tracking,
        )
        await self._finish(organisation, stream)
        return appended

    async def finish_erasures(self) -> int:
        """Do what erasures that were cut off left undone; how many those were. For the start."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                "SELECT DISTINCT event.organisation, event.stream FROM event"
                " JOIN wrapped_key USING (key_id) WHERE event.type = %s",
                (KEY_DESTROYED,),
            )
            unfinished = await cursor.fetchall()
        for organisation, stream in unfinished:
            await self._finish(organisation, stream)
        return len(unfinished)

    async def destroy_again(
        self,
        organisation: UUID,
        streams: Sequence[UUID],
        event: object,
        *,
        actor: str,
        at: datetime,
    ) -> int:
        """Erase those of `streams` of which anything is here: an older database was put back. How
        many those were. `event` is the KeyDestroyed of those that have none. For the start.

        Raises what `erase` raises.
        """
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                "SELECT stream, bool_and(EXISTS (SELECT FROM event AS gone"
                "   WHERE gone.key_id = event.key_id AND gone.type = %s))"
                " FROM event WHERE organisation = %s AND stream = ANY (%s) AND ("
                "   EXISTS (SELECT FROM wrapped_key WHERE wrapped_key.key_id = event.key_id)"
                "   OR EXISTS (SELECT FROM snapshot WHERE snapshot.key_id = event.key_id)"
                "   OR EXISTS (SELECT FROM ciphertext"
                "     WHERE ciphertext.organisation = event.organisation"
                "     AND ciphertext.leaf_index = event.leaf_index)) GROUP BY stream",
                (KEY_DESTROYED, organisation, list(streams)),
            )
            revived = await cursor.fetchall()
        for stream, recorded in revived:
            if recorded:
                await self._finish(organisation, stream)
            else:
                await self.erase(organisation, stream, event, actor=actor, at=at)
        return len(revived)

    async def _finish(self, organisation: UUID, stream: UUID) -> None:
        await asyncio.to_thread(self._before_destroying, organisation, stream)
        try:
            async with self._pool.connection() as connection:
                await connection.execute("SELECT erase_case(%s, %s)", (organisation, stream))
                cursor = await connection.execute(
                    "SELECT DISTINCT key_id FROM event WHERE stream = %s AND organisation = %s",
                    (stream, organisation),
                )
                key_ids = [row[0] for row in await cursor.fetchall()]
        except psycopg.OperationalError as error:
            raise StoreUnavailable from error
        for key_id in key_ids:
            self._memory.destroyed(stream, key_id)

    # Reading ----------------------------------------------------------------------------------

    async def answered(self, organisation: UUID, command: Command) -> Answered | None:
        """The first answer to this command, if it was given."""
        key = _command_key(organisation, command)
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                "SELECT request_sha256, answer, position FROM idempotency"
                " WHERE organisation = %s AND key = %s",
                (organisation, key),
            )
            row = await cursor.fetchone()
        if row is None:
            return None
        opened = self._ring.open(organisation, ANSWER_CONTEXT + key, row[1])
        salt, answer = opened[:_SALT_BYTES], opened[_SALT_BYTES:]
        return Answered(
            answer=answer, position=row[2], same_content=row[0] == _request_hash(salt, command)
        )

    async def load(
        self,
        organisation: UUID,
        stream: UUID,
        *,
        until: int | None = None,
        new: bool = False,  # noqa: ARG002
    ) -> list[Recorded]:
        """All events of one stream, oldest first; empty when there are none here.

        `until` gives the stream as it was when the log had so many entries. `new` says that none
        are expected: see Session.
        """
        recorded = await self._select(
            _SELECT + "WHERE event.stream = %s AND event.organisation = %s"
            " AND event.leaf_index < %s ORDER BY event.version",
            (stream, organisation, _END if until is None else until),
        )
        if recorded and until is None:
            self._newest_key(stream, recorded[-1].key_id)
        return recorded

    async def load_many(
        self, organisation: UUID, streams: Sequence[UUID], *, until: int | None = None
    ) -> list[Recorded]:
        """The events of several streams, in log order; `until` as in `load`."""
        return await self._select(
            _SELECT + "WHERE event.stream = ANY (%s) AND event.organisation = %s"
            " AND event.leaf_index < %s ORDER BY event.leaf_index",
            (list(streams), organisation, _END if until is None else until),
        )

    async def load_across(self, streams: Mapping[UUID, UUID]) -> list[Recorded]:
        """The events of streams of several organisations (stream → organisation); of each organisation
        in log order.
        """
        recorded = await self._select(
            _SELECT + "WHERE event.stream = ANY (%s) ORDER BY event.organisation, event.leaf_index",
            (list(streams),),
        )
        return [one for one in recorded if streams[one.stream] == one.organisation]

    async def read(
        self,
        organisation: UUID,
        start: int,
        limit: int,
        *,
        until: int | None = None,
        connection: psycopg.AsyncConnection[Any] | None = None,
    ) -> list[Recorded]:
        """Up to `limit` events of one organisation in log order, from leaf `start` on; none from
        leaf `until` on. Blank entries keep their place, with the event None. On a connection of its
        own, or on the one that is given.
        """
        return await self._select(
            _SELECT + "WHERE event.organisation = %s AND event.leaf_index >= %s"
            " AND event.leaf_index < %s ORDER BY event.leaf_index LIMIT %s",
            (organisation, start, _END if until is None else until, limit),
            connection,
        )

    async def read_across(
        self,
        ranges: Mapping[UUID, tuple[int, int]],
        *,
        connection: psycopg.AsyncConnection[Any],
    ) -> list[Recorded]:
        """The events of several organisations, of each in log order: organisation → from which leaf on,
        and from which on none. Otherwise as `read`.
        """
        starts, ends = zip(*ranges.values(), strict=True)
        return await self._select(
            _RANGES,
            (list(ranges), list(starts), list(ends)),
            connection,
        )

    async def queued(
        self, position: int, limit: int, readers: Mapping[str, Callable[[bytes], Any]]
    ) -> list[tuple[int, Recorded | None]]:
        """At most `limit` events that have a place in the service's stream behind `position`, each with
        its place, in their order. None: the log holds no such entry any more.

        `readers` by stored name, as of EventTypes.reading. Raises Unreadable and what they raise.
        """
        rows, keys = await self._queued(position, limit)
        found: list[tuple[int, Recorded | None]] = []
        for row in rows:
            place, organisation, index, stream, version, name, week, suite, key_id, nonce, body = (
                row
            )
            if stream is None:
                found.append((place, None))
                continue
            event = None
            if body is not None:
                key = keys.get(key_id)
                if key is None or suite != SUITE:
                    raise Unreadable
                associated = associated_data(EVENT, stream, version, name, key_id)
                event = readers[name](key.decrypt(nonce, body, associated))
            elif name == KEY_DESTROYED:
                self._memory.destroyed(stream, key_id)
            base = self._base(name)
            recorded = Recorded(organisation, index, stream, version, base, week, key_id, event)
            found.append((place, recorded))
        return found

    async def _queued(
        self, position: int, limit: int
    ) -> tuple[list[queue.Row], dict[UUID, CaseKey]]:
        """Rows, and their ciphertexts' keys."""
        async with self._pool.connection() as connection:
            rows = await queue.queued(connection, position, limit)
            owners = {row[8]: row[1] for row in rows if row[10] is not None}
            # Read once and in order: kept, they would put out those of what is read next.
            keys = await self._unwrap(owners, connection, keep=False)
            if len(keys) < len(owners):
                # Perhaps an erasure came between rows and keys: then the ciphertexts are gone now.
                rows = await queue.queued(connection, position, len(rows))
        return rows, keys

    async def replay(
        self, organisation: UUID, start: int = 0, *, until: int | None = None
    ) -> AsyncGenerator[Recorded, None]:
        """Every event of one organisation in log order, from leaf `start` on and before `until`.

        In large pages. What is missing from a damaged log is passed over: `hoeksteen verify` finds
        it. Raises Unreadable and what EventTypes.decode raises at the event that cannot be read.
        """
        keys: dict[bytes, CaseKey] = {}
        kinds: dict[str, tuple[str, bytes, bytes]] = {}
        ids: dict[bytes, UUID] = {}
        readers = self._types.readers
        log = pages(self._pool, ENTRIES, organisation, start, until)
        async with contextlib.aclosing(log):
            async for entries, wrapped in log:
                keys = self._keys_of_page(organisation, wrapped, keys)
                ids.clear()
                for index, place, version, name, week, suite, key_bytes, nonce, body in entries:
                    kind = kinds.get(name)
                    if kind is None:
                        kind = kinds[name] = (self._base(name), *around(EVENT, name))
                    base, before, after = kind
                    stream = ids.get(place)
                    if stream is None:
                        stream = ids[place] = uuid_of(place)
                    key_id = ids.get(key_bytes)
                    if key_id is None:
                        key_id = ids[key_bytes] = uuid_of(key_bytes)
                    event = None
                    if body is not None:
                        key = keys.get(key_bytes)
                        if key is None or suite != SUITE:
                            raise Unreadable
                        associated = before + place + version_field(8, version) + after + key_bytes
                        event = readers[name](key.decrypt(nonce, body, associated))
                    elif name == KEY_DESTROYED:
                        self._memory.destroyed(stream, key_id)
                    yield Recorded(organisation, index, stream, version, base, week, key_id, event)

    async def skeleton(
        self, organisation: UUID, start: int = 0, *, until: int | None = None
    ) -> AsyncGenerator[Skeleton, None]:
        """What is in clear of every event, in log order; nothing is decrypted."""
        log = pages(self._pool, SKELETONS, organisation, start, until)
        async with contextlib.aclosing(log):
            async for entries in log:
                for entry in entries:
                    yield entry

    async def wrote(self, organisation: UUID, index: int, actor: str, years: Iterable[int]) -> bool:
        """Whether the event at `index` was written by `actor` in one of these years."""
        who = [self._ring.pseudonym(organisation, year, actor) for year in years]
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                "SELECT FROM event WHERE organisation = %s AND leaf_index = %s AND actor = ANY (%s)",
                (organisation, index, who),
            )
            return await cursor.fetchone() is not None

    async def heads(self) -> dict[UUID, int]:
        """The size of every organisation's log."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute("SELECT organisation, size FROM log")
            return dict(await cursor.fetchall())

    async def fold(
        self,
        organisation: UUID,
        stream: UUID,
        fold: Fold[S],
        *,
        until: int | None = None,
        new: bool = False,  # noqa: ARG002  see Session
    ) -> Folded[S]:
        """A stream's state: from its snapshot and the events since, or from its first event where
        there is none that can be believed. `until` as in `load`; then no snapshot is used.

        Raises what `load` raises; StreamErased for a stream whose key is destroyed.
        """
        if until is not None:
            return _folded(fold, await self.load(organisation, stream, until=until))
        base = await self._snapshot(organisation, stream, fold)
        if base is None:
            base = Folded(state=fold.initial, version=0)
        recorded = await self._since(organisation, stream, base.version)
        result = _folded(fold, recorded, base)
        if len(recorded) >= fold.every:
            await self._keep_snapshot(organisation, stream, fold, result, recorded[-1])
        return result

    async def current(
        self,
        organisation: UUID,
        stream: UUID,
        fold: Fold[S],
    ) -> Folded[S]:
        """The state as of now, as `fold` gives it. What this process holds of it is brought up to the
        stream's last event by one question; what it does not hold is folded, and held where the stream
        is short, or the state asked for often.

        Raises what `fold` raises.
        """
        held = self._memory.streams.get(stream)
        base: Folded[S] | None = None
        if held is not None and held.organisation == organisation:
            base = held.states.get(fold.name)
        if base is not None and await self._heads.newest(stream) == base.version:
            return base
        recorded = []
        if base is not None:
            recorded = await self._since(organisation, stream, base.version)
        if base is None or len(recorded) >= fold.every:
            result = await EventStore.fold(self, organisation, stream, fold)
        else:
            result = _folded(fold, recorded, base) if recorded else base
        if 0 < result.version <= LONGEST or (result.version and fold.asked_often):
            known = await self._known(organisation, stream)
            if known is not None:
                known.states[fold.name] = result
                known.looked(result.version)
        return result

    async def _since(self, organisation: UUID, stream: UUID, version: int) -> list[Recorded]:
        """A stream's events behind its `version`-th."""
        recorded = await self._select(
            _SELECT + "WHERE event.stream = %s AND event.organisation = %s"
            " AND event.version > %s ORDER BY event.version",
            (stream, organisation, version),
        )
        if recorded:
            self._newest_key(stream, recorded[-1].key_id)
        return recorded

    async def _snapshot(self, organisation: UUID, stream: UUID, fold: Fold[S]) -> Folded[S] | None:
        """The snapshot, if it opens in its place: bound to the stream, the state's form, and the
        leaf of the event it stands behind. One that does not is dropped.
        """
        async with self._pool.connection() as connection:
            cursor = connection.cursor(binary=True)
            await cursor.execute(
                "SELECT snapshot.version, snapshot.key_id, snapshot.nonce, snapshot.ciphertext,"
                " event.leaf_hash FROM snapshot LEFT JOIN event"
                " ON event.stream = snapshot.stream AND event.version = snapshot.version"
                " AND event.organisation = snapshot.organisation"
                " AND event.key_id = snapshot.key_id"
                " WHERE snapshot.stream = %s AND snapshot.state = %s"
                " AND snapshot.organisation = %s",
                (stream, fold.name, organisation),
            )
            row = await cursor.fetchone()
        if row is None:
            return None
        version, key_id, nonce, ciphertext, leaf_hash = row
        self._newest_key(stream, key_id)
        try:
            key = (await self._unwrap({key_id: organisation}))[key_id]
            associated = associated_data(_SNAPSHOT, stream, version, fold.name, key_id)
            plaintext = key.decrypt(nonce, ciphertext, associated + (leaf_hash or b""))
            state = msgspec.json.decode(plaintext, type=fold.state)
        except (Unreadable, KeyError, msgspec.DecodeError):
            async with self._pool.connection() as connection:
                await connection.execute(
                    "SELECT drop_snapshot(%s, %s, %s, %s)",
                    (organisation, stream, fold.name, version),
                )
            return None
        return Folded(state=state, version=version)

    async def _keep_snapshot(
        self, organisation: UUID, stream: UUID, fold: Fold[S], folded: Folded[S], last: Recorded
    ) -> None:
        """Write down a state behind its last event. A loss here is a slower read, nothing more."""
        key = (await self._unwrap({last.key_id: organisation}))[last.key_id]
        nonce = os.urandom(NONCE_BYTES)
        associated = associated_data(_SNAPSHOT, stream, folded.version, fold.name, last.key_id)
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                "SELECT leaf_hash FROM event WHERE organisation = %s AND leaf_index = %s",
                (organisation, last.index),
            )
            row = await cursor.fetchone()
            if row is None:
                return
            ciphertext = key.encrypt(nonce, msgspec.json.encode(folded.state), associated + row[0])
            await connection.execute(
                "SELECT keep_snapshot(%s, %s, %s, %s, %s, %s, %s)",
                (
                    *(organisation, stream, fold.name, folded.version),
                    *(last.key_id, nonce, ciphertext),
                ),
            )

    def _keys_of_page(
        self, organisation: UUID, page: list[tuple[Any, ...]], before: dict[bytes, CaseKey]
    ) -> dict[bytes, CaseKey]:
        """The keys of a page by key id; `before` are those of the page before it."""
        keys: dict[bytes, CaseKey] = {}
        for name, wrapped, commitment in page:
            key = before.get(name)
            if key is None:
                key = CaseKey(self._ring.open(organisation, KEY_CONTEXT + name, wrapped))
                if not key.matches(commitment):
                    raise Unreadable
            keys[name] = key
        return keys

    async def _select(
        self,
        query: str,
        parameters: tuple[Any, ...],
        given: psycopg.AsyncConnection[Any] | None = None,
    ) -> list[Recorded]:
        async with (
            self._pool.connection() if given is None else contextlib.nullcontext(given)
        ) as connection:
            cursor = connection.cursor(binary=True)
            await cursor.execute(query.encode(), parameters)
            rows = await cursor.fetchall()
            keys = await self._keys_for(connection, rows)
            if any(row[9] is not None and row[7] not in keys for row in rows):
                # Perhaps an erasure came between rows and keys: then the ciphertexts are gone now.
                await cursor.execute(query.encode(), parameters)
                rows = await cursor.fetchall()
        return [self._recorded(row, keys) for row in rows]

    async def _keys_for(
        self, connection: psycopg.AsyncConnection[Any], rows: list[tuple[Any, ...]]
    ) -> dict[UUID, CaseKey]:
        """The keys of the ciphertexts in `rows`. On the connection that read them: whoever holds one
        and waits for another waits for ever once all do.
        """
        return await self._unwrap(
            {row[7]: row[0] for row in rows if row[9] is not None}, connection
        )

    def _recorded(self, row: tuple[Any, ...], keys: dict[UUID, CaseKey]) -> Recorded:
        organisation, index, stream, version, name, week, suite, key_id, nonce, ciphertext = row
        event = None
        if ciphertext is not None:
            key = keys.get(key_id)
            if key is None or suite != SUITE:
                # Erasure deletes both. A key alone that is gone is damage, and must not pass for it.
                raise Unreadable
            event = decrypt_event(
                self._types, key, stream, version, name, key_id, nonce, ciphertext
            )
        elif name == KEY_DESTROYED:
            # Another replica erased it: nothing of it stays in this one's memory.
            self._memory.destroyed(stream, key_id)
        return Recorded(
            organisation=organisation,
            index=index,
            stream=stream,
            version=version,
            type=self._base(name),
            week=week,
            key_id=key_id,
            event=event,
        )

    def _base(self, name: str) -> str:
        base = self._bases.get(name)
        if base is None:
            base = self._bases[name] = split_name(name)[0]
        return base

    # Beside the events --------------------------------------------------------------------------

    async def seal_beside(
        self,
        organisation: UUID,
        stream: UUID,
        kind: bytes,
        name: UUID,
        number: int,
        block: bytes,
        *,
        under: UUID | None = None,
    ) -> Beside:
        """Encrypt a block that belongs to a stream but is no event, under the stream's newest key or
        `under`; it goes when that key goes. It is bound to kind, stream, name and number, and not
        filled up: all blocks of a kind have one length.

        Raises LookupError for a stream that is not there, StreamErased.
        """
        if under is None:
            held = await self._known(organisation, stream)
            if held is None:
                raise LookupError("there is no such stream")
            key_id, key = held.key_id, held.key
        else:
            key_id, key = under, (await self._under(organisation, under)).key
        nonce = os.urandom(NONCE_BYTES)
        associated = associated_data(kind, stream, number, str(name), key_id)
        return Beside(
            key_id=key_id, nonce=nonce, ciphertext=key.encrypt_block(nonce, block, associated)
        )

    async def open_beside(
        self,
        organisation: UUID,
        stream: UUID,
        kind: bytes,
        name: UUID,
        number: int,
        key_id: UUID,
        nonce: bytes,
        ciphertext: bytes,
    ) -> bytes:
        """Undo `seal_beside`. Raises Unreadable, StreamErased."""
        key = (await self._under(organisation, key_id)).key
        associated = associated_data(kind, stream, number, str(name), key_id)
        return key.decrypt_block(nonce, ciphertext, associated)

    # Keys -------------------------------------------------------------------------------------

    def forget_keys(self) -> None:
        """Nothing that was opened with the key ring stays in memory."""
        self._memory.clear()

    async def check_ring(self) -> None:
        """See that the ring holds the data keys of the organisations that have a log, before a new
        key is made for one that had another. Raises KeyRingProblem.
        """
        async with self._pool.connection() as connection:
            cursor = connection.cursor(binary=True)
            await cursor.execute(_FIRST_KEYS)
            rows = await cursor.fetchall()
        for organisation, version, key_id, wrapped, commitment in rows:
            if max(self._ring.versions(organisation), default=version) < version:
                raise KeyRingProblem(_TOO_OLD)
            try:
                key = CaseKey(self._ring.open(organisation, _key_context(key_id), wrapped))
            except Unreadable:
                key = None
            if key is None or not key.matches(commitment):
                raise KeyRingProblem(
                    "The key ring does not open what the database holds: it is another one, or an"
                    " older copy. Put the right one back; nothing was written."
                )

    def _wrap(self, organisation: UUID, key_id: UUID, key: CaseKey) -> NewKey:
        return NewKey(
            key_id=key_id,
            organisation=organisation,
            wrapped=self._ring.seal(organisation, _key_context(key_id), key.secret),
            commitment=key.commitment,
        )

    async def _known(self, organisation: UUID, stream: UUID) -> Stream | None:
        """A stream with its key; None where it does not exist in this organisation."""
        held = self._memory.streams.get(stream)
        if held is not None:
            return held if held.organisation == organisation else None
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                "SELECT key_id FROM event WHERE stream = %s AND organisation = %s"
                " ORDER BY version DESC LIMIT 1",
                (stream, organisation),
            )
            row = await cursor.fetchone()
            if row is None:
                return None
            key = (await self._unwrap({row[0]: organisation}, connection)).get(row[0])
        if key is None:
            raise StreamErased
        held = Stream(organisation, row[0], key)
        self._memory.streams.put(stream, held)
        return held

    async def _under(self, organisation: UUID, key_id: UUID) -> Stream:
        """A key by its id. Raises StreamErased where it does not exist any more."""
        key = (await self._unwrap({key_id: organisation})).get(key_id)
        if key is None:
            raise StreamErased
        return Stream(organisation, key_id, key)

    async def _unwrap(
        self,
        wanted: dict[UUID, UUID],
        connection: psycopg.AsyncConnection[Any] | None = None,
        *,
        keep: bool = True,
    ) -> dict[UUID, CaseKey]:
        """The keys of `wanted` (key id → organisation) that still exist; to be held in memory, or not."""
        keys: dict[UUID, CaseKey] = {}
        absent = []
        for key_id in wanted:
            held = self._memory.keys.get(key_id)
            if held is None:
                absent.append(key_id)
            else:
                keys[key_id] = held
        if not absent:
            return keys
        if connection is None:
            async with self._pool.connection() as own:
                return await self._unwrap(wanted, own, keep=keep)
        cursor = connection.cursor(binary=True)
        await cursor.execute(
            "SELECT key_id, organisation, wrapped, commitment FROM wrapped_key"
            " WHERE key_id = ANY (%s)",
            (absent,),
        )
        for key_id, organisation, wrapped, commitment in await cursor.fetchall():
            key = CaseKey(self._ring.open(organisation, _key_context(key_id), wrapped))
            if organisation != wanted[key_id] or not key.matches(commitment):
                raise Unreadable
            keys[key_id] = key
            if keep:
                self._memory.keys.put(key_id, key)
        return keys


class Session(EventStore):
    """The store as one command sees it: what it loads may come from memory, and what it appends is
    written only if every stream it loaded has had no event since. Then a decision costs no round
    trip, and is as good as if it had been made under a lock.

    `week` of an event that this process appended is what its own clock said.
    """

    _hopeful: bool
    _seen: dict[int, tuple[UUID, int]]  # by the UUID's number, which is quicker to look up
    from_memory: bool
    """Whether a stream came from memory and not from the database."""
    appended: bool
    """Whether something was appended."""

    def begin(self, *, hopeful: bool) -> None:
        """See EventStore.session, which makes it with the parts of a store. `hopeful`: this is the
        command's first try.
        """
        self._hopeful = hopeful
        self._seen = {}
        self.from_memory = False
        self.appended = False

    async def load(
        self, organisation: UUID, stream: UUID, *, until: int | None = None, new: bool = False
    ) -> list[Recorded]:
        """See EventStore. As of now it may come from memory.

        A stream that the command is about to begin (`new`) is at first believed not to exist: if it
        does, its first version is taken, and what is decided after that Conflict reads it.
        """
        if until is not None:
            return await super().load(organisation, stream, until=until)
        held = self._held(organisation, stream)
        if held is not None and held.recorded is not None:
            return held.recorded
        if new and self._hopeful:
            self.from_memory = True
            return []
        recorded = await super().load(organisation, stream)
        if recorded:
            self._seen[stream.int] = stream, len(recorded)
            key = self._memory.keys.get(recorded[-1].key_id)
            if key is not None:
                held = Stream(organisation, recorded[-1].key_id, key)
                held.saw(recorded)
                self._memory.streams.put(stream, held)
        return recorded

    async def fold(
        self,
        organisation: UUID,
        stream: UUID,
        fold: Fold[S],
        *,
        until: int | None = None,
        new: bool = False,
    ) -> Folded[S]:
        """See EventStore; `new` as in `load`. A short stream's state is folded once and held."""
        if until is not None:
            return await super().fold(organisation, stream, fold, until=until)
        held = self._held(organisation, stream, fold.name)
        if held is None:
            if new and self._hopeful:
                self.from_memory = True
                return Folded(state=fold.initial, version=0)
            folded = await super().current(organisation, stream, fold)
            if folded.version:
                self._seen[stream.int] = stream, folded.version
            return folded
        base: Folded[S] | None = held.states.get(fold.name)
        if base is None or base.version < held.newest:
            recorded = held.recorded or []
            since = recorded if base is None else recorded[base.version :]
            base = held.states[fold.name] = _folded(fold, since, base)
        return base

    async def current(self, organisation: UUID, stream: UUID, fold: Fold[S]) -> Folded[S]:
        """See EventStore. In a command it is what `fold` gives."""
        return await self.fold(organisation, stream, fold)

    def _held(self, organisation: UUID, stream: UUID, state: str = "") -> Stream | None:
        """A stream as this process last saw it, if it holds its events, or this state of it."""
        held = self._memory.streams.get(stream)
        if held is None or held.organisation != organisation:
            return None
        if held.recorded is None:
            folded: Folded[Any] | None = held.states.get(state)
            if folded is None or folded.version != held.newest:
                return None
        # What this command has read before is no memory of another one; what it saw first is what counts.
        if stream.int not in self._seen:
            if not self._hopeful:
                return None  # commands beside this one may have brought back what it was refused on
            self.from_memory = True
            self._seen[stream.int] = stream, held.newest
        return held

    async def append(
        self,
        organisation: UUID,
        changes: Sequence[Change],
        *,
        actor: str,
        at: datetime,
        command: Command | None = None,
        answer: bytes = b"",
        tracking: Tracking | None = None,
    ) -> Appended:
        """See EventStore. Raises Conflict also when a stream that was loaded has gone on."""
        changed = {change.stream.int for change in changes}
        try:
            appended = await self._append(
                organisation,
                changes,
                actor=actor,
                at=at,
                command=command,
                answer=answer,
                tracking=tracking,
                # Of those that change, the next version is the proof.
                seen=[item for number, item in self._seen.items() if number not in changed],
            )
        except Conflict:
            self.forget()
            raise
        self.appended = True
        return appended

    def forget(self) -> None:
        """Have what this command saw read anew by whoever comes next."""
        for stream, _ in self._seen.values():
            held = self._memory.streams.get(stream)
            if held is not None:
                held.forget()
        self._seen.clear()
        self.from_memory = False


def _folded(
    fold: Fold[S], recorded: Sequence[Recorded], base: Folded[S] | None = None
) -> Folded[S]:
    state = fold.initial if base is None else base.state
    version = 0 if base is None else base.version
    for one in recorded:
        if one.event is None:
            raise StreamErased
        state = fold.evolve(state, one.event)
        version = one.version
    return Folded(state=state, version=version)


def _key_context(key_id: UUID) -> bytes:
    return KEY_CONTEXT + key_id.bytes


def _request_hash(salt: bytes, command: Command) -> bytes:
    return hashlib.sha256(salt + command.request).digest()


def _command_key(organisation: UUID, command: Command) -> bytes:
    actor = command.actor.encode()
    return hashlib.sha256(
        organisation.bytes + len(actor).to_bytes(4, "big") + actor + command.key.encode()
    ).digest()
