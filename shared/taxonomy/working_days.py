"""Days, holidays and statutory terms in the Netherlands.

A day is one of Europe/Amsterdam: it begins at its own midnight, and has 23 or 25 hours where the clock
is changed. Terms are counted as Regulation (EEC, Euratom) 1182/71, article 3, does it: the day of the
event is not counted, a term ends with the last hour of its last day, and one that would end on a
Saturday, Sunday or public holiday ends with the next working day. The Algemene termijnenwet says the
same for terms of Dutch acts of at most three months (articles 1 and 4).

Public holidays are those of the Algemene termijnenwet, article 3. Days that a royal decree puts on a
par with them for a few years (article 3(3)) are not known here: a term then ends too early, never too
late.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final, Literal
from zoneinfo import ZoneInfo

AMSTERDAM: Final = ZoneInfo("Europe/Amsterdam")

_DAY: Final = timedelta(days=1)
_SATURDAY: Final = 5

Holiday = Literal[
    "new_year",
    "good_friday",
    "easter_monday",
    "kings_day",
    "liberation_day",
    "ascension",
    "whit_monday",
    "christmas",
    "boxing_day",
]

NOT_ALWAYS_FREE: Final[frozenset[Holiday]] = frozenset({"good_friday", "liberation_day"})
"""Holidays for terms every year, on which many people work: Good Friday, and 5 May outside the years
that many collective agreements name (those that end on 0 or 5)."""


@dataclass(frozen=True, slots=True)
class PublicHoliday:
    """One holiday of one year."""

    day: date
    name: Holiday

    @property
    def always_free(self) -> bool:
        """Whether hardly anybody works on it; a term never ends on it either way."""
        return self.name not in NOT_ALWAYS_FREE


# Days -----------------------------------------------------------------------------------------


def day_of(moment: datetime) -> date:
    """The day in Amsterdam of an aware time."""
    return moment.astimezone(AMSTERDAM).date()


def start_of(day: date) -> datetime:
    """The aware UTC time at which a day begins in Amsterdam: 22:00 or 23:00 of the day before."""
    return datetime.combine(day, time(), AMSTERDAM).astimezone(UTC)


def end_of(day: date) -> datetime:
    """The aware UTC time at which a day is over in Amsterdam; that moment belongs to the next day."""
    return start_of(day + _DAY)


# Holidays and working days --------------------------------------------------------------------


def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (the computus of Meeus, Jones and Butcher)."""
    century, of_century = divmod(year, 100)
    golden = year % 19
    moon = (
        19 * golden + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15
    ) % 30
    sunday = (32 + 2 * (century % 4) + 2 * (of_century // 4) - moon - of_century % 4) % 7
    late = (golden + 11 * moon + 22 * sunday) // 451
    month, day = divmod(moon + sunday - 7 * late + 114, 31)
    return date(year, month, day + 1)


@lru_cache(maxsize=64)
def holidays(year: int) -> tuple[PublicHoliday, ...]:
    """The public holidays of a year, in order. Two may fall on one day (Ascension on 5 May)."""
    sunday = easter(year)
    kings_day = date(year, 4, 27)
    if kings_day.weekday() == calendar.SUNDAY:
        kings_day -= _DAY
    found: tuple[tuple[date, Holiday], ...] = (
        (date(year, 1, 1), "new_year"),
        (sunday - 2 * _DAY, "good_friday"),
        (sunday + _DAY, "easter_monday"),
        (kings_day, "kings_day"),
        (date(year, 5, 5), "liberation_day"),
        (sunday + 39 * _DAY, "ascension"),
        (sunday + 50 * _DAY, "whit_monday"),
        (date(year, 12, 25), "christmas"),
        (date(year, 12, 26), "boxing_day"),
    )
    return tuple(PublicHoliday(day, name) for day, name in sorted(found))


def is_working_day(day: date) -> bool:
    """Whether a day is no Saturday, no Sunday and no public holiday."""
    return day.weekday() < _SATURDAY and all(day != one.day for one in holidays(day.year))


def this_or_next_working_day(day: date) -> date:
    """`day`, or the first working day after it."""
    while not is_working_day(day):
        day += _DAY
    return day


def working_days_after(day: date, number: int) -> date:
    """The `number`-th working day after `day`, or before it where `number` is negative; 0: `day`."""
    step = _DAY if number > 0 else -_DAY
    for _ in range(abs(number)):
        day += step
        while not is_working_day(day):
            day += step
    return day


# Terms ----------------------------------------------------------------------------------------


def months_later(day: date, months: int) -> date:
    """The same day of the month, `months` later; the last day of a month that is shorter
    (Regulation 1182/71, article 3(2)(c)).
    """
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def last_day(start: date, *, days: int = 0, months: int = 0, suspended: int = 0) -> date:
    """The last day of a term that an event on `start` begins.

    It is `months` or `days` long, and `suspended` days were not counted. It ends on a working day, and
    holds at least two of them where it is two days or longer (Regulation 1182/71, article 3(4), (5)).
    """
    end = months_later(start, months) + timedelta(days=days + suspended)
    if (end - start).days > 1:
        end = max(end, working_days_after(start, 2))
    return this_or_next_working_day(end)
