"""What a case has spent of its anonymity, so far: a pure function of frozen grids and of what was
debited for their windows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

from shared.taxonomy.period import Period

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from services.signals.domain.lattice import LatticeFrozen

PULSE: Final = "pulse"
"""The name under which a round of the pulse is debited. A sheet of it is another fact than a case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Debit:
    """A window that is never drawn again, and the ε that was debited for it; None: it is closed, and
    spent nothing. `adopted`: it was drawn, and the draw was lost by a restore. Then its grid may be lost
    too, and `tables` are those that were published of it.
    """

    measure: str
    window: str
    grid_id: UUID | None
    epsilon: float | None
    adopted: bool = False
    tables: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawSpent:
    """What a case of the window spent on a draw, and the tables that are made of it."""

    measure: str
    window: str
    epsilon: float
    adopted: bool
    tables: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodSpent:
    """A half-year, or the period of a register: the most that a case of it has spent, and will have
    spent when all windows of its grid are drawn.
    """

    period: str
    spent: float
    planned: float
    draws: tuple[DrawSpent, ...]


def spent_by(grids: Iterable[LatticeFrozen], debits: Collection[Debit]) -> tuple[PeriodSpent, ...]:
    """The budget of each period that has a grid, or something debited, oldest first.

    A case is in one window of each measure, so that several windows of one cost it no more than one;
    a year's window is part of what it spends in either half. What was debited for a grid that is not
    here counts in every period whose days it covers: nobody knows any more which facts were in it.
    """
    frozen = {Period.parse(grid.period): grid for grid in grids}
    known = {grid.grid_id for grid in frozen.values()}
    spent = [one for one in debits if one.epsilon is not None]
    lost = [one for one in spent if one.grid_id not in known]
    periods = set(frozen)
    # The shortest first: a year's window is none of its own where a half-year of it has one.
    for window in sorted((Period.parse(one.window) for one in lost), key=_days):
        if not any(window.overlaps(period) for period in periods):
            periods.add(Period.containing(window.start) if window.quarter else window)
    taken = {(one.measure, one.window) for one in debits}
    return tuple(
        _period(period, frozen.get(period), spent, lost, taken) for period in sorted(periods)
    )


def _days(period: Period) -> int:
    return (period.end - period.start).days


def _period(
    period: Period,
    grid: LatticeFrozen | None,
    spent: Sequence[Debit],
    lost: Sequence[Debit],
    taken: Collection[tuple[str, str]],
) -> PeriodSpent:
    own = [] if grid is None else [one for one in spent if one.grid_id == grid.grid_id]
    here = [one for one in (*own, *lost) if Period.parse(one.window).overlaps(period)]
    so_far, in_the_end = [], []
    for quarter in period.parts("quarter"):
        so_far.append(
            sum(one.epsilon or 0 for one in here if Period.parse(one.window).overlaps(quarter))
        )
        to_come = sum(
            measure.epsilon
            for measure in (() if grid is None else grid.measures)
            if (measure.id, str(Period.containing(quarter.start, measure.grain))) not in taken
        )
        in_the_end.append(so_far[-1] + to_come)
    order = [] if grid is None else [measure.id for measure in grid.measures]
    return PeriodSpent(
        period=str(period),
        spent=max(so_far),
        planned=max(in_the_end),
        draws=tuple(
            DrawSpent(
                measure=one.measure,
                window=one.window,
                epsilon=one.epsilon or 0,
                adopted=one.adopted,
                tables=one.tables if one in lost else _tables(grid, one.measure),
            )
            for one in sorted(
                here,
                key=lambda one: (
                    one in lost,
                    order.index(one.measure) if one.measure in order else len(order),
                    one.measure,
                    Period.parse(one.window),
                ),
            )
        ),
    )


def _tables(grid: LatticeFrozen | None, measure: str) -> tuple[str, ...]:
    """The tables that take a measure up; one may stand at two grains."""
    return tuple(
        dict.fromkeys(
            table.id
            for table in (() if grid is None else grid.tables)
            if any(part.measure == measure for part in table.parts)
        )
    )
