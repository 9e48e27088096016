"""The eventsourcing library's recorder contract over our append function and group writer.

Our services use `EventStore`. This adapter is what the library's own conformance suites run on, and
what an application written with the library would be given.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from typing import TYPE_CHECKING, Any, Self, TypeVar
from uuid import UUID

import psycopg
from eventsourcing import persistence
from eventsourcing.persistence import (
    Notification,
    ProcessRecorder,
    StoredEvent,
)
from psycopg_pool import ConnectionPool

from shared.eventstore.mapper import Envelope
from shared.eventstore.writer import (
    Conflict,
    GroupWriter,
    Item,
    NewLeaf,
    PositionMoved,
    StoreUnavailable,
    Tracking,
)
from shared.keys.case_key import NONCE_BYTES, SUITE

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator, Sequence

    from eventsourcing.persistence import ApplicationRecorder, Subscription

T = TypeVar("T")

OPAQUE = UUID(int=0)
"""The key id of a state that is no envelope of ours: stored as it came, under no key."""

_TAG_BYTES = 16

_SELECT = (
    "SELECT event.leaf_index, event.stream, event.version, event.type, event.suite, event.key_id,"
    " event.nonce, ciphertext.ciphertext"
    " FROM event LEFT JOIN ciphertext USING (organisation, leaf_index)"
    " WHERE event.organisation = %(organisation)s "
)

# Nearest first: PoolTimeout is an OperationalError, and a refused form is no lost race.
_ERRORS: tuple[tuple[type[Exception], type[Exception]], ...] = (
    (Conflict, persistence.IntegrityError),
    (PositionMoved, persistence.IntegrityError),
    (StoreUnavailable, persistence.OperationalError),
    (psycopg.errors.CheckViolation, persistence.DataError),
    (psycopg.IntegrityError, persistence.IntegrityError),
    (psycopg.OperationalError, persistence.OperationalError),
    (psycopg.DataError, persistence.DataError),
    (psycopg.InternalError, persistence.InternalError),
    (psycopg.ProgrammingError, persistence.ProgrammingError),
    (psycopg.NotSupportedError, persistence.NotSupportedError),
    (psycopg.DatabaseError, persistence.DatabaseError),
    (psycopg.InterfaceError, persistence.InterfaceError),
    (psycopg.Error, persistence.PersistenceError),
)


class LedgerRecorder(ProcessRecorder):
    """One organisation's log in one service's schema, as the library sees it.

    Notification ids are leaf indexes plus one: dense from 1 within the organisation. Methods block
    and may be called from any thread; a thread of its own runs the group writer, reads come from a
    pool. Close it, or use it in `with`.

    **State.** What `CaseMapper` made (suite, key id, nonce, ciphertext) is stored in those columns.
    Any other state is opaque: it is stored in the ciphertext's column under the nil key id with a
    random nonce. An event whose ciphertext was erased keeps its place, with an empty ciphertext.

    **Versions.** The library lets a stream begin at 0 or at 1; ours are dense from 1. An opaque
    state is preceded by one byte, the version at which its stream begins; the stored version is
    higher by one where that is 0. So everything comes back under the version it was given.
    Envelopes are bound to their version, so their streams begin at 1. A gap is a conflict.

    **Tracking.** A position is a high-water mark per upstream application and organisation; what
    does not move it forward is a conflict, and nothing of its events lands.

    Raises the library's errors: IntegrityError for a lost race, a gap, a position that does not
    move forward; DataError for what the tables do not take, such as a topic that is no short name;
    OperationalError when the database is away.
    """

    def __init__(
        self,
        dsn: str,
        *,
        organisation: UUID,
        actor: bytes,
        week: Callable[[], str],
        connections: int = 4,
        patience: float = 15.0,
    ) -> None:
        """`dsn` signs in as a service's role, which finds its own schema first. `actor` is the
        pseudonym (16 bytes) and `week` tells the ISO week that the leaves carry.

        Raises OperationalError when the database does not answer within `patience` seconds.
        """
        self._organisation = organisation
        self._actor = actor
        self._week = week
        self._closed = False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="ledger recorder", daemon=True
        )
        self._thread.start()
        self._writer = GroupWriter(dsn)
        self._pool = ConnectionPool(dsn, min_size=1, max_size=connections, open=False)
        try:
            with _library_errors():
                self._pool.open(wait=True, timeout=patience)
                self._wait_for(self._writer.start())
        except BaseException:
            self._pool.close()
            self._stop_loop()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Write what is queued, and let go of the connections. A second time it does nothing."""
        if not self._closed:
            self._closed = True
            self._wait_for(self._writer.stop())
            self._pool.close()
            self._stop_loop()

    # Writing ----------------------------------------------------------------------------------

    def insert_events(
        self,
        stored_events: Sequence[StoredEvent],
        *,
        tracking: persistence.Tracking | None = None,
        **kwargs: Any,
    ) -> Sequence[int]:
        """Append, durable when this returns; all of it with the position, or nothing.

        Returns the notification ids. The library hands on whatever its `save` is given; what this
        recorder does not know is refused (TypeError) instead of being forgotten.
        """
        if kwargs:
            raise TypeError(f"insert_events() does not know {', '.join(sorted(kwargs))}")
        with _library_errors():
            leaves = self._leaves(stored_events)
            if tracking is None:
                indexes = self._submit(Item(leaves=leaves)) if leaves else []
            else:
                indexes = self._track(leaves, tracking)
        return [index + 1 for index in indexes]

    def insert_tracking(self, tracking: persistence.Tracking) -> None:
        """Move a position forward, with nothing beside it."""
        self.insert_events([], tracking=tracking)

    def _leaves(self, stored_events: Sequence[StoredEvent]) -> list[NewLeaf]:
        week = self._week()
        begins: dict[UUID, int] = {}
        leaves = []
        for stored in stored_events:
            stream = _stream(stored.originator_id)
            envelope = _envelope(stored.state)
            if stream not in begins:
                begins[stream] = self._begins(stream, stored, opaque=envelope is None)
            begin = begins[stream]
            if envelope is None:
                envelope = Envelope(
                    SUITE, OPAQUE, os.urandom(NONCE_BYTES), bytes([begin]) + stored.state
                )
            elif begin != 1:
                raise persistence.IntegrityError("a stream of envelopes begins at version 1")
            leaves.append(
                NewLeaf(
                    organisation=self._organisation,
                    stream=stream,
                    version=stored.originator_version + 1 - begin,
                    type=stored.topic,
                    week=week,
                    actor=self._actor,
                    key_id=envelope.key_id,
                    nonce=envelope.nonce,
                    ciphertext=envelope.ciphertext,
                )
            )
        return leaves

    def _begins(self, stream: UUID, first: StoredEvent, *, opaque: bool) -> int:
        """The version at which a stream began, or begins with `first`.

        What is read never changes again. Of two writers who begin a stream differently only one
        gets the stored version 1.
        """
        if first.originator_version == 0:
            return 0 if opaque else 1
        with self._pool.connection() as connection:
            return self._began(connection, stream)

    def _track(self, leaves: list[NewLeaf], tracking: persistence.Tracking) -> list[int]:
        consumer = self._consumer(tracking.application_name)
        while True:
            previous = self._position(consumer) or 0
            step = Tracking(consumer=consumer, previous=previous, position=tracking.notification_id)
            try:
                return self._submit(Item(leaves=leaves, tracking=step))
            except PositionMoved:
                # Somebody else may have moved it to a place before ours: then we are still next.
                if tracking.notification_id <= (self._position(consumer) or 0):
                    raise

    def _submit(self, item: Item) -> list[int]:
        return list(self._wait_for(self._writer.submit(item)))

    # Reading ----------------------------------------------------------------------------------

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """One stream's events with `gt` < version <= `lte`, at most `limit` from the chosen end."""
        stream = _stream(originator_id)
        with _library_errors(), self._pool.connection() as connection:
            up = 1 - self._began(connection, stream)
            rows = self._rows(
                connection,
                "AND event.stream = %(stream)s"
                " AND event.version > coalesce(%(gt)s::bigint, 0)"
                " AND event.version <= coalesce(%(lte)s::bigint, event.version)"
                f" ORDER BY event.version {'DESC' if desc else 'ASC'} LIMIT %(limit)s::bigint",
                stream=stream,
                gt=None if gt is None else gt + up,
                lte=None if lte is None else lte + up,
                limit=limit,
            )
        return [_stored(row) for row in rows]

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """The organisation's events in log order. `start`, `stop` are notification ids."""
        first = 1 if start is None else start + (not inclusive_of_start)
        with _library_errors(), self._pool.connection() as connection:
            rows = self._rows(
                connection,
                "AND event.leaf_index >= %(first)s::bigint"
                " AND event.leaf_index <= coalesce(%(last)s::bigint, event.leaf_index)"
                " AND (cardinality(%(topics)s::text[]) = 0 OR event.type = ANY (%(topics)s::text[]))"
                " ORDER BY event.leaf_index LIMIT %(limit)s::bigint",
                first=first - 1,
                last=None if stop is None else stop - 1,
                topics=list(topics),
                limit=limit,
            )
        events = map(_stored, rows)
        return [
            Notification(
                id=row[0] + 1,
                originator_id=event.originator_id,
                originator_version=event.originator_version,
                topic=event.topic,
                state=event.state,
            )
            for row, event in zip(rows, events, strict=True)
        ]

    def max_notification_id(self) -> int | None:
        """The size of the organisation's log; None when it is empty."""
        with _library_errors(), self._pool.connection() as connection:
            row = connection.execute(
                "SELECT size FROM log WHERE organisation = %s", (self._organisation,)
            ).fetchone()
        return int(row[0]) if row and row[0] else None

    def max_tracking_id(self, application_name: str) -> int | None:
        """The last position of an upstream application; None before the first."""
        with _library_errors():
            return self._position(self._consumer(application_name))

    def subscribe(
        self, gt: int | None = None, topics: Sequence[str] = ()
    ) -> Subscription[ApplicationRecorder]:
        """Not offered: raises NotImplementedError."""
        raise NotImplementedError(
            "Runners and subscriptions are not used here: events leave through the relay, and"
            " projections are run by shared.eventstore.projector."
        )

    def _began(self, connection: psycopg.Connection[Any], stream: UUID) -> int:
        rows = self._rows(
            connection, "AND event.stream = %(stream)s AND event.version = 1", stream=stream
        )
        return _stored(rows[0]).originator_version if rows else 1

    def _position(self, consumer: str) -> int | None:
        with self._pool.connection() as connection:
            row = connection.execute(
                "SELECT position FROM tracking WHERE consumer = %s", (consumer,)
            ).fetchone()
        return None if row is None else int(row[0])

    def _consumer(self, application_name: str) -> str:
        return f"application/{application_name}/{self._organisation}"

    def _rows(
        self, connection: psycopg.Connection[Any], clause: str, **parameters: object
    ) -> list[tuple[Any, ...]]:
        cursor = connection.cursor(binary=True)
        cursor.execute(
            (_SELECT + clause).encode(), {"organisation": self._organisation} | parameters
        )
        return cursor.fetchall()

    # The thread of the writer -----------------------------------------------------------------

    def _wait_for(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def _stop_loop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def _stream(originator_id: UUID | str) -> UUID:
    if not isinstance(originator_id, UUID):
        raise persistence.ProgrammingError("a stream's id is a UUID")
    return originator_id


def _envelope(state: bytes) -> Envelope | None:
    """The envelope that a state is, if it is one."""
    if not state or state[0] != SUITE or len(state) < 1 + 16 + NONCE_BYTES + _TAG_BYTES:
        return None
    envelope = Envelope.unpack(state)
    return None if envelope.key_id == OPAQUE else envelope


def _stored(row: tuple[Any, ...]) -> StoredEvent:
    _, stream, version, topic, suite, key_id, nonce, ciphertext = row
    if key_id == OPAQUE and ciphertext:
        return StoredEvent(stream, version - 1 + ciphertext[0], topic, ciphertext[1:])
    state = Envelope(suite, key_id, nonce, ciphertext or b"").pack()
    return StoredEvent(stream, version, topic, state)


@contextlib.contextmanager
def _library_errors() -> Iterator[None]:
    try:
        yield
    except tuple(ours for ours, _ in _ERRORS) as error:
        theirs = next(theirs for ours, theirs in _ERRORS if isinstance(error, ours))
        # The class alone: PostgreSQL's text quotes the row.
        raise theirs(type(error).__name__) from error
