"""An adviser names whom a case is about, by tokens."""

from __future__ import annotations

from uuid import uuid4

from services.intake.domain import case
from services.intake.sealed import as_uuid
from services.intake.sides import parties_of, refuse_both_sides, subject_mark
from services.intake.streams import load_case, load_organisation
from shared.contracts.rpc import Done, NameParties
from shared.eventstore.store import Change
from shared.runtime.calls import Call


async def name_parties(call: Call, request: NameParties) -> Done:
    """See NameParties."""
    parties = parties_of(request.parties)
    case_id = as_uuid(request.case_id, "caseId")
    state = await load_case(call.parts.store, call.organisation, case_id)
    case.owned_by(state, call.principal.subject)
    await refuse_both_sides(call, call.principal.subject, case_id, parties)
    events = case.name_parties(
        state,
        await load_organisation(call.parts.store, call.organisation),
        parties=parties,
        at=call.now,
        message_id=uuid4(),
        mark=subject_mark(call.parts.ring, call.organisation),
    )
    changes = [
        Change(case_id, state.version + number, event) for number, event in enumerate(events, 1)
    ]
    return await call.commit(changes, Done(id=str(case_id), position=0))
