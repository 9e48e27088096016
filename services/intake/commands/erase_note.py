"""An adviser erases a private note, at once and alone."""

from __future__ import annotations

from services.intake.beside_cases import note_of
from services.intake.domain.note import shown_to
from services.intake.sealed import as_uuid
from shared.contracts.rpc import Done, EraseNote
from shared.runtime.calls import Call
from shared.taxonomy.working_days import day_of


async def erase_note(call: Call, request: EraseNote) -> Done:
    """See EraseNote."""
    note_id = as_uuid(request.note_id, "noteId")
    written = await note_of(call.parts.store, call.organisation, note_id)
    shown_to(written, call.principal.subject, day_of(call.now))
    return await call.erase(note_id, Done(id=str(note_id), position=0), ground="author")
