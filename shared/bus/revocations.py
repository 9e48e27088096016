"""Revoked sessions on the bus: intake writes them; each service, and the gateway, knows all of them before it
answers.

The stream is the truth. Its subject is subscribed to beside it, and what comes there tells only that it is
time to look: so nobody makes a consumer, which could have messages delivered anywhere.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Final

import msgspec
import nats.errors
from nats.js.errors import NotFoundError

from shared.bus.topology import REVOCATIONS, REVOKED
from shared.contracts.errors import Code, Refusal
from shared.identity.revocations import Revocation, Revocations

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg
    from nats.js.client import JetStreamContext

LOOK_SECONDS: Final = 10.0
"""So often the stream is looked at although nothing was heard."""

TRY_SECONDS: Final = 1.0

AT_ONCE: Final = 64
"""Messages that are asked for together."""

STORED_SECONDS: Final = 5.0
"""How long the stream may take to have stored one."""


async def publish(client: Client, revocation: Revocation) -> None:
    """Store one; what stands there already, in the last two minutes, is not stored twice.

    Raises Refusal UNAVAILABLE where it is not known to be stored.
    """
    body = msgspec.json.encode(revocation)
    name = hashlib.sha256(body).hexdigest()
    try:
        await client.jetstream().publish(
            REVOKED, body, timeout=STORED_SECONDS, headers={"Nats-Msg-Id": name}
        )
    except (nats.errors.Error, TimeoutError, OSError):
        raise Refusal(Code.UNAVAILABLE) from None


class RevocationReader:
    """Brings what the stream holds to `revocations`, and keeps it so."""

    def __init__(self, revocations: Revocations, on_problem: Callable[[str], None]) -> None:
        self._revocations = revocations
        self._on_problem = on_problem
        self._client: Client | None = None
        self._made: datetime | None = None
        self._position = 0
        self._news = asyncio.Event()

    def wake(self) -> None:
        """Look now: the connection was lost, and something may have been missed."""
        self._news.set()

    async def start(self, client: Client) -> None:
        """Hear, and return when everything that is stored is known here; as long as that takes."""

        async def hear(_: Msg) -> None:
            self._news.set()

        self._client = client
        await client.subscribe(REVOKED, cb=hear)
        await self._until_known(client)

    async def run(self) -> None:
        """Keep up, for ever, once it was started."""
        assert self._client is not None  # noqa: S101  it was started
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._news.wait()
            self._news.clear()
            await self._until_known(self._client)

    async def _until_known(self, client: Client) -> None:
        told = False
        while True:
            try:
                await self._catch_up(client.jetstream())
            except (nats.errors.Error, TimeoutError, OSError) as error:
                if not told:
                    told = True
                    self._on_problem(type(error).__name__)
                await asyncio.sleep(TRY_SECONDS)
            else:
                return

    async def _catch_up(self, js: JetStreamContext) -> None:
        """Read what is new in the stream. Raises nats.errors.Error and TimeoutError."""
        there = await js.stream_info(REVOCATIONS)
        if there.created != self._made:  # it was lost, and made anew
            self._made, self._position = there.created, 0
        first = max(self._position + 1, there.state.first_seq)
        for start in range(first, there.state.last_seq + 1, AT_ONCE):
            end = min(start + AT_ONCE, there.state.last_seq + 1)
            await asyncio.gather(*(self._take(js, position) for position in range(start, end)))
            self._position = end - 1

    async def _take(self, js: JetStreamContext, position: int) -> None:
        try:
            found = await js.get_msg(REVOCATIONS, seq=position)
        except NotFoundError:
            return  # it was old
        try:
            revocation = msgspec.json.decode(found.data or b"", type=Revocation)
        except (msgspec.MsgspecError, UnicodeError):
            self._on_problem("Unreadable")
            return
        self._revocations.add(revocation, None if found.time is None else found.time.timestamp())
