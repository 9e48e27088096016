"""GraphQL over HTTP: what is taken, how it is refused, what is sent back.

Follows the draft of September 2025 as `graphql-http`'s audit suite checks it. Only POST: in a GET
the variables would stand in logs of addresses. No batches. Who accepts `text/event-stream` gets an
answer, or those of a subscription, as server-sent events (sse.py).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, Final

import msgspec
from starlette.datastructures import QueryParams
from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from services.gateway.connections import Connections
from services.gateway.execution import Answer, Engine, GraphQLRequest, error_body
from services.gateway.sse import EVENT_STREAM, EventStream
from shared.contracts.errors import Code, Language, Refusal
from shared.identity.principal import Principal
from shared.identity.tokens import TokenVerifier

RESPONSE_JSON: Final = "application/graphql-response+json"
JSON: Final = "application/json"

QUIET = "hoeksteen.quiet"
"""In a request's scope: it is not counted."""

LARGEST_BODY = 2 * 1024 * 1024
"""Bytes of a request's body."""

BODY_SECONDS = 15.0
"""How long a body may take to arrive."""

SMALL_BODY = 16 * 1024
"""So many bytes of each body always have room."""

MOST_ARRIVING = 64 * 1024 * 1024
"""Bytes of all bodies that are arriving in this process, beyond those. A token at the door is anybody's,
and takes as many connections as there are."""

STATUS: Final[dict[Code, int]] = {
    Code.NOT_SIGNED_IN: 401,
    Code.FRESH_SIGN_IN_NEEDED: 401,
    Code.NOT_ALLOWED: 403,
    Code.NOT_FOUND: 404,
    Code.MALFORMED_REQUEST: 400,
    Code.TOO_LARGE: 413,
    Code.TOO_MANY_REQUESTS: 429,
    Code.UNAVAILABLE: 503,
    Code.KEY_RING_UNAVAILABLE: 503,
    Code.TIMED_OUT: 504,
    Code.INTERNAL: 500,
}
"""Status of a request that was refused before GraphQL was reached, whatever it accepts."""

UNSERVED: Final = {"method": 405, "Accept": 406, "body in time": 408, "Content-Type": 415}
"""Status where the request itself lacks what is taken, by what that is."""

NOT_RUN: Final[dict[str, int]] = {RESPONSE_JSON: 400, JSON: 200}
"""Status where the document or its variables are refused. The newest draft says 422 for some of
these, and 294 where an operation ran with errors; the audit suite still wants 400, and 200 for the older
media type."""

RAN: Final = 200
"""Status of an operation that ran, with or without errors in it."""

SECURITY_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    # An answer is data: were a browser made to show it, it would load and run nothing.
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}


_HEADERS: Final = 256
"""Values of a header whose meaning is kept; a browser sends the same each time."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A caller and the token that proves them."""

    principal: Principal
    token: str


class GraphQLEndpoint:
    """POST /graphql."""

    def __init__(
        self,
        engine: Engine,
        verifier: TokenVerifier,
        connections: Connections,
        *,
        get_queries: bool = False,
    ) -> None:
        """`get_queries`: a query may stand in the address of a GET. Where a front end is worked on."""
        self._engine = engine
        self._verifier = verifier
        self._connections = connections
        self._methods = ("GET", "POST") if get_queries else ("POST",)

    async def __call__(self, request: Request) -> ASGIApp:
        """Answer one request. Nothing that a caller sends gives a 500."""
        headers = dict(reversed(request.scope["headers"]))  # of several, the first
        language = _language(_text(headers.get(b"accept-language")) or "")
        accepted = accepts(_text(headers.get(b"accept")))
        if request.method not in self._methods:
            return _method_refused(language, self._methods)
        if accepted is None:
            return refuse(Refusal(Code.NOT_SERVED), language, status=UNSERVED["Accept"])
        try:
            token = bearer(_text(headers.get(b"authorization")) or "")
            caller = SignedIn(await self._verifier.verify(token), token)
            self._engine.must_serve(caller.principal.role)
            if request.method == "GET":
                wanted = _in_address(request.query_params)
            elif _takes(_text(headers.get(b"content-type")), headers.get(b"content-encoding")):
                wanted = _decode(await body_of(request, headers.get(b"content-length", b"")))
            else:
                status = UNSERVED["Content-Type"]
                return refuse(Refusal(Code.NOT_SERVED), language, accepted, status=status)
        except Refusal as refusal:
            return refuse(refusal, language, accepted)
        except TimeoutError:
            status = UNSERVED["body in time"]
            return refuse(Refusal(Code.MALFORMED_REQUEST), language, accepted, status=status)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody receives it
        if request.method == "GET" and self._engine.changes(
            wanted, caller.principal.role, caller.token
        ):
            return _method_refused(language, ("POST",), accepted)
        if accepted == EVENT_STREAM:
            return self._events(request, wanted, caller, language)
        answer = await self._engine.answer(
            wanted, principal=caller.principal, token=caller.token, language=language
        )
        if answer.quiet:
            request.scope[QUIET] = True
        return _response(answer, accepted)

    def _events(
        self, request: Request, wanted: GraphQLRequest, caller: SignedIn, language: Language
    ) -> ASGIApp:
        request.scope[QUIET] = True  # it may be a subscription
        answers = self._engine.stream(
            wanted, principal=caller.principal, token=caller.token, language=language
        )
        events = EventStream(
            answers,
            principal=caller.principal,
            expires=caller.principal.expires,
            connections=self._connections,
            revocations=self._verifier.revocations,
            headers=SECURITY_HEADERS,
        )

        async def respond(scope: Scope, receive: Receive, send: Send) -> None:
            try:
                await events(scope, receive, send)
            except Refusal as refusal:
                await refuse(refusal, language)(scope, receive, send)

        return respond


