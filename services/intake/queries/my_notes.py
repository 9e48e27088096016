"""An adviser's private notes. The look is recorded."""

from __future__ import annotations

from typing import Final

from services.intake.beside_cases import matter_events, page_of
from services.intake.domain.note import NoteWritten
from services.intake.sealed import to_bus
from shared.contracts.errors import invalid
from shared.contracts.rpc import MyNotes, Note, Page
from shared.runtime.calls import Call
from shared.taxonomy.working_days import day_of

MOST: Final = 20
"""Of the longest words so many fit into one answer on the bus (2 MiB)."""


async def my_notes(call: Call, request: Page) -> MyNotes:
    """See MyNotes."""
    if not 1 <= request.first <= MOST:
        raise invalid("first", "it must lie between {low} and {high}", low=1, high=MOST)
    ids, more = await page_of(call, "note", call.principal.subject, request)
    if ids:
        await call.record_access("notes")
    items = []
    for note_id in ids:
        found = await matter_events(call.parts.store, call.organisation, note_id, NoteWritten)
        # Erased a moment ago, or its last day is past and its key waits for the daily moment.
        if not found or found[0].event.expires_on < day_of(call.now):
            continue
        items.append(
            Note(
                id=str(note_id),
                written_week=found[0].week,
                expires_on=found[0].event.expires_on,
                sealed=to_bus(found[0].event.words),
            )
        )
    return MyNotes(items=tuple(items), end_cursor=str(ids[-1]) if ids else None, has_next=more)
