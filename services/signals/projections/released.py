"""What is released, and from which place of the log on. All that the answering side reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from services.signals.released import known_to_readers, to_reader

if TYPE_CHECKING:
    import psycopg

    from shared.eventstore.store import Recorded


class Released:
    """Fills `released_organisation`, `released_grid`, `released_draw` and `released_table`."""

    name = "released"
    types = frozenset(
        {
            "OrganisationAdopted",
            "LatticeFrozen",
            "NoisyStatisticsReleased",
            "StatisticsReleased",
            "TableReleased",
        }
    )
    tables: tuple[str, ...] = (
        "released_organisation",
        "released_grid",
        "released_draw",
        "released_table",
    )

    async def apply(self, connection: psycopg.AsyncConnection[Any], recorded: Recorded) -> None:
        """See Projection."""
        event, place = recorded.event, (recorded.organisation, recorded.index)
        match recorded.type:
            case "OrganisationAdopted":
                await connection.execute(
                    "INSERT INTO released_organisation (organisation, leaf_index, content)"
                    " VALUES (%s, %s, %s)",
                    (*place, _json(known_to_readers(event))),
                )
            case "LatticeFrozen":
                await connection.execute(
                    "INSERT INTO released_grid (organisation, leaf_index, period, content)"
                    " VALUES (%s, %s, %s, %s)",
                    (*place, event.period, _json(event)),
                )
            case "NoisyStatisticsReleased":
                await connection.execute(
                    "INSERT INTO released_draw"
                    " (organisation, leaf_index, measure, period, grid, values_drawn)"
                    " VALUES (%s, %s, %s, %s, %s, %s)",
                    (*place, event.measure, event.period, event.grid_id, list(event.values)),
                )
            case "StatisticsReleased" | "TableReleased":
                release = to_reader(recorded)
                await connection.execute(
                    "INSERT INTO released_table"
                    " (organisation, leaf_index, period, dimension, content)"
                    " VALUES (%s, %s, %s, %s, %s)",
                    (*place, release.period, release.dimension, _json(release)),
                )


def _json(content: object) -> str:
    return msgspec.json.encode(content).decode()
