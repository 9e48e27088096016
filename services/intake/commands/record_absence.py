"""An adviser is away, and somebody may stand in for them."""

from __future__ import annotations

from uuid import uuid4

from services.intake.domain import adviser
from services.intake.organisations import organisation_of
from services.intake.streams import advisers_stream, load_advisers, load_organisation
from shared.contracts.rpc import Done, RecordAbsence
from shared.eventstore.store import Change
from shared.runtime.calls import Call


async def record_absence(call: Call, request: RecordAbsence) -> Done:
    """See RecordAbsence. Answers the id of the absence."""
    organisation = organisation_of(call, request.organisation_id)
    state = await load_advisers(call.parts.store, organisation)
    event = adviser.record_absence(
        state,
        await load_organisation(call.parts.store, organisation),
        absence_id=uuid4(),
        adviser_id=request.adviser_id,
        first=request.first,
        until=request.until,
        replacement=request.replacement,
        on=call.now.date(),
    )
    return await call.commit(
        [Change(advisers_stream(organisation), state.version + 1, event)],
        Done(id=str(event.absence_id), position=0),
        organisation=organisation,
    )
