"""GET /ledger/<service>/<organisation>/…: a log as static files (C2SP tlog-tiles).

Checkpoint, public keys and hash tiles are for anybody: they hold hashes and signatures, and neither
their number nor their moment tells anything. Entries are records, which that organisation's auditor
alone gets, through GraphQL.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from services.gateway.http import SECURITY_HEADERS, language_of, refuse
from services.gateway.rates import Rates
from shared.bus.rpc import RpcClient
from shared.contracts.errors import Code, Refusal
from shared.contracts.rpc import VERBS, PublishedFile, PublishedQuery
from shared.ledger.tiles import TilePathError, parse_path

SERVICES: Final = ("intake", "signals", "reporting")

CHECKPOINT: Final = "checkpoint"
KEYS: Final = "log.vkey"

MUTABLE_SECONDS: Final = 5.0
"""How long a checkpoint, or that a file is not there, is believed (tlog-tiles: a few seconds)."""

KEPT: Final = 2_048
"""Files kept in memory, least recently used first out: 16 MiB of tiles at the most."""

_IMMUTABLE: Final = "public, max-age=31536000, immutable"
_MUTABLE: Final = f"public, max-age={MUTABLE_SECONDS:.0f}"


class LedgerFiles:
    """Asks the log's own service, and remembers what does not change."""

    def __init__(self, rpc: RpcClient, rates: Rates) -> None:
        self._rpc = rpc
        self._rates = rates
        self._kept: OrderedDict[tuple[str, UUID, str], tuple[bytes | None, float]] = OrderedDict()

    async def __call__(self, request: Request) -> Response:
        """The file, or a refusal; what may not be seen looks like what is not there."""
        try:
            return await self._answer(request)
        except Refusal as refusal:
            return refuse(refusal, language_of(request))

    async def _answer(self, request: Request) -> Response:
        service, path = request.path_params["service"], request.path_params["path"]
        organisation = _organisation(request.path_params["organisation"])
        if service not in SERVICES:
            raise Refusal(Code.NOT_FOUND)
        if path in (CHECKPOINT, KEYS):
            content = await self._published(service, organisation, path, mutable=True)
            return _file(content, "text/plain; charset=utf-8", _MUTABLE)
        try:
            tile = parse_path(path)
        except TilePathError:
            raise Refusal(Code.NOT_FOUND) from None
        if tile.level is None:
            raise Refusal(Code.NOT_FOUND)
        content = await self._published(service, organisation, path, mutable=False)
        return _file(content, "application/octet-stream", _IMMUTABLE)

    async def _published(
        self, service: str, organisation: UUID, path: str, *, mutable: bool
    ) -> bytes:
        key = (service, organisation, path)
        content, until = self._kept.get(key, (None, 0.0))
        if until > time.monotonic():
            self._kept.move_to_end(key)
        else:
            self._rates.charge_public()
            content = await self._ask(service, organisation, path)
            # What is not there yet may be there tomorrow; a tile that is there stays as it is.
            lasting = content is not None and not mutable
            seconds = float("inf") if lasting else MUTABLE_SECONDS
            self._kept[key] = (content, time.monotonic() + seconds)
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        if content is None:
            raise Refusal(Code.NOT_FOUND)
        return content

    async def _ask(self, service: str, organisation: UUID, path: str) -> bytes | None:
        wanted = PublishedQuery(organisation_id=str(organisation), path=path)
        try:
            answer = await self._rpc.ask(VERBS[f"{service}.published"], wanted, token=None)
        except Refusal as refusal:
            if refusal.code is Code.NOT_FOUND:
                return None
            raise
        assert isinstance(answer, PublishedFile)  # noqa: S101  the verb's shape
        return answer.content


def _organisation(text: str) -> UUID:
    try:
        organisation = UUID(text)
    except ValueError:
        raise Refusal(Code.NOT_FOUND) from None
    if str(organisation) != text:
        raise Refusal(Code.NOT_FOUND)
    return organisation


def _file(content: bytes, media_type: str, caching: str) -> Response:
    return Response(
        content, media_type=media_type, headers={**SECURITY_HEADERS, "Cache-Control": caching}
    )
