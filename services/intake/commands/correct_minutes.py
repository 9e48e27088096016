"""A reporter says what is wrong in minutes."""

from __future__ import annotations

from services.intake.commands.in_case import add_as_either
from services.intake.domain import minutes
from services.intake.sealed import as_uuid, from_bus
from services.intake.streams import load_organisation
from shared.contracts.rpc import CorrectMinutes, Done
from shared.runtime.calls import Call


async def correct_minutes(call: Call, request: CorrectMinutes) -> Done:
    """See CorrectMinutes."""
    organisation = await load_organisation(call.parts.store, call.organisation)
    return await add_as_either(
        call,
        request.case_id,
        lambda state, _by_reporter: minutes.correct(
            state,
            organisation,
            minutes_id=as_uuid(request.minutes_id, "minutesId"),
            draft=request.draft,
            words=from_bus(request.words),
            at=call.now,
        ),
    )
