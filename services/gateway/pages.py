"""Pages for people: what this is, and GraphiQL in local mode. Nothing comes from another host."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from services.gateway.http import SECURITY_HEADERS, language_of

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

_TEXT: Final = {
    "en": {
        "title": "Hoeksteen",
        "what": "The backend for an organisation's confidential advisers: confidential cases in, "
        "signals that name nobody, half-yearly reports that management can act on.",
        "how": "Programs send GraphQL to <code>POST /graphql</code> with a bearer token. Each role "
        "has its own schema.",
        "try": "Try queries in GraphiQL",
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


def routes(*, graphiql: bool) -> list[BaseRoute]:
    """The pages; GraphiQL and its files only where asked for."""

    async def home(request: Request) -> Response:
        wanted = request.query_params.get("language")
        language = wanted if wanted in _TEXT else language_of(request)
        text = _TEXT[language]
        links = f'<p><a href="/graphiql">{text["try"]}</a></p>' if graphiql else ""
        return HTMLResponse(
            _PAGE.format(language=language, links=links, **text), headers=PAGE_HEADERS
        )

    async def style(_: Request) -> Response:
        return Response(
            (STATIC / "home.css").read_bytes(), media_type="text/css", headers=SECURITY_HEADERS
        )

    async def ide(_: Request) -> Response:
        return HTMLResponse((STATIC / "graphiql.html").read_bytes(), headers=PAGE_HEADERS)

    pages: list[BaseRoute] = [Route("/", home), Route("/static/home.css", style)]
    if graphiql:
        pages += [
            Route("/graphiql", ide),
            Mount("/static/graphiql", StaticFiles(directory=STATIC / "graphiql")),
        ]
    return pages
