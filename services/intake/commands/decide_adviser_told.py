"""The reporter says otherwise whether the adviser may be told of their complaint."""

from __future__ import annotations

from services.intake.commands.in_complaint import add_to_complaint
from services.intake.domain.complaint import decide_telling
from shared.contracts.rpc import DecideAdviserTold, Done
from shared.runtime.calls import Call


async def decide_adviser_told(call: Call, request: DecideAdviserTold) -> Done:
    """See DecideAdviserTold."""
    return await add_to_complaint(
        call,
        request.complaint_id,
        lambda state, _organisation, _id: decide_telling(
            state, may_tell=request.may_tell, at=call.now
        ),
    )
