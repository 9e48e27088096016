"""Who finds what beside the cases: pseudonyms and random ids, nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from services.intake.domain.note import NoteWritten
from services.intake.domain.peer_consultation import PeerConsultationShared
from shared.keys.ring import TIMELESS
from shared.ledger.leaf import KEY_DESTROYED

if TYPE_CHECKING:
    from uuid import UUID

    import psycopg

    from shared.eventstore.store import Recorded
    from shared.keys.ring import KeyRing

Kind = Literal["complaint", "own_complaint", "note", "peer_consultation"]


def pseudonym(ring: KeyRing, organisation: UUID, kind: Kind, reader: str) -> bytes:
    """16 bytes that stand for a person in the rows of one kind: those of two kinds say of nobody that
    they are the same person, nor do those of `case_index`.
    """
    return ring.pseudonym(organisation, TIMELESS, f"matter/{kind}/{reader}")


class MatterIndex:
    """Fills `matter_index`."""

    name = "matter_index"
    types = frozenset({"ComplaintReceived", "NoteWritten", "PeerConsultationShared", KEY_DESTROYED})
    tables: tuple[str, ...] = ("matter_index",)

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring

    async def apply(self, connection: psycopg.AsyncConnection[Any], recorded: Recorded) -> None:
        """See Projection."""
        if recorded.type == KEY_DESTROYED:
            await connection.execute(
                "DELETE FROM matter_index WHERE matter = %s", (recorded.stream,)
            )
            return
        for kind, reader in _readers(recorded):
            await connection.execute(
                "INSERT INTO matter_index (organisation, kind, reader, since_index, matter)"
                " VALUES (%s, %s, %s, %s, %s)",
                (
                    recorded.organisation,
                    kind,
                    pseudonym(self._ring, recorded.organisation, kind, reader),
                    recorded.index,
                    recorded.stream,
                ),
            )


def _readers(recorded: Recorded) -> list[tuple[Kind, str]]:
    event = recorded.event
    match event:
        case NoteWritten():
            return [("note", event.adviser_id)]
        case PeerConsultationShared():
            return [("peer_consultation", one) for one in (event.adviser_id, *event.colleagues)]
    return [
        ("own_complaint", event.reporter.hex()),
        *(("complaint", reader) for reader in event.readers),
    ]
