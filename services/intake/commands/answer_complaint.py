"""A complaints officer answers the reporter."""

from __future__ import annotations

from services.intake.commands.in_complaint import add_to_complaint
from services.intake.domain.complaint import answer
from services.intake.sealed import from_bus
from services.intake.signatures import verifies
from shared.contracts.rpc import AnswerComplaint, Done
from shared.runtime.calls import Call


async def answer_complaint(call: Call, request: AnswerComplaint) -> Done:
    """See AnswerComplaint."""
    return await add_to_complaint(
        call,
        request.complaint_id,
        lambda state, organisation, complaint_id: answer(
            state,
            organisation,
            complaint_id=complaint_id,
            by=call.principal.subject,
            words=from_bus(request.words),
            signature=request.signature,
            verifies=verifies,
            at=call.now,
        ),
    )
