"""A complaints officer is designated."""

from __future__ import annotations

from services.intake.domain import complaints_office
from services.intake.streams import load_organisation, organisation_stream
from shared.contracts.rpc import DesignateComplaintsOfficer, Done
from shared.eventstore.store import Change
from shared.runtime.calls import Call


async def designate_complaints_officer(call: Call, request: DesignateComplaintsOfficer) -> Done:
    """See DesignateComplaintsOfficer."""
    state = await load_organisation(call.parts.store, call.organisation)
    event = complaints_office.designate(
        state,
        officer_id=request.officer_id,
        name=request.name,
        by=call.principal.subject,
        role=call.principal.role.value,
        on=call.now.date(),
    )
    stream = organisation_stream(call.organisation)
    return await call.commit(
        [Change(stream, state.version + 1, event)], Done(id=request.officer_id, position=0)
    )
