"""Private notes of an adviser: sealed to themself, in no case."""

# ruff: noqa: A002  arguments are called what the schema calls them
from __future__ import annotations

from datetime import date
from typing import Annotated, Self

import strawberry

from services.gateway.grants import ADVISER, grant, mutation, table
from services.gateway.schema.base import (
    Conflict,
    Info,
    InvalidInput,
    NotAllowed,
    NotFound,
    ask,
    change,
    command,
    described,
    uuid_text,
)
from services.gateway.schema.pages import (
    AS_EDGES,
    CURSOR,
    ITEMS,
    PageInfo,
    cursors,
    page_of,
)
from services.gateway.schema.sealed import Sealed, SealedInput
from shared.contracts import rpc


@strawberry.type(description="Something that you noted for yourself. Nobody else can open it.")
class Note:
    """Until its last day."""

    id: strawberry.ID
    written_week: str
    expires_on: date = strawberry.field(description="Its last day; after it the key is destroyed.")
    sealed: list[Sealed]

    @classmethod
    def of(cls, found: rpc.Note) -> Self:
        """From intake's answer."""
        return cls(
            id=strawberry.ID(found.id),
            written_week=found.written_week,
            expires_on=found.expires_on,
            sealed=[Sealed.of(one) for one in found.sealed],
        )


@strawberry.type
class NoteEdge:
    """A place in the list."""

    node: Note
    cursor: str | None = strawberry.field(description=CURSOR)


@strawberry.type(description="A page of your private notes, newest first.")
class NoteConnection:
    """Relay connection over intake's keyset."""

    edges: list[NoteEdge]
    items: list[Note] = strawberry.field(description=ITEMS, deprecation_reason=AS_EDGES)
    page_info: PageInfo

    @classmethod
    def of(cls, page: rpc.MyNotes) -> Self:
        """From intake's answer."""
        nodes = [Note.of(one) for one in page.items]
        return cls(
            edges=[
                NoteEdge(node=node, cursor=cursor)
                for node, cursor in zip(nodes, cursors(page), strict=True)
            ],
            items=nodes,
            page_info=PageInfo.of(page),
        )


@strawberry.type
class NoteQuery:
    """Questions about notes."""

    @described("Your private notes, newest first, at most 20 a page.")
    async def my_notes(
        self, info: Info, first: int = 20, after: str | None = None
    ) -> NoteConnection | None:
        """Asks intake."""
        request = page_of(first, after, most=20)
        return NoteConnection.of(await ask(info, "intake.my_notes", request, rpc.MyNotes))


# Commands ---------------------------------------------------------------------------------------


@strawberry.input
class WriteNoteInput:
    """A note of your own."""

    idempotency_key: strawberry.ID
    note_id: strawberry.ID = strawberry.field(description="A random UUID of your client's.")
    expires_on: date = strawberry.field(description="Its last day, a year ahead at most.")
    words: list[SealedInput] = strawberry.field(
        description="Sealed to your current key and no other, bound to `noteId`."
    )

    def request(self) -> rpc.WriteNote:
        """As intake takes it."""
        return rpc.WriteNote(
            note_id=uuid_text("noteId", self.note_id),
            expires_on=self.expires_on,
            words=tuple(one.shape() for one in self.words),
        )


@strawberry.input
class EraseNoteInput:
    """A note of your own."""

    idempotency_key: strawberry.ID
    note_id: strawberry.ID

    def request(self) -> rpc.EraseNote:
        """As intake takes it."""
        return rpc.EraseNote(note_id=uuid_text("noteId", self.note_id))


@strawberry.type
class _NotePayload:
    note_id: strawberry.ID

    @classmethod
    def of(cls, done: rpc.Done) -> Self:
        """From intake's answer."""
        return cls(note_id=strawberry.ID(done.id))


@strawberry.type
class WriteNotePayload(_NotePayload):
    """It is kept."""


@strawberry.type
class EraseNotePayload(_NotePayload):
    """Nobody can open it any more."""


WriteNoteResult = Annotated[
    WriteNotePayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("WriteNoteResult"),
]
EraseNoteResult = Annotated[
    EraseNotePayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("EraseNoteResult"),
]


@strawberry.type
class NoteMutation:
    """Changes of notes."""

    @change("Note something for yourself, sealed to your own key alone, in no case.")
    async def write_note(self, info: Info, input: WriteNoteInput) -> WriteNoteResult:
        """Asks intake."""
        return await command(info, "intake.write_note", input, rpc.Done, WriteNotePayload.of)

    @change("Destroy the key of a note of yours, at once.")
    async def erase_note(self, info: Info, input: EraseNoteInput) -> EraseNoteResult:
        """Asks intake."""
        return await command(info, "intake.erase_note", input, rpc.Done, EraseNotePayload.of)


QUIET_FIELDS = frozenset({"myNotes", "writeNote", "eraseNote"})
"""As in cases.py: root fields that leave no span, no metric and no count."""

ACCESS = table(
    grant("Query", ADVISER, "myNotes myNotes(first:) myNotes(after:)"),
    grant("NoteEdge", ADVISER, "node cursor"),
    grant("NoteConnection", ADVISER, "edges items pageInfo"),
    grant("Note", ADVISER, "id writtenWeek expiresOn sealed"),
    mutation("writeNote", ADVISER, "noteId expiresOn words", "noteId"),
    mutation("eraseNote", ADVISER, "noteId", "noteId"),
)
