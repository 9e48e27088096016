"""One program of the topology: how it is started, when it is ready, how it stops."""

from __future__ import annotations

import asyncio
import signal
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from shared.local.child import Account

_ANSWER_WITHIN = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A child of the launcher. With neither `ready_url` nor `ready` it is ready when it has started;
    with `one_shot`, when it has ended with status 0.
    """

    name: str
    argv: tuple[str, ...]
    after: tuple[str, ...] = ()
    """The programs that must be ready before this one is started."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """All that the program sees of the environment; nothing is inherited."""
    ports: tuple[int, ...] = ()
    """The TCP ports on 127.0.0.1 that must be free before anything is started."""
    ready_url: str | None = None
    """Answers GET with 200 when the program is ready."""
    ready: Callable[[], bool] | None = None
    """Says whether the program is ready, where there is no address to ask."""
    one_shot: bool = False
    before: Callable[[], None] | None = None
    """Done just before the start. May raise LocalProblem."""
    inherits: Callable[[], tuple[int, ...]] | None = None
    """Opens the file descriptors that the program, and it alone, shall hold while it lives. May
    raise LocalProblem."""
    account: Callable[[], Account | None] | None = None
    """The system user it runs as, where that is not the launcher's."""
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGKILL
    """What the kernel sends it when the launcher is killed."""
    stops_within: float = 10.0
    """Seconds between the stop signal and SIGKILL."""

    def readiness(self) -> Callable[[], Awaitable[bool]]:
        """A question to repeat until it gives True."""

        async def ask() -> bool:
            if self.ready_url is not None:
                return await answers(self.ready_url)
            return self.ready is None or self.ready()

        return ask


async def answers(url: str) -> bool:
    """Whether GET `url` (plain HTTP, on this machine) is answered with 200. Any trouble is False.

    By hand, because an HTTP library costs a tenth of a second to import at every start.
    """
    parts = urlsplit(url)
    path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
    request = f"GET {path} HTTP/1.0\r\nHost: {parts.netloc}\r\n\r\n"
    try:
        async with asyncio.timeout(_ANSWER_WITHIN):
            reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
            try:
                writer.write(request.encode("ascii"))
                await writer.drain()
                status = await reader.readline()
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return False
    return status.split(b" ")[1:2] == [b"200"]
