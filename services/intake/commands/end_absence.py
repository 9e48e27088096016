"""An adviser is back, later or sooner than was said."""

from __future__ import annotations

from services.intake.domain import adviser
from services.intake.organisations import organisation_of
from services.intake.sealed import as_uuid
from services.intake.streams import advisers_stream, load_advisers
from shared.contracts.rpc import Done, EndAbsence
from shared.eventstore.store import Change
from shared.runtime.calls import Call


async def end_absence(call: Call, request: EndAbsence) -> Done:
    """See EndAbsence."""
    organisation = organisation_of(call, request.organisation_id)
    state = await load_advisers(call.parts.store, organisation)
    event = adviser.end_absence(
        state,
        absence_id=as_uuid(request.absence_id, "absenceId"),
        last=request.last,
        on=call.now.date(),
    )
    return await call.commit(
        [Change(advisers_stream(organisation), state.version + 1, event)],
        Done(id=request.absence_id, position=0),
        organisation=organisation,
    )
