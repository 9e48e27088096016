"""uvicorn with bounds of our own: on connections, on how long one may say or read nothing, on its words.

uvicorn itself waits for ever for the head of a request and for who does not read an answer, bounds no
head, and its log lines of a WebSocket hold the address of who connects.
"""

from __future__ import annotations

import asyncio
import logging
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, Final

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request as Handshake
from websockets.http11 import Response as HandshakeAnswer

from services.gateway.websocket import LARGEST_MESSAGE

HEADER_SECONDS: Final = 10.0
"""How long the head of a request may take, counted from when the connection was made or it began."""

READ_SECONDS: Final = 60.0
"""How long somebody may not read what is sent to them."""

MOST_CONNECTIONS: Final = 8_000
"""Open at a time in this process, whatever they do. Where they are so many, a new one takes the place of
the oldest that has not sent a request yet, or else of the oldest that has not sent all of it; where there is
none, it is closed."""

SPARE_FILES: Final = 200
"""Of the descriptors that the process may have, so many are not for connections."""

PING_SECONDS: Final = 20.0
"""How often a WebSocket is asked whether somebody is there, and how long the answer may take."""

LARGEST_HEAD: Final = 64 * 1024
"""Bytes of a request's line and headers, as far as they come one after the other."""

DRAIN_SECONDS: Final = 8
"""How long running requests may take to end when the gateway is stopped."""

_SILENT: Final = logging.getLogger("hoeksteen.connections")
"""Instead of uvicorn's logger for connections: whatever it says is said at the moment of a person."""
_SILENT.setLevel(logging.CRITICAL + 1)


def config(app: ASGIApp) -> uvicorn.Config:
    """How `app` is served."""
    return uvicorn.Config(
        app,
        http=BoundedHttp,
        ws=BoundedWebSocket,
        ws_max_size=LARGEST_MESSAGE,
        ws_ping_interval=PING_SECONDS,
        ws_ping_timeout=PING_SECONDS,
        # Compressed words would tell by their length what was guessed beside them.
        ws_per_message_deflate=False,
        lifespan="off",
        # Nothing here asks from where somebody came, whatever a proxy says of it.
        proxy_headers=False,
        # Access lines hold addresses and times of people; uvicorn's own words go through
        # telemetry's root handler.
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )


def raise_file_limit() -> int:
    """Let the process have as many descriptors as it may; how many connections that is enough for."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_CONNECTIONS + SPARE_FILES
    if soft < wanted and (hard == resource.RLIM_INFINITY or hard > soft):
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return min(MOST_CONNECTIONS, max(soft - SPARE_FILES, 1))


class _Reading:
    """Ends a connection whose other side does not read."""

    def __init__(self) -> None:
        self._timer: asyncio.TimerHandle | None = None

    def paused(self, transport: asyncio.Transport) -> None:
        """What is sent is not read as fast."""
        self.resumed()
        self._timer = asyncio.get_running_loop().call_later(READ_SECONDS, transport.abort)

    def resumed(self) -> None:
        """It is read again, or the connection has ended."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class BoundedHttp(HttpToolsProtocol):
    """A connection that speaks HTTP/1.1."""

    most = MOST_CONNECTIONS
    waiting: ClassVar[dict[BoundedHttp, None]] = {}
    """Those that have not sent the head of a request yet, oldest first."""
    sending: ClassVar[dict[BoundedHttp, None]] = {}
    """Those that have sent the head of a request and not all of its body, oldest first."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._reading = _Reading()
        self._head: asyncio.TimerHandle | None = None
        self._head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Make room for it, or close it."""
        super().connection_made(transport)
        if len(self.connections) > self.most:
            oldest = next(iter(self.waiting or self.sending), self)
            self.waiting.pop(oldest, None)
            self.sending.pop(oldest, None)
            oldest.transport.abort()
        if not transport.is_closing():
            self.waiting[self] = None
            self._expect_head()

    def data_received(self, data: bytes) -> None:
        """Read what has come, and no endless head."""
        super().data_received(data)
        if self._head is not None:
            self._head_bytes += len(data)
            if self._head_bytes > LARGEST_HEAD:
                self.transport.abort()

    def handle_websocket_upgrade(self) -> None:
        """From here on it is another's; this one, which its parser holds, can go."""
        super().handle_websocket_upgrade()
        self.sending.pop(self, None)
        self.parser = None  # type: ignore[assignment]

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        if self._head is None:
            self._expect_head()

    def on_headers_complete(self) -> None:
        """Its head is there."""
        self._head_is_there()
        self.sending[self] = None
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Its body is there too."""
        self.sending.pop(self, None)
        super().on_message_complete()

    def pause_writing(self) -> None:
        """Nobody reads."""
        super().pause_writing()
        self._reading.paused(self.transport)

    def resume_writing(self) -> None:
        """Somebody reads."""
        super().resume_writing()
        self._reading.resumed()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more, and nothing holds itself: a search for that makes others wait."""
        self._head_is_there()
        self.sending.pop(self, None)
        self._reading.resumed()
        super().connection_lost(exc)
        self.cycle = None  # type: ignore[assignment]

    def _expect_head(self) -> None:
        self._head_bytes = 0
        self._head = self.loop.call_later(HEADER_SECONDS, self.transport.abort)

    def _head_is_there(self) -> None:
        self.waiting.pop(self, None)
        if self._head is not None:
            self._head.cancel()
            self._head = None


class BoundedWebSocket(WebSocketsSansIOProtocol):
    """A connection that speaks WebSocket."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.logger = self.conn.logger = _SILENT
        self._accept = self.conn.accept
        self.conn.accept = self._accept_quietly  # type: ignore[method-assign]
        self._reading = _Reading()

    def _accept_quietly(self, request: Handshake) -> HandshakeAnswer:
        """The answer to a handshake; one that is refused quotes nothing of what was sent."""
        response = self._accept(request)
        if response.status_code != 101:
            response.body = b""
            del response.headers["Content-Length"]
            response.headers["Content-Length"] = "0"
        return response

    def pause_writing(self) -> None:
        """Nobody reads."""
        super().pause_writing()
        self._reading.paused(self.transport)

    def resume_writing(self) -> None:
        """Somebody reads."""
        super().resume_writing()
        self._reading.resumed()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more, and nothing holds itself: a search for that makes others wait."""
        self._reading.resumed()
        super().connection_lost(exc)
        del self.conn.accept  # ours, which holds this
        self.conn.parser.close()


class Server(uvicorn.Server):
    """uvicorn, but a stop signal only stops it.

    uvicorn raises the signal again when it has stopped, which would end the program before it has
    closed the bus and written its last spans.
    """

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop on SIGTERM and SIGINT for as long as the server runs."""
        loop = asyncio.get_running_loop()
        stops = (signal.SIGTERM, signal.SIGINT)
        for stop in stops:
            loop.add_signal_handler(stop, self.handle_exit, stop, None)
        try:
            yield
        finally:
            for stop in stops:
                loop.remove_signal_handler(stop)
