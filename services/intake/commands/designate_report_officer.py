"""An officer for reports of wrongdoing is designated."""

from __future__ import annotations

from services.intake.domain import officer
from services.intake.streams import load_organisation, organisation_stream
from shared.contracts.rpc import DesignateReportOfficer, Done
from shared.eventstore.store import Change
from shared.runtime.calls import Call


async def designate_report_officer(call: Call, request: DesignateReportOfficer) -> Done:
    """See DesignateReportOfficer."""
    state = await load_organisation(call.parts.store, call.organisation)
    event = officer.designate(
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