async def sign_in(request: Request, verifier: TokenVerifier) -> SignedIn:
    """The caller of the bearer token (RFC 6750) in the header. Raises Refusal."""
    token = bearer(request.headers.get("authorization", ""))
    return SignedIn(await verifier.verify(token), token)


def bearer(authorization: str) -> str:
    """The token of `Bearer <token>`. Raises Refusal NOT_SIGNED_IN."""
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer":
        raise Refusal(Code.NOT_SIGNED_IN)
    return token.strip()


def refuse(
    refusal: Refusal,
    language: Language,
    media_type: str = JSON,
    *,
    status: int | None = None,
    allow: str | None = None,
) -> Response:
    """An answer for a request that did not reach GraphQL: JSON, also to who accepts events."""
    if media_type == EVENT_STREAM:
        media_type = JSON
    headers = dict(SECURITY_HEADERS)
    if refusal.code is Code.TOO_MANY_REQUESTS:
        headers["Retry-After"] = str(refusal.values["seconds"])
    if refusal.code is Code.NOT_SIGNED_IN:
        headers["WWW-Authenticate"] = 'Bearer realm="hoeksteen"'
    if allow is not None:
        headers["Allow"] = allow
    return Response(
        error_body(refusal, language),
        status_code=status or STATUS.get(refusal.code, 400),
        headers=headers,
        media_type=f"{media_type}; charset=utf-8",
    )


def _method_refused(
    language: Language, allowed: tuple[str, ...], media_type: str = JSON
) -> Response:
    return refuse(
        Refusal(Code.NOT_SERVED),
        language,
        media_type,
        status=UNSERVED["method"],
        allow=", ".join(allowed),
    )


def _text(header: bytes | None) -> str | None:
    return None if header is None else header.decode("latin-1")


def _response(answer: Answer, media_type: str) -> Response:
    response = _Json(answer.body(), RAN if answer.ran else NOT_RUN[media_type], media_type)
    if answer.retry_after is not None:
        response.headers["Retry-After"] = str(answer.retry_after)
        response.status_code = RAN if answer.ran else STATUS[Code.TOO_MANY_REQUESTS]
    return response


class _Json(Response):
    """An answer whose headers, but for the length, were written out beforehand."""

    def __init__(self, body: bytes, status: int, media_type: str) -> None:
        self.status_code = status
        self.background = None
        self.body = body
        self.raw_headers = [(b"content-length", b"%d" % len(body)), *_WRITTEN[media_type]]


