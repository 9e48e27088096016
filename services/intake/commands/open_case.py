"""An adviser opens a case."""

from __future__ import annotations

from uuid import uuid4

from services.intake.domain import case
from services.intake.sealed import as_uuid, from_bus
from services.intake.streams import load_case, load_organisation
from shared.contracts.rpc import Done, OpenCase
from shared.eventstore.store import Change
from shared.runtime.calls import Call
from shared.taxonomy.period import Period


async def open_case(call: Call, request: OpenCase) -> Done:
    """See OpenCase."""
    case_id = as_uuid(request.case_id, "caseId")
    organisation = await load_organisation(call.parts.store, call.organisation)
    state = await load_case(call.parts.store, call.organisation, case_id)
    event = case.open_case(
        state,
        organisation,
        case_id=case_id,
        facts_id=uuid4(),
        adviser_id=call.principal.subject,
        period=str(Period.containing(call.now.date())),
        channel=request.channel,
        anonymity=request.anonymity,
        reporter_role=request.reporter_role,
        relation=request.relation,
        category=request.category,
        unit_id=request.unit_id,
        words=from_bus(request.words),
        at=call.now,
    )
    return await call.commit([Change(case_id, 1, event)], Done(id=str(case_id), position=0))
