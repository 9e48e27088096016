"""What the organisation told of complaints and absence, as readers see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import psycopg

    from shared.eventstore.store import Recorded


class LaggingIndicators:
    """Fills `released_lagging`: each telling and each taking back, at its place in the log."""

    name = "lagging"
    types = frozenset({"LaggingIndicatorTold"})
    tables: tuple[str, ...] = ("released_lagging",)

    async def apply(self, connection: psycopg.AsyncConnection[Any], recorded: Recorded) -> None:
        """See Projection."""
        event = recorded.event
        await connection.execute(
            "INSERT INTO released_lagging (organisation, leaf_index, what, period, happened)"
            " VALUES (%s, %s, %s, %s, %s)",
            (recorded.organisation, recorded.index, event.what, event.period, event.happened),
        )
