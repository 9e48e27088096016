"""What graphql-transport-ws asks of a server, check by check, on frames as they are sent.

https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md, and beside it what a server that faces
the world must bound. Each check raises AssertionError where the server does something else.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Protocol

from tests.conformance.frames import (
    BINARY,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    Closed,
    Refused,
    Socket,
    connected,
)

CASE = "6f6b5b0a-8a0d-4a52-9d51-2d3f3c2a9b11"
"""A case that the target's adviser holds."""
GONE = "6f6b5b0a-8a0d-4a52-9d51-2d3f3c2a9b12"
"""A case that is not there."""

ROLE = "{ session { role } }"
CHANGES = "subscription ($id: ID!) { caseChanged(id: $id) { id } }"
LARGEST = 256 * 1024


class Target(Protocol):
    """A gateway under test, with a case that may change."""

    @property
    def origin(self) -> str:
        """Where it listens."""
        ...

    def token(self, *, lifetime: int = 60, sub: str = "anna") -> str:
        """A token of an adviser."""
        ...

    async def change(self) -> None:
        """Tell that the case CASE changed."""
        ...


def _init(target: Target, **payload: Any) -> dict[str, Any]:
    given = {"authorization": f"Bearer {target.token()}"} | payload
    return {"type": "connection_init", "payload": given}


def _subscribe(query: Any = ROLE, key: Any = "1", **payload: Any) -> dict[str, Any]:
    return {"id": key, "type": "subscribe", "payload": {"query": query, **payload}}


def _changes(case: str = CASE, key: str = "1") -> dict[str, Any]:
    return _subscribe(CHANGES, key, variables={"id": case})


@asynccontextmanager
async def _acknowledged(target: Target) -> AsyncIterator[Socket]:
    async with connected(target.origin) as socket:
        socket.send(_init(target))
        message = await socket.message()
        assert message == {"type": "connection_ack"}, message
        yield socket


async def _still_works(socket: Socket) -> None:
    socket.send(_subscribe(key="still"))
    kinds: list[str] = []
    while not kinds or kinds[-1] != "complete":
        message = await socket.message()
        if message.get("id") == "still":
            kinds.append(message["type"])
    assert kinds == ["next", "complete"], kinds


def _is(found: object, expected: object) -> None:
    assert found == expected, f"{found!r}, not {expected!r}"


Check = Callable[[Target], Awaitable[None]]

CHECKS: dict[str, Check] = {}


def _check(sentence: str) -> Callable[[Check], Check]:
    def add(check: Check) -> Check:
        assert sentence not in CHECKS
        CHECKS[sentence] = check
        return check

    return add


# The handshake ----------------------------------------------------------------------------------


@_check("the subprotocol is chosen")
async def _(target: Target) -> None:
    async with connected(target.origin) as socket:
        _is(socket.protocol, "graphql-transport-ws")


@_check("it is chosen among others")
async def _(target: Target) -> None:
    async with connected(target.origin, protocols="graphql-ws, graphql-transport-ws") as socket:
        _is(socket.protocol, "graphql-transport-ws")


def _unacceptable(sentence: str, protocols: str | None) -> None:
    @_check(sentence)
    async def _(target: Target) -> None:
        async with connected(target.origin, protocols=protocols) as socket:
            _is((socket.protocol, await socket.closed()), (None, 4406))


_unacceptable("no subprotocol: 4406", None)
_unacceptable("the legacy subprotocol graphql-ws: 4406", "graphql-ws")
_unacceptable("an unknown subprotocol: 4406", "chat")


@_check("a page of another origin: status 403")
async def _(target: Target) -> None:
    for origin in ("https://evil.example", "null", "http://127.0.0.1.evil.example", "http://["):
        try:
            async with connected(target.origin, headers={"Origin": origin}):
                raise AssertionError(f"{origin} was let in")
        except Refused as refused:
            _is(refused.status, 403)


@_check("a page of this origin is let in")
async def _(target: Target) -> None:
    async with connected(target.origin, headers={"Origin": target.origin}) as socket:
        _is(socket.protocol, "graphql-transport-ws")


# connection_init --------------------------------------------------------------------------------


@_check("connection_init with a token: connection_ack")
async def _(target: Target) -> None:
    async with _acknowledged(target):
        pass


