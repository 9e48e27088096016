"""Somebody becomes an adviser of an organisation that is set up."""

from __future__ import annotations

from uuid import uuid4

from services.intake.commands.in_organisation import add_to_organisation
from services.intake.domain.seats import seat
from services.intake.organisations import organisation_of
from shared.contracts.rpc import Done, SeatAdviser
from shared.runtime.calls import Call


async def seat_adviser(call: Call, request: SeatAdviser) -> Done:
    """See SeatAdviser."""
    return await add_to_organisation(
        call,
        organisation_of(call, request.organisation_id),
        lambda state: seat(
            state,
            message_id=uuid4(),
            adviser_id=request.adviser_id,
            name=request.name,
            by=call.principal.subject,
            on=call.now.date(),
        ),
        whom=request.adviser_id,
    )
