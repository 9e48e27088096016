"""What rules draft after a tick: themes that changed, once each, by released figures alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from services.signals.domain.lattice import LatticeFrozen
from services.signals.domain.rules import RuleDraft, drafts
from services.signals.domain.signal import Evidence
from shared.taxonomy.calendar import tick_of
from shared.taxonomy.period import Period
from tests.series_lab import grid

THEME = "bullying_intimidation"
QUARTERS = list(Period(2026, None, 1).until(Period(2029, None, 4)))


def grids(until: int = 2028) -> list[LatticeFrozen]:
    """The same grid in each half-year from 2026 on; later ones are frozen and not drawn yet."""
    return [
        replace(grid(), period=f"{year}-H{half}")
        for year in range(2026, until + 1)
        for half in (1, 2)
    ]


def after(values: Sequence[int]) -> tuple[RuleDraft, ...]:
    """After the tick of the last of these quarters: the first theme had these values, others none."""
    drawn = {
        ("theme", str(quarter)): [value, *([0] * 9)]
        for quarter, value in zip(QUARTERS, values, strict=False)
    }
    last = QUARTERS[len(values) - 1]
    return drafts(grids(), drawn, tick_of(last, last.start))


@pytest.mark.parametrize(
    ("values", "direction"),
    [
        pytest.param([0, 1, -1, 0, 14], "new", id="new"),
        pytest.param([9, 8, 0, 1, 0, 15], "returning", id="returning"),
        pytest.param([24, 26, 25, 23, 25, 5, 4], "declining", id="declining"),
        pytest.param([2, 9, 10], "recurring", id="recurring"),
    ],
)
def test_a_theme_that_changed_is_drafted_with_its_figure(values: list[int], direction: str) -> None:
    """Of the organisation, in the quarter of the tick; the others stay as they were."""
    (one,) = after(values)
    period = str(QUARTERS[len(values) - 1])
    assert (THEME, period, direction) == (one.theme, one.period, one.direction)
    assert (Evidence(kind="figure", table="theme", period=period, cell=THEME),) == one.evidence


def test_a_warning_is_drafted_as_rising_with_both() -> None:
    """What the detector tells of the newest window."""
    (one,) = after([2, 2, 1, 3, 2, 2, 1, 2, 14])
    assert ("rising", ["warning", "figure"]) == (
        one.direction,
        [each.kind for each in one.evidence],
    )


@pytest.mark.parametrize(
    "values",
    [
        pytest.param([20], id="one window"),
        pytest.param([0, 1, -1, 0], id="nothing shown"),
        pytest.param([9, 8, 10, 9], id="recurring, as in the window before"),
        pytest.param([0, 1, -1, 0, 13, 14], id="new, as in the window before"),
    ],
)
def test_what_is_as_it_was_is_not_drafted_again(values: list[int]) -> None:
    """Advisers are told once."""
    assert () == after(values)


def test_a_tick_at_which_nothing_of_the_table_was_released_drafts_nothing() -> None:
    """Nor one before its figures are drawn."""
    drawn = {
        ("theme", str(quarter)): [value, *([0] * 9)]
        for quarter, value in zip(QUARTERS, [0, 1, -1, 0, 14], strict=False)
    }
    assert 1 == len(drafts(grids(), drawn, date(2027, 4, 15)))
    assert () == drafts(grids(), drawn, date(2027, 7, 15))
    assert () == drafts(grids(), {}, date(2027, 4, 15))
    assert () == drafts([], {}, date(2027, 4, 15))


def test_a_theme_and_window_make_one_signal() -> None:
    """Whenever, and with whatever direction, it is drafted; another organisation's is another."""
    (one,) = after([0, 1, -1, 0, 14])
    other = replace(one, direction="rising")
    here, there = UUID(int=1), UUID(int=2)
    assert one.signal_id(here) == other.signal_id(here) != one.signal_id(there)
    assert one.signal_id(here) != replace(one, period="2027-Q2").signal_id(here)
