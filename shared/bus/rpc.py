"""Request and reply over `rpc.<service>.v1.<verb>`.

nats-py's own `micro` runs handlers one at a time and sends an exception's text to the caller, so
the dispatch is ours. A reply is JSON: `{"ok": …}` or `{"refused": {"code": …, "values": {…}}}`.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final, Generic, TypeVar, cast

import msgspec
import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from shared.bus.connection import OnProblem, log_problem
from shared.contracts.errors import Code, Refusal, invalid
from shared.contracts.rpc import Shape, Verb

A = TypeVar("A", bound=Shape)

DEFAULT_SECONDS: Final = 10.0
LONGEST_SECONDS: Final = 120.0

GRACE_SECONDS: Final = 30.0
"""How long a handler may run past its caller's deadline before it is taken for stuck."""

AT_ONCE: Final = 256
"""Requests a service handles at once; more are told to come back, so that none waits for ever."""

AUTHORIZATION: Final = "Authorization"
IDEMPOTENCY_KEY: Final = "Idempotency-Key"
AT_LEAST: Final = "Hoeksteen-At-Least"
"""The position in the log that an answer has to know of: of the asker's own last change."""
DEADLINE_MS: Final = "Deadline-Ms"
TRACEPARENT: Final = "traceparent"

_VERB = re.compile(r"[a-z][a-z_]{0,62}")
_HEADER_VALUE = re.compile(r"[\x21-\x7e]{1,8000}")


@dataclass(frozen=True, slots=True)
class RpcRequest:
    """A request as a service receives it. Nothing in it is verified yet.

    `deadline` is in seconds of `time.monotonic()`: past it nobody waits for the answer.
    """

    verb: str
    body: bytes
    token: str | None
    idempotency_key: str | None
    deadline: float
    traceparent: str | None
    at_least: int | None = None


class _Refused(msgspec.Struct, frozen=True):
    code: str
    values: dict[str, str | int] = {}


class _Reply(msgspec.Struct, Generic[A], frozen=True):
    ok: A | msgspec.UnsetType = msgspec.UNSET
    refused: _Refused = _Refused("")
    """Of a reply without either the code is none of ours, and so it is not understood."""


@cache
def _decoder(answer: type[A]) -> msgspec.json.Decoder[_Reply[A]]:
    """Reads replies of a verb with such an answer, each in one go."""
    return msgspec.json.Decoder(_Reply[answer])  # type: ignore[valid-type]


class RpcServer:
    """Answers the verbs of one service, many at once.

    `dispatch` gets the request and returns the answer as JSON, or raises `Refusal`. The text of
    any other exception never leaves the process: the caller is told INTERNAL and `on_problem` gets
    the subject and the exception's class.

    A handler is not cut off when its caller's deadline passes: a command that was half done would
    be worse than one that ends late, and the idempotency key gives the caller its answer.
    """

    def __init__(
        self,
        client: Client,
        service: str,
        dispatch: Callable[[RpcRequest], Awaitable[bytes]],
        *,
        on_problem: OnProblem = log_problem,
        at_once: int = AT_ONCE,
        grace: float = GRACE_SECONDS,
    ) -> None:
        self._client = client
        self._service = service
        self._dispatch = dispatch
        self._on_problem = on_problem
        self._at_once = at_once
        self._grace = grace
        self._running: set[asyncio.Task[None]] = set()
        self._subscription: Subscription | None = None

    async def start(self) -> None:
        """Begin to answer; returns when the server knows of the subscription."""
        self._subscription = await self._client.subscribe(
            f"rpc.{self._service}.v1.*", queue=self._service, cb=self._receive
        )
        await self._client.flush()

    async def drain(self, *, within: float = 10.0) -> None:
        """Take no new requests, answer those that were taken, then return.

        Handlers that are not done `within` so many seconds are cancelled; a server that does not answer is
        waited for as long before.
        """
        if self._subscription is not None and self._client.is_connected:
            # A server that says nothing sends no requests either.
            with contextlib.suppress(nats.errors.Error, TimeoutError):
                async with asyncio.timeout(within):
                    await self._subscription.drain()  # type: ignore[no-untyped-call]
        self._subscription = None
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=within)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late)
                self._on_problem(f"rpc.{self._service}.v1: {len(late)} requests cut off")

    async def _receive(self, message: Msg) -> None:
        if not message.reply.startswith("_INBOX_"):
            # The answer goes where the request says, with this service's right to publish. Any
            # other subject could be a stream's or another service's.
            self._on_problem(f"{self._name(message)}: reply subject is not an inbox")
            return
        if len(self._running) >= self._at_once:
            await self._reply(message, _refused(Refusal(Code.UNAVAILABLE)))
            return
        task = asyncio.create_task(self._serve(message))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _serve(self, message: Msg) -> None:
        request = _request(message)
        remaining = request.deadline - time.monotonic()
        if remaining <= 0:
            await self._reply(message, _refused(Refusal(Code.TIMED_OUT)))
            return
        limit = asyncio.timeout(remaining + self._grace)
        try:
            async with limit:
                reply = b'{"ok":' + await self._dispatch(request) + b"}"
        except Refusal as refusal:
            reply = _refused(refusal)
        except Exception as error:  # noqa: BLE001  the last stop before the wire: nothing may pass
            if limit.expired():
                self._on_problem(f"{self._name(message)}: stuck, cancelled")
                reply = _refused(Refusal(Code.TIMED_OUT))
            else:
                self._on_problem(f"{self._name(message)}: {type(error).__name__}")
                reply = _refused(Refusal(Code.INTERNAL))
        await self._reply(message, reply)

    async def _reply(self, message: Msg, reply: bytes) -> None:
        try:
            if len(reply) > self._client.max_payload:
                self._on_problem(
                    f"{self._name(message)}: answer of {len(reply)} bytes is too large"
                )
                reply = _refused(_too_large(self._client))
            await self._client.publish(message.reply, reply)
        except nats.errors.Error as error:
            self._on_problem(f"{self._name(message)}: not answered ({type(error).__name__})")

    def _name(self, message: Msg) -> str:
        verb = _verb(message)
        return f"rpc.{self._service}.v1.{verb if _VERB.fullmatch(verb) else '?'}"