def _closes(sentence: str, code: int, *messages: Any, acknowledged: bool = False) -> None:
    """Messages (bytes: a binary frame, str: as it is, else JSON) after which it closes with `code`."""

    @_check(sentence)
    async def _(target: Target) -> None:
        async with connected(target.origin) as socket:
            if acknowledged:
                socket.send(_init(target))
            for message in messages:
                if isinstance(message, bytes):
                    socket.frame(BINARY, message)
                elif isinstance(message, str):
                    socket.text(message)
                else:
                    socket.send(message)
            _is(await socket.closed(), code)


_closes("connection_init without a payload: 4403", 4403, {"type": "connection_init"})
_closes(
    "connection_init whose payload is null: 4403, and not 4400",
    4403,
    {"type": "connection_init", "payload": None},
)
_closes(
    "connection_init whose payload is a text: 4400",
    4400,
    {"type": "connection_init", "payload": "x"},
)
_closes(
    "connection_init whose payload is a list: 4400",
    4400,
    {"type": "connection_init", "payload": []},
)
_closes(
    "connection_init with a token that proves nothing: 4403",
    4403,
    {"type": "connection_init", "payload": {"authorization": "Bearer x.y.z"}},
)
_closes(
    "connection_init whose token is no text: 4403",
    4403,
    {"type": "connection_init", "payload": {"authorization": ["Bearer"]}},
)


@_check("a second connection_init: 4429")
async def _(target: Target) -> None:
    async with _acknowledged(target) as socket:
        socket.send(_init(target))
        _is(await socket.closed(), 4429)


@_check("no connection_init in time: 4408")
async def _(target: Target) -> None:
    async with connected(target.origin) as socket:
        _is(await socket.closed(), 4408)


@_check("a token that is over: 4403")
async def _(target: Target) -> None:
    async with connected(target.origin) as socket:
        given = f"Bearer {target.token(lifetime=1)}"
        socket.send({"type": "connection_init", "payload": {"authorization": given}})
        _is(await socket.message(), {"type": "connection_ack"})
        socket.send(_changes())
        _is((await socket.message())["type"], "next")
        _is(await socket.closed(), 4403)


_closes("subscribe before connection_init: 4401", 4401, _subscribe())


@_check("complete before connection_init does nothing")
async def _(target: Target) -> None:
    async with connected(target.origin) as socket:
        socket.send({"id": "1", "type": "complete"})
        socket.send(_init(target))
        _is(await socket.message(), {"type": "connection_ack"})


# Ping and pong ----------------------------------------------------------------------------------


@_check("ping before connection_init: pong")
async def _(target: Target) -> None:
    async with connected(target.origin) as socket:
        socket.send({"type": "ping"})
        _is(await socket.message(), {"type": "pong"})


@_check("ping with a payload: pong")
async def _(target: Target) -> None:
    async with _acknowledged(target) as socket:
        for payload in ({"at": 1}, None, {}):
            socket.send({"type": "ping", "payload": payload})
            _is((await socket.message())["type"], "pong")


@_check("pong that nobody asked for does nothing")
async def _(target: Target) -> None:
    async with _acknowledged(target) as socket:
        socket.send({"type": "pong"})
        socket.send({"type": "pong", "payload": {"at": 1}})
        await _still_works(socket)


for _payload in ("x", 1, True, [1]):
    _closes(
        f"ping whose payload is {_payload!r}: 4400", 4400, {"type": "ping", "payload": _payload}
    )
_closes("pong whose payload is a text: 4400", 4400, {"type": "pong", "payload": "x"})


@_check("a ping of WebSocket itself is answered")
async def _(target: Target) -> None:
    async with connected(target.origin) as socket:
        socket.frame(PING, b"there?")
        _is(await socket.receive(), (PONG, b"there?"))


# Messages that are none -------------------------------------------------------------------------

_closes("a binary frame: 4400", 4400, b'{"type": "ping"}')
_closes("a text that is no JSON: 4400", 4400, "{")
_closes("an empty text: 4400", 4400, "")
_closes("a number: 4400", 4400, "7")
_closes("null: 4400", 4400, "null")
_closes("a JSON text: 4400", 4400, '"ping"')
_closes("a list: 4400", 4400, [{"type": "ping"}])
_closes("no type: 4400", 4400, {"id": "1"})
_closes("a type that is no text: 4400", 4400, {"type": 1})
_closes("a type that is unknown: 4400", 4400, {"type": "hello"})
_closes("the legacy type start: 4400", 4400, {"type": "start", "id": "1"}, acknowledged=True)
_closes("a message of the server, next: 4400", 4400, {"type": "next", "id": "1"}, acknowledged=True)
_closes("endless nesting: 4400", 4400, '{"type": "ping", "payload": {"a": ' + "[" * 100_000)


