"""What the gateway is measured beside: servers that are told the same, in a process of their own each.

    python -m bench.gateway_servers bare|strawberry

`bare` is Starlette alone: a POST that answers a sentence, and a POST that asks intake for a page over NATS
with the caller's token, as the gateway does, and passes its bytes on; intake records the look for both.
`strawberry` is the gateway's whole schema and its resolvers behind `strawberry.asgi.GraphQL`, as it comes.
Both run in uvicorn as the gateway does, with the same loop, parser and garbage collection; the bare one
neither verifies, measures nor counts.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, cast

import msgspec
import strawberry
import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
from strawberry.asgi import GraphQL
from strawberry.schema.config import StrawberryConfig

from services.gateway.access import Mutation, Query
from services.gateway.guesses import Guesses
from services.gateway.live import Live
from services.gateway.rates import Rates
from services.gateway.schema import base
from services.gateway.settings import load
from shared.bus.connection import connect
from shared.bus.rpc import RpcClient
from shared.contracts import rpc
from shared.identity.tokens import TokenVerifier
from shared.runtime.garbage import look_less_often
from shared.runtime.settings import secret

if TYPE_CHECKING:
    from nats.aio.client import Client
    from starlette.requests import Request
    from starlette.types import ASGIApp

    from services.gateway.settings import GatewaySettings

_OK, _END = len(b'{"ok":'), len(b"}")


def bare(client: Client) -> ASGIApp:
    """Starlette and NATS; answers are written by msgspec."""
    verb = rpc.VERBS["intake.cases"]

    async def hello(request: Request) -> Response:
        await request.json()
        return _json(msgspec.json.encode({"data": {"session": {"role": "adviser"}}}))

    async def page(request: Request) -> Response:
        await request.json()
        answer = await client.request(
            verb.subject,
            msgspec.json.encode(rpc.Page(first=50, after=None)),
            timeout=10,
            headers={"Authorization": request.headers["authorization"], "Deadline-Ms": "10000"},
        )
        return _json(answer.data[_OK:-_END])

    def _json(body: bytes) -> Response:
        return Response(body, media_type="application/json")

    return Starlette(
        routes=[Route("/hello", hello, methods=["POST"]), Route("/page", page, methods=["POST"])]
    )


class _Default(GraphQL[base.Context, None]):
    """The caller is known as the gateway knows them; all else is as it comes."""

    def __init__(self, schema: strawberry.Schema, client: Client, verifier: TokenVerifier) -> None:
        super().__init__(schema)
        self._rpc = RpcClient(client)
        self._verifier = verifier
        self._guesses = Guesses()
        self._live = Live()
        self._rates = Rates()

    async def get_context(self, request: Any, response: Any) -> base.Context:  # noqa: ARG002
        """What resolvers expect."""
        token = request.headers["authorization"].removeprefix("Bearer ")
        return base.Context(
            principal=await self._verifier.verify(token),
            token=token,
            language="en",
            rpc=self._rpc,
            traceparent=None,
            guesses=self._guesses,
            live=self._live,
            rates=self._rates,
        )


def default(client: Client, settings: GatewaySettings) -> ASGIApp:
    """The whole schema, without roles."""
    schema = strawberry.Schema(
        query=Query, mutation=Mutation, config=StrawberryConfig(scalar_map=base.SCALARS)
    )
    verifier = TokenVerifier(settings.jwks, settings.issuer, "hoeksteen")
    return cast("ASGIApp", _Default(schema, client, verifier))


async def _serve(kind: str) -> None:
    settings = load()
    client = await connect(
        servers=settings.nats_url,
        user=settings.nats_user,
        password=secret(settings.nats_password_file),
        name="gateway",
    )
    app = bare(client) if kind == "bare" else default(client, settings)
    await uvicorn.Server(
        uvicorn.Config(
            app,
            host=settings.http_host,
            port=settings.http_port,
            http="httptools",
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=1,
        )
    ).serve()


def main() -> None:
    """Run until a signal ends it."""
    look_less_often()
    uvloop.run(_serve(sys.argv[1]))


if __name__ == "__main__":
    main()
