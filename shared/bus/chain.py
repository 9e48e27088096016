"""Messages to a stream in chains, of which only the last is answered.

Each message of a chain names the sequence before its own, and the server takes it only there. So the
stream holds all of them once it has taken the last: none asks for an answer but that one. Of a chain
that broke, the stream's tail says how far it came.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import msgspec
import nats.errors
from nats.js.api import Header
from nats.js.errors import APIError, NoStreamResponseError

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg

    from shared.bus.relay import Outgoing

TIMEOUT_SECONDS: Final = 5.0
"""So long a chain waits for its answer, as nats-py does for each message."""

_AT_ONCE: Final = 32
_ID: Final = Header.MSG_ID.value
_BEHIND: Final = Header.EXPECTED_LAST_SEQUENCE.value
_NO_RESPONDERS: Final = "503"


class _Refused(msgspec.Struct, frozen=True):
    code: int | None = None
    err_code: int | None = None
    description: str | None = None


class _Answer(msgspec.Struct, frozen=True):
    """PubAck of JetStream's wire API, or its error."""

    seq: int = 0
    duplicate: bool = False
    error: _Refused | None = None


_read = msgspec.json.Decoder(_Answer).decode


class NotTaken(nats.errors.Error):
    """The stream did not put the last message in its place: it has its id already."""


class Publisher:
    """Publishes chains, each when the one before it was answered or given up."""

    def __init__(self, client: Client, timeout: float = TIMEOUT_SECONDS) -> None:
        self._client = client
        self._timeout = timeout
        self._inbox = ""
        self._chains = 0
        self._answer: asyncio.Future[Msg] | None = None

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        """Publish each message under its id and behind the sequence before its own; when this returns,
        the stream holds all of them.

        Raises nats.js.errors.APIError for what the stream says of the last, NotTaken, NoStreamResponseError,
        nats.errors.TimeoutError where it says nothing, and nats.errors.Error where not all were sent. Then
        some may be stored: a part from the start on. One call at a time.
        """
        if not self._inbox:
            inbox = self._client.new_inbox()
            await self._client.subscribe(f"{inbox}.*", cb=self._answered)
            self._inbox = inbox
        self._chains += 1
        self._answer = asyncio.get_running_loop().create_future()
        last = len(messages) - 1
        for index, message in enumerate(messages):
            if index % _AT_ONCE == _AT_ONCE - 1:
                await asyncio.sleep(0)  # they go over the wire, and the server begins with them
            await self._client.publish(
                message.subject,
                message.body,
                reply=f"{self._inbox}.{self._chains}" if index == last else "",
                headers={_ID: message.id, _BEHIND: str(message.position - 1)},
            )
        done, _ = await asyncio.wait([self._answer], timeout=self._timeout)
        if not done:
            raise nats.errors.TimeoutError
        _check(self._answer.result(), messages[last].position)

    async def _answered(self, message: Msg) -> None:
        if (
            message.subject == f"{self._inbox}.{self._chains}"  # and no chain's that was given up
            and self._answer is not None
            and not self._answer.done()
        ):
            self._answer.set_result(message)


def _check(message: Msg, position: int) -> None:
    """Raises what `Publisher.publish` does, unless the stream took the message at that position."""
    if (message.headers or {}).get("Status") == _NO_RESPONDERS:
        raise NoStreamResponseError
    try:
        answer = _read(message.data)
    except msgspec.MsgspecError as error:
        raise nats.errors.ProtocolError from error
    if answer.error is not None:
        raise APIError(**msgspec.structs.asdict(answer.error))
    if not answer.seq:  # nothing is stored at 0
        raise nats.errors.ProtocolError
    if answer.duplicate or answer.seq != position:
        # A replicated stream answers so where a single one answers that its last sequence is another.
        raise NotTaken
