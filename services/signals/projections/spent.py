"""What each window spent, as it was debited: drawn here, or taken over after a restore."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.signals.domain.budget import PULSE

if TYPE_CHECKING:
    from uuid import UUID

    import psycopg

    from shared.eventstore.store import Recorded


class Spent:
    """Fills `released_spent` and `released_spent_table`."""

    name = "spent"
    types = frozenset(
        {
            "NoisyStatisticsReleased",
            "PulseDrawn",
            "WindowClosed",
            "PrivacyBudgetDebited",
            "TableReleased",
        }
    )
    tables: tuple[str, ...] = ("released_spent", "released_spent_table")

    async def apply(self, connection: psycopg.AsyncConnection[Any], recorded: Recorded) -> None:
        """See Projection. The debit follows the draw, or what stands in its place, in its stream."""
        event = recorded.event
        match recorded.type:
            case "NoisyStatisticsReleased" | "WindowClosed":
                await self._window(connection, recorded, event.measure, event.grid_id)
            case "PulseDrawn":
                await self._window(connection, recorded, PULSE, None)
            case "PrivacyBudgetDebited":
                await connection.execute(
                    "UPDATE released_spent SET epsilon = %s"
                    " WHERE organisation = %s AND measure = %s AND period = %s",
                    (event.epsilon, recorded.organisation, event.measure, event.period),
                )
            case "TableReleased":
                await connection.execute(
                    "INSERT INTO released_spent_table"
                    " (organisation, leaf_index, dimension, measure, period)"
                    " SELECT %s, %s, %s, unnest(%s::text[]), unnest(%s::text[])"
                    # A table may stand at two grains.
                    " ON CONFLICT DO NOTHING",
                    (
                        *(recorded.organisation, recorded.index, event.table),
                        [draw.measure for draw in event.draws],
                        [draw.period for draw in event.draws],
                    ),
                )

    async def _window(
        self,
        connection: psycopg.AsyncConnection[Any],
        recorded: Recorded,
        measure: str,
        grid: UUID | None,
    ) -> None:
        await connection.execute(
            "INSERT INTO released_spent"
            " (organisation, leaf_index, measure, period, grid, adopted)"
            " VALUES (%s, %s, %s, %s, %s, %s)",
            (
                *(recorded.organisation, recorded.index, measure, recorded.event.period),
                *(grid, recorded.type == "WindowClosed"),
            ),
        )
