"""From the stream to the file: what comes is acknowledged when it is on the disk."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import msgspec
import nats.errors

from services.webhooks.store import Message
from shared.bus.topology import EXTERNAL_DURABLE, EXTERNAL_STREAM

if TYPE_CHECKING:
    from nats.aio.msg import Msg
    from nats.js.client import JetStreamContext

    from services.webhooks.deliveries import StoreThread

FETCH: Final = 32
FETCH_SECONDS: Final = 1.0
"""A fetch that is under way when NATS restarts waits its whole time, so it is kept short."""

AGAIN_SECONDS: Final = 60.0
"""After which a message comes again that could not be read."""

_SUBJECT_PARTS: Final = 4
_LONGEST_ID: Final = 128


class _Known(msgspec.Struct, frozen=True):
    """What must be known of an event to bring it; the rest is the receiver's to read."""

    id: str
    week: str


class UnreadableMessage(Exception):  # noqa: N818  its class is what is told
    """A message is no signal for the outside, or no CloudEvent."""


def message_of(subject: str, body: bytes) -> Message:
    """A message of the stream `signals.v1.<token>.<kind>`. Raises UnreadableMessage."""
    parts = subject.split(".")
    if len(parts) != _SUBJECT_PARTS or parts[:2] != ["signals", "v1"]:
        raise UnreadableMessage
    try:
        known = msgspec.json.decode(body, type=_Known)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise UnreadableMessage from None
    # It stands in a header, and before a dot in what is signed.
    if not (known.id.isascii() and known.id.replace("-", "").isalnum()):
        raise UnreadableMessage
    if len(known.id) > _LONGEST_ID:
        raise UnreadableMessage
    return Message(id=known.id, organisation=parts[2], week=known.week, body=body)


class Reader:
    """Reads the account's stream through its durable, until `stop`."""

    def __init__(
        self,
        js: JetStreamContext,
        at: StoreThread,
        *,
        on_stored: Callable[[int], None],
        on_unreadable: Callable[[], None],
        on_problem: Callable[[], None],
        fetch_seconds: float = FETCH_SECONDS,
    ) -> None:
        self._js = js
        self._at = at
        self._on_stored = on_stored
        self._on_unreadable = on_unreadable
        self._on_problem = on_problem
        self._fetch_seconds = fetch_seconds
        self._stopping = False

    def stop(self) -> None:
        """Let `run` return within about `fetch_seconds`."""
        self._stopping = True

    async def run(self) -> None:
        """Read until `stop()`. Raises when the connection is closed for good, or the file fails."""
        subscription = await self._js.pull_subscribe_bind(
            durable=EXTERNAL_DURABLE, stream=EXTERNAL_STREAM
        )
        try:
            while not self._stopping:
                started = time.monotonic()
                try:
                    await self._take(await subscription.fetch(FETCH, timeout=self._fetch_seconds))
                except nats.errors.ConnectionClosedError:
                    raise
                except TimeoutError:  # nats-py's own is one: nothing came
                    if time.monotonic() - started < self._fetch_seconds / 2:
                        await asyncio.sleep(self._fetch_seconds / 2)
                except nats.errors.Error:
                    self._on_problem()
                    await asyncio.sleep(self._fetch_seconds)
        finally:
            with suppress(nats.errors.Error):
                await subscription.unsubscribe()

    async def _take(self, fetched: list[Msg]) -> None:
        readable: list[tuple[Msg, Message]] = []
        for each in fetched:
            try:
                readable.append((each, message_of(each.subject, bytes(each.data))))
            except UnreadableMessage:
                self._on_unreadable()
                await each.nak(delay=AGAIN_SECONDS)
        if readable:
            new = await self._at.do(self._at.store.take, [message for _, message in readable])
            for each, _ in readable:
                await each.ack()
            self._on_stored(new)
