"""The release calendar: fixed ticks, the same for every organisation."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shared.taxonomy.period import Period

_TICKS = ((1, 15), (7, 15))
"""Month and day: two weeks after each half-year, so that what was booked late is in."""

_QUARTERLY_TICKS = ((1, 15), (4, 15), (7, 15), (10, 15))

TICK_TIME = time(9, 0, tzinfo=UTC)


def tick_of(period: Period, first_used: date) -> date:
    """The day on which a period's statistics are released: the first tick after it has ended and
    after the day on which it was first used (a register of an old period waits for the next tick).
    """
    earliest = max(period.end, first_used)
    ticks = _QUARTERLY_TICKS if period.grain == "quarter" else _TICKS
    return next(
        tick
        for year in (earliest.year, earliest.year + 1)
        for month, day in ticks
        if (tick := date(year, month, day)) > earliest
    )


def next_quarterly_tick(day: date) -> date:
    """The first quarterly tick after `day`."""
    return next(
        tick
        for year in (day.year, day.year + 1)
        for month, number in _QUARTERLY_TICKS
        if (tick := date(year, month, number)) > day
    )


def moment_of(tick: date) -> datetime:
    """The aware UTC time of a tick."""
    return datetime.combine(tick, TICK_TIME)


def revealed_at(tick: date, ready: datetime) -> datetime:
    """When figures of a tick leave that were `ready` (aware) then: at its moment; those that were not
    ready by then at the next whole hour, so that their time does not tell how long they took.
    """
    moment = moment_of(tick)
    if ready <= moment:
        return moment
    return moment + timedelta(hours=-((moment - ready) // timedelta(hours=1)))
