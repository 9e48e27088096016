"""What erasing a stream takes beside the event store: the destruction log, the messages on the bus,
and the signed words of what is left.

The order: the event `KeyDestroyed` is durable, then the destruction log (outside the database), then
keys, contents and snapshots go, then the messages. What a crash cuts off is done at the next start,
before the service answers anything.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from nats.js.errors import NotFoundError

from shared.bus.consumer import POSITION
from shared.bus.tombstone import NoSuchPosition, Reason, Tombstone, lay
from shared.ledger.leaf import KEY_DESTROYED
from shared.ledger.statement import sign_statement, statement_signer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from nats.js.client import JetStreamContext
    from psycopg_pool import AsyncConnectionPool

    from shared.eventstore.store import Appended, Change, Command, EventStore, Tracking
    from shared.ledger.destroyed import DestructionLog
    from shared.runtime.clock import Clock

RESTORED: Final = "restored"
"""The ground of a destruction that a restored database did not know."""

# Every event of an erased stream that has a place in the service's stream.
_PLACES = (
    "SELECT DISTINCT relay_queue.position, gone.stream FROM event AS gone"
    " JOIN event ON event.stream = gone.stream"
    " JOIN relay_queue ON relay_queue.organisation = event.organisation"
    "  AND relay_queue.leaf_index = event.leaf_index"
    " WHERE gone.type = %s AND (%s::uuid[] IS NULL OR gone.stream = ANY (%s))"
    " AND NOT EXISTS (SELECT FROM ciphertext WHERE ciphertext.organisation = event.organisation"
    "  AND ciphertext.leaf_index = event.leaf_index)"
)
_REMAINS = (
    "WITH its AS (SELECT DISTINCT stream, key_id FROM event WHERE stream = ANY (%(streams)s)"
    "  AND organisation = %(organisation)s) SELECT gone.stream,"
    " (SELECT count(*) FROM wrapped_key"
    "   WHERE key_id IN (SELECT key_id FROM its WHERE its.stream = gone.stream)),"
    " (SELECT count(*) FROM ciphertext JOIN event USING (organisation, leaf_index)"
    "   WHERE event.stream = gone.stream),"
    " (SELECT count(*) FROM snapshot WHERE stream = gone.stream"
    "   OR key_id IN (SELECT key_id FROM its WHERE its.stream = gone.stream))"
    " FROM unnest(%(streams)s) AS gone (stream)"
)
_LEAVES = (
    "SELECT DISTINCT ON (stream) stream, leaf_index, leaf_hash, week FROM event"
    " WHERE stream = ANY (%(streams)s) AND organisation = %(organisation)s AND type = %(type)s"
    " ORDER BY stream, version DESC"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyDestroyed:
    """The key of this stream was destroyed, and all that stood under it.

    It stands under that key itself, so that afterwards only its place, type and week can be read.
    `ground` is `reporter`, `retention`, `court_order`, `author` (who wrote it), `expired`, or `restored`
    (an older database was put back); `approved_by` are roles.
    """

    ground: str
    approved_by: tuple[str, ...]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Remains:
    """What is left of an erased stream in a service, counted when it was asked for."""

    keys: int
    contents: int
    snapshots: int
    messages: int
    """Messages on the bus that are not yet taken out."""
    index: int
    """The place of its last KeyDestroyed in the log."""
    leaf_hash: bytes
    week: str


class Erasures:
    """One service's erasures."""

    def __init__(
        self,
        *,
        service: str,
        stream: str,
        store: EventStore,
        pool: AsyncConnectionPool[Any],
        log: DestructionLog,
        jetstream: JetStreamContext,
        key: Ed25519PrivateKey,
        clock: Clock,
    ) -> None:
        """`store` tells `log` before it destroys (EventStore, before_destroying)."""
        self._service = service
        self._stream = stream
        self._store = store
        self._pool = pool
        self._log = log
        self._jetstream = jetstream
        self._key = key
        self._clock = clock
        self._clean: set[int] = set()
        # How often something was erased here, what was before the start counting as once; and up to
        # which time all messages were looked for.
        self._erased = 1
        self._looked_for = 0

    @property
    def vkey(self) -> str:
        """The public key that checks the service's statements, as a vkey line."""
        return statement_signer(self._service, self._key).verifier.vkey

    def known(self, organisation: UUID, stream: UUID) -> bool:
        """Whether the destruction log holds a stream: also one that the database does not know."""
        return self._log.holds(organisation, stream)

    async def start(self) -> int:
        """Finish what was cut off, and destroy again what an older database has brought back; how
        many streams those were. Before the service answers.
        """
        finished = await self._store.finish_erasures()
        event = KeyDestroyed(ground=RESTORED, approved_by=(), at=self._clock.now())
        for organisation, streams in self._log.streams().items():
            finished += await self._store.destroy_again(
                organisation, streams, event, actor=self._service, at=event.at
            )
        return finished

    async def erase(
        self,
        organisation: UUID,
        stream: UUID,
        event: KeyDestroyed,
        *,
        store: EventStore | None = None,
        actor: str,
        command: Command | None = None,
        answer: bytes = b"",
        tracking: Tracking | None = None,
        also: Sequence[Change] = (),
    ) -> Appended:
        """Destroy a stream; its messages are taken out at the service's next look.

        `store` is a command's session. Raises what EventStore.erase raises, and OSError where the
        destruction log cannot be written: then the event stands, and the rest follows later.
        """
        try:
            return await (store or self._store).erase(
                organisation,
                stream,
                event,
                actor=actor,
                at=event.at,
                command=command,
                answer=answer,
                tracking=tracking,
                also=also,
            )
        finally:
            # Afterwards: a look in the meantime found nothing, and must not have been the last one.
            self._erased += 1

    async def clean(self) -> int:
        """Finish what could not be, take the messages of erased streams out of the bus, and lay their
        tombstones; how many messages. Does nothing when nothing was erased since the last time.

        Raises nats.errors.Error, psycopg.Error or OSError; it is tried again at the next look.
        """
        erased = self._erased
        if self._looked_for == erased:
            return 0
        await self._store.finish_erasures()
        places = [place for place, _ in await self._places() if place not in self._clean]
        tail = (await self._jetstream.stream_info(self._stream)).state.last_seq if places else 0
        here = [place for place in places if place <= tail]
        for place in here:
            await self._take_out(place)
        if here:
            await self._take_out_dead_letters(here)
        self._clean.update(here)
        # What has its place and is not published yet comes as an empty message, and is looked for.
        if len(here) == len(places):
            self._looked_for = erased
        return len(here)

    @property
    def unfinished(self) -> bool:
        """Whether something that was to be erased is still there, as far as `clean` last saw."""
        return self._looked_for != self._erased

    async def remains(self, organisation: UUID, streams: Sequence[UUID]) -> dict[UUID, Remains]:
        """Count what is left of each of these streams; those that were not erased are left out."""
        parameters = {"streams": list(streams), "organisation": organisation, "type": KEY_DESTROYED}
        async with self._pool.connection() as connection:
            cursor = await connection.execute(_REMAINS, parameters)
            counted = {row[0]: row[1:] for row in await cursor.fetchall()}
            cursor = await connection.execute(_LEAVES, parameters)
            leaves = await cursor.fetchall()
        messages = Counter(
            stream for place, stream in await self._places(streams) if place not in self._clean
        )
        return {
            stream: Remains(
                keys=counted[stream][0],
                contents=counted[stream][1],
                snapshots=counted[stream][2],
                messages=messages[stream],
                index=index,
                leaf_hash=leaf_hash,
                week=week,
            )
            for stream, index, leaf_hash, week in leaves
        }

    def sign(self, body: str) -> str:
        """`body` as a signed statement of erasure."""
        return sign_statement(body, statement_signer(self._service, self._key))

    async def _places(self, streams: Sequence[UUID] | None = None) -> list[tuple[int, UUID]]:
        """Places, each with its stream; of these streams, or of all."""
        of = None if streams is None else list(streams)
        async with self._pool.connection() as connection:
            cursor = await connection.execute(_PLACES, (KEY_DESTROYED, of, of))
            return sorted(await cursor.fetchall())

    async def _take_out(self, place: int) -> None:
        """The tombstone first: a reader that meets the gap finds it."""
        tombstone = Tombstone(stream=self._stream, position=place, reason=Reason.ERASED)
        try:
            await lay(self._jetstream, tombstone, self._key)
            await self._jetstream.get_msg(self._stream, place)
        except (NotFoundError, NoSuchPosition):
            return  # expired, or taken out before
        await self._jetstream.delete_msg(self._stream, place)

    async def _take_out_dead_letters(self, places: Sequence[int]) -> None:
        """Copies of what a reader failed at."""
        subject, sequence = f"dlq.{self._stream}.>", 1
        while True:
            try:
                letter = await self._jetstream.get_msg("DLQ", sequence, subject, next=True)
            except NotFoundError:
                return
            sequence = (letter.seq or sequence) + 1
            if (letter.headers or {}).get(POSITION) in {str(place) for place in places}:
                await self._jetstream.delete_msg("DLQ", sequence - 1)
