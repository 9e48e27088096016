"""Many messages at once to a stream, and what it answers to each.

nats-py's `publish` of JetStream makes a task, a future and a timer for each message, and reads each answer
with the slowest of JSON readers: two thirds of what a message costs. Here a batch has one inbox, one future
and one deadline.
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
"""So long a batch waits for its answers, as nats-py does for each message."""

_AT_ONCE: Final = 32
_ID: Final = Header.MSG_ID.value
_BEHIND: Final = Header.EXPECTED_LAST_SEQUENCE.value
_NO_RESPONDERS: Final = "503"


class Ack(msgspec.Struct, frozen=True):
    """The stream holds the message. `duplicate`: it did already, under the same id."""

    stream: str
    seq: int
    duplicate: bool = False


class _Refused(msgspec.Struct, frozen=True):
    code: int | None = None
    err_code: int | None = None
    description: str | None = None


class _Answer(msgspec.Struct, frozen=True):
    stream: str = ""
    seq: int = 0
    duplicate: bool = False
    error: _Refused | None = None


_read = msgspec.json.Decoder(_Answer).decode


class Publisher:
    """Publishes batches, each behind the one before it has been answered."""

    def __init__(self, client: Client, timeout: float = TIMEOUT_SECONDS) -> None:
        self._client = client
        self._timeout = timeout
        self._inbox = ""
        self._batch: _Batch | None = None
        self._batches = 0

    async def publish(self, messages: Sequence[Outgoing]) -> list[Ack | Exception]:
        """Publish each under its id and behind the sequence before its own; what the stream answered,
        in their order: an Ack, nats.js.errors.APIError, or another nats.errors.Error where nothing came in
        time, or where it could not be sent, and with it nothing behind it.

        Raises nats.errors.Error where no answer could be heard. One call at a time.
        """
        if not self._inbox:
            inbox = self._client.new_inbox()
            await self._client.subscribe(f"{inbox}.*.*", cb=self._answered)
            self._inbox = inbox
        self._batches += 1
        batch = self._batch = _Batch(self._batches, len(messages))
        inbox = f"{self._inbox}.{self._batches}."
        for index, message in enumerate(messages):
            if index % _AT_ONCE == _AT_ONCE - 1:
                await asyncio.sleep(0)  # they go over the wire, and the server begins with them
            try:
                await self._client.publish(
                    message.subject,
                    message.body,
                    reply=f"{inbox}{index}",
                    headers={
                        _ID: message.id,
                        _BEHIND: str(message.position - 1),
                    },
                )
            except nats.errors.Error as error:
                # What follows it would be refused: each names the sequence before it.
                batch.never_sent(index, error)
                break
        return await batch.answers(self._timeout)

    async def _answered(self, message: Msg) -> None:
        _, number, index = message.subject.rsplit(".", 2)
        batch = self._batch
        if batch is None or batch.number != int(number):
            return  # of a batch that nobody waits for any more
        batch.answer(int(index), _outcome(message))


class _Batch:
    def __init__(self, number: int, size: int) -> None:
        self.number = number
        self._outcomes: list[Ack | Exception | None] = [None] * size
        self._missing = size
        self._complete: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def never_sent(self, first: int, error: Exception) -> None:
        for index in range(first, len(self._outcomes)):
            self.answer(index, error)

    def answer(self, index: int, outcome: Ack | Exception) -> None:
        if self._outcomes[index] is None:
            self._outcomes[index] = outcome
            self._missing -= 1
            if not self._missing and not self._complete.done():
                self._complete.set_result(None)

    async def answers(self, within: float) -> list[Ack | Exception]:
        if self._missing:
            await asyncio.wait([self._complete], timeout=within)
        return [
            nats.errors.TimeoutError() if outcome is None else outcome for outcome in self._outcomes
        ]


def _outcome(message: Msg) -> Ack | Exception:
    headers = message.headers
    if headers and headers.get("Status") == _NO_RESPONDERS:
        return NoStreamResponseError()
    try:
        answer = _read(message.data)
    except msgspec.MsgspecError:
        return nats.errors.ProtocolError()
    if answer.error is not None:
        return APIError(**msgspec.structs.asdict(answer.error))
    if not answer.seq:  # nothing is stored at 0
        return nats.errors.ProtocolError()
    return Ack(answer.stream, answer.seq, answer.duplicate)