_WRITTEN: Final = {
    media_type: [
        *((name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items()),
        (b"content-type", f"{media_type}; charset=utf-8".encode()),
    ]
    for media_type in (RESPONSE_JSON, JSON)
}


@lru_cache(_HEADERS)
def accepts(header: str | None) -> str | None:
    """The media type to answer with (RFC 9110, section 12.5.1); None if nothing of ours is taken.

    Without a header, and for a wildcard, it is application/json, as the draft says.
    """
    if header is None or not header.strip():
        return JSON
    best: tuple[float, int, str] | None = None
    for part in header.split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        weight = _weight(parameters)
        if weight <= 0 or not _utf8(parameters):
            continue
        media_type = {
            RESPONSE_JSON: RESPONSE_JSON,
            JSON: JSON,
            EVENT_STREAM: EVENT_STREAM,
            "application/*": JSON,
            "*/*": JSON,
        }.get(name)
        if media_type is None:
            continue
        candidate = (weight, "*" not in name, media_type)
        if best is None or candidate[:2] > best[:2]:
            best = candidate
    return None if best is None else best[2]


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


def _utf8(parameters: list[str]) -> bool:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "charset":
            return value.strip().strip('"') in ("utf-8", "utf8")
    return True


@lru_cache(_HEADERS)
def _takes(content_type: str | None, coding: bytes | None) -> bool:
    """Whether such a body is read: JSON in UTF-8 only, which a web form cannot send, and not compressed."""
    if content_type is None or (coding is not None and coding.lower() != b"identity"):
        return False
    name, *parameters = (piece.strip().lower() for piece in content_type.split(";"))
    return name == JSON and _utf8(parameters)


async def body_of(request: Request, announced: bytes, most: int = LARGEST_BODY) -> bytes:
    """The whole body, of `most` bytes. Raises Refusal TOO_LARGE, UNAVAILABLE while too much is arriving,
    TimeoutError for one that does not arrive, and ClientDisconnect.
    """
    if announced.isdigit() and int(announced[:20]) > most:
        raise _too_large(most)
    body, room = bytearray(), _Room()
    # What `asyncio.timeout` does, at half of what it costs: nearly every body is there at once.
    task, late = asyncio.current_task(), _Late()
    assert task is not None  # noqa: S101  this runs in one
    timer = asyncio.get_running_loop().call_later(BODY_SECONDS, late.give_up, task)
    try:
        while True:
            message = await request.receive()
            if message["type"] != "http.request":
                raise ClientDisconnect
            body += message.get("body", b"")
            if len(body) > most:
                raise _too_large(most)
            if len(body) > SMALL_BODY:
                room.take(len(body) - SMALL_BODY)
            if not message.get("more_body", False):
                return bytes(body)
    except asyncio.CancelledError:
        if late.gave_up and task.uncancel() == 0:
            raise TimeoutError from None
        raise
    finally:
        timer.cancel()
        room.leave()


class _Room:
    """What a body takes of MOST_ARRIVING."""

    arriving: ClassVar[int] = 0

    def __init__(self) -> None:
        self._mine = 0

    def take(self, size: int) -> None:
        """It is so large now. Raises Refusal UNAVAILABLE."""
        more = size - self._mine
        if _Room.arriving + more > MOST_ARRIVING:
            raise Refusal(Code.UNAVAILABLE)
        _Room.arriving += more
        self._mine = size

    def leave(self) -> None:
        """It is there, or given up."""
        _Room.arriving -= self._mine


class _Late:
    """Whether a body took too long."""

    gave_up = False

    def give_up(self, task: asyncio.Task[object]) -> None:
        """Stop waiting for it."""
        self.gave_up = True
        task.cancel()


def _too_large(most: int) -> Refusal:
    return Refusal(Code.TOO_LARGE, limit=most // 1024, unit="KiB")


def _decode(body: bytes) -> GraphQLRequest:
    try:
        return msgspec.json.decode(body, type=GraphQLRequest)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raise Refusal(Code.MALFORMED_REQUEST) from None


def _in_address(parameters: QueryParams) -> GraphQLRequest:
    """The request that stands in the address of a GET. Raises Refusal MALFORMED_REQUEST."""
    given: dict[str, Any] = {
        name: parameters[name]
        for name in ("query", "documentId", "operationName")
        if parameters.get(name)
    }
    try:
        for name in ("variables", "extensions"):
            if parameters.get(name):
                given[name] = msgspec.json.decode(parameters[name])
        return msgspec.convert(given, GraphQLRequest)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raise Refusal(Code.MALFORMED_REQUEST) from None


def language_of(request: HTTPConnection) -> Language:
    """Nl if the caller prefers Dutch to English in Accept-Language, else en."""
    return _language(request.headers.get("accept-language", ""))


@lru_cache(_HEADERS)
def _language(header: str) -> Language:
    best: tuple[float, Language] = (0.0, "en")
    for part in header.split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        weight = _weight(parameters)
        for language in ("nl", "en"):
            if (name == language or name.startswith(f"{language}-")) and weight > best[0]:
                best = (weight, language)
    return best[1]
