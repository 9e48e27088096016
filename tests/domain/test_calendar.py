"""The release calendar: fixed ticks, two weeks after each half-year."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from shared.taxonomy.calendar import moment_of, tick_of
from shared.taxonomy.period import Period


@pytest.mark.parametrize(
    ("period", "first_used", "tick"),
    [
        pytest.param("2026-H1", date(2026, 1, 1), date(2026, 7, 15), id="first half-year"),
        pytest.param("2026-H2", date(2026, 7, 1), date(2027, 1, 15), id="second half-year"),
        pytest.param("2026", date(2026, 1, 1), date(2027, 1, 15), id="year"),
        pytest.param("2018", date(2026, 7, 14), date(2026, 7, 15), id="old, the day before a tick"),
        pytest.param("2018", date(2026, 7, 15), date(2027, 1, 15), id="old, on the day of a tick"),
        pytest.param("2018", date(2026, 12, 31), date(2027, 1, 15), id="old, at the end of a year"),
        pytest.param("2018", date(2027, 1, 1), date(2027, 1, 15), id="old, at the start of one"),
    ],
)
def test_a_period_is_released_at_the_next_tick(period: str, first_used: date, tick: date) -> None:
    """The first tick after the period has ended and after the day of its first use."""
    assert tick == tick_of(Period.parse(period), first_used)


def test_a_tick_never_comes_before_the_end_nor_within_the_day_of_first_use() -> None:
    """For every day of three years and every grain: later than both, and at most half a year later."""
    for grain in ("year", "half-year"):
        period = Period.containing(date(2025, 2, 2), grain)
        for days in range(3 * 365):
            first_used = date(2024, 6, 1) + timedelta(days=days)
            tick = tick_of(period, first_used)
            waited = tick - max(period.end, first_used)
            assert timedelta() < waited <= timedelta(days=184)
            assert (tick.month, tick.day) in {(1, 15), (7, 15)}


def test_a_tick_is_the_same_moment_everywhere() -> None:
    """Nine o'clock UTC: no organisation's release is told apart by its hour."""
    assert datetime(2026, 7, 15, 9, tzinfo=UTC) == moment_of(date(2026, 7, 15))
