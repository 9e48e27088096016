"""Something was done about a report."""

from __future__ import annotations

from services.intake.commands.in_report import add_to_report
from services.intake.domain import whistleblower_report
from services.intake.sealed import from_bus
from services.intake.signatures import verifies
from shared.contracts.rpc import Done, FollowUpWhistleblowerReport
from shared.runtime.calls import Call


async def follow_up_whistleblower_report(call: Call, request: FollowUpWhistleblowerReport) -> Done:
    """See FollowUpWhistleblowerReport."""
    return await add_to_report(
        call,
        request.report_id,
        lambda state, organisation: whistleblower_report.follow_up(
            state,
            organisation,
            by=call.principal.subject,
            follow_up=request.follow_up,
            words=from_bus(request.words),
            signature=request.signature,
            at=call.now,
            verifies=verifies,
        ),
    )
