"""A complaints officer records that somebody was heard."""

from __future__ import annotations

from services.intake.commands.in_complaint import add_to_complaint
from services.intake.domain.complaint import hear
from services.intake.sealed import from_bus
from shared.contracts.rpc import Done, HearComplaint
from shared.runtime.calls import Call


async def hear_complaint(call: Call, request: HearComplaint) -> Done:
    """See HearComplaint."""
    return await add_to_complaint(
        call,
        request.complaint_id,
        lambda state, organisation, _id: hear(
            state,
            organisation,
            by=call.principal.subject,
            party=request.party,
            how=request.how,
            words=from_bus(request.words),
            at=call.now,
        ),
    )
