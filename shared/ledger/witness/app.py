"""The witness over HTTP: POST <prefix>/add-checkpoint (c2sp.org/tlog-witness), GET /health/live."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Final

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from shared.ledger.witness.state import LARGEST_REQUEST, TEXT_TYPE, Answer, WitnessProblem

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from shared.ledger.witness.state import Witness

_BODY_WITHIN: Final = 10.0


def application(witness: Witness, *, now: Callable[[], datetime], prefix: str = "") -> Starlette:
    """The ASGI app. `prefix` is the path in front of `/add-checkpoint`, such as `/witness`."""

    async def add_checkpoint(request: Request) -> Response:
        body = await _body(request)
        if isinstance(body, Answer):
            return _respond(body)
        try:
            # In a thread: it waits for a lock and for the disk.
            answer = await run_in_threadpool(
                witness.add_checkpoint, body, now=int(now().timestamp())
            )
        except (OSError, WitnessProblem) as error:
            answer = _refusal(500, "This witness cannot use its folder; its owner must look.")
            _say(f"{type(error).__name__} on the folder of this witness")
        return _respond(answer)

    async def live(_: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def http_error(_: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        return Response("There is nothing here.\n", status, media_type=TEXT_TYPE)

    return Starlette(
        routes=[
            Route(f"{prefix}/add-checkpoint", add_checkpoint, methods=["POST"]),
            Route("/health/live", live),
        ],
        exception_handlers={HTTPException: http_error},
    )


async def _body(request: Request) -> bytes | Answer:
    """The request's body, or why it is refused before it is read to its end."""
    body = bytearray()
    try:
        async with asyncio.timeout(_BODY_WITHIN):
            async for part in request.stream():
                body += part
                if len(body) > LARGEST_REQUEST:
                    return _refusal(413, "A request for a cosignature is small.")
    except (TimeoutError, ClientDisconnect):
        return _refusal(400, "The request did not come to its end.")
    return bytes(body)


def _refusal(status: int, sentence: str) -> Answer:
    return Answer(status, f"{sentence}\n", why=sentence)


def _respond(answer: Answer) -> Response:
    if answer.status != 200:
        # The sentence is one of ours: nothing of the request stands in it.
        _say(f"{answer.status} {answer.why}")
    return Response(answer.body, answer.status, headers={"Content-Type": answer.content_type})


def _say(line: str) -> None:
    print(f"refused: {line}", file=sys.stderr, flush=True)  # noqa: T201  the owner's log
