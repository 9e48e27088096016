"""What stands beside the cases, each in a stream and under a key of its own, without a case's id:
complaints about advisers, private notes, peer consultations. Whose they are is found in `matter_index`.
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from services.intake.domain import complaint, note, peer_consultation
from services.intake.projections.matter_index import pseudonym
from services.intake.sealed import as_uuid
from shared.contracts.errors import invalid
from shared.ledger.leaf import KEY_DESTROYED

if TYPE_CHECKING:
    from uuid import UUID

    from services.intake.projections.matter_index import Kind
    from shared.contracts.rpc import Page
    from shared.eventstore.store import EventStore, Recorded
    from shared.keys.ring import KeyRing
    from shared.runtime.calls import Call

MOST = 100
"""Rows of a page."""


async def matter_events(
    store: EventStore, organisation: UUID, stream: UUID, first: type[object]
) -> list[Recorded]:
    """A stream's events, if it is there, is not erased, and began with a `first`: whoever asks with the
    id of another kind of stream is answered as if there were none.
    """
    recorded = await store.load(organisation, stream)
    if not recorded or recorded[-1].type == KEY_DESTROYED:
        return []
    return recorded if isinstance(recorded[0].event, first) else []


async def complaint_events(
    store: EventStore, organisation: UUID, complaint_id: UUID
) -> list[Recorded]:
    """A complaint's events, oldest first."""
    return await matter_events(store, organisation, complaint_id, complaint.ComplaintReceived)


def complaint_of(recorded: list[Recorded]) -> complaint.Complaint:
    """The state after them."""
    return reduce(complaint.evolve, (one.event for one in recorded), complaint.Complaint())


async def note_of(store: EventStore, organisation: UUID, note_id: UUID) -> note.NoteWritten | None:
    """A private note; None where there is none."""
    recorded = await matter_events(store, organisation, note_id, note.NoteWritten)
    return recorded[0].event if recorded else None


async def consultation_events(
    store: EventStore, organisation: UUID, consultation_id: UUID
) -> list[Recorded]:
    """A peer consultation's events, oldest first."""
    first = peer_consultation.PeerConsultationShared
    return await matter_events(store, organisation, consultation_id, first)


def consultation_of(recorded: list[Recorded]) -> peer_consultation.PeerConsultation:
    """The state after them."""
    start = peer_consultation.PeerConsultation()
    return reduce(peer_consultation.evolve, (one.event for one in recorded), start)


async def begun(call: Call, stream: UUID) -> bool:
    """Whether something of this id is here already, or was and is erased."""
    if call.parts.erasures.known(call.organisation, stream):
        return True
    return bool(await call.parts.store.load(call.organisation, stream, new=True))


def complainant(ring: KeyRing, organisation: UUID, subject: str) -> bytes:
    """16 bytes that stand for a reporter's code in the complaints made with it, and nowhere else."""
    return ring.pseudonym(organisation, 0, f"complainant/{subject}")


async def page_of(call: Call, kind: Kind, reader: str, page: Page) -> tuple[list[UUID], bool]:
    """Up to `page.first` ids of what is there for a reader, newest first, and whether there are more.

    The cursor is the id of the last one on the page before. Raises Refusal INVALID_INPUT.
    """
    if not 1 <= page.first <= MOST:
        raise invalid("first", "it must lie between {low} and {high}", low=1, high=MOST)
    whose = pseudonym(call.parts.ring, call.organisation, kind, reader)
    after = None if page.after is None else as_uuid(page.after, "after")
    async with call.parts.pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT matter FROM matter_index WHERE organisation = %s AND kind = %s AND reader = %s"
            " AND (%s::uuid IS NULL OR since_index < (SELECT since_index FROM matter_index"
            "   WHERE matter = %s AND kind = %s AND reader = %s))"
            " ORDER BY since_index DESC LIMIT %s",
            (call.organisation, kind, whose, after, after, kind, whose, page.first + 1),
        )
        ids = [row[0] for row in await cursor.fetchall()]
    return ids[: page.first], len(ids) > page.first
