"""A moment of aftercare is agreed."""

from __future__ import annotations

from services.intake.commands.in_case import add_as_either
from services.intake.domain import aftercare
from services.intake.sealed import as_uuid
from shared.contracts.rpc import Done, PlanAftercare
from shared.runtime.calls import Call


async def plan_aftercare(call: Call, request: PlanAftercare) -> Done:
    """See PlanAftercare."""
    return await add_as_either(
        call,
        request.case_id,
        lambda state, _by_reporter: aftercare.plan_aftercare(
            state,
            aftercare_id=as_uuid(request.aftercare_id, "aftercareId"),
            on=request.on,
            at=call.now,
        ),
    )
