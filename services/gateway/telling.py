"""What the gateway tells of itself: metrics on a port of their own, a span for each question to a service."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import uvicorn
from nats.aio.client import Client
from opentelemetry.trace import SpanKind
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from shared.bus.rpc import DEFAULT_SECONDS, RpcClient
from shared.contracts.rpc import Shape, Verb
from shared.runtime.health import Beside
from shared.telemetry import Event, Telemetry

_METRICS_TYPE: Final = "text/plain; version=1.0.0; charset=utf-8; escaping=underscores"


class MetricsPage:
    """/metrics, and nothing else: the port that people reach has no word of it."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry
        self.app = Starlette(routes=[Route("/metrics", self._metrics)])

    async def _metrics(self, _: Request) -> Response:
        return Response(self._telemetry.exposition(), headers={"Content-Type": _METRICS_TYPE})

    @asynccontextmanager
    async def served(self, listener: socket.socket) -> AsyncIterator[None]:
        """Answer on `listener` meanwhile."""
        server = Beside(
            uvicorn.Config(
                self.app,
                access_log=False,
                log_config=None,
                lifespan="off",
                server_header=False,
                timeout_graceful_shutdown=1,
            )
        )
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield
        finally:
            server.should_exit = True
            await serving


class TracedRpc(RpcClient):
    """Asks services; a question that has a trace gets a span of its own in it, until the answer is there."""

    def __init__(self, client: Client, telemetry: Telemetry) -> None:
        super().__init__(client, on_problem=lambda _sentence: telemetry.log(Event.RPC_FAILED))
        self._telemetry = telemetry

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
        """See RpcClient."""
        if traceparent is None:
            return await super().ask(
                verb,
                request,
                token=token,
                idempotency_key=idempotency_key,
                timeout=timeout,
                at_least=at_least,
            )
        with self._telemetry.span(
            "ask",
            traceparent=traceparent,
            kind=SpanKind.CLIENT,
            verb=f"{verb.service}.{verb.name}",
        ):
            return await super().ask(
                verb,
                request,
                token=token,
                idempotency_key=idempotency_key,
                timeout=timeout,
                traceparent=self._telemetry.traceparent(),
                at_least=at_least,
            )
