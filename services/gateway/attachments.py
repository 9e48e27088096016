"""POST /attachments and GET /attachments/{id}: sealed files as bytes, a chunk at a time.

Only ever one chunk is in memory, whatever the size of the file. The case's id stands in the body, not
in the address. Whose file it is, and what is recorded before the first byte leaves, intake decides.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final
from uuid import UUID

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse

from services.gateway.guesses import Guesses
from services.gateway.http import (
    BODY_SECONDS,
    QUIET,
    SECURITY_HEADERS,
    SignedIn,
    language_of,
    refuse,
    sign_in,
)
from services.gateway.rates import FILE_POINTS, Rates
from shared.bus.rpc import RpcClient
from shared.contracts.errors import Code, Refusal, invalid
from shared.contracts.rpc import VERBS, Chunk, ChunkQuery, PutChunk, Shape, Verb
from shared.identity.anonymous import is_anonymous
from shared.identity.tokens import TokenVerifier

CHUNK_BYTES: Final = 64 * 1024 + 16
"""Bytes of a chunk as a client seals it."""

_HEAD_BYTES: Final = 16 + 16 + 4
"""Before the chunks: the case's id, the file's id, the number of the first chunk (big-endian)."""

_LARGEST_NUMBER: Final = 2**31
_MOST_DIGITS: Final = 10


class Attachments:
    """Passes chunks on between a client and intake."""

    def __init__(
        self, rpc: RpcClient, verifier: TokenVerifier, guesses: Guesses, rates: Rates
    ) -> None:
        self._rpc = rpc
        self._rates = rates
        self._verifier = verifier
        self._guesses = guesses

    async def put(self, request: Request) -> Response:
        """Take chunks in, each answered by intake before the next is read; 204 when all are there."""
        request.scope[QUIET] = True
        try:
            caller = await self._caller(request)
            await self._take_in(request, caller)
        except TimeoutError:
            return refuse(Refusal(Code.TIMED_OUT), language_of(request))
        except ClientDisconnect:
            return refuse(Refusal(Code.MALFORMED_REQUEST), language_of(request))
        except Refusal as refusal:
            return refuse(refusal, language_of(request))
        return Response(status_code=204, headers=SECURITY_HEADERS)

    async def _caller(self, request: Request) -> SignedIn:
        caller = await sign_in(request, self._verifier)
        self._rates.charge(caller.principal, FILE_POINTS)
        return caller

    async def _take_in(self, request: Request, caller: SignedIn) -> None:
        waiting = bytearray()
        place: tuple[str, str, int] | None = None
        parts = request.stream()
        while True:
            async with asyncio.timeout(BODY_SECONDS):
                part = await anext(parts, None)
            if part is None:
                break
            waiting += part
            if place is None and len(waiting) >= _HEAD_BYTES:
                place = _place(bytes(waiting[:_HEAD_BYTES]))
                del waiting[:_HEAD_BYTES]
            while place is not None and len(waiting) >= CHUNK_BYTES:
                case, attachment, number = place
                chunk = PutChunk(
                    case_id=case, id=attachment, number=number, content=bytes(waiting[:CHUNK_BYTES])
                )
                del waiting[:CHUNK_BYTES]
                await self._asked(VERBS["intake.put_chunk"], chunk, caller)
                place = (case, attachment, number + 1)
        if place is None or waiting:
            raise invalid("content", "it is not {bytes} bytes long", bytes=CHUNK_BYTES)

    async def get(self, request: Request) -> Response:
        """The chunks of a file from number `from` on, or a refusal; what may not be seen looks like
        what is not there.
        """
        request.scope[QUIET] = True
        try:
            caller = await self._caller(request)
            attachment = _attachment(request.path_params["attachment"])
            first = _number(request.query_params.get("from", "0"))
            chunk = await self._chunk(caller, attachment, first)
        except Refusal as refusal:
            return refuse(refusal, language_of(request))
        return StreamingResponse(
            self._chunks(caller, attachment, first, chunk),
            media_type="application/octet-stream",
            headers={
                **SECURITY_HEADERS,
                "Content-Length": str((chunk.chunks - first) * CHUNK_BYTES),
                "Hoeksteen-Chunks": str(chunk.chunks),
            },
        )

    async def _chunks(
        self, caller: SignedIn, attachment: str, first: int, chunk: Chunk
    ) -> AsyncIterator[bytes]:
        """A refusal on the way ends the answer early: its length then tells that it is not whole."""
        yield chunk.content
        for number in range(first + 1, chunk.chunks):
            yield (await self._chunk(caller, attachment, number)).content

    async def _asked(self, verb: Verb, request: Shape, caller: SignedIn) -> Shape:
        try:
            return await self._rpc.ask(verb, request, token=caller.token)
        except Refusal as refusal:
            # A session that was made up is a guess too, as in GraphQL.
            wrong = refusal.code in (Code.NOT_FOUND, Code.NOT_SIGNED_IN)
            if wrong and is_anonymous(caller.token) and not caller.principal.at_door:
                await self._guesses.missed()
            raise

    async def _chunk(self, caller: SignedIn, attachment: str, number: int) -> Chunk:
        query = ChunkQuery(id=attachment, number=number)
        chunk = await self._asked(VERBS["intake.chunk"], query, caller)
        assert isinstance(chunk, Chunk)  # noqa: S101  the verb's shape
        return chunk


def _place(head: bytes) -> tuple[str, str, int]:
    return (
        str(UUID(bytes=head[:16])),
        str(UUID(bytes=head[16:32])),
        int.from_bytes(head[32:], "big"),
    )


def _attachment(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise Refusal(Code.NOT_FOUND) from None


def _number(text: str) -> int:
    if not (
        text.isascii()
        and text.isdecimal()
        and len(text) <= _MOST_DIGITS
        and int(text) < _LARGEST_NUMBER
    ):
        raise invalid("from", "it has the wrong form")
    return int(text)