class RpcClient:
    """Asks services and gives their answers back as shapes."""

    def __init__(self, client: Client, *, on_problem: OnProblem = log_problem) -> None:
        self._client = client
        self._on_problem = on_problem

    async def ask(
        self,
        verb: Verb,
        request: Shape,
        *,
        token: str | None,
        idempotency_key: str | None = None,
        timeout: float = DEFAULT_SECONDS,
        traceparent: str | None = None,
        at_least: int | None = None,
    ) -> Shape:
        """The answer of `verb`, in the shape that the verb names.

        `token` is None for what is answered to anybody. `timeout` is in seconds. `traceparent` is
        for staff's requests only. `at_least`, of a query: what the service has to know of its log.

        Raises `Refusal`: the service's own; UNAVAILABLE when the service or NATS is not there;
        TIMED_OUT; TOO_LARGE for a request above NATS' limit; INTERNAL for an answer that is not
        in its shape.
        """
        headers = {DEADLINE_MS: str(max(1, int(timeout * 1000)))}
        if token is not None:
            if not _HEADER_VALUE.fullmatch(token):
                raise Refusal(Code.NOT_SIGNED_IN)
            headers[AUTHORIZATION] = f"Bearer {token}"
        if idempotency_key is not None:
            if not _HEADER_VALUE.fullmatch(idempotency_key):
                raise invalid("idempotencyKey", "ASCII, 1-8000, no spaces")
            headers[IDEMPOTENCY_KEY] = idempotency_key
        if traceparent is not None:
            headers[TRACEPARENT] = traceparent
        if at_least is not None:
            headers[AT_LEAST] = str(at_least)
        if not self._client.is_connected:
            # Sent now it would be buffered, and run long after the caller has gone.
            raise Refusal(Code.UNAVAILABLE)
        try:
            message = await self._client.request(
                verb.subject, msgspec.json.encode(request), timeout=timeout, headers=headers
            )
        except nats.errors.MaxPayloadError as error:
            raise _too_large(self._client) from error
        except TimeoutError as error:
            raise Refusal(Code.TIMED_OUT) from error
        except nats.errors.Error as error:
            # NoRespondersError: nobody listens. The others: the connection went in the meantime.
            raise Refusal(Code.UNAVAILABLE) from error
        return self._answer(verb, message.data)

    def _answer(self, verb: Verb, data: bytes) -> Shape:
        try:
            reply = _decoder(verb.answer).decode(data)
            if not isinstance(reply.ok, msgspec.UnsetType):
                return cast(Shape, reply.ok)
            refusal = Refusal(Code(reply.refused.code), **reply.refused.values)
        except (msgspec.DecodeError, ValueError, KeyError, TypeError) as error:
            # Another version of the service: an unknown code, a missing value, another shape.
            self._on_problem(f"{verb.subject}: answer not understood ({type(error).__name__})")
            raise Refusal(Code.INTERNAL) from None
        raise refusal


def _verb(message: Msg) -> str:
    return message.subject.rpartition(".")[2]


def _request(message: Msg) -> RpcRequest:
    headers: Mapping[str, str] = message.headers or {}
    authorization = headers.get(AUTHORIZATION, "")
    return RpcRequest(
        verb=_verb(message),
        body=message.data,
        token=authorization.removeprefix("Bearer ") if authorization[:7] == "Bearer " else None,
        idempotency_key=headers.get(IDEMPOTENCY_KEY),
        deadline=time.monotonic() + _seconds(headers.get(DEADLINE_MS)),
        traceparent=headers.get(TRACEPARENT),
        at_least=_position(headers.get(AT_LEAST)),
    )


def _position(text: str | None) -> int | None:
    return int(text) if text is not None and re.fullmatch(r"[0-9]{1,18}", text) else None


def _seconds(deadline_ms: str | None) -> float:
    if deadline_ms is None or not re.fullmatch(r"[0-9]{1,9}", deadline_ms):
        return DEFAULT_SECONDS
    return min(int(deadline_ms) / 1000, LONGEST_SECONDS)


def _refused(refusal: Refusal) -> bytes:
    told = _Refused(refusal.code.value, dict(refusal.values))
    return msgspec.json.encode(_Reply[Shape](refused=told))


def _too_large(client: Client) -> Refusal:
    return Refusal(Code.TOO_LARGE, limit=client.max_payload // 1024, unit="KiB")
