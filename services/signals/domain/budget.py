"""What a case has spent of its anonymity, so far: a pure function of frozen grids and of which of
their windows are drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from services.signals.domain.lattice import epsilon_of
from shared.taxonomy.period import Period

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from services.signals.domain.lattice import LatticeFrozen


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A window of a grid's measure that was drawn."""

    grid_id: UUID
    measure: str
    window: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawSpent:
    """What a case of the window spent on a draw, and the tables that are made of it."""

    measure: str
    window: str
    epsilon: float
    tables: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodSpent:
    """A half-year, or the period of a register: what a case of it has spent, and what it will have
    spent when all windows of its grid are drawn.
    """

    period: str
    spent: float
    planned: float
    draws: tuple[DrawSpent, ...]


def spent_by(grids: Iterable[LatticeFrozen], drawn: Sequence[Drawn]) -> tuple[PeriodSpent, ...]:
    """The budget of each period that has a grid, oldest first.

    A case is in one window of each measure, so that several windows of one cost it no more than one;
    a year's window is part of what it spends in either half.
    """
    found = []
    for grid in grids:
        epsilon = {measure.id: measure.epsilon for measure in grid.measures}
        period = Period.parse(grid.period)
        draws = sorted(
            (
                DrawSpent(
                    measure=one.measure,
                    window=one.window,
                    epsilon=epsilon[one.measure],
                    # A table may stand at two grains.
                    tables=tuple(
                        dict.fromkeys(
                            table.id
                            for table in grid.tables
                            if any(part.measure == one.measure for part in table.parts)
                        )
                    ),
                )
                for one in drawn
                if one.grid_id == grid.grid_id and Period.parse(one.window).overlaps(period)
            ),
            key=lambda draw: (list(epsilon).index(draw.measure), Period.parse(draw.window)),
        )
        spent = sum(epsilon[name] for name in dict.fromkeys(draw.measure for draw in draws))
        found.append(
            PeriodSpent(
                period=grid.period,
                spent=spent,
                planned=epsilon_of(grid.measures),
                draws=tuple(draws),
            )
        )
    return tuple(sorted(found, key=lambda one: Period.parse(one.period)))
