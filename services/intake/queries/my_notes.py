"""An adviser's private notes. The look is recorded."""

from __future__ import annotations

from typing import Final

from services.intake.beside_cases import matters, page_of
from services.intake.domain.note import NoteWritten
from services.intake.sealed import to_bus
from shared.contracts.rpc import MyNotes, Note, Page
from shared.runtime.calls import Call
from shared.taxonomy.working_days import day_of

MOST: Final = 20
"""Of the longest words so many fit into one answer on the bus (2 MiB)."""


async def my_notes(call: Call, request: Page) -> MyNotes:
    """See MyNotes."""
    ids, end, more = await page_of(call, "note", call.principal.subject, request, most=MOST)
    if ids:
        await call.record_access("notes")
    items = []
    for note_id, (written,) in (await matters(call, ids, NoteWritten)).items():
        if written.event.expires_on < day_of(call.now):
            continue  # its key waits for the daily moment
        items.append(
            Note(
                id=str(note_id),
                written_week=written.week,
                expires_on=written.event.expires_on,
                sealed=to_bus(written.event.words),
            )
        )
    return MyNotes(items=tuple(items), end_cursor=end, has_next=more)
