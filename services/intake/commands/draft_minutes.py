"""An adviser drafts minutes for the reporter to read."""

from __future__ import annotations

from services.intake.commands.in_case import add_as_either
from services.intake.domain import minutes
from services.intake.sealed import as_uuid, from_bus
from services.intake.signatures import verifies
from services.intake.streams import load_organisation
from shared.contracts.rpc import Done, DraftMinutes
from shared.runtime.calls import Call


async def draft_minutes(call: Call, request: DraftMinutes) -> Done:
    """See DraftMinutes."""
    organisation = await load_organisation(call.parts.store, call.organisation)
    return await add_as_either(
        call,
        request.case_id,
        lambda state, _by_reporter: minutes.draft(
            state,
            organisation,
            minutes_id=as_uuid(request.minutes_id, "minutesId"),
            conversation=request.conversation,
            words=from_bus(request.words),
            signature=request.signature,
            verifies=verifies,
            at=call.now,
        ),
    )
