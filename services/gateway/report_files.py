"""GET /reports/{id}.pdf, .html, .xlsx, .ods and .json: a published report, for those who may read it."""

from __future__ import annotations

import hashlib
from typing import Final
from uuid import UUID

import msgspec
from opentelemetry.trace import SpanKind
from starlette.requests import Request
from starlette.responses import Response

from services.gateway.grants import ADVISER, MEMBERS
from services.gateway.http import SECURITY_HEADERS, language_of, refuse, sign_in
from services.gateway.rates import REPORT_POINTS, Rates
from services.gateway.schema.base import MOST_PARTS
from shared.bus.rpc import RpcClient
from shared.contracts.errors import Code, Refusal
from shared.contracts.rpc import VERBS, Document, RenderReport
from shared.identity.roles import Role
from shared.identity.tokens import TokenVerifier
from shared.telemetry import Event, Telemetry

READERS = ADVISER | MEMBERS
"""Roles that may ask for a file; which reports, and which version of them, reporting decides."""

RENDER_SECONDS = 30.0
"""A report is rendered when it is asked for, which takes longer than an answer of a table."""

_PAGE: Final = {
    # The page has its looks with it; it runs nothing and loads nothing.
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; "
    "frame-ancestors 'none'; sandbox"
}


class ReportFile:
    """Asks reporting to render a report and passes the bytes on, checked against their hash."""

    def __init__(
        self, rpc: RpcClient, verifier: TokenVerifier, telemetry: Telemetry, rates: Rates
    ) -> None:
        self._rpc = rpc
        self._rates = rates
        self._verifier = verifier
        self._telemetry = telemetry

    async def __call__(self, request: Request) -> Response:
        """The file, or a refusal; what may not be seen looks like what is not there."""
        language = language_of(request)
        try:
            caller = await sign_in(request, self._verifier)
            asked = _asked(request, caller.principal.role)
            self._rates.charge(caller.principal, REPORT_POINTS)
            with self._telemetry.span(
                "report.file", kind=SpanKind.SERVER, role=caller.principal.role.value
            ) as span:
                try:
                    document, data = await self._whole(asked, caller.token)
                except Refusal as refusal:
                    span.set_attribute("status", refusal.code.value)
                    raise
                span.set_attribute("status", "ok")
        except Refusal as refusal:
            return refuse(refusal, language)
        if hashlib.sha256(data).digest() != document.sha256:
            self._telemetry.log(
                Event.OPERATION_FAILED, http_route="report.file", error="HashDiffers"
            )
            return refuse(Refusal(Code.INTERNAL), language)
        headers = {
            **SECURITY_HEADERS,
            "Content-Disposition": f'inline; filename="{document.file_name}"',
        }
        if asked.form == "html":
            headers |= _PAGE
        return Response(data, media_type=document.media_type, headers=headers)

    async def _whole(self, asked: RenderReport, token: str) -> tuple[Document, bytes]:
        """The last part, and the bytes of all. Raises Refusal, TOO_LARGE beyond so many parts as one answer
        may have.
        """
        data = b""
        for _ in range(MOST_PARTS):
            document = await self._rpc.ask(
                VERBS["reporting.render_report"],
                msgspec.structs.replace(asked, after=len(data)),
                token=token,
                timeout=RENDER_SECONDS,
                traceparent=self._telemetry.traceparent(),
            )
            if not isinstance(document, Document):
                raise TypeError("reporting answers another shape than a document")
            data += document.data
            if document.next is None:
                return document, data
        raise Refusal(Code.TOO_LARGE, limit=MOST_PARTS, unit="MiB")


def _asked(request: Request, role: Role) -> RenderReport:
    """What is asked for: the form from the address, the language that is named there, else that of the
    request's Accept-Language, else the organisation's. Raises Refusal NOT_FOUND for what is no report.
    """
    if role not in READERS:
        raise Refusal(Code.NOT_FOUND)
    query = request.query_params
    spoken = query.get("language")
    if spoken is None and request.headers.get("accept-language"):
        spoken = language_of(request)
    try:
        return msgspec.convert(
            {
                "id": str(UUID(request.path_params["report_id"])),
                "form": request.path_params["form"],
                "version": query.get("version"),
                "audience": query.get("audience"),
                "language": spoken,
            },
            RenderReport,
            strict=False,
        )
    except (ValueError, msgspec.ValidationError):
        raise Refusal(Code.NOT_FOUND) from None
