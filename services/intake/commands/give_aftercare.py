"""An adviser records how it was at a moment of aftercare."""

from __future__ import annotations

from services.intake.commands.in_case import add_as_either
from services.intake.domain import aftercare
from services.intake.sealed import as_uuid
from shared.contracts.rpc import Done, GiveAftercare
from shared.runtime.calls import Call


async def give_aftercare(call: Call, request: GiveAftercare) -> Done:
    """See GiveAftercare."""
    return await add_as_either(
        call,
        request.case_id,
        lambda state, _by_reporter: aftercare.give_aftercare(
            state,
            aftercare_id=as_uuid(request.aftercare_id, "aftercareId"),
            result=request.result,
            at=call.now,
        ),
    )
