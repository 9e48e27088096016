"""An officer for reports of wrongdoing is designated."""

from __future__ import annotations

from services.intake.commands.in_organisation import add_to_organisation
from services.intake.domain import officers
from shared.contracts.rpc import DesignateReportOfficer, Done
from shared.runtime.calls import Call


async def designate_report_officer(call: Call, request: DesignateReportOfficer) -> Done:
    """See DesignateReportOfficer."""
    return await add_to_organisation(
        call,
        call.organisation,
        lambda state: officers.designate(
            state,
            officers.REPORTS,
            officer_id=request.officer_id,
            name=request.name,
            by=call.principal.subject,
            role=call.principal.role.value,
            on=call.now.date(),
        ),
        whom=request.officer_id,
    )
