"""A reader lets the advisers know that they read a report."""

from __future__ import annotations

from uuid import UUID

from services.reporting.commands.in_report import add_to_report
from services.reporting.domain import report
from shared.contracts.rpc import AcknowledgeReport, Done
from shared.runtime.calls import Call


async def acknowledge_report(call: Call, request: AcknowledgeReport) -> Done:
    """See AcknowledgeReport."""

    async def decide(_report_id: UUID, state: report.Report) -> tuple[report.Event]:
        return (
            report.acknowledge(
                state,
                request.version,
                role=call.principal.role.value,
                reader=call.principal.subject,
                on=call.now.date(),
            ),
        )

    return await add_to_report(call, request.report_id, decide)
