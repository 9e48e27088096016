"""A reporter decides about a step."""

from __future__ import annotations

from services.intake.commands.in_case import add_as_either
from services.intake.domain import ladder
from services.intake.sealed import as_uuid
from shared.contracts.rpc import DecideStep, Done
from shared.runtime.calls import Call


async def decide_step(call: Call, request: DecideStep) -> Done:
    """See DecideStep."""
    return await add_as_either(
        call,
        request.case_id,
        lambda state, by_reporter: ladder.decide(
            state,
            step_id=as_uuid(request.step_id, "stepId"),
            decision=request.decision,
            by_reporter=by_reporter,
            how=request.how,
            at=call.now,
        ),
    )
