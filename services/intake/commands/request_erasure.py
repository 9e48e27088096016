"""A case's reporter, its adviser, or by order of a court a coordinator or works council, asks that a
case be erased.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from services.intake.domain import erasure
from services.intake.domain.case import Case, owned_by
from services.intake.sealed import as_uuid
from services.intake.streams import erasure_stream, load_case, load_erasure, retention_due
from shared.contracts.errors import Code, Refusal
from shared.contracts.rpc import Done, RequestErasure
from shared.eventstore.store import Change
from shared.identity.roles import Role
from shared.runtime.calls import Call

if TYPE_CHECKING:
    from services.intake.domain.erasure import Role as Asker

ASKERS: dict[Role, Asker] = {
    Role.REPORTER: "reporter",
    Role.ADVISER: "adviser",
    Role.COORDINATOR: "coordinator",
    Role.WORKS_COUNCIL: "works_council",
}


async def request_erasure(call: Call, request: RequestErasure) -> Done:
    """See RequestErasure."""
    case_id = as_uuid(request.case_id, "caseId")
    store = call.parts.store
    check_row(call, case_id, await load_case(store, call.organisation, case_id))
    state = await load_erasure(store, call.organisation, case_id)
    event = erasure.request(
        state,
        case_id=case_id,
        ground=request.ground,
        by=call.principal.subject,
        role=ASKERS[call.principal.role],
        due=await retention_due(store, call.organisation, case_id),
        at=call.now,
    )
    stream = erasure_stream(call.organisation, case_id)
    return await call.commit(
        [Change(stream, state.version + 1, event)], Done(id=str(case_id), position=0)
    )


def check_row(call: Call, case_id: UUID, state: Case) -> None:
    """The case is there, and one's own where one's role has cases. Raises Refusal NOT_FOUND."""
    if state.opened is None:
        raise Refusal(Code.NOT_FOUND)
    if call.principal.role is Role.REPORTER and str(case_id) != call.principal.subject:
        raise Refusal(Code.NOT_FOUND)
    if call.principal.role is Role.ADVISER:
        owned_by(state, call.principal.subject)
