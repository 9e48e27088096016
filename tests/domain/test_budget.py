"""What cases have spent so far, by period: of frozen grids and of what was debited."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from uuid import UUID

from services.signals.domain.budget import Debit, DrawSpent, spent_by
from services.signals.domain.lattice import LatticeFrozen, Measure, Part, Table

GRID = UUID(int=7)
THEME = Measure(id="theme", axes=("theme",), grain="quarter", epsilon=0.8)
UNIT = Measure(id="unit", axes=("unit",), grain="half-year", epsilon=0.7)
RELATION = Measure(id="relation", axes=("relation",), grain="year", epsilon=0.3)
FIRST = LatticeFrozen(
    grid_id=GRID,
    organisation_id=UUID(int=1),
    token="t",
    period="2026-H1",
    rule="noisy/1",
    profile="standard",
    taxonomy_version=1,
    detector="detector/1",
    yearly_total=None,
    units=(),
    measures=(THEME, UNIT, RELATION),
    tables=(
        Table(id="theme", axes=("theme",), grain="half-year", parts=(Part(measure="theme"),)),
        Table(id="theme", axes=("theme",), grain="quarter", parts=(Part(measure="theme"),)),
        Table(
            id="total",
            axes=(),
            grain="half-year",
            parts=(Part(measure="theme", weight=0.5), Part(measure="unit", weight=0.5)),
        ),
        Table(id="unit", axes=("unit",), grain="half-year", parts=(Part(measure="unit"),)),
        Table(id="relation", axes=("relation",), grain="year", parts=(Part(measure="relation"),)),
    ),
    frozen_on=date(2026, 1, 2),
)
SECOND = replace(FIRST, period="2026-H2")


LOST = UUID(int=9)
"""A grid that a restore lost; what was published of it is adopted."""


def drawn(*windows: tuple[str, str], grid: UUID = GRID) -> list[Debit]:
    epsilon = {measure.id: measure.epsilon for measure in FIRST.measures}
    return [
        Debit(grid_id=grid, measure=measure, window=window, epsilon=epsilon[measure])
        for measure, window in windows
    ]


def adopted(measure: str, window: str, epsilon: float, grid: UUID = LOST) -> Debit:
    return Debit(
        grid_id=grid,
        measure=measure,
        window=window,
        epsilon=epsilon,
        adopted=True,
        tables=("theme",),
    )


def test_two_quarters_of_a_measure_cost_a_case_no_more_than_one() -> None:
    """It is in one of them; the tables that are made of a draw are named, and cost nothing."""
    (first,) = spent_by([FIRST], drawn(("theme", "2026-Q2"), ("theme", "2026-Q1")))
    assert ("2026-H1", 0.8, 1.8) == (first.period, first.spent, first.planned)
    assert [
        DrawSpent(
            measure="theme",
            window=window,
            epsilon=0.8,
            adopted=False,
            tables=("theme", "total"),
        )
        for window in ("2026-Q1", "2026-Q2")
    ] == [*first.draws]


def test_a_year_s_window_is_spent_in_both_halves() -> None:
    """A case of either half is in it; a half-year's window is spent in its own."""
    first, second = spent_by(
        [SECOND, FIRST],
        drawn(
            ("theme", "2026-Q1"), ("unit", "2026-H1"), ("relation", "2026"), ("theme", "2026-Q4")
        ),
    )
    assert ("2026-H1", 1.8) == (first.period, round(first.spent, 9))
    assert ("2026-H2", 1.1) == (second.period, round(second.spent, 9))
    assert ["theme", "unit", "relation"] == [draw.measure for draw in first.draws]
    assert ["2026-Q4", "2026"] == [draw.window for draw in second.draws]


def test_a_grid_of_which_nothing_is_drawn_has_spent_nothing() -> None:
    """What it will spend is known beforehand."""
    (first,) = spent_by([FIRST], [])
    assert (0, 1.8, ()) == (first.spent, first.planned, first.draws)


def test_a_register_s_grid_is_counted_by_itself() -> None:
    """Draws of another grid are none of its own, also where measures have the same name."""
    register = replace(
        FIRST,
        grid_id=UUID(int=8),
        period="2018",
        measures=(replace(THEME, grain="year"),),
        tables=(Table(id="theme", axes=("theme",), grain="year", parts=(Part(measure="theme"),)),),
    )
    old, new = spent_by(
        [FIRST, register],
        drawn(("theme", "2018"), grid=UUID(int=8)) + drawn(("unit", "2026-H1")),
    )
    assert ("2018", 0.8) == (old.period, old.spent)
    assert ("2026-H1", 0.7) == (new.period, new.spent)


def test_what_is_adopted_of_the_same_grid_is_spent_like_any_draw() -> None:
    """The draw is lost; what a case spent on it is not."""
    (first,) = spent_by([FIRST], [adopted("theme", "2026-Q1", 0.8, GRID)])
    assert (0.8, 1.8) == (first.spent, first.planned)
    (draw,) = first.draws
    assert (True, ("theme", "total")) == (draw.adopted, draw.tables)


def test_what_is_adopted_of_a_lost_grid_is_spent_in_the_days_that_it_covers() -> None:
    """A case of the first quarter spent that, and what covers its quarter of the grid that was frozen
    later; the most of any case of the period is told.
    """
    closed = [
        Debit(measure="unit", window="2026-H1", grid_id=None, epsilon=None),
        Debit(measure="relation", window="2026", grid_id=None, epsilon=None),
    ]
    debits = [adopted("theme", "2026-Q1", 1.1), *closed, *drawn(("theme", "2026-Q2"))]
    first, second = spent_by([FIRST, SECOND], debits)
    assert (1.1, 1.1) == (first.spent, first.planned)
    assert [(False, "2026-Q2", 0.8), (True, "2026-Q1", 1.1)] == [
        (draw.adopted, draw.window, draw.epsilon) for draw in first.draws
    ]
    assert ("theme",) == first.draws[1].tables
    # Neither half has the year's window any more: it is closed, and spends nothing.
    assert (0, 1.5) == (second.spent, second.planned)


def test_windows_of_one_measure_of_two_grids_are_two_draws() -> None:
    """What is lost covers the half-year, and so both quarters of the grid that holds now."""
    debits = [adopted("theme", "2026-H1", 0.5), *drawn(("theme", "2026-Q1"))]
    (first,) = spent_by([FIRST], debits)
    assert 1.3 == first.spent


def test_what_was_spent_in_a_period_without_a_grid_is_told_too() -> None:
    """By half-year; a year's window stands by itself only where no half-year of it does."""
    debits = [
        adopted("relation", "2026", 0.3),
        adopted("theme", "2026-Q4", 0.8),
        adopted("theme", "2019", 0.7),
    ]
    register, second = spent_by([], debits)
    assert ("2019", 0.7, 0.7) == (register.period, register.spent, register.planned)
    assert ("2026-H2", 1.1, 1.1) == (second.period, second.spent, second.planned)
    assert ["relation", "theme"] == [draw.measure for draw in second.draws]
