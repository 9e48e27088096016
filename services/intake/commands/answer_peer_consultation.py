"""Somebody says something in a peer consultation."""

from __future__ import annotations

from services.intake.beside_cases import consultation_events, consultation_of
from services.intake.domain.peer_consultation import answer
from services.intake.sealed import as_uuid, from_bus
from services.intake.streams import load_organisation
from shared.contracts.rpc import AnswerPeerConsultation, Done
from shared.eventstore.store import Change
from shared.runtime.calls import Call


async def answer_peer_consultation(call: Call, request: AnswerPeerConsultation) -> Done:
    """See AnswerPeerConsultation."""
    stream = as_uuid(request.consultation_id, "consultationId")
    store = call.parts.store
    state = consultation_of(await consultation_events(store, call.organisation, stream))
    event = answer(
        state,
        await load_organisation(store, call.organisation),
        by=call.principal.subject,
        words=from_bus(request.words),
        at=call.now,
    )
    return await call.commit(
        [Change(stream, state.version + 1, event)], Done(id=str(stream), position=0)
    )
