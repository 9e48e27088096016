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
    cells_of,
    margin_of,
    part_of,
    threshold_of,
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

    Values of zero or less are settled before they are added (services/signals/domain/noise.py).

    `draws` has the released values by measure and window, e.g. ("theme", "2026-Q3").
    """
    measures = {measure.id: measure for measure in lattice.measures}
    sums = dict.fromkeys(cells_of(lattice, table.axes), 0.0)
    for part in table.parts:
        measure = measures[part.measure]
        for window in period.parts(measure.grain):
            values = draws.get((measure.id, str(window)))
            if values is None:
                return None
            for cell, value in zip(cells_of(lattice, measure.axes), values, strict=True):
                sums[part_of(lattice, table, measure, cell)] += part.weight * settled(
                    value, measure.epsilon
                )
    return {cell: math.floor(value + 0.5) for cell, value in sums.items()}


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
    figures = []
    for cell, value in found.items():
        least = threshold_of(lattice, table, cell)
        figures.append(
            Figure(
                cell=cell,
                value=value if value >= least else None,
                margin=margin_of(lattice, table, cell),
                threshold=least,
            )
        )
    return Shown(table=table.id, period=str(period), figures=tuple(figures))
