"""A step that the reporter chose was taken."""

from __future__ import annotations

from services.intake.commands.in_case import add_as_either
from services.intake.domain import ladder
from services.intake.sealed import as_uuid
from shared.contracts.rpc import Done, TakeStep
from shared.runtime.calls import Call


async def take_step(call: Call, request: TakeStep) -> Done:
    """See TakeStep."""
    return await add_as_either(
        call,
        request.case_id,
        lambda state, _by_reporter: ladder.take(
            state,
            step_id=as_uuid(request.step_id, "stepId"),
            at=call.now,
        ),
    )
