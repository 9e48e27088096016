"""GET /reports/{id}.pdf: a published report, for those who may read it."""

from __future__ import annotations

import hashlib
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from services.gateway.grants import ADVISER, MEMBERS
from services.gateway.http import SECURITY_HEADERS, language_of, refuse, sign_in
from shared.bus.rpc import RpcClient
from shared.contracts.errors import Code, Refusal
from shared.contracts.rpc import VERBS, Document, ReportQuery
from shared.identity.roles import Role
from shared.identity.tokens import TokenVerifier
from shared.telemetry import Event, Telemetry

READERS = ADVISER | MEMBERS
"""Roles that may ask for a PDF; which reports, reporting decides."""

RENDER_SECONDS = 30.0
"""A report is rendered when it is asked for, which takes longer than an answer of a table."""


class ReportPdf:
    """Asks reporting to render a report and passes the bytes on, checked against their hash."""

    def __init__(self, rpc: RpcClient, verifier: TokenVerifier, telemetry: Telemetry) -> None:
        self._rpc = rpc
        self._verifier = verifier
        self._telemetry = telemetry

    async def __call__(self, request: Request) -> Response:
        """The PDF, or a refusal; what may not be seen looks like what is not there."""
        language = language_of(request)
        try:
            caller = await sign_in(request, self._verifier)
            report = _id(request.path_params["report_id"], caller.principal.role)
            with self._telemetry.span("report.pdf", role=caller.principal.role.value):
                document = await self._rpc.ask(
                    VERBS["reporting.render_report"],
                    ReportQuery(id=report),
                    token=caller.token,
                    timeout=RENDER_SECONDS,
                    traceparent=self._telemetry.traceparent(),
                )
        except Refusal as refusal:
            return refuse(refusal, language)
        if (
            not isinstance(document, Document)
            or hashlib.sha256(document.pdf).digest() != document.sha256
        ):
            self._telemetry.log(
                Event.OPERATION_FAILED, http_route="report.pdf", error="HashDiffers"
            )
            return refuse(Refusal(Code.INTERNAL), language)
        return Response(
            document.pdf,
            media_type="application/pdf",
            headers={
                **SECURITY_HEADERS,
                "Content-Disposition": f'inline; filename="report-{report}.pdf"',
            },
        )


def _id(text: str, role: Role) -> str:
    if role not in READERS:
        raise Refusal(Code.NOT_FOUND)
    try:
        return str(UUID(text))
    except ValueError:
        raise Refusal(Code.NOT_FOUND) from None
