"""The measurement of what readers learn: a short run of `make bench PART=utility`."""

from __future__ import annotations

import pytest

from bench.utility import CLASSES, Tally, class_of, lived, measured, over


def test_a_tally_counts_what_is_shown_of_what_is_there() -> None:
    """Of three cells with five or more, two are shown, one of them two off; so is an empty one."""
    tally = Tally()
    for value, true in ((7, 5), (None, 6), (9, 9), (5, 0), (None, 0), (None, 3)):
        tally.add(value, true, 3)
    assert (3, 2, 3, 1) == (tally.five, tally.five_shown, tally.shown, tally.below_three)
    assert (2, 1) == (tally.empty, tally.empty_shown)
    assert 200 / 3 == pytest.approx(tally.share)
    assert 7 / 3 == pytest.approx(tally.mean_error)
    twice = tally + tally
    assert (6, 4, 14) == (twice.five, twice.five_shown, twice.error)
    assert tally.share == pytest.approx(twice.share)


@pytest.mark.parametrize(
    ("cases", "expected"), [(0, 0), (14.9, 0), (15, 1), (40, 2), (149, 2), (150, 3), (10_000, 3)]
)
def test_each_number_of_cases_is_in_one_class(cases: float, expected: int) -> None:
    """From its least number on, until the next one's."""
    assert CLASSES[expected][0] == class_of(cases)


def test_a_short_run_shows_most_cells_and_errs_little() -> None:
    """100 organisations, two draws each: near what the whole bench is bound to."""
    found = measured(lived(100), rounds=2)
    for name, _, most in CLASSES:
        tally = over(found[name], measured_only=True)
        assert tally.five > 20, name
        assert tally.share >= 80, name
        if most < 200:
            assert tally.mean_error <= 1.3, name
