"""An adviser talks a case over with colleagues, without saying which."""

from __future__ import annotations

from services.intake.beside_cases import begun
from services.intake.domain.peer_consultation import share
from services.intake.sealed import as_uuid, from_bus
from services.intake.streams import load_organisation
from shared.contracts.errors import Code, Refusal
from shared.contracts.rpc import Done, SharePeerConsultation
from shared.eventstore.store import Change
from shared.runtime.calls import Call


async def share_peer_consultation(call: Call, request: SharePeerConsultation) -> Done:
    """See SharePeerConsultation."""
    consultation_id = as_uuid(request.consultation_id, "consultationId")
    event = share(
        await load_organisation(call.parts.store, call.organisation),
        consultation_id=consultation_id,
        adviser_id=call.principal.subject,
        colleagues=request.colleagues,
        area=request.area,
        severity_band=request.severity_band,
        half_year=request.half_year,
        expires_on=request.expires_on,
        words=from_bus(request.words),
        at=call.now,
    )
    if await begun(call, consultation_id):
        raise Refusal(Code.ALREADY_EXISTS)
    return await call.commit(
        [Change(consultation_id, 1, event)], Done(id=str(consultation_id), position=0)
    )
