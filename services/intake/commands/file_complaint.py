"""A reporter complains about how an adviser acted."""

from __future__ import annotations

from services.intake.beside_cases import begun, complainant
from services.intake.commands.in_complaint import unlinked
from services.intake.domain.complaint import receive
from services.intake.sealed import as_uuid, from_bus
from services.intake.streams import load_organisation
from shared.contracts.errors import Code, Refusal
from shared.contracts.rpc import Done, FileComplaint
from shared.eventstore.store import Change
from shared.runtime.calls import Call


async def file_complaint(call: Call, request: FileComplaint) -> Done:
    """See FileComplaint."""
    complaint_id = as_uuid(request.complaint_id, "complaintId")
    store = call.parts.store
    event = receive(
        await load_organisation(store, call.organisation),
        complaint_id=complaint_id,
        adviser_id=request.adviser_id,
        ground=request.ground,
        readers=request.readers,
        may_tell=request.may_tell,
        reporter=complainant(call.parts.ring, call.organisation, call.principal.subject),
        reply_key=request.reply_key,
        words=from_bus(request.words),
        at=call.now,
    )
    if await begun(call, complaint_id):
        raise Refusal(Code.ALREADY_EXISTS)
    return await unlinked(call, complaint_id).commit(
        [Change(complaint_id, 1, event)], Done(id=str(complaint_id), position=0)
    )
