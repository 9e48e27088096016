"""GraphQL over WebSocket: the protocol graphql-transport-ws of graphql-ws, strictly, and no other.

https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md. The token comes in `connection_init`,
never in the address. Whoever says what the protocol does not know is disconnected with its code; what is
wrong with an operation ends that operation alone.
"""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import aclosing
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

import msgspec
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect

from services.gateway.connections import Connections
from services.gateway.execution import Engine, GraphQLRequest, error_body
from services.gateway.http import SignedIn, bearer, language_of
from shared.contracts.errors import Code, Language, Refusal
from shared.identity.anonymous import is_anonymous
from shared.identity.tokens import TokenVerifier
from shared.telemetry import Event, Telemetry

PROTOCOL: Final = "graphql-transport-ws"

INIT_SECONDS: Final = 5.0
"""How long a connection may wait before it says who it is."""

LARGEST_MESSAGE: Final = 256 * 1024
"""Bytes of a message, in however many frames. Longer commands go over HTTP."""

MOST_OPERATIONS: Final = 32
"""Operations of one connection at a time."""

LONGEST_ID: Final = 128
"""Characters of an operation's id."""


class Close(Enum):
    """Why a connection is closed: code and reason."""

    INVALID = 4400, "Invalid message"
    UNAUTHORIZED = 4401, "Unauthorized"
    FORBIDDEN = 4403, "Forbidden"
    EXPIRED = 4403, "The token is not valid any more"
    SUBPROTOCOL = 4406, "Subprotocol not acceptable"
    TOO_LATE = 4408, "Connection initialisation timeout"
    SAME_ID = 4409, "Subscriber for this id already exists"
    TOO_MANY_INITS = 4429, "Too many initialisation requests"
    FAULT = 4500, "Internal server error"
    BUSY = 1013, "Try again later"


class _Closing(Exception):  # noqa: N818  the end of a connection
    def __init__(self, why: Close) -> None:
        super().__init__(why.name)
        self.why = why


Payload = dict[str, Any] | None


class _Init(msgspec.Struct, tag="connection_init"):
    payload: Payload = None


class _Ping(msgspec.Struct, tag="ping"):
    payload: Payload = None


class _Pong(msgspec.Struct, tag="pong"):
    payload: Payload = None


_Id = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_ID)]


class _Subscribe(msgspec.Struct, tag="subscribe"):
    id: _Id
    payload: GraphQLRequest


class _Complete(msgspec.Struct, tag="complete"):
    id: _Id


_Message = _Init | _Ping | _Pong | _Subscribe | _Complete

_decoder: msgspec.json.Decoder[_Message] = msgspec.json.Decoder(_Message)


@dataclass(frozen=True, slots=True)
class WebSocketEndpoint:
    """The WebSocket at /graphql."""

    engine: Engine
    verifier: TokenVerifier
    telemetry: Telemetry
    connections: Connections
    any_loopback_origin: bool = False
    """Whether a page of another port of this machine may connect: where a front end is worked on."""

    async def connect(self, socket: WebSocket) -> None:
        """Serve one connection until it ends."""
        if not same_origin(socket.headers, loopback=self.any_loopback_origin):
            await socket.send_denial_response(Response(status_code=403))
            return
        try:
            with self.connections.one():
                await self._serve(socket)
        except Refusal:
            await socket.send_denial_response(Response(status_code=503))

    async def _serve(self, socket: WebSocket) -> None:
        if PROTOCOL in socket.scope["subprotocols"]:
            await socket.accept(PROTOCOL)
            await _Connection(self, socket).serve()
        else:
            await socket.accept()
            code, reason = Close.SUBPROTOCOL.value
            await socket.close(code, reason)


