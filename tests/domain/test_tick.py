"""A tick: due windows are drawn once, tables follow from draws alone, every case counts in one cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from itertools import count
from typing import Any
from uuid import UUID

import pytest

from services.signals.domain.answers import shown
from services.signals.domain.lattice import LatticeFrozen, cells_of
from services.signals.domain.noisy import NoisyStatisticsReleased
from services.signals.domain.tick import Due, Ticked, facts_in, measure_of, tick, wanted
from services.signals.domain.window import FactKept
from shared.taxonomy.period import Period
from tests.domain.test_grid import GRID
from tests.series_lab import grid

APRIL, JULY, JANUARY = date(2026, 4, 15), date(2026, 7, 15), date(2027, 1, 15)
SECOND = replace(GRID, period="2026-H2")
FACT = FactKept(
    category="bullying",
    unit_id="care",
    role=None,
    relation=None,
    route=None,
    outcome=None,
    count=1,
    quarter="2026-Q1",
)


def plain(counts: Sequence[int], _epsilon: float) -> list[int]:
    """No noise: what is counted shows."""
    return list(counts)


def ticked(
    due: Sequence[tuple[str, str]],
    facts: dict[str, list[FactKept]] | None = None,
    *,
    day: date = APRIL,
    halves: Sequence[LatticeFrozen] = (GRID,),
    earlier: Sequence[NoisyStatisticsReleased] = (),
) -> Ticked:
    ids = (UUID(int=n) for n in count(100))
    grid_id = halves[-1].grid_id
    return tick(
        day,
        [Due(grid_id=grid_id, measure=measure, period=period) for measure, period in due],
        grids={grid_id: halves},
        facts=facts or {},
        earlier=earlier,
        sample=plain,
        library="none",
        new_id=lambda: next(ids),
    )


def counted(one: Ticked) -> dict[tuple[str, str, str], int]:
    """Measure, window and cell → what is not zero."""
    return {
        (released.measure, released.period, cell): value
        for released, _ in one.draws
        for cell, value in zip(
            cells_of(GRID, measure_of(GRID, released.measure).axes), released.values, strict=True
        )
        if value
    }


THEME = "bullying_intimidation"
ALL = [
    *(("theme", f"2026-Q{n}") for n in (1, 2, 3, 4)),
    *(("unit", f"2026-H{n}") for n in (1, 2)),
    ("relation", "2026"),
]


@pytest.mark.parametrize(
    ("period", "quarter", "told"),
    [
        ("2026-H1", "2026-Q1", "2026-Q1"),
        ("2026-H1", "2026-Q2", "2026-Q2"),
        ("2026-H2", "2026-Q3", "2026-Q3"),
        ("2026-H1", None, "2026-Q2"),
        ("2026-H2", None, "2026-Q4"),
    ],
)
def test_a_case_counts_in_one_cell_of_one_window_of_each_measure(
    period: str, quarter: str | None, told: str
) -> None:
    """A register's row that knows only its half-year counts in the last quarter of it."""
    facts = {period: [replace(FACT, quarter=quarter)]}
    everything = ticked(ALL, facts, halves=(GRID, SECOND))
    assert {
        ("theme", told, THEME): 1,
        ("unit", period, "care"): 1,
        ("relation", "2026", "not_said"): 1,
    } == counted(everything)


def test_a_register_of_a_year_counts_in_its_year() -> None:
    """It has no quarter and no half."""
    register = replace(GRID, period="2018")
    rows = {"2018": [replace(FACT, quarter=None, count=7)]}
    assert [7] == [fact.count for fact in facts_in(Period.parse("2018"), [register], rows)]


def test_a_draw_is_debited_and_has_every_cell() -> None:
    """Zeros too; the debit names the draw's ε."""
    ((released, debited),) = ticked([("theme", "2026-Q1")]).draws
    assert (0,) * len(cells_of(GRID, ("theme",))) == released.values
    assert (released.release_id, "theme", "2026-Q1", 1.0) == (
        debited.release_id,
        debited.measure,
        debited.period,
        debited.epsilon,
    )
    assert (GRID.grid_id, "none") == (released.grid_id, released.library)


def test_tables_are_released_when_their_last_draw_is() -> None:
    """Which, follows from grid and calendar; not from facts."""
    april = ticked([("theme", "2026-Q1")], {"2026-H1": [FACT] * 9})
    assert (("theme", "2026-Q1"),) == april.tick.tables
    due = [("theme", "2026-Q2"), ("unit", "2026-H1")]
    july = ticked(due, day=JULY, earlier=[april.draws[0][0]])
    assert {("theme", "2026-Q2"), ("area", "2026-H1"), ("total", "2026-H1")} == {*july.tick.tables}
    assert july.tick.tables == tuple((one.table, one.period) for one in july.tables)
    assert JULY.isoformat() == july.tick.day


def test_a_table_waits_for_draws_that_are_not_there() -> None:
    """A half-year of which one quarter's draw is missing is not made of the other."""
    due = [("theme", "2026-Q2"), ("unit", "2026-H1")]
    assert {("theme", "2026-Q2"), ("total", "2026-H1")} == {*ticked(due, day=JULY).tick.tables}


def test_draws_of_another_grid_are_not_mixed_in() -> None:
    """Measures of one name may have other cells elsewhere."""
    april = ticked([("theme", "2026-Q1")]).draws[0][0]
    strange = replace(april, grid_id=UUID(int=77), values=(1, 2))
    due = [("theme", "2026-Q2"), ("unit", "2026-H1")]
    july = ticked(due, day=JULY, earlier=[strange])
    assert ("area", "2026-H1") not in july.tick.tables


