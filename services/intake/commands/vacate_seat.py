"""Somebody is an adviser of an organisation no more."""

from __future__ import annotations

from uuid import uuid4

from services.intake.domain.seats import vacate
from services.intake.organisations import organisation_of
from services.intake.streams import load_organisation, organisation_stream
from shared.contracts.rpc import Done, VacateSeat
from shared.eventstore.store import Change
from shared.runtime.calls import Call


async def vacate_seat(call: Call, request: VacateSeat) -> Done:
    """See VacateSeat."""
    organisation = organisation_of(call, request.organisation_id)
    state = await load_organisation(call.parts.store, organisation)
    event = vacate(state, message_id=uuid4(), adviser_id=request.adviser_id, on=call.now.date())
    return await call.commit(
        [Change(organisation_stream(organisation), state.version + 1, event)],
        Done(id=request.adviser_id, position=0),
        organisation=organisation,
    )
