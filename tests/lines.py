"""A line to a server over TCP that a test holds in its hands, and can let swallow what comes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

Open = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


class Line:
    """Where it begins, and its connections, counted from 1."""

    def __init__(self, there: Open) -> None:
        self._there = there
        self._writers: list[asyncio.StreamWriter] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0
        self.count = 0
        self.swallowed: set[int] = set()
        """Connections of which nothing is handed on any more, in neither direction."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self.count += 1
        number = self.count
        try:
            there = await self._there()
        except OSError:  # nobody is there
            writer.transport.abort()
            return
        self._writers += [writer, there[1]]
        for source, to in ((reader, there[1]), (there[0], writer)):
            task = asyncio.create_task(self._handed_on(number, source, to))
            self._tasks.add(task)

    async def _handed_on(
        self, number: int, source: asyncio.StreamReader, to: asyncio.StreamWriter
    ) -> None:
        with suppress(OSError):
            while some := await source.read(65536):
                if number not in self.swallowed:
                    to.write(some)
                    await to.drain()
        to.close()

    async def cut(self) -> None:
        """End all of it."""
        for writer in self._writers:
            writer.transport.abort()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for writer in self._writers:
            with suppress(OSError):
                await writer.wait_closed()


@asynccontextmanager
async def line_to(there: Open) -> AsyncIterator[Line]:
    """A line that listens on this machine, and opens a connection of its own with `there` for each."""
    line = Line(there)
    server = await asyncio.start_server(line.serve, "127.0.0.1", 0)
    line.port = server.sockets[0].getsockname()[1]
    try:
        yield line
    finally:
        server.close()
        await line.cut()