@_check("a text frame that is not UTF-8: 1007")
async def _(target: Target) -> None:
    async with connected(target.origin) as socket:
        socket.text(b'{"type": "\xff"}')
        _is(await socket.closed(), 1007)


@_check("a message that is too large: 1009")
async def _(target: Target) -> None:
    async with connected(target.origin) as socket:
        socket.text(" " * (LARGEST + 1))
        _is(await socket.closed(), 1009)


@_check("a message in several frames is one message")
async def _(target: Target) -> None:
    async with connected(target.origin) as socket:
        socket.frame(TEXT, b'{"type":', last=False)
        socket.frame(PING, b"between")
        socket.frame(CONTINUATION, b' "ping"}')
        kinds = {await _kind(socket) for _ in range(2)}
        _is(kinds, {"pong of WebSocket", "pong"})


async def _kind(socket: Socket) -> str:
    opcode, content = await socket.receive()
    return "pong of WebSocket" if opcode == PONG else "pong" if b"pong" in content else "?"


# subscribe --------------------------------------------------------------------------------------

_MALFORMED: dict[str, dict[str, Any]] = {
    "no id": {"type": "subscribe", "payload": {"query": ROLE}},
    "an id that is a number": _subscribe(key=1),
    "an empty id": _subscribe(key=""),
    "an endless id": _subscribe(key="x" * 5000),
    "no payload": {"type": "subscribe", "id": "1"},
    "a payload that is null": {"type": "subscribe", "id": "1", "payload": None},
    "a payload that is a text": {"type": "subscribe", "id": "1", "payload": ROLE},
    "a query that is a number": _subscribe(7),
    "a query that is null": _subscribe(None),
    "an operationName that is a number": _subscribe(operationName=1),
    "variables that are a list": _subscribe(variables=[]),
    "variables that are a text": _subscribe(variables="x"),
    "extensions that are a list": _subscribe(extensions=[]),
}
for _name, _message in _MALFORMED.items():
    _closes(f"subscribe with {_name}: 4400", 4400, _message, acknowledged=True)
_closes("complete with no id: 4400", 4400, {"type": "complete"}, acknowledged=True)


@_check("a query: next, then complete")
async def _(target: Target) -> None:
    async with _acknowledged(target) as socket:
        socket.send(_subscribe(operationName=None, variables=None, extensions=None))
        data = {"data": {"session": {"role": "adviser"}}}
        _is(await socket.message(), {"id": "1", "type": "next", "payload": data})
        _is(await socket.message(), {"id": "1", "type": "complete"})


@_check("a mutation: next, then complete")
async def _(target: Target) -> None:
    async with _acknowledged(target) as socket:
        query = "mutation ($i: CloseCaseInput!) { closeCase(input: $i) { __typename } }"
        given = {"idempotencyKey": "key-12345678", "caseId": GONE}
        socket.send(_subscribe(query, variables={"i": given}))
        message = await socket.message()
        _is((message["type"], list(message["payload"]["data"])), ("next", ["closeCase"]))
        _is((await socket.message())["type"], "complete")


def _errs(sentence: str, **payload: Any) -> None:
    """An operation that cannot run ends alone, with one message and no data."""

    @_check(sentence)
    async def _(target: Target) -> None:
        async with _acknowledged(target) as socket:
            socket.send(_subscribe(**payload))
            message = await socket.message()
            _is((message["type"], message["id"]), ("error", "1"))
            assert isinstance(message["payload"], list), message
            assert all(set(one) >= {"message", "extensions"} for one in message["payload"]), message
            await _still_works(socket)


_errs("a document that cannot be parsed: error", query="{")
_errs("an empty document: error", query="")
_errs("a document that is not valid: error", query="{ nothing }")
_errs("variables that do not fit: error", query=CHANGES, variables={"id": [1]})
_errs("variables that are missing: error", query=CHANGES)
_errs(
    "an operation that is not there: error", query="query A { session { role } }", operationName="B"
)
_errs("several operations, none of them named: error", query="query A { a } query B { b }")
_errs(
    "a subscription to two fields: error",
    query="subscription { tasksChanged { term } x: tasksChanged { term } }",
)


