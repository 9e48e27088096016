"""The page of `make traces` and what it asks for: on 127.0.0.1, for a browser of this machine alone."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.local.traces.reading import traces

_FILES: Final = {
    "/": ("page.html", "text/html; charset=utf-8"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
    "/page.css": ("page.css", "text/css; charset=utf-8"),
}
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self';"
    " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def application(folder: Path, port: int) -> ASGIApp:
    """The page over the span files of `folder`."""

    async def page(request: Request) -> Response:
        name, kind = _FILES[request.url.path]
        text = (Path(__file__).parent / name).read_bytes()
        return Response(text, media_type=kind, headers=_HEADERS)

    def found(_: Request) -> Response:
        return Response(
            msgspec.json.encode(traces(folder)), media_type="application/json", headers=_HEADERS
        )

    routes = [Route(path, page) for path in _FILES]
    return _AtHome(Starlette(routes=[*routes, Route("/traces.json", found)]), port)


class _AtHome:
    """Answers only who asks for this machine by its own name: a page of elsewhere, whose name was made to
    mean 127.0.0.1, is told nothing.
    """

    def __init__(self, app: ASGIApp, port: int) -> None:
        self._app = app
        self._names = {f"{name}:{port}".encode() for name in ("127.0.0.1", "localhost")}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = dict(scope.get("headers", ())).get(b"host")
        if scope["type"] == "http" and asked not in self._names:
            refused = PlainTextResponse("This page is for this machine.", status_code=403)
            await refused(scope, receive, send)
            return
        await self._app(scope, receive, send)
