"""An adviser seals words of their own case to their new key."""

from __future__ import annotations

from services.intake.domain import hand_over as domain
from services.intake.sealed import as_uuid, resealed_from_bus
from services.intake.signatures import verifies
from services.intake.streams import case_events, load_case, load_organisation
from shared.contracts.rpc import Done, Reseal
from shared.eventstore.store import Change
from shared.runtime.calls import Call


async def reseal(call: Call, request: Reseal) -> Done:
    """See Reseal."""
    store, case_id = call.parts.store, as_uuid(request.case_id, "caseId")
    state = await load_case(store, call.organisation, case_id)
    recorded = await case_events(store, call.organisation, case_id)
    event = domain.reseal(
        state,
        await load_organisation(store, call.organisation),
        [one.event for one in recorded],
        by=call.principal.subject,
        entries=resealed_from_bus(request.entries),
        at=call.now,
        verifies=verifies,
    )
    return await call.commit(
        [Change(case_id, state.version + 1, event)], Done(id=str(case_id), position=0)
    )
