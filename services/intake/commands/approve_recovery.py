"""A second person, of another role, agrees to a recovery."""

from __future__ import annotations

from services.intake.domain.recovery import approve_recovery as decide
from services.intake.sealed import as_uuid
from services.intake.streams import load_case, load_organisation
from shared.contracts.rpc import ApproveRecovery, Done
from shared.eventstore.store import Change
from shared.runtime.calls import Call


async def approve_recovery(call: Call, request: ApproveRecovery) -> Done:
    """See ApproveRecovery."""
    case_id = as_uuid(request.case_id, "caseId")
    state = await load_case(call.parts.store, call.organisation, case_id)
    event = decide(
        state,
        await load_organisation(call.parts.store, call.organisation),
        by=call.principal.subject,
        role=call.principal.role.value,
        at=call.now,
    )
    return await call.commit(
        [Change(case_id, state.version + 1, event)], Done(id=str(case_id), position=0)
    )
