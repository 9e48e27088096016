"""A whole gateway for a test: real NATS, real tokens, and neighbours that answer from a table."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import msgspec
import uvicorn
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from starlette.types import ASGIApp

from services.gateway.app import application
from services.gateway.documents import LOCAL, DocumentRules
from services.gateway.guesses import Guesses
from services.gateway.live import Live
from services.gateway.rates import Rates
from services.gateway.server import config
from shared.bus.connection import responds
from shared.bus.rpc import RpcClient, RpcRequest, RpcServer
from shared.contracts.errors import Code, Refusal
from shared.contracts.rpc import VERBS, Shape
from shared.identity.issuer import Signer
from shared.identity.reporter import unproven
from shared.identity.revocations import Revocations
from shared.identity.roles import Role
from shared.identity.tokens import TokenVerifier
from shared.telemetry import Telemetry, configure
from tests.nats_server import Bus, running_bus

ORGANISATION = UUID("00000000-0000-4000-8000-000000000001")
ISSUER = "http://127.0.0.1:8009"
PADDED = bytes(range(256)) * 4 + bytes(49)
"""As long as an envelope with the shortest padded words."""

REPORTER = f"reporter.{ORGANISATION}.{2**32}.{'A' * 70}"
"""A reporter's session, which is to the gateway as good as any: intake proves it."""

RESPONSE_JSON = "application/graphql-response+json"

Answer = Shape | Refusal | Callable[[Any], Shape]


@dataclass(frozen=True)
class Asked:
    """A request as a neighbour received it."""

    verb: str
    request: Shape
    token: str | None
    idempotency_key: str | None
    traceparent: str | None
    at_least: int | None


@dataclass
class Neighbours:
    """Intake, signals and reporting as far as the gateway sees them: verb → what it answers."""

    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    before: Callable[[], Awaitable[object]] | None = None
    """Awaited before every answer."""

    def dispatcher(self, service: str) -> Callable[[RpcRequest], Any]:
        """The dispatch of one service: reads the request in its shape, as a service does."""

        async def dispatch(request: RpcRequest) -> bytes:
            name = f"{service}.{request.verb}"
            if name not in self.answers:
                raise Refusal(Code.NOT_FOUND)
            shape = msgspec.json.decode(request.body, type=VERBS[name].request)
            self.asked.append(
                Asked(
                    name,
                    shape,
                    request.token,
                    request.idempotency_key,
                    request.traceparent,
                    request.at_least,
                )
            )
            if self.before is not None:
                await self.before()
            answer = self.answers[name]
            if isinstance(answer, Refusal):
                raise answer
            return msgspec.json.encode(answer if isinstance(answer, Shape) else answer(shape))

        return dispatch


@dataclass
class Lab:
    """The gateway, a browser's worth of HTTP, and what left it."""

    app: ASGIApp
    http: httpx2.AsyncClient
    signer: Signer
    neighbours: Neighbours
    bus: Bus
    telemetry: Telemetry
    lines: io.StringIO
    spans_path: Path
    live: Live
    revocations: Revocations
    """The sessions that are over: a test may end one."""

    def token(self, role: Role = Role.ADVISER, *, lifetime: int = 60, sub: str = "person") -> str:
        """A token of the lab's issuer."""
        organisation = None if role is Role.ADMIN else ORGANISATION
        return self.signer.token(sub=sub, role=role, organisation=organisation, lifetime=lifetime)

    async def post(
        self, body: Any, *, role: Role = Role.ADVISER, **headers: str
    ) -> httpx2.Response:
        """POST /graphql with a token; `body` is JSON, or bytes as they are."""
        sent = {
            "Authorization": f"Bearer {self.token(role)}",
            "Content-Type": "application/json",
            "Accept": RESPONSE_JSON,
        } | {name.replace("_", "-"): value for name, value in headers.items()}
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await self.http.post("/graphql", content=content, headers=sent)

    async def ask(
        self, query: str, variables: dict[str, Any] | None = None, *, role: Role = Role.ADVISER
    ) -> dict[str, Any]:
        """The `data` of an operation that is expected to succeed."""
        answer = (await self.post({"query": query, "variables": variables}, role=role)).json()
        assert "errors" not in answer, answer
        data: dict[str, Any] = answer["data"]
        return data

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[str]:
        """The gateway on a real port of this machine: its address, without a slash at the end."""
        async with listening(self.app) as origin:
            yield origin

    def left(self) -> str:
        """Every byte that telemetry let out."""
        self.telemetry._tracers.force_flush()
        return (
            self.lines.getvalue()
            + self.telemetry.exposition().decode()
            + self.spans_path.read_text()
        )


async def nobody_waits(live: Live) -> None:
    """Return when all who waited for news have gone; a connection's end is noticed a moment later."""
    async with asyncio.timeout(15):
        while len(live) > 0:  # noqa: ASYNC110  nobody is told of it
            await asyncio.sleep(0.01)


@asynccontextmanager
async def listening(app: ASGIApp) -> AsyncIterator[str]:
    """An app on a real port of this machine, served as the gateway is."""
    served = config(app)
    served.port = 0
    server = uvicorn.Server(served)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110  uvicorn has no event for it
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await serving


@asynccontextmanager
async def running_gateway(
    home: Path,
    *,
    graphiql: bool = True,
    guesses: Guesses | None = None,
    rules: DocumentRules = LOCAL,
    pages: Path | None = None,
    get_queries: bool = False,
    verifier: TokenVerifier | None = None,
    rates: Rates | None = None,
) -> AsyncIterator[Lab]:
    """The gateway in this process, its neighbours behind a real bus; `verifier`: not of the lab's issuer."""
    signer = Signer(key=Ed25519PrivateKey.generate(), issuer=ISSUER)
    (home / "jwks.json").write_text(json.dumps(signer.jwks()))
    lines = io.StringIO()
    telemetry = configure("gateway", spans_path=home / "spans.jsonl", file=lines)
    neighbours = Neighbours()
    async with AsyncExitStack() as stack:
        stack.callback(telemetry.shutdown)
        bus = await stack.enter_async_context(running_bus(home, provisioned=False))
        for service in ("intake", "signals", "reporting"):
            server = RpcServer(await bus.client(service), service, neighbours.dispatcher(service))
            await server.start()
            stack.push_async_callback(server.drain)
        client = await bus.client("gateway")
        live = Live()
        await live.listen(client)
        if verifier is None:
            verifier = TokenVerifier(home / "jwks.json", ISSUER, "hoeksteen", reporter=unproven)
        app = application(
            rpc=RpcClient(client),
            verifier=verifier,
            telemetry=telemetry,
            ready=lambda: responds(client),
            graphiql=graphiql,
            guesses=guesses,
            rules=rules,
            news=live,
            pages=pages,
            get_queries=get_queries,
            rates=rates,
        )
        http = await stack.enter_async_context(
            httpx2.AsyncClient(
                transport=httpx2.ASGITransport(app), base_url="http://gateway.example"
            )
        )
        yield Lab(
            app=app,
            http=http,
            signer=signer,
            neighbours=neighbours,
            bus=bus,
            telemetry=telemetry,
            lines=lines,
            spans_path=home / "spans.jsonl",
            live=live,
            revocations=verifier.revocations,
        )
