"""Every grid and every draw of an organisation as they are released: all that warnings are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from services.signals.domain.lattice import LatticeFrozen
from services.signals.domain.series import Window, series_of
from shared.taxonomy.period import Period

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    import psycopg

    from services.signals.domain.lattice import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """Grids by the period in which they hold, the oldest first; values by measure and window."""

    grids: tuple[LatticeFrozen, ...]
    draws: Mapping[tuple[str, str], Sequence[int]]

    def series(self, table: Table) -> tuple[Window, ...]:
        """The table's released windows, oldest first."""
        return series_of(self.grids, table, self.draws)

    def newest(self) -> LatticeFrozen | None:
        """The grid of the newest period of which a table is released as a whole."""
        for grid in reversed(self.grids):
            if any(series_of([grid], table, self.draws) for table in grid.tables):
                return grid
        return None


async def drawn_of(
    connection: psycopg.AsyncConnection[Any], organisation: UUID, until: int | None = None
) -> Drawn:
    """What stood in the log before its entry `until`; None: the present."""
    asked = {"organisation": organisation, "until": until}
    cursor = await connection.execute(
        "SELECT content FROM released_grid WHERE organisation = %(organisation)s"
        " AND (%(until)s::bigint IS NULL OR leaf_index < %(until)s)",
        asked,
    )
    grids = [
        msgspec.json.decode(content, type=LatticeFrozen) for (content,) in await cursor.fetchall()
    ]
    cursor = await connection.execute(
        "SELECT measure, period, values_drawn FROM released_draw"
        " WHERE organisation = %(organisation)s"
        " AND (%(until)s::bigint IS NULL OR leaf_index < %(until)s)",
        asked,
    )
    draws = {(measure, period): values for measure, period, values in await cursor.fetchall()}
    return Drawn(
        grids=tuple(sorted(grids, key=lambda grid: Period.parse(grid.period))), draws=draws
    )
