"""After an older database was put back: what stands in the service's stream and not here is adopted,
before anything is drawn, taken in or published.

Else this service would make it again, with other content, at positions that readers have passed. An
adopted event gets the very place that its message has, so that stream and database agree again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from nats.js.api import Header
from nats.js.errors import NotFoundError

from shared.bus.relay import StreamDiverged
from shared.contracts.events import CloudEvent

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from uuid import UUID

    from nats.js.client import JetStreamContext
    from psycopg_pool import AsyncConnectionPool

    from shared.bus.relay import Relay
    from shared.runtime.outbox import Outbox

    Adopt = Callable[[CloudEvent, str], Awaitable[tuple[UUID, int]]]
    """Store what a message says, unless it is stored: organisation and leaf index of the event that
    stands for it. The other argument is its subject. Raises StreamDiverged where it contradicts what is
    stored, or is not known.
    """
    AdoptGap = Callable[[int], Awaitable[tuple[UUID, int]]]
    """The same for a position whose message was taken out."""


class Reconciler:
    """Compares the end of a service's stream with its database."""

    def __init__(
        self,
        jetstream: JetStreamContext,
        stream: str,
        pool: AsyncConnectionPool[Any],
        outbox: Outbox,
        relay: Relay,
        adopt: Adopt,
        adopt_gap: AdoptGap | None = None,
        older: Callable[[], Awaitable[bool]] | None = None,
    ) -> None:
        """`older`: whether the database is known to be older than what was signed of its logs."""
        self._jetstream = jetstream
        self._stream = stream
        self._pool = pool
        self._outbox = outbox
        self._relay = relay
        self._adopt = adopt
        self._adopt_gap = adopt_gap
        self._older = older

    async def run_once(self) -> int:
        """Adopt what the stream has behind the end of the database; how many messages those were.

        A run that was cut off is gone on with. Raises StreamDiverged where the two tell different
        histories, and nats.errors.Error while the stream cannot be read: then nothing is known of
        what was published.
        """
        head = await self._outbox.head()
        tail = (await self._jetstream.stream_info(self._stream)).state.last_seq
        if tail < head and self._older is not None and await self._older():
            raise StreamDiverged(
                f"The database is older than what was signed of it, and stream {self._stream} was"
                " emptied: what was published in between is not known."
            )
        if tail <= head:
            await self._relay.tail()
            return 0
        async with self._pool.connection() as turn:
            # Another replica that starts at the same time finds nothing left to do.
            await turn.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", (self._stream,))
            return await self._take_over(await self._outbox.head(), tail)

    async def _take_over(self, head: int, tail: int) -> int:
        if tail > head > 0:
            (known,) = await self._outbox.after(head - 1, 1)
            message_id = (await self._message(head))[1]
            if not known.erased and message_id not in (None, known.id):
                raise StreamDiverged(
                    f"Stream {self._stream} holds at {head} another message than the database."
                )
        for position in range(head + 1, tail + 1):
            body, _, subject = await self._message(position)
            if not body and self._adopt_gap is not None:
                await self._outbox.place(position, *await self._adopt_gap(position))
                continue
            if body is None:
                raise StreamDiverged(
                    f"Stream {self._stream} has no message at {position}, and neither has the"
                    " database: what was published there is not known."
                )
            try:
                event = msgspec.json.decode(body, type=CloudEvent)
                adopted = await self._adopt(event, subject)
            except msgspec.MsgspecError as error:
                raise StreamDiverged(
                    f"Stream {self._stream} holds at {position} what this version cannot read."
                ) from error
            await self._outbox.place(position, *adopted)
        await self._relay.tail()
        return max(0, tail - head)

    async def _message(self, position: int) -> tuple[bytes | None, str | None, str]:
        """Body, id and subject; no body where there is no message."""
        try:
            message = await self._jetstream.get_msg(self._stream, position)
        except NotFoundError:
            return None, None, ""
        message_id = (message.headers or {}).get(Header.MSG_ID.value)
        return message.data or b"", message_id, message.subject or ""
