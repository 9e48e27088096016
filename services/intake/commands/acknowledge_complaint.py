"""A complaints officer confirms that a complaint was received, with a term."""

from __future__ import annotations

from services.intake.commands.in_complaint import add_to_complaint
from services.intake.domain.complaint import acknowledge
from shared.contracts.rpc import AcknowledgeComplaint, Done
from shared.runtime.calls import Call


async def acknowledge_complaint(call: Call, request: AcknowledgeComplaint) -> Done:
    """See AcknowledgeComplaint."""
    return await add_to_complaint(
        call,
        request.complaint_id,
        lambda state, _organisation, _id: acknowledge(
            state, by=call.principal.subject, answer_by=request.answer_by, at=call.now
        ),
    )
