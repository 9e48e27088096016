"""A reporter is told what was done about their report."""

from __future__ import annotations

from services.intake.commands.in_report import add_to_report
from services.intake.domain import whistleblower_report
from services.intake.sealed import from_bus
from services.intake.signatures import verifies
from shared.contracts.rpc import Done, GiveWhistleblowerFeedback
from shared.runtime.calls import Call


async def give_whistleblower_feedback(call: Call, request: GiveWhistleblowerFeedback) -> Done:
    """See GiveWhistleblowerFeedback."""
    return await add_to_report(
        call,
        request.report_id,
        lambda state, organisation: whistleblower_report.give_feedback(
            state,
            organisation,
            by=call.principal.subject,
            on=request.on,
            how=request.how,
            words=from_bus(request.words),
            signature=request.signature,
            at=call.now,
            verifies=verifies,
        ),
    )
