"""Pages for people: the example's where they were built, else what this is; GraphiQL in local mode.

Nothing comes from another host.
"""

from __future__ import annotations

import mimetypes
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from services.gateway.http import QUIET, SECURITY_HEADERS, language_of

STATIC: Final = Path(__file__).parent / "static"

# Our own host only, and no inline script: a page that wanted a CDN would stay empty. GraphiQL's
# editor sets style attributes and shows icons from data: addresses.
PAGE_HEADERS: Final = {
    **SECURITY_HEADERS,
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; font-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
}

# No inline style either, nothing that a script could make markup of, and no word to the page that
# opened this one.
BUILT_HEADERS: Final = {
    **SECURITY_HEADERS,
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
}

_TEXT: Final = {
    "en": {
        "title": "Hoeksteen",
        "what": "The backend for an organisation's confidential advisers: confidential cases in, "
        "signals that name nobody, half-yearly reports that management can act on.",
        "how": "Programs send GraphQL to <code>POST /graphql</code> with a bearer token. Each role "
        "has its own schema.",
        "try": "Try queries in GraphiQL",
        "pages": "Pages for reporters, advisers, HR and board come here once they are built, which "
        "takes npm: <code>make pages</code>, then start again.",
        "other": '<a href="/?language=nl" hreflang="nl" lang="nl">Nederlands</a>',
    },
    "nl": {
        "title": "Hoeksteen",
        "what": "De achterkant voor de vertrouwenspersonen van een organisatie: vertrouwelijke "
        "meldingen erin, signalen die niemand noemen, halfjaarrapporten waar het bestuur iets mee "
        "kan.",
        "how": "Programma's sturen GraphQL naar <code>POST /graphql</code> met een toegangsbewijs "
        "(bearer token). Elke rol heeft een eigen schema.",
        "try": "Probeer vragen in GraphiQL",
        "pages": "Pagina's voor melders, vertrouwenspersonen, HR en bestuur komen hier als ze zijn "
        "gebouwd, en daar is npm voor nodig: <code>make pages</code>, en dan opnieuw starten.",
        "other": '<a href="/?language=en" hreflang="en" lang="en">English</a>',
    },
}

_PAGE: Final = """<!doctype html>
<html lang="{language}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/static/home.css">
<main>
<h1>{title}</h1>
<p>{what}</p>
<p>{how}</p>
{links}
<p>{other}</p>
</main>
</html>
"""


def routes(*, graphiql: bool, built: Path | None = None) -> list[BaseRoute]:
    """The pages; GraphiQL and its files only where asked for. `built` holds those that stand at /."""

    async def home(request: Request) -> Response:
        wanted = request.query_params.get("language")
        language = wanted if wanted in _TEXT else language_of(request)
        text = _TEXT[language]
        links = ""
        if graphiql:
            links = f'<p><a href="/graphiql">{text["try"]}</a></p><p>{text["pages"]}</p>'
        return HTMLResponse(
            _PAGE.format(language=language, links=links, **text), headers=PAGE_HEADERS
        )

    async def style(_: Request) -> Response:
        return Response(
            (STATIC / "home.css").read_bytes(), media_type="text/css", headers=SECURITY_HEADERS
        )

    async def ide(_: Request) -> Response:
        return HTMLResponse((STATIC / "graphiql.html").read_bytes(), headers=PAGE_HEADERS)

    pages: list[BaseRoute] = [Route("/static/home.css", style)]
    pages += _built(built) if built is not None else [Route("/", home)]
    if graphiql:
        pages += [
            Route("/graphiql", ide),
            Mount("/static/graphiql", StaticFiles(directory=STATIC / "graphiql")),
        ]
    return pages


def _built(folder: Path) -> list[BaseRoute]:
    """A route for each file of the folder, as it is now: nothing else of the machine can be asked for."""
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    addresses = {f"/{path.relative_to(folder).as_posix()}": path for path in found}
    addresses["/"] = folder / "index.html"
    return [
        Route(address, _File(path))
        for address, path in addresses.items()
        if not path.name.startswith(".")
    ]


class _File:
    """One file. Who asks for it may be a reporter: it is counted nowhere, and no browser keeps it."""

    def __init__(self, path: Path) -> None:
        self._body = path.read_bytes()
        self._type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[QUIET] = True
        response = Response(self._body, media_type=self._type, headers=BUILT_HEADERS)
        await response(scope, receive, send)
