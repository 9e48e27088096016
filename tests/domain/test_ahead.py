"""When what is drawn ahead may leave: a matter of the calendar, not of how long it took."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from services.signals.ahead import EVERY, Ahead, Drawn
from shared.taxonomy.calendar import revealed_at

APRIL = date(2026, 4, 15)
KEY = ("grid", UUID(int=1), "2026-04-15")


def at(hour: int, minute: int = 0, second: int = 0, day: date = APRIL) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ready", "leaves"),
    [
        (at(3, 0, 7), at(9)),
        (at(8, 59, 59), at(9)),
        (at(9), at(9)),
        (at(9, 0, 1), at(10)),
        (at(9, 59, 59), at(10)),
        (at(10), at(10)),
        (at(23, 30), at(0, day=date(2026, 4, 16))),
        (at(12, 1, day=date(2026, 4, 18)), at(13, day=date(2026, 4, 18))),
    ],
)
def test_figures_leave_at_the_moment_or_at_a_whole_hour(ready: datetime, leaves: datetime) -> None:
    """However long it took, within that hour."""
    assert leaves == revealed_at(APRIL, ready)
    ahead = Ahead(waits=True)
    assert not ahead.may_leave(APRIL, ready, leaves - timedelta(seconds=1))
    assert ahead.may_leave(APRIL, ready, leaves)


def test_where_people_move_the_clock_nothing_waits_for_the_hour() -> None:
    """It jumps over the hours in which things would have been drawn."""
    ahead = Ahead()
    assert not ahead.may_leave(APRIL, at(3), at(8, 59, 59))
    assert ahead.may_leave(APRIL, at(9, 20), at(9, 20))


def test_closed_days_are_looked_at_once_a_minute_and_due_ticks_always() -> None:
    """Thousands of organisations wait from the close of a day to the moment of their tick."""
    ahead = Ahead()
    assert date(2026, 4, 14) == ahead.until(at(8, 59))
    assert APRIL == ahead.until(at(9))
    ahead.begin(at(3))
    assert date.max == ahead.until(at(3))
    ahead.begin(at(3) + EVERY / 2)
    assert date(2026, 4, 14) == ahead.until(at(3) + EVERY / 2)
    ahead.begin(at(3) + EVERY)
    assert date.max == ahead.until(at(3) + EVERY)


def test_what_another_replica_revealed_is_forgotten() -> None:
    """Not at once: what is not projected yet is not seen for a moment, and still waits."""
    ahead, later = Ahead(), at(4, day=date(2026, 4, 17))
    drawn = Drawn(organisation=KEY[1], size=3, ready=at(3), value="drawn")
    ahead.put(KEY, drawn)
    ahead.waiting("grid", set(), at(4))
    ahead.waiting("window", set(), later)
    ahead.waiting("grid", {KEY}, later)
    assert drawn is ahead.get(KEY)
    ahead.waiting("grid", set(), later)
    assert ahead.get(KEY) is None
