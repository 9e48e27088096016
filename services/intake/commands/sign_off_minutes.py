"""A reporter agrees with minutes."""

from __future__ import annotations

from services.intake.commands.in_case import add_as_either
from services.intake.domain import minutes
from services.intake.sealed import as_uuid
from shared.contracts.rpc import Done, SignOffMinutes
from shared.runtime.calls import Call


async def sign_off_minutes(call: Call, request: SignOffMinutes) -> Done:
    """See SignOffMinutes."""
    return await add_as_either(
        call,
        request.case_id,
        lambda state, by_reporter: minutes.sign_off(
            state,
            minutes_id=as_uuid(request.minutes_id, "minutesId"),
            draft=request.draft,
            by_reporter=by_reporter,
            how=request.how,
            at=call.now,
        ),
    )
