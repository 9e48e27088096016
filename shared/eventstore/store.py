"""The event store of one service: append with leaf, idempotency and position; load; read in order."""

from __future__ import annotations

import hashlib
import os
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from eventsourcing.persistence import StoredEvent

from shared.eventstore.mapper import CaseMapper, Envelope, StreamEvent
from shared.eventstore.types import EventTypes, split_name
from shared.eventstore.week import week_of
from shared.eventstore.writer import (
    Conflict,
    GroupWriter,
    Item,
    NewCommand,
    NewKey,
    NewLeaf,
    PositionMoved,
    StoreUnavailable,
    Tracking,
)
from shared.keys.case_key import KEY_BYTES, CaseKey, Unreadable

if TYPE_CHECKING:
    from datetime import datetime

    from psycopg_pool import AsyncConnectionPool

    from shared.keys.ring import KeyRing

__all__ = [
    "Appended",
    "Change",
    "Command",
    "Conflict",
    "EventStore",
    "PositionMoved",
    "Recorded",
    "StoreUnavailable",
    "Tracking",
]

# Unwrapped case keys kept in memory. Above it the least recently used one goes.
_KEYS_IN_MEMORY = 10_000

_SALT_BYTES = 32

_SELECT = (
    "SELECT event.organisation, event.leaf_index, event.stream, event.version, event.type,"
    " event.week, event.suite, event.key_id, event.nonce, ciphertext.ciphertext"
    " FROM event LEFT JOIN ciphertext USING (organisation, leaf_index) "
)


@dataclass(frozen=True, slots=True)
class Change:
    """An event to append: the `version`-th of its `stream`, from 1.

    A stream has one key, made with its first event, unless `key_of` names another stream whose key
    it shares.
    """

    stream: UUID
    version: int
    event: Any
    key_of: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What makes a command repeatable: who sent it, under which key, with which content."""

    actor: str
    key: str
    request: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Appended:
    """Ledger positions (leaf indexes) of the first and last event; both -1 for none."""

    first: int
    last: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A command's first answer, and whether the repeat has the same content."""

    answer: bytes
    position: int
    same_content: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
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


