"""What cases have spent so far, by period: of frozen grids and of what is drawn of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from uuid import UUID

from services.signals.domain.budget import Drawn, DrawSpent, spent_by
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


def drawn(*windows: tuple[str, str], grid: UUID = GRID) -> list[Drawn]:
    return [Drawn(grid_id=grid, measure=measure, window=window) for measure, window in windows]


def test_two_quarters_of_a_measure_cost_a_case_no_more_than_one() -> None:
    """It is in one of them; the tables that are made of a draw are named, and cost nothing."""
    (first,) = spent_by([FIRST], drawn(("theme", "2026-Q2"), ("theme", "2026-Q1")))
    assert ("2026-H1", 0.8, 1.8) == (first.period, first.spent, first.planned)
    assert (
        DrawSpent(measure="theme", window="2026-Q1", epsilon=0.8, tables=("theme", "total")),
        DrawSpent(measure="theme", window="2026-Q2", epsilon=0.8, tables=("theme", "total")),
    ) == first.draws


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
