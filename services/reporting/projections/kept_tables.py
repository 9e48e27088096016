"""Where in the log each released table of an organisation stands, of every grain; no figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import psycopg

    from shared.eventstore.store import Recorded


class KeptTables:
    """Fills `kept_table`."""

    name = "kept_table"
    types = frozenset({"ReportDrafted", "TableJoined", "TableKept"})
    tables: tuple[str, ...] = ("kept_table",)

    async def apply(self, connection: psycopg.AsyncConnection[Any], recorded: Recorded) -> None:
        """See Projection."""
        figures = recorded.event.figures
        await connection.execute(
            "INSERT INTO kept_table (organisation, period, dimension, stream, version)"
            " VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            (
                recorded.organisation,
                figures.period,
                figures.dimension,
                recorded.stream,
                recorded.version,
            ),
        )
