"""Somebody else approves an erasure; with the last approval that is needed the case is gone."""

from __future__ import annotations

from uuid import uuid4

from services.intake.commands.request_erasure import ASKERS, check_row
from services.intake.domain import erasure
from services.intake.sealed import as_uuid
from services.intake.streams import erasure_stream, load_case, load_erasure, retention_due
from shared.contracts.errors import Code, Refusal
from shared.contracts.rpc import ApproveErasure, Done
from shared.eventstore.store import Change
from shared.runtime.calls import Call


async def approve_erasure(call: Call, request: ApproveErasure) -> Done:
    """See ApproveErasure. Keys and contents are gone when it answers."""
    case_id = as_uuid(request.case_id, "caseId")
    store, organisation = call.parts.store, call.organisation
    case = await load_case(store, organisation, case_id)
    check_row(call, case_id, case)
    state = await load_erasure(store, organisation, case_id)
    if case.opened is None:
        raise Refusal(Code.NOT_FOUND)
    if state.requested is not None and state.requested.ground == "retention":
        due = await retention_due(store, organisation, case_id)
        if due is None or call.now.date() < due:
            raise Refusal(Code.NOT_DUE)  # it was opened again since
    event = erasure.approve(
        state,
        organisation_id=organisation,
        facts_id=case.opened.facts_id,
        message_id=uuid4(),
        by=call.principal.subject,
        role=ASKERS[call.principal.role],
        at=call.now,
    )
    change = Change(erasure_stream(organisation, case_id), state.version + 1, event)
    done = Done(id=str(case_id), position=0)
    if not isinstance(event, erasure.CaseErased):
        return await call.commit([change], done)
    approved_by = tuple(approval.role for approval in (*state.approvals, event))
    return await call.erase(
        case_id, done, ground=event.ground, approved_by=approved_by, also=[change]
    )
