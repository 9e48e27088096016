"""An adviser notes something for themself."""

from __future__ import annotations

from services.intake.beside_cases import begun
from services.intake.domain.note import write
from services.intake.sealed import as_uuid, from_bus
from services.intake.streams import load_organisation
from shared.contracts.errors import Code, Refusal
from shared.contracts.rpc import Done, WriteNote
from shared.eventstore.store import Change
from shared.runtime.calls import Call


async def write_note(call: Call, request: WriteNote) -> Done:
    """See WriteNote."""
    note_id = as_uuid(request.note_id, "noteId")
    event = write(
        await load_organisation(call.parts.store, call.organisation),
        note_id=note_id,
        adviser_id=call.principal.subject,
        expires_on=request.expires_on,
        words=from_bus(request.words),
        at=call.now,
    )
    if await begun(call, note_id):
        raise Refusal(Code.ALREADY_EXISTS)
    return await call.commit([Change(note_id, 1, event)], Done(id=str(note_id), position=0))