@_check("an error of a field comes with next, then complete")
async def _(target: Target) -> None:
    async with _acknowledged(target) as socket:
        socket.send(_subscribe("{ caseloadAlerts { kind } }"))
        message = await socket.message()
        _is((message["type"], message["payload"]["data"]), ("next", {"caseloadAlerts": None}))
        assert message["payload"]["errors"], message
        _is((await socket.message())["type"], "complete")


@_check("a subscription tells the present state, then each change")
async def _(target: Target) -> None:
    async with _acknowledged(target) as socket:
        socket.send(_changes())
        expected = {"id": "1", "type": "next", "payload": {"data": {"caseChanged": {"id": CASE}}}}
        _is(await socket.message(), expected)
        for _ in range(3):
            await target.change()
            _is(await socket.message(), expected)


@_check("a subscription that ends: complete")
async def _(target: Target) -> None:
    async with _acknowledged(target) as socket:
        socket.send(_changes(GONE))
        message = await socket.message()
        _is((message["type"], message["payload"]), ("next", {"data": {"caseChanged": None}}))
        _is(await socket.message(), {"id": "1", "type": "complete"})


@_check("after the client's complete nothing more comes")
async def _(target: Target) -> None:
    async with _acknowledged(target) as socket:
        socket.send(_changes())
        _is((await socket.message())["type"], "next")
        socket.send({"id": "1", "type": "complete"})
        await target.change()
        await _still_works(socket)
        socket.send({"type": "ping"})
        _is(await socket.message(), {"type": "pong"})


@_check("complete of an operation that is not there does nothing")
async def _(target: Target) -> None:
    async with _acknowledged(target) as socket:
        socket.send({"id": "unknown", "type": "complete"})
        await _still_works(socket)


@_check("an id that is taken: 4409")
async def _(target: Target) -> None:
    async with _acknowledged(target) as socket:
        socket.send(_changes())
        socket.send(_changes())
        _is(await socket.closed(), 4409)


@_check("an id may be used again once its operation is complete")
async def _(target: Target) -> None:
    async with _acknowledged(target) as socket:
        for _ in range(2):
            socket.send(_subscribe())
            _is([(await socket.message())["type"] for _ in range(2)], ["next", "complete"])
        socket.send(_changes())
        _is((await socket.message())["type"], "next")
        socket.send({"id": "1", "type": "complete"})
        socket.send(_subscribe())
        _is([(await socket.message())["type"] for _ in range(2)], ["next", "complete"])


@_check("operations run beside each other")
async def _(target: Target) -> None:
    async with _acknowledged(target) as socket:
        for number in range(5):
            socket.send(_changes(key=f"live {number}"))
        socket.send(_subscribe(key="once"))
        seen = [await socket.message() for _ in range(7)]
        _is({message["id"] for message in seen}, {"once", *(f"live {n}" for n in range(5))})


@_check("more operations than are taken: the last one alone is refused")
async def _(target: Target) -> None:
    async with _acknowledged(target) as socket:
        for number in range(33):
            socket.send(_changes(key=str(number)))
        kinds: dict[str, str] = {}
        while len(kinds) < 33:
            message = await socket.message()
            kinds[message["id"]] = message["type"]
        _is({key for key, kind in kinds.items() if kind == "error"}, {"32"})


@_check("more connections of one person than are taken: 1013, which a client waits out")
async def _(target: Target) -> None:
    given = {"authorization": f"Bearer {target.token(sub='many')}"}
    sockets = []
    try:
        for _ in range(17):
            context = connected(target.origin)
            socket = await context.__aenter__()
            sockets.append(context)
            socket.send({"type": "connection_init", "payload": given})
            try:
                _is(await socket.message(), {"type": "connection_ack"})
            except Closed as closed:
                _is((closed.code, len(sockets)), (1013, 17))
        _is(len(sockets), 17)
    finally:
        for context in sockets:
            await context.__aexit__(None, None, None)


async def run(target: Target) -> dict[str, str]:
    """Each check's sentence → an empty text, or what was wrong."""
    found: dict[str, str] = {}
    for sentence, check in CHECKS.items():
        try:
            await asyncio.wait_for(check(target), 60)
        except (AssertionError, Closed, Refused, TimeoutError) as problem:
            found[sentence] = f"{type(problem).__name__}: {problem}"
        else:
            found[sentence] = ""
    return found
