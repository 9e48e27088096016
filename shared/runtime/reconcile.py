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

    Adopt = Callable[[CloudEvent], Awaitable[tuple[UUID, int]]]
    """Store what a message says, unless it is stored: organisation and leaf index of the event that
    stands for it. Raises StreamDiverged where it contradicts what is stored, or is not known.
    """


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
    ) -> None:
        self._jetstream = jetstream
        self._stream = stream
        self._pool = pool
        self._outbox = outbox
        self._relay = relay
        self._adopt = adopt

    async def run_once(self) -> int:
        """Adopt what the stream has behind the end of the database; how many messages those were.

        A run that was cut off is gone on with. Raises StreamDiverged where the two tell different
        histories, and nats.errors.Error while the stream cannot be read: then nothing is known of
        what was published.
        """
        head = await self._outbox.head()
        tail = (await self._jetstream.stream_info(self._stream)).state.last_seq
        if tail > head > 0:
            (known,) = await self._outbox.after(head - 1, 1)
            _, message_id = await self._message(head)
            if message_id not in (None, known.id):
                raise StreamDiverged(
                    f"Stream {self._stream} holds at {head} another message than the database."
                )
        for position in range(head + 1, tail + 1):
            body, _ = await self._message(position)
            if body is None:
                raise StreamDiverged(
                    f"Stream {self._stream} has no message at {position}, and neither has the"
                    " database: what was published there is not known."
                )
            try:
                event = msgspec.json.decode(body, type=CloudEvent)
                adopted = await self._adopt(event)
            except msgspec.MsgspecError as error:
                raise StreamDiverged(
                    f"Stream {self._stream} holds at {position} what this version cannot read."
                ) from error
            await self._outbox.place(position, *adopted)
        await self._relay.tail()
        return max(0, tail - head)

    async def _message(self, position: int) -> tuple[bytes | None, str | None]:
        try:
            message = await self._jetstream.get_msg(self._stream, position)
        except NotFoundError:
            return None, None
        return message.data or b"", (message.headers or {}).get(Header.MSG_ID.value)
