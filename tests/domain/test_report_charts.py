"""Charts of a report: bars and points are those of shown cells, and know nothing of the others."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reporting.document.charts import WHOLE, Bar, bars, series
from services.reporting.document.numbers import plain, written
from shared.contracts.report import Absent, Below, Cell, Shown, Withheld

HIDDEN: tuple[Cell, ...] = (Below(threshold=6), Withheld(), Absent())
SHOWN = st.builds(
    Shown,
    value=st.integers(-50, 5_000),
    margin=st.none() | st.integers(0, 60),
    decimals=st.integers(0, 2),
)
CELLS = st.lists(SHOWN | st.sampled_from(HIDDEN), min_size=1, max_size=12)


def test_bars_are_as_long_as_what_they_show() -> None:
    """On one scale from zero, margins within it, whatever the decimals."""
    cells = (Shown(value=40, margin=10), Shown(value=250, decimals=1), Below(threshold=6))
    assert (Bar(0, 8000, 6000, WHOLE), Bar(0, 5000, 5000, 5000), None) == bars(cells)


def test_a_bar_of_points_leaves_room_for_what_was_not_reached() -> None:
    """The scale goes to the most that there can be, and beyond it where a margin does."""
    assert (Bar(0, 5500, 5500, 5500),) == bars((Shown(value=55),), 100)
    assert (Bar(0, 5500, 5500, 5500),) == bars((Shown(value=550, decimals=1),), 100)
    assert (Bar(0, 8000, 6000, WHOLE),) == bars((Shown(value=100, margin=25),), 100)


def test_a_count_has_no_margin_below_zero_and_a_difference_has() -> None:
    """Where every figure is a count, nothing reaches below zero."""
    assert (Bar(0, 5000, 0, WHOLE),) == bars((Shown(value=4, margin=4),))
    assert (Bar(0, 3333, 0, WHOLE),) == bars((Shown(value=4, margin=8),))
    assert (Bar(5000, 2500, 0, 5000), Bar(5000, WHOLE, WHOLE, WHOLE)) == bars(
        (
            Shown(value=-2, margin=2),
            Shown(value=4),
        )
    )


@given(cells=CELLS)
def test_what_is_not_shown_changes_no_bar(cells: list[Cell]) -> None:
    """Without the hidden cells the bars of the others are the same; each bar lies within the chart."""
    shown = [cell for cell in cells if isinstance(cell, Shown)]
    drawn = bars(cells)
    if drawn is None:
        assert [] == shown
        return
    assert [isinstance(cell, Shown) for cell in cells] == [bar is not None for bar in drawn]
    found = [bar for bar in drawn if bar is not None]
    assert list(bars(shown) or ()) == found
    for bar in found:
        assert 0 <= bar.low <= bar.at <= bar.high <= WHOLE
        assert 0 <= bar.zero <= WHOLE


@given(rows=st.lists(st.lists(SHOWN | st.sampled_from(HIDDEN), min_size=5, max_size=5), max_size=4))
def test_lines_have_a_point_for_each_shown_cell_and_pass_no_other(rows: list[list[Cell]]) -> None:
    """Columns of a run are neighbours; the axis is that of the shown cells alone."""
    drawn = series(rows, "nl")
    if drawn is None:
        assert not any(isinstance(cell, Shown) for row in rows for cell in row)
        return
    for row, line in zip(rows, drawn.lines, strict=True):
        points = [point for run in line.runs for point in run]
        assert [point.column for point in points] == [
            at for at, cell in enumerate(row) if isinstance(cell, Shown)
        ]
        for run in line.runs:
            assert all(after.column == before.column + 1 for before, after in pairwise(run))
        assert all(0 <= point.low <= point.y <= point.high <= WHOLE for point in points)
    shown = [[cell for row in rows for cell in row if isinstance(cell, Shown)]]
    alone = series(shown, "nl")
    assert alone is not None
    assert drawn.ticks == alone.ticks
    assert (0, WHOLE) == (drawn.ticks[0].y, drawn.ticks[-1].y)
    assert len(drawn.ticks) <= 6


def test_the_axis_goes_by_steps_that_people_count_in() -> None:
    """From zero, in at most five steps of 1, 2 or 5 and their tens."""
    drawn = series([[Shown(value=1046, margin=4), Shown(value=317)]], "nl")
    assert drawn is not None
    assert ["0", "500", "1.000", "1.500"] == [tick.text for tick in drawn.ticks]
    assert [0, 3333, 6666, WHOLE] == [tick.y for tick in drawn.ticks]


def test_no_line_crosses_a_break() -> None:
    """Points stay where they are, on the same axis; the line stops before the break."""
    cells = [Shown(value=number) for number in (9, 8, 7, 6)]
    whole, parted = series([cells], "nl"), series([cells], "nl", breaks={2})
    assert whole is not None
    assert parted is not None
    assert whole.ticks == parted.ticks
    assert [[0, 1], [2, 3]] == [[p.column for p in run] for run in parted.lines[0].runs]
    assert list(whole.lines[0].runs[0]) == [p for run in parted.lines[0].runs for p in run]


@pytest.mark.parametrize(
    ("value", "decimals", "dutch", "english", "program"),
    [
        (0, 0, "0", "0", "0"),
        (1204, 0, "1.204", "1,204", "1204"),
        (-1204567, 2, "−12.045,67", "−12,045.67", "-12045.67"),
        (5, 1, "0,5", "0.5", "0.5"),
        (-5, 2, "−0,05", "−0.05", "-0.05"),
    ],
)
def test_numbers_are_written_as_each_language_does(
    value: int, decimals: int, dutch: str, english: str, program: str
) -> None:
    """Thousands, decimals and the minus sign."""
    assert (dutch, english) == (written(value, decimals, "nl"), written(value, decimals, "en"))
    assert program == plain(value, decimals)
