"""The only time that is kept in clear: the ISO 8601 week."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date, datetime


def week_of(moment: date | datetime) -> str:
    """The week of a date or an aware UTC time, as in `2026-W48`."""
    year, week, _ = moment.isocalendar()
    return f"{year:04d}-W{week:02d}"
