"""Dutch days, holidays and terms, against published dates and worked examples."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.taxonomy.working_days import (
    day_of,
    easter,
    end_of,
    holidays,
    is_working_day,
    last_day,
    months_later,
    start_of,
    this_or_next_working_day,
    working_days_after,
)

DAYS = st.dates(min_value=date(2015, 1, 1), max_value=date(2099, 12, 31))

# As printed in Dutch calendars; 5 May stands for itself.
PUBLISHED = {
    2022: "01-01 04-15 04-18 04-27 05-05 05-26 06-06 12-25 12-26",
    2024: "01-01 03-29 04-01 04-27 05-05 05-09 05-20 12-25 12-26",
    2025: "01-01 04-18 04-21 04-26 05-05 05-29 06-09 12-25 12-26",
    2026: "01-01 04-03 04-06 04-27 05-05 05-14 05-25 12-25 12-26",
    2028: "01-01 04-14 04-17 04-27 05-05 05-25 06-05 12-25 12-26",
}


@pytest.mark.parametrize("year", PUBLISHED)
def test_the_holidays_of_a_year_are_those_published(year: int) -> None:
    """Nine a year, Good Friday and Liberation Day among them (Algemene termijnenwet, article 3)."""
    assert [f"{one.day:%m-%d}" for one in holidays(year)] == PUBLISHED[year].split()


@pytest.mark.parametrize(
    ("year", "sunday"),
    [
        (1818, date(1818, 3, 22)),  # the earliest there is
        (1943, date(1943, 4, 25)),  # the latest
        (2000, date(2000, 4, 23)),
        (2008, date(2008, 3, 23)),
        (2011, date(2011, 4, 24)),
        (2038, date(2038, 4, 25)),
    ],
)
def test_easter(year: int, sunday: date) -> None:
    """Known Easter Sundays, the extremes among them."""
    assert easter(year) == sunday


@given(st.integers(min_value=1900, max_value=2299))
def test_easter_is_a_sunday_between_its_extremes(year: int) -> None:
    """From 22 March to 25 April."""
    sunday = easter(year)

    assert sunday.isoweekday() == 7
    assert date(year, 3, 22) <= sunday <= date(year, 4, 25)


@pytest.mark.parametrize(("year", "day"), [(2014, 26), (2025, 26), (2031, 26), (2026, 27)])
def test_kings_day_is_never_a_sunday(year: int, day: int) -> None:
    """It moves from a Sunday to the Saturday before."""
    kings_day = next(one for one in holidays(year) if one.name == "kings_day")

    assert kings_day.day == date(year, 4, day)


def test_liberation_day_is_a_holiday_every_year_and_not_always_free() -> None:
    """For terms it counts every year; whether people work is another matter, and flagged."""
    assert not any(is_working_day(date(year, 5, 5)) for year in range(2020, 2040))
    flagged = {one.name for one in holidays(2026) if not one.always_free}
    assert flagged == {"good_friday", "liberation_day"}


def test_two_holidays_may_share_a_day() -> None:
    """In 2016 Ascension was on 5 May."""
    shared = [one.name for one in holidays(2016) if one.day == date(2016, 5, 5)]

    assert shared == ["ascension", "liberation_day"]


# Days ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        # Winter: midnight is 23:00 UTC. Summer: 22:00 UTC.
        ("2026-01-14T22:59:59", date(2026, 1, 14)),
        ("2026-01-14T23:00:00", date(2026, 1, 15)),
        ("2026-07-14T21:59:59", date(2026, 7, 14)),
        ("2026-07-14T22:00:00", date(2026, 7, 15)),
        # The day on which summer time begins, and the one on which it ends.
        ("2026-03-28T23:00:00", date(2026, 3, 29)),
        ("2026-03-29T21:59:59", date(2026, 3, 29)),
        ("2026-03-29T22:00:00", date(2026, 3, 30)),
        ("2026-10-24T22:00:00", date(2026, 10, 25)),
        ("2026-10-25T22:59:59", date(2026, 10, 25)),
        ("2026-10-25T23:00:00", date(2026, 10, 26)),
    ],
)
def test_the_day_in_amsterdam(moment: str, day: date) -> None:
    """To the second, on both sides of midnight."""
    assert day_of(datetime.fromisoformat(moment).replace(tzinfo=UTC)) == day


@pytest.mark.parametrize(
    ("day", "hours"),
    [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2028, 2, 29), 24)],
)
def test_a_day_may_have_23_or_25_hours(day: date, hours: int) -> None:
    """Where the clock is changed; a leap day is like any other."""
    assert end_of(day) - start_of(day) == timedelta(hours=hours)


@given(DAYS)
def test_a_day_holds_its_own_moments(day: date) -> None:
    """Its first and last moment are of it, and the moment after is not."""
    assert day_of(start_of(day)) == day
    assert day_of(end_of(day) - timedelta(microseconds=1)) == day
    assert day_of(end_of(day)) == day + timedelta(days=1)


# Working days -------------------------------------------------------------------------------------


def test_what_is_no_working_day() -> None:
    """Weekends and holidays; the days between Christmas and New Year are working days."""
    around = [date(2026, 12, 24) + timedelta(days=n) for n in range(9)]

    assert [day.day for day in around if is_working_day(day)] == [24, 28, 29, 30, 31]


def test_working_days_are_counted_both_ways() -> None:
    """Over Easter 2026: Thursday 2 April and Tuesday 7 April are neighbours."""
    assert working_days_after(date(2026, 4, 2), 1) == date(2026, 4, 7)
    assert working_days_after(date(2026, 4, 7), -1) == date(2026, 4, 2)
    assert working_days_after(date(2026, 4, 5), 0) == date(2026, 4, 5)
    assert working_days_after(date(2026, 4, 5), 2) == date(2026, 4, 8)


@given(DAYS, st.integers(min_value=1, max_value=30))
def test_as_many_working_days_lie_behind(day: date, number: int) -> None:
    """Counted one by one, it is that many."""
    end = working_days_after(day, number)
    between = [day + timedelta(days=n + 1) for n in range((end - day).days)]

    assert sum(is_working_day(one) for one in between) == number
    assert is_working_day(end)


# Terms --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        (date(2026, 3, 5), 1, date(2026, 4, 5)),
        (date(2026, 8, 31), 1, date(2026, 9, 30)),
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2028, 1, 31), 1, date(2028, 2, 29)),
        (date(2028, 2, 29), 12, date(2029, 2, 28)),
        (date(2028, 2, 29), 48, date(2032, 2, 29)),
        (date(2026, 11, 30), 3, date(2027, 2, 28)),
        (date(2026, 12, 31), 0, date(2026, 12, 31)),
    ],
)
def test_a_month_ends_on_the_same_day_or_the_last(start: date, months: int, end: date) -> None:
    """Regulation 1182/71, article 3(2)(c), leap days among them."""
    assert months_later(start, months) == end


@pytest.mark.parametrize(
    ("start", "months", "end", "why"),
    [
        (date(2026, 3, 5), 1, date(2026, 4, 7), "5 April is Easter, 6 April Easter Monday"),
        (date(2026, 3, 27), 1, date(2026, 4, 28), "27 April is King's Day"),
        (date(2026, 4, 5), 1, date(2026, 5, 6), "5 May is Liberation Day"),
        (date(2026, 4, 14), 1, date(2026, 5, 15), "14 May is Ascension"),
        (date(2026, 3, 3), 1, date(2026, 4, 7), "3 April is Good Friday"),
        (date(2026, 11, 25), 1, date(2026, 12, 28), "Christmas is a Friday, then a weekend"),
        (date(2026, 12, 1), 1, date(2027, 1, 4), "New Year is a Friday"),
        (date(2028, 1, 29), 1, date(2028, 2, 29), "a leap day is a day"),
        (date(2026, 2, 25), 3, date(2026, 5, 26), "25 May is Whit Monday"),
        (date(2026, 6, 10), 1, date(2026, 7, 10), "a Friday in July"),
    ],
)
def test_a_term_in_months_ends_on_a_working_day(
    start: date, months: int, end: date, why: str
) -> None:
    """Each example says why."""
    assert last_day(start, months=months) == end, why


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (date(2026, 6, 3), date(2026, 6, 10)),
        (date(2026, 6, 6), date(2026, 6, 15)),  # seven days after a Saturday is a Saturday
        (date(2026, 12, 18), date(2026, 12, 28)),
        (date(2026, 3, 27), date(2026, 4, 7)),  # Good Friday
    ],
)
def test_seven_days_do_not_count_the_first(start: date, end: date) -> None:
    """The day of the event is day nought (article 3(1))."""
    assert last_day(start, days=7) == end


def test_a_short_term_holds_two_working_days() -> None:
    """Two days after Christmas Eve would hold none (article 3(5))."""
    assert last_day(date(2026, 12, 24), days=2) == date(2026, 12, 29)


def test_what_was_suspended_is_added_before_the_weekend_is() -> None:
    """5 March, one month, suspended for three days: 8 April, whatever Easter is."""
    assert last_day(date(2026, 3, 5), months=1, suspended=3) == date(2026, 4, 8)


@given(DAYS, st.integers(min_value=1, max_value=6), st.integers(min_value=0, max_value=40))
def test_a_term_is_never_too_short(start: date, months: int, suspended: int) -> None:
    """It ends on a working day, at or after the last day as counted, and less than a week later."""
    counted = months_later(start, months) + timedelta(days=suspended)
    end = last_day(start, months=months, suspended=suspended)

    assert is_working_day(end)
    assert counted <= end < counted + timedelta(days=7)
    assert end == this_or_next_working_day(counted)
