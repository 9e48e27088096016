"""Until which week something beside the cases is kept: random ids and weeks, nothing else.

On which day a key is destroyed is decided on the matter itself; this table says which to look at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.intake.domain.complaint import ComplaintClosed, kept_until
from shared.eventstore.week import week_of
from shared.ledger.leaf import KEY_DESTROYED

if TYPE_CHECKING:
    import psycopg

    from shared.eventstore.store import Recorded


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
        event = recorded.event
        last = kept_until(event) if isinstance(event, ComplaintClosed) else event.expires_on
        await connection.execute(
            "INSERT INTO expiry_watch (organisation, matter, look) VALUES (%s, %s, %s)",
            (recorded.organisation, recorded.stream, week_of(last)),
        )
