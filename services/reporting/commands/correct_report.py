"""An adviser begins a new version of a published report."""

from __future__ import annotations

from uuid import UUID

from services.reporting.commands.in_report import add_to_report
from services.reporting.domain import report
from shared.contracts.rpc import CorrectReport, Done
from shared.runtime.calls import Call


async def correct_report(call: Call, request: CorrectReport) -> Done:
    """See CorrectReport."""

    async def decide(_report_id: UUID, state: report.Report) -> tuple[report.Event]:
        return (report.begin_correction(state, request.changes),)

    return await add_to_report(call, request.report_id, decide)
