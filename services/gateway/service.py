"""The wiring: connects to the bus, starts the server, stops in order."""

from __future__ import annotations

import asyncio

import uvicorn

from services.gateway.app import AUDIENCE, application
from services.gateway.settings import GatewaySettings
from shared.bus.connection import connect, responds
from shared.bus.rpc import RpcClient
from shared.identity.tokens import TokenVerifier
from shared.runtime.settings import secret
from shared.telemetry import Event, Telemetry

DRAIN_SECONDS = 8
"""How long running requests may take to end when the gateway is stopped."""

HEADERS_LARGEST = 16_384
"""Bytes of a request's head."""


async def serve(settings: GatewaySettings, telemetry: Telemetry) -> None:
    """Run until a signal stops it. Raises SettingProblem, CannotConnect, AccessProblem."""
    telemetry.log(Event.PROGRAM_STARTING)
    client = await connect(
        servers=settings.nats_url,
        user=settings.nats_user,
        password=secret(settings.nats_password_file),
        name="gateway",
        on_problem=lambda _sentence: telemetry.log(Event.BUS_PROBLEM),
    )
    telemetry.log(Event.BUS_CONNECTED)
    try:
        app = application(
            rpc=RpcClient(client, on_problem=lambda _sentence: telemetry.log(Event.RPC_FAILED)),
            verifier=TokenVerifier(settings.jwks, settings.issuer, AUDIENCE),
            telemetry=telemetry,
            ready=lambda: responds(client),
            graphiql=settings.mode == "local",
        )
        server = uvicorn.Server(
            uvicorn.Config(
                app,
                host=settings.http_host,
                port=settings.http_port,
                http="httptools",
                ws="none",
                lifespan="off",
                # Access lines hold addresses and times of people; uvicorn's own words go through
                # telemetry's root handler.
                access_log=False,
                log_config=None,
                server_header=False,
                timeout_graceful_shutdown=DRAIN_SECONDS,
            )
        )
        telemetry.log(Event.PROGRAM_READY, port=settings.http_port)
        await server.serve()
        telemetry.log(Event.PROGRAM_STOPPING)
    finally:
        # Bounded: a bus that is gone must not hold the gateway back.
        async with asyncio.timeout(DRAIN_SECONDS):
            await client.close()
    telemetry.log(Event.PROGRAM_STOPPED)
