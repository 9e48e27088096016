"""A case goes to another adviser."""

from __future__ import annotations

from services.intake.domain import hand_over as domain
from services.intake.sealed import as_uuid, resealed_from_bus
from services.intake.sides import refuse_both_sides
from services.intake.signatures import verifies
from services.intake.streams import case_events, load_case, load_organisation
from shared.contracts.rpc import Done, HandOver
from shared.eventstore.store import Change
from shared.runtime.calls import Call


async def hand_over(call: Call, request: HandOver) -> Done:
    """See HandOver. Who hands over reads nothing that follows: it goes under a new case key."""
    store, case_id = call.parts.store, as_uuid(request.case_id, "caseId")
    state = await load_case(store, call.organisation, case_id)
    recorded = await case_events(store, call.organisation, case_id)
    event = domain.hand_over(
        state,
        await load_organisation(store, call.organisation),
        [one.event for one in recorded],
        by=call.principal.subject,
        to_adviser=request.to_adviser,
        entries=resealed_from_bus(request.entries),
        consent=request.consent,
        at=call.now,
        verifies=verifies,
    )
    await refuse_both_sides(call, request.to_adviser, case_id, state.parties)
    return await call.commit(
        [Change(case_id, state.version + 1, event, renew=True)],
        Done(id=str(case_id), position=0),
    )
