"""Somebody becomes an adviser of an organisation that is set up."""

from __future__ import annotations

from uuid import uuid4

from services.intake.domain.organisation import check_name
from services.intake.domain.seats import seat
from services.intake.organisations import organisation_of
from services.intake.streams import load_organisation, organisation_stream
from shared.contracts.rpc import Done, SeatAdviser
from shared.eventstore.store import Change
from shared.runtime.calls import Call


async def seat_adviser(call: Call, request: SeatAdviser) -> Done:
    """See SeatAdviser."""
    organisation = organisation_of(call, request.organisation_id)
    state = await load_organisation(call.parts.store, organisation)
    event = seat(
        state,
        message_id=uuid4(),
        adviser_id=request.adviser_id,
        name=request.name,
        by=call.principal.subject,
        on=call.now.date(),
        check_name=check_name,
    )
    return await call.commit(
        [Change(organisation_stream(organisation), state.version + 1, event)],
        Done(id=request.adviser_id, position=0),
        organisation=organisation,
    )
