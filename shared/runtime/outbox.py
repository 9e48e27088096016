"""From a service's log to its stream: which events leave, in which order, as what.

Facts are shuffled before they get their place, so that the stream's order says nothing about the
order of events; what must come before facts comes first, what closes a day comes last.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
import psycopg

from shared.bus.relay import Outgoing, StreamDiverged
from shared.contracts.events import CONTRACTS, CloudEvent
from shared.eventstore.types import UnknownEventType
from shared.ledger.leaf import BLANK
from shared.runtime.adopted import MessageAdopted

if TYPE_CHECKING:
    from psycopg_pool import AsyncConnectionPool

    from shared.contracts.rpc import Shape
    from shared.eventstore.store import EventStore, Recorded
    from shared.eventstore.types import EventTypes

_encode = msgspec.json.Encoder().encode
_shuffle = random.SystemRandom().shuffle


class Rank(IntEnum):
    """Where in a batch a kind of event stands. Within SHUFFLED, and within AFTERWARDS, which are about
    events of SHUFFLED, the order is random.
    """

    FIRST = 0
    SHUFFLED = 1
    AFTERWARDS = 2
    LAST = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbound:
    """How one type of event leaves: its contract, and the data made of it.

    `id` names the message for ever (the same on every retry) and must not name a case.
    `size` is the body's size class in bytes: it is filled up with spaces to a multiple of it.
    Where the figures in a body could make it cross from one multiple to the next, it is a function
    of what was known before the figures were. `view` has those of the event's fields that any of these
    asks for, under their names: of an event of which there are many nothing else need be read.
    """

    contract: str
    id: Callable[[Recorded], UUID | str]
    data: Callable[[Recorded], Shape]
    rank: Rank
    size: int | Callable[[Recorded], int]
    week: Callable[[Recorded], str] = lambda recorded: recorded.week
    subject: Callable[[Recorded], dict[str, str]] = lambda _recorded: {}
    view: type[msgspec.Struct] | None = None


class Outbox:
    """A RelaySource over a service's log."""

    def __init__(
        self,
        *,
        service: str,
        pool: AsyncConnectionPool[Any],
        store: EventStore,
        types: EventTypes,
        outbound: Mapping[str, Outbound],
    ) -> None:
        """`outbound` by the base name of the event's type."""
        self._service = service
        self._source = f"/hoeksteen/{service}"
        self._pool = pool
        self._store = store
        self._types = types
        self._outbound = outbound
        self._readers = types.reading(
            {base: one.view for base, one in outbound.items() if one.view is not None}
        )

    async def queue(self) -> int:
        """Give everything that was committed and not yet queued its place. Answers how many.

        Organisations are queued one by one, in random order. Where another replica was first with
        one, the rest goes on and what is left is looked at again; nothing is queued twice.

        Raises UnknownEventType, when all others are queued, where a log holds a type or a version
        that this code does not know: a newer replica may want it to leave, and what is passed over
        here is never looked at again.
        """
        unknown: UnknownEventType | None = None
        queued = 0
        while True:
            async with self._pool.connection() as connection:
                cursor = await connection.execute(
                    "SELECT log.organisation, coalesce(relay_mark.size, 0), log.size"
                    " FROM log LEFT JOIN relay_mark USING (organisation)"
                    " WHERE log.size > coalesce(relay_mark.size, 0)"
                )
                logs = await cursor.fetchall()
            _shuffle(logs)
            beaten = False
            for log in logs:
                try:
                    queued += await self._queue_one(*log)
                except psycopg.DatabaseError as error:
                    if error.sqlstate != "P0H02":
                        raise
                    beaten = True
                except UnknownEventType as error:
                    unknown = error
            if not beaten:
                if unknown is not None:
                    raise unknown
                return queued

    async def _queue_one(self, organisation: UUID, before: int, size: int) -> int:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                "SELECT DISTINCT type FROM event WHERE organisation = %s"
                " AND leaf_index >= %s AND leaf_index < %s",
                (organisation, before, size),
            )
            leaving = self._leaving([name for (name,) in await cursor.fetchall()])
            cursor = await connection.execute(
                "SELECT type, leaf_index FROM event WHERE organisation = %s"
                " AND leaf_index >= %s AND leaf_index < %s AND type = ANY (%s)"
                # What was erased before it got a place never leaves.
                " AND NOT EXISTS (SELECT FROM event AS gone WHERE gone.key_id = event.key_id"
                "  AND gone.type = 'KeyDestroyed')"
                # What was adopted after a restore has its place already.
                " AND NOT EXISTS (SELECT FROM relay_queue AS placed"
                "  WHERE placed.organisation = event.organisation"
                "  AND placed.leaf_index = event.leaf_index) ORDER BY leaf_index",
                (organisation, before, size, list(leaving)),
            )
            rows = await cursor.fetchall()
            by_rank: dict[Rank, list[int]] = {rank: [] for rank in Rank}
            for name, index in rows:
                by_rank[leaving[name].rank].append(index)
            _shuffle(by_rank[Rank.SHUFFLED])
            _shuffle(by_rank[Rank.AFTERWARDS])
            indexes = [index for rank in Rank for index in by_rank[rank]]
            await connection.execute(
                "SELECT enqueue(%s::uuid[], %s::bigint[], %s::uuid[], %s::bigint[], %s::bigint[])",
                ([organisation] * len(indexes), indexes, [organisation], [before], [size]),
            )
        return len(indexes)

    async def head(self) -> int:
        """The last position that was given; 0: none."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute("SELECT coalesce(max(position), 0) FROM relay_queue")
            row = await cursor.fetchone()
        return 0 if row is None else int(row[0])

    async def place(self, position: int, organisation: UUID, index: int) -> None:
        """Give one entry the next place, which must be `position`: its message stands there already.

        Raises StreamDiverged where another one got it.
        """
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                "SELECT enqueue(ARRAY[%(organisation)s]::uuid[], ARRAY[%(index)s]::bigint[],"
                " ARRAY[%(organisation)s]::uuid[], ARRAY[mark.size], ARRAY[mark.size])"
                # What else waits for its place goes on waiting: the mark stays where it is.
                " FROM (SELECT coalesce(max(size), 0) AS size FROM relay_mark"
                "  WHERE organisation = %(organisation)s) AS mark",
                {"organisation": organisation, "index": index},
            )
            row = await cursor.fetchone()
            if row is None or row[0] != position:
                await connection.rollback()
                raise StreamDiverged(f"position {position} was given to another entry")

    def _leaving(self, names: Iterable[str]) -> dict[str, Outbound]:
        """Of stored names those whose events leave. Raises UnknownEventType."""
        bases = {name: self._types.base_of(name) for name in names if name != BLANK}
        return {
            name: self._outbound[base] for name, base in bases.items() if base in self._outbound
        }

    async def after(self, position: int, limit: int) -> Sequence[Outgoing]:
        """See RelaySource: the messages behind `position`, in order.

        Raises StreamDiverged when an entry that was queued is gone from the log.
        """
        messages = []
        for place, recorded in await self._store.queued(position, limit, self._readers):
            if recorded is None:
                raise StreamDiverged(
                    f"position {place} was given to an entry that the log no longer has; its end "
                    "was cut off, or an older backup was put back"
                )
            messages.append(self._outgoing(place, recorded))
        return messages

    def _outgoing(self, position: int, recorded: Recorded) -> Outgoing:
        if isinstance(recorded.event, MessageAdopted):
            # What it was made of is lost. Where its stream is made anew, readers pass it over.
            mark = recorded.event
            return Outgoing(position=position, id=mark.message_id, subject=mark.subject, body=b"")
        outbound = self._outbound[recorded.type]
        if recorded.event is None:
            # Erased: only its place is left. Readers pass it over by its tombstone.
            return Outgoing(
                position=position,
                id=f"erased-{position}",
                subject=f"{self._service}.v1.erased",
                body=b"",
                erased=True,
            )
        contract = CONTRACTS[outbound.contract]
        event_id = str(outbound.id(recorded))
        event = CloudEvent(
            id=event_id,
            source=self._source,
            type=contract.type,
            week=outbound.week(recorded),
            data=msgspec.Raw(_encode(outbound.data(recorded))),
        )
        body = _encode(event)
        size = outbound.size if isinstance(outbound.size, int) else outbound.size(recorded)
        filled = -(-len(body) // size) * size
        return Outgoing(
            position=position,
            id=event_id,
            subject=contract.subject.format(**outbound.subject(recorded)),
            body=body.ljust(filled),
        )
