"""Somebody is an adviser of an organisation no more."""

from __future__ import annotations

from uuid import uuid4

from services.intake.commands.in_organisation import add_to_organisation
from services.intake.domain.seats import vacate
from services.intake.organisations import organisation_of
from shared.contracts.rpc import Done, VacateSeat
from shared.runtime.calls import Call


async def vacate_seat(call: Call, request: VacateSeat) -> Done:
    """See VacateSeat."""
    return await add_to_organisation(
        call,
        organisation_of(call, request.organisation_id),
        lambda state: vacate(
            state, message_id=uuid4(), adviser_id=request.adviser_id, on=call.now.date()
        ),
        whom=request.adviser_id,
    )
