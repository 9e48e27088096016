"""The ASGI app: its routes, and one place that wires everything."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.gateway.access import served_schemas
from services.gateway.attachments import Attachments
from services.gateway.calendars import Calendars
from services.gateway.connections import Connections
from services.gateway.documents import LOCAL, DocumentRules
from services.gateway.execution import Engine
from services.gateway.guesses import Guesses
from services.gateway.http import QUIET, GraphQLEndpoint, language_of, refuse
from services.gateway.ledger_files import LedgerFiles
from services.gateway.live import Live
from services.gateway.pages import routes as page_routes
from services.gateway.rates import Rates
from services.gateway.report_files import ReportFile
from services.gateway.sign_out import PATH as SIGN_OUT
from services.gateway.sign_out import BackChannel
from services.gateway.websocket import WebSocketEndpoint
from shared.bus.rpc import RpcClient
from shared.contracts.errors import Code, Refusal
from shared.identity.anonymous import is_anonymous
from shared.identity.tokens import TokenVerifier
from shared.telemetry import Event, Telemetry


def application(
    *,
    rpc: RpcClient,
    verifier: TokenVerifier,
    telemetry: Telemetry,
    ready: Callable[[], Awaitable[bool]],
    graphiql: bool,
    guesses: Guesses | None = None,
    rules: DocumentRules = LOCAL,
    news: Live | None = None,
    pages: Path | None = None,
    get_queries: bool = False,
    rates: Rates | None = None,
) -> ASGIApp:
    """The gateway as one app. Raises AccessProblem where the access table has a hole, and SettingProblem for
    trusted documents that cannot be used.

    `ready` says whether the bus answers. `graphiql` serves the IDE: in local mode only. `guesses` is where
    wrong codes wait, if not in a queue of its own. `rules` say which documents run. `news` is where
    subscriptions wait. `pages` is the folder of built pages that stand at /. `get_queries` takes queries by
    GET: in local mode only. `rates` hold back who asks too much; none: nobody.
    """
    guesses, rates = guesses or Guesses(), Rates() if rates is None else rates
    news = Live() if news is None else news
    connections = Connections()
    engine = Engine(served_schemas(), rpc, telemetry, guesses, news, rules, rates)

    async def started(_: Request) -> Response:
        return PlainTextResponse("started")

    async def live(_: Request) -> Response:
        return PlainTextResponse("live")

    async def readiness(_: Request) -> Response:
        if await ready():
            return PlainTextResponse("ready")
        return PlainTextResponse("the bus does not answer", status_code=503)

    async def http_error(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        code = Code.NOT_FOUND if status == 404 else Code.NOT_SERVED
        return refuse(Refusal(code), language_of(request), status=status)

    async def fault(request: Request, error: Exception) -> Response:
        if not _is_anonymous(request.scope):
            telemetry.problem(Event.OPERATION_FAILED, error)
        return refuse(Refusal(Code.INTERNAL), language_of(request))

    endpoint = GraphQLEndpoint(engine, verifier, connections, get_queries=get_queries)
    sockets = WebSocketEndpoint(
        engine, verifier, telemetry, connections, any_loopback_origin=graphiql
    )
    reports = ReportFile(rpc, verifier, telemetry, rates)
    ledger_files = LedgerFiles(rpc, rates)
    files = Attachments(rpc, verifier, guesses, rates)
    calendars = Calendars(rpc, rates)
    sign_out = BackChannel(rpc, rates)

    async def report_file(request: Request) -> Response:
        return await reports(request)

    async def ledger_file(request: Request) -> Response:
        return await ledger_files(request)

    app = Starlette(
        routes=[
            WebSocketRoute("/graphql", sockets.connect, name="graphql"),
            Route("/reports/{report_id}.{form}", report_file, name="report.file"),
            Route("/attachments", files.put, methods=["POST"], name="attachments"),
            Route("/attachments/{attachment}", files.get, name="attachments"),
            Route("/calendar/{organisation}/{feed}/{secret}.ics", calendars.get, name="calendar"),
            Route("/ledger/{service}/{organisation}/{path:path}", ledger_file, name="ledger"),
            Route("/health/started", started, name="health"),
            Route("/health/live", live, name="health"),
            Route("/health/ready", readiness, name="health"),
            Route(SIGN_OUT, sign_out.post, methods=["POST"], name="sign-out"),
            *page_routes(graphiql=graphiql, built=pages),
        ],
        exception_handlers={HTTPException: http_error, Exception: fault},
    )
    return _Front(app, endpoint, fault, telemetry)


class _Front:
    """Sends operations to their endpoint and all else to the routes, and counts answers by our own name of
    the route and by status; never by what was asked.

    Nearly every request is an operation: a router, and what stands around one, would cost them a tenth.
    """

    def __init__(
        self,
        app: ASGIApp,
        endpoint: GraphQLEndpoint,
        fault: Callable[[Request, Exception], Awaitable[Response]],
        telemetry: Telemetry,
    ) -> None:
        self._app = app
        self._endpoint = endpoint
        self._fault = fault
        self._telemetry = telemetry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        anonymous = _is_anonymous(scope)
        answer = self._operation if scope["path"] == "/graphql" else self._other
        if anonymous:
            # A fault of ours is answered before it is raised on; raised to the server, it would be
            # a log line at the moment of a reporter.
            scope[QUIET] = True
            with contextlib.suppress(Exception):
                await answer(scope, receive, send)
        else:
            await answer(scope, receive, send)

    async def _operation(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send)
        try:
            response = await self._endpoint(request)
        except Exception as error:  # noqa: BLE001  the last stop before the wire: nothing may pass
            response = await self._fault(request, error)
        if isinstance(response, Response):
            self._count(scope, response.status_code)
        await response(scope, receive, send)

    async def _other(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def counting(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._count(scope, message["status"])
            await send(message)

        await self._app(scope, receive, counting)

    def _count(self, scope: Scope, status: int) -> None:
        if not scope.get(QUIET):
            route = _route(scope["path"])
            self._telemetry.metrics.add("http_requests", http_route=route, http_status=status)


def _is_anonymous(scope: Scope) -> bool:
    """Whether the request says it is of a reporter, or of who answers a pulse. Those are neither
    counted nor logged.
    """
    for name, value in scope["headers"]:
        if name == b"authorization":
            _, _, token = value.decode("latin-1").partition(" ")
            if is_anonymous(token.strip()):
                return True
    return False


_ROUTES = {
    "/graphql": "graphql",
    "/": "home",
    "/graphiql": "graphiql",
    "/health/started": "health",
    "/health/live": "health",
    "/health/ready": "health",
    SIGN_OUT: "sign-out",
}
_REPORT_FILE = re.compile(r"/reports/[^/]+\.[a-z]+")


def _route(path: str) -> str:
    """Our own name for an address; the address itself may hold anything and is never told."""
    if path in _ROUTES:
        return _ROUTES[path]
    if _REPORT_FILE.fullmatch(path):
        return "report.file"
    if path == "/attachments" or path.startswith("/attachments/"):
        return "attachments"
    if path.startswith("/ledger/"):
        return "ledger"
    return "other"
