"""Who asked for a peer consultation ends it: nobody reads it any more."""

from __future__ import annotations

from services.intake.beside_cases import consultation_events, consultation_of
from services.intake.domain.peer_consultation import own
from services.intake.sealed import as_uuid
from shared.contracts.rpc import Done, EndPeerConsultation
from shared.runtime.calls import Call


async def end_peer_consultation(call: Call, request: EndPeerConsultation) -> Done:
    """See EndPeerConsultation."""
    stream = as_uuid(request.consultation_id, "consultationId")
    recorded = await consultation_events(call.parts.store, call.organisation, stream)
    own(consultation_of(recorded), call.principal.subject)
    return await call.erase(stream, Done(id=str(stream), position=0), ground="author")
