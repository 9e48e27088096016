"""Which windows are held back until when, where their facts are, and which are released."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.signals.domain.grid import windows_of

if TYPE_CHECKING:
    import psycopg

    from shared.eventstore.store import Recorded


class Windows:
    """Under `exact` fills `held_window` and `released_window`; under `noisy` `held_grid`,
    `held_measure` and `drawn_measure`; and `held_facts` and `reached_day`.
    """

    name = "windows"
    types = frozenset(
        {
            "StructureFrozen",
            "LatticeFrozen",
            "FactsKept",
            "DayReached",
            "StatisticsReleased",
            "NoisyStatisticsReleased",
            "WindowClosed",
            "KeyDestroyed",
        }
    )
    tables: tuple[str, ...] = (
        "held_window",
        "held_grid",
        "held_measure",
        "held_facts",
        "reached_day",
        "released_window",
        "drawn_measure",
    )

    async def apply(self, connection: psycopg.AsyncConnection[Any], recorded: Recorded) -> None:
        """See Projection."""
        event = recorded.event
        match recorded.type:
            case "StructureFrozen":
                await connection.execute(
                    "INSERT INTO held_window (organisation, period, due) VALUES (%s, %s, %s)",
                    (recorded.organisation, event.period, event.due),
                )
            case "LatticeFrozen":
                await connection.execute(
                    "INSERT INTO held_grid (organisation, period, grid) VALUES (%s, %s, %s)",
                    (recorded.organisation, event.period, event.grid_id),
                )
                for window in windows_of(event):
                    # A year's window stands in the grids of both its halves.
                    await connection.execute(
                        "INSERT INTO held_measure (organisation, measure, period, grid, due)"
                        " VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
                        (
                            *(recorded.organisation, window.measure.id, str(window.period)),
                            *(event.grid_id, window.due),
                        ),
                    )
            case "NoisyStatisticsReleased" | "WindowClosed":
                await connection.execute(
                    "INSERT INTO drawn_measure (organisation, measure, period) VALUES (%s, %s, %s)",
                    (recorded.organisation, event.measure, event.period),
                )
            case "FactsKept":
                await connection.execute(
                    "INSERT INTO held_facts (organisation, period, stream) VALUES (%s, %s, %s)",
                    (recorded.organisation, event.period, recorded.stream),
                )
            case "KeyDestroyed":
                await connection.execute(
                    "DELETE FROM held_facts WHERE stream = %s", (recorded.stream,)
                )
            case "DayReached":
                await connection.execute(
                    "INSERT INTO reached_day (organisation, day) VALUES (%s, %s)"
                    " ON CONFLICT (organisation) DO UPDATE"
                    " SET day = greatest(reached_day.day, excluded.day)",
                    (recorded.organisation, event.day),
                )
            case "StatisticsReleased":
                await connection.execute(
                    "INSERT INTO released_window (organisation, period, stream)"
                    " VALUES (%s, %s, %s)",
                    (recorded.organisation, event.period, recorded.stream),
                )