class _Connection:
    def __init__(self, endpoint: WebSocketEndpoint, socket: WebSocket) -> None:
        self._engine = endpoint.engine
        self._verifier = endpoint.verifier
        self._telemetry = endpoint.telemetry
        self._connections = endpoint.connections
        self._socket = socket
        self._caller: SignedIn | None = None
        self._language: Language = language_of(socket)
        self._running: dict[str, asyncio.Task[None]] = {}
        self._ending: set[asyncio.Task[None]] = set()
        """What was ended, and has not come to its end yet; its id is free again."""
        self._ended = asyncio.get_running_loop().create_future()
        self._own = contextlib.ExitStack()

    async def serve(self) -> None:
        """Receive until it is closed by either side, then stop what runs."""
        with self._own:
            try:
                why = await self._receive()
            finally:
                await self._stop()
        if why is not None:
            code, reason = why.value
            with contextlib.suppress(WebSocketDisconnect, RuntimeError, OSError):
                await self._socket.close(code, reason)

    async def _receive(self) -> Close | None:
        """Why it must be closed; None where the other side has gone."""
        try:
            async with asyncio.timeout(INIT_SECONDS) as self._until:
                while True:
                    message = await self._next()
                    if message is None:
                        return None
                    await self._take(message)
        except _Closing as closing:
            return closing.why
        except TimeoutError:
            return Close.TOO_LATE if self._caller is None else Close.EXPIRED
        except (WebSocketDisconnect, OSError):
            return None

    async def _next(self) -> _Message | None:
        """The next message; None: the connection has ended. Raises _Closing, also what an operation does."""
        receiving = asyncio.ensure_future(self._socket.receive())
        try:
            await asyncio.wait({receiving, self._ended}, return_when=asyncio.FIRST_COMPLETED)
            if self._ended.done():
                raise _Closing(self._ended.result())
        finally:
            receiving.cancel()
        received = receiving.result()
        if received["type"] == "websocket.disconnect":
            return None
        text = received.get("text")
        if text is None:
            raise _Closing(Close.INVALID)
        try:
            return _decoder.decode(text)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            raise _Closing(Close.INVALID) from None

    async def _take(self, message: _Message) -> None:
        match message:
            case _Init():
                await self._init(message.payload or {})
            case _Ping():
                await self._send("pong")
            case _Pong():
                pass
            case _Subscribe():
                await self._subscribe(message)
            case _Complete():
                if (running := self._running.pop(message.id, None)) is not None:
                    running.cancel()
                    self._ending.add(running)
                    running.add_done_callback(self._ending.discard)

    async def _init(self, payload: dict[str, Any]) -> None:
        if self._caller is not None:
            raise _Closing(Close.TOO_MANY_INITS)
        given = payload.get("authorization", payload.get("Authorization"))
        if payload.get("language") in ("nl", "en"):
            self._language = payload["language"]
        try:
            token = bearer(given if isinstance(given, str) else "")
            caller = SignedIn(await self._verifier.verify(token), token)
            self._engine.must_serve(caller.principal.role)
            self._own.enter_context(self._connections.of(caller.principal))
        except Refusal as refusal:
            passes = refusal.code is Code.UNAVAILABLE
            raise _Closing(Close.BUSY if passes else Close.FORBIDDEN) from None
        self._caller = caller
        over = partial(self._end, Close.EXPIRED)
        self._own.enter_context(self._verifier.revocations.watch(caller.principal, over))
        self._until.reschedule(self._connections.until(caller.principal.expires))
        await self._send("connection_ack")

    async def _subscribe(self, message: _Subscribe) -> None:
        if self._caller is None:
            raise _Closing(Close.UNAUTHORIZED)
        if message.id in self._running:
            raise _Closing(Close.SAME_ID)
        if len(self._running) + len(self._ending) >= MOST_OPERATIONS:
            refusal = Refusal(Code.TOO_COMPLEX, limit=MOST_OPERATIONS, unit="operations")
            await self._send_errors(message.id, error_body(refusal, self._language))
            return
        self._running[message.id] = asyncio.create_task(self._operate(message, self._caller))

    async def _operate(self, message: _Subscribe, caller: SignedIn) -> None:
        """Run one operation to its end; a fault of ours, or a token that is over, ends the connection."""
        try:
            signed_out = await self._answers(message, caller)
            if signed_out:
                self._end(Close.EXPIRED)
        except (WebSocketDisconnect, OSError):
            pass  # whoever receives notices it
        except Exception as error:  # noqa: BLE001  the last stop: nothing of ours may reach the caller
            if not is_anonymous(caller.token):
                self._telemetry.problem(Event.OPERATION_FAILED, error)
            self._end(Close.FAULT)
        finally:
            if self._running.get(message.id) is asyncio.current_task():
                del self._running[message.id]

    async def _answers(self, message: _Subscribe, caller: SignedIn) -> bool:
        """Send what there is; whether the caller's token is over."""
        answers = self._engine.stream(
            message.payload,
            principal=caller.principal,
            token=caller.token,
            language=self._language,
        )
        async with aclosing(answers):
            async for answer in answers:
                if not answer.ran:
                    await self._send_errors(message.id, answer.body())
                    return answer.signed_out
                await self._send("next", message.id, answer.body())
                if answer.signed_out:
                    return True
        await self._send("complete", message.id)
        return False

    async def _send_errors(self, operation: str, body: bytes) -> None:
        errors = msgspec.json.decode(body)["errors"]
        await self._send("error", operation, msgspec.json.encode(errors))

    async def _send(self, kind: str, operation: str | None = None, payload: bytes = b"") -> None:
        message: dict[str, Any] = {"type": kind}
        if operation is not None:
            message["id"] = operation
        if payload:
            message["payload"] = msgspec.Raw(payload)
        await self._socket.send_text(msgspec.json.encode(message).decode())

    def _end(self, why: Close) -> None:
        if not self._ended.done():
            self._ended.set_result(why)

    async def _stop(self) -> None:
        running = list(self._running.values())
        for task in running:
            task.cancel()
        if left := {*running, *self._ending}:
            await asyncio.wait(left)


def same_origin(headers: Headers, *, loopback: bool = False) -> bool:
    """Whether a handshake comes from a page of this very host, or from no page: a browser lets any page
    open a WebSocket, and says whose it is. `loopback`: a page of this machine is taken too.
    """
    origin = headers.get("origin")
    if origin is None:
        return True
    try:
        there = urlsplit(origin)
        named = there.hostname or ""
    except ValueError:
        return False
    if there.netloc and there.netloc.lower() == headers.get("host", "").lower():
        return True
    return loopback and named in ("localhost", "127.0.0.1", "::1")
