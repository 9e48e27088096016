"""An adviser approves a report with the words that readers will see."""

from __future__ import annotations

from uuid import UUID

from services.reporting.commands.in_report import add_to_report
from services.reporting.domain import report
from shared.contracts.rpc import ApproveReport, Done
from shared.runtime.calls import Call


async def approve_report(call: Call, request: ApproveReport) -> Done:
    """See ApproveReport."""

    async def decide(_report_id: UUID, state: report.Report) -> report.Event:
        return report.approve(state, request.interpretation)

    return await add_to_report(call, request.report_id, decide)