def test_what_a_tick_takes_up_of_earlier_ones_is_known_beforehand() -> None:
    """So that nothing else is loaded."""
    due = [Due(grid_id=GRID.grid_id, measure="theme", period="2026-Q2")]
    assert {("theme", "2026-Q1")} == wanted(due, {GRID.grid_id: [GRID]})
    first = [Due(grid_id=GRID.grid_id, measure="theme", period="2026-Q1")]
    assert {("theme", "2026-Q2")} == wanted(first, {GRID.grid_id: [GRID]})


def test_a_table_is_what_the_draws_say() -> None:
    """Cell by cell as `shown` gives it: shown with margin, or withheld without a number; the total is
    that of the grid's totals; labels name every cell.
    """
    facts = {"2026-H1": [replace(FACT, count=30), replace(FACT, quarter="2026-Q2", count=2)]}
    due = [("theme", "2026-Q1"), ("theme", "2026-Q2"), ("unit", "2026-H1")]
    july = ticked(due, facts, day=JULY)
    draws = {(one.measure, one.period): one.values for one, _ in july.draws}
    (area,) = (one for one in july.tables if one.table == "area")
    expected = shown(GRID, GRID.tables[1], Period.parse("2026-H1"), draws)
    assert expected is not None
    assert {cell.code: (cell.count, cell.margin) for cell in area.shown} == {
        one.cell: (one.value, one.margin) for one in expected.figures if one.value is not None
    }
    assert {one.cell: one.threshold for one in expected.figures if one.value is None} == {
        cell.code: cell.threshold for cell in area.withheld
    }
    assert area.withheld
    named = [cell.code for cell in area.shown] + [cell.code for cell in area.withheld]
    assert sorted(named) == sorted(area.labels_nl)
    (total,) = (one for one in july.tables if one.table == "total")
    assert (total.shown[0].count, total.shown[0].margin) == (area.total, area.total_margin)
    assert [("theme", "2026-Q1", 1.0), ("theme", "2026-Q2", 1.0)] == [
        (draw.measure, draw.period, draw.epsilon) for draw in area.draws
    ]
    assert (1.0, 0.6, 2.0) == (area.epsilon, total.epsilon, area.budget)


def test_a_total_that_is_too_small_is_not_shown() -> None:
    """Neither it nor its margin; there is none at all where the grid has no such table."""
    due = [("theme", "2026-Q1"), ("theme", "2026-Q2"), ("unit", "2026-H1")]
    for table in ticked(due, day=JULY).tables:
        assert (None, None) == (table.total, table.total_margin)


@pytest.mark.parametrize(
    ("changes", "theme", "unit", "relation"),
    [
        ({"category": "unheard_of"}, "dilemma_or_strength", "care", "not_said"),
        (
            {"category": "unheard_of", "taxonomy_version": 99},
            "dilemma_or_strength",
            "care",
            "not_said",
        ),
        ({"unit_id": "founded-yesterday"}, THEME, "not_said", "not_said"),
        ({"relation": "neighbour"}, THEME, "care", "not_said"),
    ],
)
def test_a_fact_with_a_code_that_the_grid_does_not_have_counts_once_in_each_measure(
    changes: dict[str, Any], theme: str, unit: str, relation: str
) -> None:
    """In the remainder; the tick goes on."""
    one = ticked(ALL, {"2026-H1": [replace(FACT, **changes)]}, halves=(GRID, SECOND))
    assert {
        ("theme", "2026-Q1", theme): 1,
        ("unit", "2026-H1", unit): 1,
        ("relation", "2026", relation): 1,
    } == counted(one)


# What is not shown --------------------------------------------------------------------------------


def half_and_quarter(first: int, second: int) -> tuple[int | None, int | None, int | None]:
    """What is shown of one theme, of which two quarters drew these values: of both, and of their half."""
    one_measure = grid()
    (by_quarter,) = one_measure.tables
    by_half = replace(by_quarter, grain="half-year")
    lattice = replace(one_measure, tables=(by_quarter, by_half))
    rest = (0,) * (len(cells_of(lattice, ("theme",))) - 1)
    draws = {("theme", "2026-Q1"): (first, *rest), ("theme", "2026-Q2"): (second, *rest)}
    found = []
    for table, period in ((by_quarter, "Q1"), (by_quarter, "Q2"), (by_half, "H1")):
        answer = shown(lattice, table, Period.parse(f"2026-{period}"), draws)
        assert answer is not None
        found.append(answer.figures[0].value)
    return found[0], found[1], found[2]


@pytest.mark.parametrize("hidden", [1, 2, 3, 4])
def test_a_positive_figure_that_is_not_shown_follows_by_subtraction(hidden: int) -> None:
    """So docs/anonymity.md promises no secret: it is a figure with noise like any other."""
    first, second, half = half_and_quarter(30, hidden)
    assert second is None
    assert first is not None
    assert half is not None
    assert hidden == half - first


def test_how_far_below_zero_a_figure_fell_follows_from_nothing() -> None:
    """That it did not rise above zero does."""
    (told,) = {half_and_quarter(30, hidden) for hidden in (0, -1, -2, -9, -40)}
    first, second, half = told
    assert second is None
    assert first is not None
    assert half is not None
    assert half - first <= 0
