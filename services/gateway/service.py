"""The wiring: connects to the bus, starts the server, stops in order."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from typing import Literal

from nats.aio.client import Client

from services.gateway.app import application
from services.gateway.documents import DocumentRules
from services.gateway.live import Live
from services.gateway.rates import RateLimits, Rates
from services.gateway.server import DRAIN_SECONDS, BoundedHttp, Server, config, raise_file_limit
from services.gateway.settings import GatewaySettings
from services.gateway.telling import MetricsPage, TracedRpc
from shared.bus.connection import connect, responds
from shared.bus.revocations import RevocationReader
from shared.bus.watch import until_stuck
from shared.identity.reporter import unproven
from shared.identity.revocations import Revocations
from shared.identity.tokens import verifier_of
from shared.runtime.garbage import look_in_pieces, look_meanwhile
from shared.runtime.settings import SettingProblem, secret
from shared.telemetry import Event, Telemetry

BACKLOG = 2048
"""Connections that may wait to be taken."""


async def serve(settings: GatewaySettings, telemetry: Telemetry) -> None:
    """Run until a signal stops it. Raises SettingProblem, CannotConnect, AccessProblem."""
    telemetry.log(Event.PROGRAM_STARTING)
    live, revocations = Live(), Revocations()
    ended = RevocationReader(revocations, lambda _sentence: telemetry.log(Event.BUS_PROBLEM))

    def reconnected() -> None:
        live.all_anew()
        ended.wake()

    async def connected(on_reconnect: Callable[[], None] = lambda: None) -> Client:
        return await connect(
            servers=settings.nats_url,
            user=settings.nats_user,
            password=secret(settings.nats_password_file),
            authority=settings.nats_ca_file,
            name="gateway",
            on_problem=lambda _sentence: telemetry.log(Event.BUS_PROBLEM),
            on_reconnect=on_reconnect,
        )

    client = await connected(reconnected)
    telemetry.log(Event.BUS_CONNECTED)
    try:
        await live.listen(client)
        app = application(
            rpc=TracedRpc(client, telemetry),
            verifier=verifier_of(settings, reporter=unproven, revocations=revocations),
            telemetry=telemetry,
            ready=lambda: responds(client),
            graphiql=settings.mode == "local",
            rates=Rates(
                RateLimits(
                    person=settings.rate_person,
                    role=settings.rate_role,
                    public=settings.rate_public,
                    sessions=settings.rate_sessions,
                    openings=settings.rate_openings,
                )
            ),
            rules=_rules(settings),
            news=live,
            pages=settings.pages,
            get_queries=settings.get_queries,
        )
        await ended.start(client)  # nobody is answered before it is known who was signed out
        BoundedHttp.most = raise_file_limit()
        server = Server(config(app))
        async with AsyncExitStack() as stack:
            listener = stack.enter_context(_listening(settings, "http", settings.http_port))
            if settings.metrics_port is not None:
                page = stack.enter_context(_listening(settings, "metrics", settings.metrics_port))
                await stack.enter_async_context(MetricsPage(telemetry).served(page))
            look_in_pieces()
            watching = asyncio.create_task(until_stuck(client, connected))
            watching.add_done_callback(lambda _: setattr(server, "should_exit", True))
            meanwhile = [
                asyncio.create_task(work)
                for work in (
                    look_meanwhile(lambda: len(server.server_state.connections)),
                    ended.run(),
                )
            ]
            telemetry.log(Event.PROGRAM_READY, port=settings.http_port)
            try:
                await server.serve(sockets=[listener])
            finally:
                for work in (watching, *meanwhile):
                    work.cancel()
            await _unless_cancelled(watching)
        telemetry.log(Event.PROGRAM_STOPPING)
    finally:
        # Bounded: a bus that is gone must neither hold the gateway back nor hide why it ends.
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS):
                await client.close()
    telemetry.log(Event.PROGRAM_STOPPED)


async def _unless_cancelled(watching: asyncio.Task[None]) -> None:
    """Raise what ended it, if something did."""
    with suppress(asyncio.CancelledError):
        await watching


def _rules(settings: GatewaySettings) -> DocumentRules:
    if settings.mode == "local":
        return DocumentRules(folder=settings.documents)
    return DocumentRules(
        folder=settings.documents, free=settings.free_documents, anonymous_introspection=False
    )


def _listening(
    settings: GatewaySettings, which: Literal["http", "metrics"], port: int
) -> socket.socket:
    """A socket on the configured address. Raises SettingProblem where it cannot be had."""
    family = socket.AF_INET6 if ":" in settings.http_host else socket.AF_INET
    try:
        return socket.create_server((settings.http_host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise SettingProblem(
            f"Port {port} cannot be opened ({os.strerror(error.errno or 0)}); another program may have "
            f"it. HOEKSTEEN_{which.upper()}_PORT and HOEKSTEEN_HTTP_HOST say where to listen."
        ) from error
