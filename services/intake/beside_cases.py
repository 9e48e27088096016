"""What stands beside the cases, each in a stream and under a key of its own, without a case's id:
complaints about advisers, private notes, peer consultations. One of them is called a matter where all
are meant; whose it is, is found in `matter_index`.
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from services.intake.domain import complaint, note, peer_consultation
from services.intake.pages import MOST, Cursors, check_first
from services.intake.projections.matter_index import pseudonym
from services.intake.streams import begun_with, load_each
from shared.keys.ring import TIMELESS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from services.intake.projections.matter_index import Kind
    from shared.contracts.rpc import Page
    from shared.eventstore.store import EventStore, Recorded
    from shared.keys.ring import KeyRing
    from shared.runtime.calls import Call


async def matters(
    call: Call, ids: Sequence[UUID], first: type[object]
) -> dict[UUID, list[Recorded]]:
    """The events of each of these matters that is there and is not erased, in the order of `ids`."""
    each = await load_each(call.parts.store, call.organisation, ids)
    return {one: recorded for one, recorded in each.items() if begun_with(recorded, first)}


async def complaint_events(
    store: EventStore, organisation: UUID, complaint_id: UUID
) -> list[Recorded]:
    """A complaint's events, oldest first."""
    return begun_with(await store.load(organisation, complaint_id), complaint.ComplaintReceived)


def complaint_of(recorded: list[Recorded]) -> complaint.Complaint:
    """The state after them."""
    return reduce(complaint.evolve, (one.event for one in recorded), complaint.Complaint())


async def note_of(store: EventStore, organisation: UUID, note_id: UUID) -> note.NoteWritten | None:
    """A private note; None where there is none."""
    recorded = begun_with(await store.load(organisation, note_id), note.NoteWritten)
    return recorded[0].event if recorded else None


async def consultation_events(
    store: EventStore, organisation: UUID, consultation_id: UUID
) -> list[Recorded]:
    """A peer consultation's events, oldest first."""
    first = peer_consultation.PeerConsultationShared
    return begun_with(await store.load(organisation, consultation_id), first)


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
    return ring.pseudonym(organisation, TIMELESS, f"complainant/{subject}")


async def page_of(
    call: Call, kind: Kind, reader: str, page: Page, *, most: int = MOST
) -> tuple[list[UUID], str | None, bool]:
    """Up to `page.first` ids of what is there for a reader, newest first, the cursor of the last, and
    whether there are more. Raises Refusal INVALID_INPUT.
    """
    check_first(page.first, most)
    whose = pseudonym(call.parts.ring, call.organisation, kind, reader)
    cursors = Cursors(call.parts.ring, call.organisation, kind, whose)
    behind = cursors.place(page.after)
    async with call.parts.pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT matter, since_index FROM matter_index"
            " WHERE organisation = %s AND kind = %s AND reader = %s"
            " AND (%s::bigint IS NULL OR since_index < %s) ORDER BY since_index DESC LIMIT %s",
            (call.organisation, kind, whose, behind, behind, page.first + 1),
        )
        rows = await cursor.fetchall()
    shown = rows[: page.first]
    end = cursors.of(shown[-1][1]) if shown else None
    return [matter for matter, _ in shown], end, len(rows) > page.first
