"""An adviser corrects the facts of a case."""

from __future__ import annotations

from uuid import uuid4

from services.intake.domain import record
from services.intake.domain.case import owned_by
from services.intake.sealed import as_uuid
from services.intake.streams import load_case, load_organisation
from shared.contracts.rpc import CorrectFacts, Done
from shared.contracts.shape import told_of
from shared.eventstore.store import Change
from shared.runtime.calls import Call


async def correct_facts(call: Call, request: CorrectFacts) -> Done:
    """See CorrectFacts."""
    case_id = as_uuid(request.case_id, "caseId")
    state = await load_case(call.parts.store, call.organisation, case_id)
    owned_by(state, call.principal.subject)
    events = record.correct_facts(
        state,
        await load_organisation(call.parts.store, call.organisation),
        **{name: getattr(state.facts, name) for name in record.FACTS} | told_of(request, "case_id"),
        message_id=uuid4(),
        at=call.now,
    )
    changes = [
        Change(case_id, state.version + number, event) for number, event in enumerate(events, 1)
    ]
    return await call.commit(changes, Done(id=str(case_id), position=0))
