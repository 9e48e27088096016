"""The only time that is kept in clear: the ISO 8601 week."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


def week_of(moment: date | datetime) -> str:
    """The week of a date or an aware UTC time, as in `2026-W48`."""
    return _week_of(moment.toordinal())


@lru_cache(maxsize=100)  # at every event, and nearly always today's
def _week_of(day: int) -> str:
    year, week, _ = date.fromordinal(day).isocalendar()
    return f"{year:04d}-W{week:02d}"
