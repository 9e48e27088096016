"""A complaints officer is it no longer."""

from __future__ import annotations

from services.intake.domain import complaints_office
from services.intake.streams import load_organisation, organisation_stream
from shared.contracts.rpc import Done, ReleaseComplaintsOfficer
from shared.eventstore.store import Change
from shared.runtime.calls import Call


async def release_complaints_officer(call: Call, request: ReleaseComplaintsOfficer) -> Done:
    """See ReleaseComplaintsOfficer."""
    state = await load_organisation(call.parts.store, call.organisation)
    event = complaints_office.release(
        state,
        officer_id=request.officer_id,
        by=call.principal.subject,
        role=call.principal.role.value,
        on=call.now.date(),
    )
    stream = organisation_stream(call.organisation)
    return await call.commit(
        [Change(stream, state.version + 1, event)], Done(id=request.officer_id, position=0)
    )
