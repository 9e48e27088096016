"""Bounds of the server itself: who says nothing, who says too much, who does not read, and its words."""

from __future__ import annotations

import asyncio
import gc
import itertools
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from services.gateway import server
from services.gateway.server import BoundedHttp, BoundedWebSocket
from tests.conformance.frames import BINARY, TEXT, Closed, Socket, connected
from tests.gateway_lab import Lab, running_gateway

ASK = b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"


@dataclass(frozen=True)
class Line:
    """A connection of bytes."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def answer(self) -> bytes:
        """The first line of what comes; empty where the connection was ended."""
        try:
            async with asyncio.timeout(20):
                return await self.reader.readline()
        except ConnectionError:
            return b""

    async def goes_on(self, content: bytes) -> None:
        """Send the same for ever. Raises ConnectionError."""
        while True:
            self.writer.write(content)
            await self.writer.drain()


@dataclass(frozen=True)
class Served:
    """A gateway on a port."""

    lab: Lab
    origin: str

    @asynccontextmanager
    async def line(self) -> AsyncIterator[Line]:
        port = int(self.origin.rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            yield Line(reader, writer)
        finally:
            writer.close()


@pytest_asyncio.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    async with running_gateway(tmp_path) as lab, lab.listening() as origin:
        yield Served(lab, origin)


async def test_who_sends_no_whole_head_is_disconnected(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing at all, half a head, a head that never ends, and half of a second one."""
    monkeypatch.setattr(server, "HEADER_SECONDS", 0.5)
    async with served.line() as silent, served.line() as half, served.line() as second:
        half.writer.write(b"POST /graphql HTTP/1.1\r\nHost:")
        second.writer.write(ASK)
        assert b"200" in await second.answer()
        second.writer.write(b"GET / HTTP/1.1\r\nHo")
        assert (b"", b"") == (await silent.answer(), await half.answer())
        async with asyncio.timeout(20):
            await second.reader.read()
    async with served.line() as endless:
        monkeypatch.setattr(server, "HEADER_SECONDS", 60)
        endless.writer.write(b"GET / HTTP/1.1\r\n")
        with pytest.raises(ConnectionError):
            await endless.goes_on(b"X: " + b"a" * 8000 + b"\r\n")
    async with served.line() as usual:
        usual.writer.write(ASK)
        assert b"200" in await usual.answer()


@pytest.mark.parametrize(
    "said", [b"", b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{"]
)
async def test_a_crowd_that_does_not_go_on_keeps_nobody_out(
    said: bytes, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there are too many connections the oldest that has not asked to the end makes room."""
    monkeypatch.setattr(BoundedHttp, "most", 5)
    async with AsyncExitStack() as stack:
        crowd = [await stack.enter_async_context(served.line()) for _ in range(20)]
        for one in crowd:
            one.writer.write(said)
        asking = await stack.enter_async_context(served.line())
        asking.writer.write(ASK)
        assert b"200" in await asking.answer()
        assert b"" == await crowd[0].answer()


async def _asks_and_asks(socket: Socket) -> None:
    query = "{ __schema { types { name description fields { name description } } } }"
    for number in itertools.count():
        socket.send({"type": "subscribe", "id": str(number), "payload": {"query": query}})
        await socket.drained()


async def test_who_does_not_read_is_disconnected(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A WebSocket that asks and asks and reads nothing is ended, and what it ran with it."""
    monkeypatch.setattr(server, "READ_SECONDS", 0.5)
    async with connected(served.origin) as socket:
        given = {"authorization": f"Bearer {served.lab.token()}"}
        socket.send({"type": "connection_init", "payload": given})
        with pytest.raises(ConnectionError):
            await asyncio.wait_for(_asks_and_asks(socket), 60)


async def test_what_is_malformed_leaves_no_line(served: Served) -> None:
    """Frames of any kind are somebody's, at a moment: of a WebSocket the server says nothing."""
    before = served.lab.lines.getvalue()
    for opcode, content in ((TEXT, b"\xff"), (BINARY, b"x"), (0x3, b"unknown"), (TEXT, b"{")):
        async with connected(served.origin) as socket:
            socket.frame(opcode, content)
            with pytest.raises(Closed):
                await socket.receive()
    async with connected(served.origin) as socket:
        socket.text(b'{"type": "ping"}')
        socket.close()

    assert before == served.lab.lines.getvalue()


def _held() -> list[object]:
    return [one for one in gc.get_objects() if isinstance(one, BoundedHttp | BoundedWebSocket)]


async def test_a_connection_that_ends_leaves_nothing_to_look_for(served: Served) -> None:
    """Its objects go when the last who holds them lets go: to look for cycles would make others wait."""
    gc.collect()
    assert [] == _held()
    gc.disable()
    try:
        async with served.line() as asking, served.line() as silent:
            asking.writer.write(ASK)
            assert b"200" in await asking.answer()
            silent.writer.write(b"GET ")
        async with connected(served.origin) as socket:
            given = {"authorization": f"Bearer {served.lab.token()}"}
            socket.send({"type": "connection_init", "payload": given})
            assert {"type": "connection_ack"} == await socket.message()
            # What spoke HTTP before has gone already.
            async with asyncio.timeout(20):
                while [BoundedWebSocket] != [type(one) for one in _held()]:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
        async with connected(served.origin) as wrong:
            wrong.text("wrong")
            assert 4400 == await wrong.closed()
        async with asyncio.timeout(20):
            while _held():  # noqa: ASYNC110  nobody is told of it
                await asyncio.sleep(0.01)
    finally:
        gc.enable()
