"""What is released, and from which place of the log on. All that the answering side reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from services.signals.question import OrganisationShown
from services.signals.released import known_to_readers, to_reader, with_units

if TYPE_CHECKING:
    import psycopg

    from shared.eventstore.store import Recorded


class Released:
    """Fills `released_organisation`, `released_grid`, `released_draw` and `released_table`."""

    name = "released"
    types = frozenset(
        {
            "OrganisationAdopted",
            "UnitsAnnounced",
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
            case "UnitsAnnounced":
                cursor = await connection.execute(
                    "SELECT content FROM released_organisation WHERE organisation = %s",
                    (recorded.organisation,),
                )
                row = await cursor.fetchone()
                if row is None:
                    raise ValueError("units of an organisation that is not known")
                known = msgspec.json.decode(row[0], type=OrganisationShown)
                await connection.execute(
                    "UPDATE released_organisation SET content = %s WHERE organisation = %s",
                    (_json(with_units(known, event)), recorded.organisation),
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
