"""A complaints officer is designated."""

from __future__ import annotations

from services.intake.commands.in_organisation import add_to_organisation
from services.intake.domain import officers
from shared.contracts.rpc import DesignateComplaintsOfficer, Done
from shared.runtime.calls import Call


async def designate_complaints_officer(call: Call, request: DesignateComplaintsOfficer) -> Done:
    """See DesignateComplaintsOfficer."""
    return await add_to_organisation(
        call,
        call.organisation,
        lambda state: officers.designate(
            state,
            officers.COMPLAINTS,
            officer_id=request.officer_id,
            name=request.name,
            by=call.principal.subject,
            role=call.principal.role.value,
            on=call.now.date(),
        ),
        whom=request.officer_id,
    )
