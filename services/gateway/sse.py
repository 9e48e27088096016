"""Server-sent events: the distinct connections mode of graphql-sse, for networks that let no WebSocket by.

https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md. One POST is one operation; its answers
come as events `next`, its end as `complete`. What is wrong with a document is an answer too; who is not
signed in gets a status.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import ExitStack, aclosing
from typing import Any, Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from services.gateway.connections import Connections
from services.gateway.execution import Answer
from shared.identity.principal import Principal
from shared.identity.revocations import Revocations

EVENT_STREAM: Final = "text/event-stream"

KEEP_ALIVE_SECONDS: Final = 12.0
"""After so long without an event a comment is sent, so that nobody on the way takes the line for dead."""

_COMPLETE: Final = b"event: complete\ndata:\n\n"
_COMMENT: Final = b":\n\n"


class EventStream:
    """The answers of one operation as a response, until its end, the token's, or the reader's."""

    def __init__(
        self,
        answers: AsyncGenerator[Answer, None],
        *,
        principal: Principal,
        expires: float | None,
        connections: Connections,
        revocations: Revocations,
        headers: dict[str, str],
    ) -> None:
        """`expires`: when the token does, in seconds since 1970."""
        self._answers = answers
        self._principal = principal
        self._expires = expires
        self._connections = connections
        self._revocations = revocations
        self._head = Response(
            headers=headers | {"X-Accel-Buffering": "no"}, media_type=EVENT_STREAM
        )
        del self._head.headers["content-length"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events while somebody reads them. Raises Refusal UNAVAILABLE where too many are open."""
        del scope
        with ExitStack() as open_now:
            open_now.enter_context(self._connections.one())
            open_now.enter_context(self._connections.of(self._principal))
            start = {
                "type": "http.response.start",
                "status": 200,
                "headers": self._head.raw_headers,
            }
            await send(start)
            over = asyncio.Event()
            open_now.enter_context(self._revocations.watch(self._principal, over.set))
            sending = asyncio.create_task(self._send(send, over))
            leaving = asyncio.create_task(_left(receive))
            try:
                await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in (sending, leaving):
                    task.cancel()
                await asyncio.wait({sending, leaving})
            if not sending.cancelled():
                sending.result()

    async def _send(self, send: Send, over: asyncio.Event) -> None:
        async def event(content: bytes, *, more: bool = True) -> None:
            await send({"type": "http.response.body", "body": content, "more_body": more})

        try:
            async with (
                aclosing(self._answers),
                asyncio.timeout_at(self._connections.until(self._expires)),
            ):
                await self._each(event, over)
        except TimeoutError:
            pass  # the token is over; whoever wants more comes back with another
        await event(_COMPLETE, more=False)

    async def _each(self, event: Callable[[bytes], Awaitable[None]], over: asyncio.Event) -> None:
        ending = asyncio.create_task(over.wait())
        try:
            await self._until(ending, event)
        finally:
            ending.cancel()

    async def _until(
        self, ending: asyncio.Task[Any], event: Callable[[bytes], Awaitable[None]]
    ) -> None:
        """The answers, until there are no more, or the sign-in behind them is ended."""
        while True:
            coming = asyncio.ensure_future(anext(self._answers, None))
            try:
                while not (
                    await asyncio.wait(
                        {coming, ending},
                        timeout=KEEP_ALIVE_SECONDS,
                        return_when=asyncio.FIRST_COMPLETED,
                    )
                )[0]:
                    await event(_COMMENT)
            finally:
                if not coming.done():
                    coming.cancel()
                    await asyncio.wait({coming})
            if ending.done():
                return
            answer = coming.result()
            if answer is None:
                return
            await event(b"event: next\ndata: " + answer.body() + b"\n\n")
            if answer.signed_out:
                return


async def _left(receive: Receive) -> None:
    """Return when the reader has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
