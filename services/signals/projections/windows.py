"""Which windows are held back until when, where their facts are, and which are released."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import psycopg

    from shared.eventstore.store import Recorded


class Windows:
    """Fills `held_window`, `held_facts`, `reached_day` and `released_window`."""

    name = "windows"
    types = frozenset(
        {"StructureFrozen", "FactsKept", "DayReached", "StatisticsReleased", "KeyDestroyed"}
    )
    tables: tuple[str, ...] = ("held_window", "held_facts", "reached_day", "released_window")

    async def apply(self, connection: psycopg.AsyncConnection[Any], recorded: Recorded) -> None:
        """See Projection."""
        event = recorded.event
        match recorded.type:
            case "StructureFrozen":
                await connection.execute(
                    "INSERT INTO held_window (organisation, period, due) VALUES (%s, %s, %s)",
                    (recorded.organisation, event.period, event.due),
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
