"""Until which week something beside the cases is kept: random ids and weeks, nothing else.

On which day a key is destroyed is decided on the matter itself; this table says which to look at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.intake.domain.complaint import ComplaintClosed, kept_until
from services.intake.domain.note import NoteWritten
from services.intake.domain.peer_consultation import PeerConsultationShared
from shared.eventstore.week import week_of
from shared.ledger.leaf import KEY_DESTROYED

if TYPE_CHECKING:
    from datetime import date

    import psycopg

    from shared.eventstore.store import Recorded


def last_day_of(event: object) -> date | None:
    """The last day that an event gives what it belongs to; None: it gives none."""
    match event:
        case NoteWritten(expires_on=day) | PeerConsultationShared(expires_on=day):
            return day
        case ComplaintClosed():
            return kept_until(event)
        case _:
            return None


class ExpiryWatch:
    """Fills `expiry_watch`."""

    name = "expiry_watch"
    types = frozenset({"NoteWritten", "PeerConsultationShared", "ComplaintClosed", KEY_DESTROYED})
    tables: tuple[str, ...] = ("expiry_watch",)

    async def apply(self, connection: psycopg.AsyncConnection[Any], recorded: Recorded) -> None:
        """See Projection."""
        if recorded.type == KEY_DESTROYED:
            await connection.execute(
                "DELETE FROM expiry_watch WHERE matter = %s", (recorded.stream,)
            )
            return
        last = last_day_of(recorded.event)
        assert last is not None  # noqa: S101  each of `types` gives one
        await connection.execute(
            "INSERT INTO expiry_watch (organisation, matter, look) VALUES (%s, %s, %s)",
            (recorded.organisation, recorded.stream, week_of(last)),
        )
