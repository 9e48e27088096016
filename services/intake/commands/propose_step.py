"""A step of the ladder is put on the table."""

from __future__ import annotations

from services.intake.commands.in_case import add_as_either
from services.intake.domain import ladder
from services.intake.sealed import as_uuid
from shared.contracts.rpc import Done, ProposeStep
from shared.runtime.calls import Call


async def propose_step(call: Call, request: ProposeStep) -> Done:
    """See ProposeStep."""
    return await add_as_either(
        call,
        request.case_id,
        lambda state, by_reporter: ladder.propose(
            state,
            step_id=as_uuid(request.step_id, "stepId"),
            step=request.step,
            by_reporter=by_reporter,
            at=call.now,
        ),
    )
