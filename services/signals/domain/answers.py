"""What readers see of a grid: pure functions of the frozen grid and the released draws.

Nothing here can look at a fact: it gets none, and imports nothing that has any.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.signals.domain.lattice import (
    LatticeFrozen,
    Table,
    alone_of,
    cells_of,
    limits_of,
    places_of,
)
from services.signals.domain.noise import settled
from shared.taxonomy.period import Period

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One cell: `value` is None where it is below `threshold`. The true count lies within `margin`
    of the value in 95 of 100 releases.
    """

    cell: str
    value: int | None
    margin: int
    threshold: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A table of one window."""

    table: str
    period: str
    figures: tuple[Figure, ...]


def estimates(
    lattice: LatticeFrozen,
    table: Table,
    period: Period,
    draws: Mapping[tuple[str, str], Sequence[int]],
) -> dict[str, int] | None:
    """The table's figures before anything is left out; None while a draw of it is missing.

    Values of zero or less are settled before they are added (services/signals/domain/noise.py); a
    figure of one draw is that draw.

    `draws` has the released values by measure and window, e.g. ("theme", "2026-Q3").
    """
    measures = {measure.id: measure for measure in lattice.measures}
    cells = cells_of(lattice, table.axes)
    alone = alone_of(lattice, table)
    sums = [0.0] * len(cells)
    for part in table.parts:
        measure = measures[part.measure]
        places = places_of(lattice, table, measure)
        low = part.weight * settled(0, measure.epsilon)
        for window in period.parts(measure.grain):
            values = draws.get((measure.id, str(window)))
            if values is None:
                return None
            for place, value in zip(places, values, strict=True):
                sums[place] += part.weight * value if value > 0 or alone[place] else low
    # A half is a half also where twentieths were added as binary fractions.
    return {cell: math.floor(value + 0.5 + 1e-9) for cell, value in zip(cells, sums, strict=True)}


def shown(
    lattice: LatticeFrozen,
    table: Table,
    period: Period,
    draws: Mapping[tuple[str, str], Sequence[int]],
) -> Shown | None:
    """The table as everybody sees it; None while a draw of it is missing."""
    found = estimates(lattice, table, period, draws)
    if found is None:
        return None
    figures = tuple(
        Figure(cell=cell, value=value if value >= least else None, margin=margin, threshold=least)
        for (cell, value), (least, margin) in zip(
            found.items(), limits_of(lattice, table), strict=True
        )
    )
    return Shown(table=table.id, period=str(period), figures=figures)
