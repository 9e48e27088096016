"""A reporter says whether they were heard."""

from __future__ import annotations

from services.intake.commands.in_case import add_as_either
from services.intake.domain import aftercare
from shared.contracts.rpc import Done, SaySatisfaction
from shared.runtime.calls import Call


async def say_satisfaction(call: Call, request: SaySatisfaction) -> Done:
    """See SaySatisfaction."""
    return await add_as_either(
        call,
        request.case_id,
        lambda state, by_reporter: aftercare.say_satisfaction(
            state,
            heard=request.heard,
            solved=request.solved,
            by_reporter=by_reporter,
            how=request.how,
            at=call.now,
        ),
    )
