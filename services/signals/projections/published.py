"""Tables that were published elsewhere, as readers see them: public figures, with their source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from shared.contracts.rpc import PublishedCell, PublishedRelease, PublishedTable

if TYPE_CHECKING:
    import psycopg

    from shared.eventstore.store import Recorded


class Published:
    """Fills `released_published`."""

    name = "published"
    types = frozenset({"PublishedTableImported"})
    tables: tuple[str, ...] = ("released_published",)

    async def apply(self, connection: psycopg.AsyncConnection[Any], recorded: Recorded) -> None:
        """See Projection."""
        event = recorded.event
        shown = PublishedRelease(
            release_id=str(event.release_id),
            table=PublishedTable(
                title=event.title,
                publisher=event.publisher,
                period=event.period,
                reference=event.reference,
                licence=event.licence,
                cells=tuple(
                    PublishedCell(label=cell.label, count=cell.count, below=cell.below)
                    for cell in event.cells
                ),
                total=event.total,
            ),
            imported_week=recorded.week,
        )
        await connection.execute(
            "INSERT INTO released_published (organisation, leaf_index, period, content)"
            " VALUES (%s, %s, %s, %s)",
            (
                recorded.organisation,
                recorded.index,
                event.period,
                msgspec.json.encode(shown).decode(),
            ),
        )
