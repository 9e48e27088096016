"""An adviser keeps a sealed draft of the interpretation."""

from __future__ import annotations

from uuid import UUID

from services.reporting.commands.in_report import add_to_report
from services.reporting.domain import report
from services.reporting.shapes import drafts_from_bus
from shared.contracts.rpc import Done, SaveInterpretation
from shared.runtime.calls import Call


async def save_interpretation(call: Call, request: SaveInterpretation) -> Done:
    """See SaveInterpretation."""

    async def decide(_report_id: UUID, state: report.Report) -> tuple[report.Event]:
        return (report.save_interpretation(state, drafts_from_bus(request.sealed)),)

    return await add_to_report(call, request.report_id, decide)
