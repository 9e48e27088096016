"""A reporter agrees that their case goes to another adviser."""

from __future__ import annotations

from uuid import UUID

from services.intake.domain.hand_over import consent_to_hand_over as decide
from services.intake.streams import load_case, load_organisation
from shared.contracts.rpc import ConsentToHandOver, Done
from shared.eventstore.store import Change
from shared.runtime.calls import Call


async def consent_to_hand_over(call: Call, request: ConsentToHandOver) -> Done:
    """See ConsentToHandOver. The case is the one of the code."""
    case_id = UUID(call.principal.subject)
    state = await load_case(call.parts.store, call.organisation, case_id)
    event = decide(
        state,
        await load_organisation(call.parts.store, call.organisation),
        adviser_id=request.adviser_id,
        at=call.now,
    )
    return await call.commit(
        [Change(case_id, state.version + 1, event)], Done(id=str(case_id), position=0)
    )
