"""An adviser or a coordinator asks for a recovery."""

from __future__ import annotations

from services.intake.domain.recovery import request_recovery as decide
from services.intake.sealed import as_uuid
from services.intake.streams import load_case, load_organisation
from shared.contracts.rpc import Done, RequestRecovery
from shared.eventstore.store import Change
from shared.identity.roles import Role
from shared.runtime.calls import Call


async def request_recovery(call: Call, request: RequestRecovery) -> Done:
    """See RequestRecovery."""
    case_id = as_uuid(request.case_id, "caseId")
    state = await load_case(call.parts.store, call.organisation, case_id)
    own = call.principal.subject if call.principal.role is Role.ADVISER else ""
    event = decide(
        state,
        await load_organisation(call.parts.store, call.organisation),
        by=call.principal.subject,
        role=call.principal.role.value,
        reason=request.reason,
        to_adviser=request.to_adviser or own,
        at=call.now,
    )
    return await call.commit(
        [Change(case_id, state.version + 1, event)], Done(id=str(case_id), position=0)
    )
