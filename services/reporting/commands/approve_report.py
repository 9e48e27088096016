"""An adviser approves a report with the words that readers will see."""

from __future__ import annotations

from uuid import UUID

from services.reporting.commands.in_report import add_to_report
from services.reporting.domain import report
from services.reporting.loading import load_ground
from services.reporting.streams import approved_stream
from shared.contracts.errors import invalid
from shared.contracts.rpc import ApproveReport, Done
from shared.eventstore.store import Change
from shared.runtime.calls import Call


async def approve_report(call: Call, request: ApproveReport) -> Done:
    """See ApproveReport."""
    words = {one.section: one.words for one in request.words}
    if len(words) != len(request.words):
        raise invalid("words", "a section stands there twice")

    async def decide(report_id: UUID, state: report.Report) -> tuple[report.Event, Change]:
        ground = await load_ground(call.parts, call.organisation, state)
        approved, sections = report.approve(
            state, ground, request.interpretation, words, read=request.sections_sha256
        )
        return approved, Change(approved_stream(report_id, state.approvals + 1), 1, sections)

    return await add_to_report(call, request.report_id, decide)
