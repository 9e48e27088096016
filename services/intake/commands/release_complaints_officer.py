"""A complaints officer is it no longer."""

from __future__ import annotations

from services.intake.commands.in_organisation import add_to_organisation
from services.intake.domain import officers
from shared.contracts.rpc import Done, ReleaseComplaintsOfficer
from shared.runtime.calls import Call


async def release_complaints_officer(call: Call, request: ReleaseComplaintsOfficer) -> Done:
    """See ReleaseComplaintsOfficer."""
    return await add_to_organisation(
        call,
        call.organisation,
        lambda state: officers.release(
            state,
            officers.COMPLAINTS,
            officer_id=request.officer_id,
            by=call.principal.subject,
            role=call.principal.role.value,
            on=call.now.date(),
        ),
        whom=request.officer_id,
    )
