"""The reporter or the adviser says something in a case."""

from __future__ import annotations

from services.intake.domain.case import owned_by, reported_by
from services.intake.domain.case import send_message as decide
from services.intake.sealed import as_uuid, from_bus
from services.intake.signatures import verifies
from services.intake.streams import load_case, load_organisation
from shared.contracts.errors import Code, Refusal
from shared.contracts.rpc import Done, SendMessage
from shared.eventstore.store import Change
from shared.identity.roles import Role
from shared.runtime.calls import Call


async def send_message(call: Call, request: SendMessage) -> Done:
    """See SendMessage."""
    case_id = as_uuid(request.case_id, "caseId")
    by_reporter = call.principal.role is Role.REPORTER
    state = await load_case(call.parts.store, call.organisation, case_id)
    if by_reporter:
        reported_by(state)
        if str(case_id) != call.principal.subject:
            raise Refusal(Code.NOT_FOUND)
    else:
        owned_by(state, call.principal.subject)
    event = decide(
        state,
        await load_organisation(call.parts.store, call.organisation),
        sender="reporter" if by_reporter else "adviser",
        words=from_bus(request.words),
        at=call.now,
        signature=request.signature,
        verifies=verifies,
    )
    return await call.commit(
        [Change(case_id, state.version + 1, event)], Done(id=str(case_id), position=0)
    )
