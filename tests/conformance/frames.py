"""A client of WebSocket (RFC 6455) that sends whatever it is told, also what no client should send."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA

PATIENCE = 20.0
"""Seconds that an answer may take before a check gives up."""


@dataclass
class Closed(Exception):  # noqa: N818  the end of a connection, which checks wait for
    """The server closed the connection, with this code."""

    code: int


class Socket:
    """One connection after its handshake."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, protocol: str | None
    ) -> None:
        self._reader = reader
        self._writer = writer
        self.protocol = protocol
        """The subprotocol that the server chose."""

    def frame(self, opcode: int, content: bytes = b"", *, last: bool = True) -> None:
        """Send one frame, masked as a client must."""
        mask = os.urandom(4)
        size = len(content)
        if size < 126:
            length = bytes([0x80 | size])
        elif size < 65_536:
            length = bytes([0x80 | 126]) + struct.pack("!H", size)
        else:
            length = bytes([0x80 | 127]) + struct.pack("!Q", size)
        masked = (
            int.from_bytes(content) ^ int.from_bytes((mask * (size // 4 + 1))[:size])
        ).to_bytes(size)
        self._writer.write(bytes([(0x80 if last else 0) | opcode]) + length + mask + masked)

    def text(self, content: str | bytes) -> None:
        """Send a text frame."""
        self.frame(TEXT, content.encode() if isinstance(content, str) else content)

    def send(self, message: Any) -> None:
        """Send `message` as JSON."""
        self.text(json.dumps(message))

    async def receive(self) -> tuple[int, bytes]:
        """The next frame: opcode and content. Raises Closed; a connection that is cut has code 1006."""
        try:
            async with asyncio.timeout(PATIENCE):
                first, second = await self._reader.readexactly(2)
                size = second & 0x7F
                if size == 126:
                    (size,) = struct.unpack("!H", await self._reader.readexactly(2))
                elif size == 127:
                    (size,) = struct.unpack("!Q", await self._reader.readexactly(8))
                content = await self._reader.readexactly(size)
        except (asyncio.IncompleteReadError, ConnectionError):
            raise Closed(1006) from None
        if first & 0x0F == CLOSE:
            raise Closed(struct.unpack("!H", content[:2])[0] if content else 1005)
        return first & 0x0F, content

    async def message(self) -> dict[str, Any]:
        """The next message of the protocol; pings of WebSocket itself are answered. Raises Closed."""
        while True:
            opcode, content = await self.receive()
            if opcode == PING:
                self.frame(PONG, content)
            elif opcode == TEXT:
                message: dict[str, Any] = json.loads(content)
                return message

    async def closed(self) -> int:
        """The code with which the server closes, whatever it says before."""
        try:
            while True:
                await self.receive()
        except Closed as closed:
            return closed.code

    async def drained(self) -> None:
        """Return when what was sent has left; raises ConnectionError where nobody takes it any more."""
        await self._writer.drain()

    def close(self) -> None:
        """Cut the connection."""
        self._writer.close()


@dataclass(frozen=True)
class Refused(Exception):  # noqa: N818  an answer that checks wait for
    """The handshake was answered with this status."""

    status: int


@asynccontextmanager
async def connected(
    origin: str,
    *,
    protocols: str | None = "graphql-transport-ws",
    headers: dict[str, str] | None = None,
) -> AsyncIterator[Socket]:
    """A connection to the WebSocket at `origin`/graphql. Raises Refused."""
    there = urlsplit(origin)
    reader, writer = await asyncio.open_connection(there.hostname, there.port)
    try:
        wanted = {
            "Host": there.netloc,
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
            "Sec-WebSocket-Version": "13",
        } | (headers or {})
        if protocols is not None:
            wanted["Sec-WebSocket-Protocol"] = protocols
        lines = ["GET /graphql HTTP/1.1", *(f"{name}: {value}" for name, value in wanted.items())]
        writer.write("\r\n".join([*lines, "", ""]).encode())
        async with asyncio.timeout(PATIENCE):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        status = int(head.split(" ", 2)[1])
        if status != 101:
            raise Refused(status)
        chosen = [
            line.partition(":")[2].strip()
            for line in head.split("\r\n")
            if line.lower().startswith("sec-websocket-protocol:")
        ]
        yield Socket(reader, writer, chosen[0] if chosen else None)
    finally:
        writer.close()