class EventStore:
    """One service's events of all organisations."""

    def __init__(
        self,
        *,
        pool: AsyncConnectionPool[Any],
        writer: GroupWriter,
        types: EventTypes,
        ring: KeyRing,
        on_append: Callable[[UUID, int], None] = lambda _organisation, _last: None,
    ) -> None:
        """`on_append` is told (organisation, last index) after each commit, in this process."""
        self._pool = pool
        self._writer = writer
        self._types = types
        self._ring = ring
        self._on_append = on_append
        self._kept: OrderedDict[UUID, CaseKey] = OrderedDict()

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
        PositionMoved (another worker was first), StoreUnavailable.
        """
        if command is not None and not changes:
            raise ValueError("a command is stored with its events; this one has none")
        # Only for events: a pseudonym makes a key for the organisation.
        pseudonym = self._ring.pseudonym(organisation, at.year, actor) if changes else b""
        week = week_of(at)
        key_of_stream: dict[UUID, UUID] = {}
        keys: dict[UUID, CaseKey] = {}
        new_keys: list[NewKey] = []
        leaves: list[NewLeaf] = []
        mapper = CaseMapper(self._types, keys)
        for change in changes:
            owner = change.key_of or change.stream
            key_id = key_of_stream.get(owner)
            if key_id is None and not (change.version == 1 and change.key_of is None):
                key_id = await self._key_of(organisation, owner)
                if key_id is not None:
                    keys |= await self._unwrap({key_id: organisation})
            if key_id is None:
                key_id = uuid4()
                keys[key_id] = CaseKey(os.urandom(KEY_BYTES))
                new_keys.append(self._wrap(organisation, key_id, keys[key_id]))
            key_of_stream[owner] = key_of_stream[change.stream] = key_id
            stored = mapper.to_stored_event(
                StreamEvent(change.stream, change.version, key_id, change.event)
            )
            envelope = Envelope.unpack(stored.state)
            leaves.append(
                NewLeaf(
                    organisation=organisation,
                    stream=change.stream,
                    version=change.version,
                    type=stored.topic,
                    week=week,
                    actor=pseudonym,
                    key_id=key_id,
                    nonce=envelope.nonce,
                    ciphertext=envelope.ciphertext,
                )
            )
        new_command = None
        if command is not None:
            key = _command_key(organisation, command)
            # Salted, and the salt sealed: a request has few possible contents, and a plain hash of
            # it would tell every reader of the table how a case ended.
            salt = os.urandom(_SALT_BYTES)
            new_command = NewCommand(
                organisation=organisation,
                key=key,
                request_sha256=_request_hash(salt, command),
                answer=self._ring.seal(organisation, b"answer" + key, salt + answer),
            )
        indexes = await self._writer.submit(
            Item(leaves=leaves, keys=new_keys, command=new_command, tracking=tracking)
        )
        if not indexes:
            return Appended(first=-1, last=-1)
        self._on_append(organisation, indexes[-1])
        return Appended(first=indexes[0], last=indexes[-1])

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
        opened = self._ring.open(organisation, b"answer" + key, row[1])
        salt, answer = opened[:_SALT_BYTES], opened[_SALT_BYTES:]
        return Answered(
            answer=answer, position=row[2], same_content=row[0] == _request_hash(salt, command)
        )

    async def load(
        self, organisation: UUID, stream: UUID, *, until: int | None = None
    ) -> list[Recorded]:
        """All events of one stream, oldest first; empty when there are none here.

        `until` gives the stream as it was when the log had so many entries.
        """
        return await self._select(
            _SELECT + "WHERE event.stream = %s AND event.organisation = %s"
            " AND event.leaf_index < coalesce(%s, 9223372036854775807) ORDER BY event.version",
            (stream, organisation, until),
        )

    async def load_many(
        self, organisation: UUID, streams: Sequence[UUID], *, until: int | None = None
    ) -> list[Recorded]:
        """The events of several streams, in log order; `until` as in `load`."""
        return await self._select(
            _SELECT + "WHERE event.stream = ANY (%s) AND event.organisation = %s"
            " AND event.leaf_index < coalesce(%s, 9223372036854775807) ORDER BY event.leaf_index",
            (list(streams), organisation, until),
        )

    async def read(
        self, organisation: UUID, start: int, limit: int, *, until: int | None = None
    ) -> list[Recorded]:
        """Up to `limit` events of one organisation in log order, from leaf `start` on; none from
        leaf `until` on.
        """
        return await self._select(
            _SELECT + "WHERE event.organisation = %s AND event.leaf_index >= %s"
            " AND event.leaf_index < coalesce(%s, 9223372036854775807)"
            " ORDER BY event.leaf_index LIMIT %s",
            (organisation, start, until, limit),
        )

    async def heads(self) -> dict[UUID, int]:
        """The size of every organisation's log."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute("SELECT organisation, size FROM log")
            return dict(await cursor.fetchall())

    async def _select(self, sql: str, parameters: tuple[Any, ...]) -> list[Recorded]:
        async with self._pool.connection() as connection:
            cursor = connection.cursor(binary=True)
            await cursor.execute(sql.encode(), parameters)
            rows = await cursor.fetchall()
        keys = await self._unwrap({row[7]: row[0] for row in rows if row[9] is not None})
        mapper = CaseMapper(self._types, keys)
        return [_recorded(row, mapper, keys) for row in rows]

    def _wrap(self, organisation: UUID, key_id: UUID, key: CaseKey) -> NewKey:
        return NewKey(
            key_id=key_id,
            organisation=organisation,
            wrapped=self._ring.seal(organisation, _key_context(key_id), key.secret),
            commitment=key.commitment,
        )

    async def _key_of(self, organisation: UUID, stream: UUID) -> UUID | None:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                "SELECT key_id FROM event WHERE stream = %s AND organisation = %s"
                " ORDER BY version DESC LIMIT 1",
                (stream, organisation),
            )
            row = await cursor.fetchone()
        return None if row is None else UUID(str(row[0]))

    async def _unwrap(self, wanted: dict[UUID, UUID]) -> dict[UUID, CaseKey]:
        """The keys of `wanted` (key id → organisation) that still exist."""
        keys = {key_id: self._kept[key_id] for key_id in wanted if key_id in self._kept}
        for key_id in keys:
            self._kept.move_to_end(key_id)
        absent = [key_id for key_id in wanted if key_id not in keys]
        if not absent:
            return keys
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                "SELECT key_id, organisation, wrapped, commitment FROM wrapped_key"
                " WHERE key_id = ANY (%s)",
                (absent,),
            )
            rows = await cursor.fetchall()
        for key_id, organisation, wrapped, commitment in rows:
            key = CaseKey(self._ring.open(organisation, _key_context(key_id), wrapped))
            if organisation != wanted[key_id] or not key.matches(commitment):
                raise Unreadable
            keys[key_id] = self._kept[key_id] = key
        while len(self._kept) > _KEYS_IN_MEMORY:
            self._kept.popitem(last=False)
        return keys


def _recorded(row: tuple[Any, ...], mapper: CaseMapper, keys: dict[UUID, CaseKey]) -> Recorded:
    organisation, index, stream, version, name, week, suite, key_id, nonce, ciphertext = row
    event = None
    if ciphertext is not None:
        if key_id not in keys:
            # Erasure deletes both. A key alone that is gone is damage, and must not pass for it.
            raise Unreadable
        state = Envelope(suite, key_id, nonce, ciphertext).pack()
        event = mapper.to_domain_event(StoredEvent(stream, version, name, state)).event
    return Recorded(
        organisation=organisation,
        index=index,
        stream=stream,
        version=version,
        type=split_name(name)[0],
        week=week,
        key_id=key_id,
        event=event,
    )


def _key_context(key_id: UUID) -> bytes:
    return b"case-key" + key_id.bytes


def _request_hash(salt: bytes, command: Command) -> bytes:
    return hashlib.sha256(salt + command.request).digest()


def _command_key(organisation: UUID, command: Command) -> bytes:
    actor = command.actor.encode()
    return hashlib.sha256(
        organisation.bytes + len(actor).to_bytes(4, "big") + actor + command.key.encode()
    ).digest()
