"""The port on which a program tells how it is: three questions of health, and its metrics."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Final, Protocol

import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from starlette.requests import Request

_METRICS_TYPE: Final = "text/plain; version=0.0.4"


class Told(Protocol):
    """A program that tells how it is."""

    @property
    def started(self) -> bool:
        """Whether its start is through."""

    async def is_ready(self) -> bool:
        """Whether work may be sent to it: what it needs answers."""

    async def exposition(self) -> bytes:
        """Its metrics, in Prometheus' text format."""


@contextlib.asynccontextmanager
async def telling(program: Told, *, host: str, port: int) -> AsyncIterator[None]:
    """Answer on `host`:`port` meanwhile: `/health/started`, `/health/live`, `/health/ready`, `/metrics`.

    200 means yes and 503 no. Whether it lives is answered by the loop itself, which answers nothing when it
    no longer turns, and depends on nothing else: a database that is down must not restart a program.
    """

    async def started(_: Request) -> Response:
        return _status(program.started)

    async def live(_: Request) -> Response:
        return _status(yes=True)

    async def ready(_: Request) -> Response:
        return _status(await program.is_ready())

    async def metrics(_: Request) -> Response:
        return Response(await program.exposition(), media_type=_METRICS_TYPE)

    app = Starlette(
        routes=[
            Route("/health/started", started),
            Route("/health/live", live),
            Route("/health/ready", ready),
            Route("/metrics", metrics),
        ]
    )
    server = Beside(
        uvicorn.Config(app, host=host, port=port, access_log=False, log_config=None, lifespan="off")
    )
    serving = asyncio.create_task(server.serve())
    try:
        yield
    finally:
        server.should_exit = True
        await serving


class Beside(uvicorn.Server):
    """A server beside a program's own work. Signals are the program's, which stops in its own order."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


def _status(yes: bool) -> Response:  # noqa: FBT001  the one thing it says
    return JSONResponse({"ok": yes}, status_code=200 if yes else 503)
