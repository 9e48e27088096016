"""Years and half-years."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.errors import Code, Refusal
from shared.taxonomy.period import Period

DAYS = st.dates(min_value=date(1900, 1, 1), max_value=date(2199, 12, 31))
PERIODS = st.builds(Period, st.integers(1900, 2199), st.sampled_from([None, 1, 2]))


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2018", date(2018, 1, 1), date(2019, 1, 1)),
        ("2026-H1", date(2026, 1, 1), date(2026, 7, 1)),
        ("2026-H2", date(2026, 7, 1), date(2027, 1, 1)),
    ],
)
def test_a_period_runs_from_its_first_day_to_the_day_after_its_last(
    text: str, start: date, end: date
) -> None:
    """The end is exclusive, so that halves join without a gap."""
    period = Period.parse(text)

    assert (start, end) == (period.start, period.end)
    assert str(period) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        " 2026",
        "2026 ",
        "2026\n",
        "26",
        "02026",
        "2026-H3",
        "2026-H0",
        "2026-h1",
        "2026H1",
        "2026-Q5",
        "2026-07",
        "1899",
        "2200",
        "٢٠٢٦",  # Arabic digits
        "=2026",
    ],
)
def test_anything_else_is_refused_in_a_sentence(text: str) -> None:
    """The sentence shows how to write a period."""
    with pytest.raises(Refusal) as refused:
        Period.parse(text)

    assert Code.INVALID_PERIOD == refused.value.code
    assert "2026-H1" in refused.value.sentence("en")
    assert "2026-H1" in refused.value.sentence("nl")


@given(PERIODS)
def test_what_is_written_is_read_back(period: Period) -> None:
    """Writing and parsing are each other's inverse."""
    assert period == Period.parse(str(period))


@given(DAYS, st.sampled_from(["year", "half-year"]))
def test_a_day_lies_in_the_period_that_contains_it(day: date, grain: str) -> None:
    """The day is not before its start nor past its end, and the period has the asked grain."""
    period = Period.containing(day, "year" if grain == "year" else "half-year")

    assert period.start <= day < period.end
    assert grain == period.grain


@given(PERIODS, PERIODS)
def test_periods_overlap_when_a_day_lies_in_both(one: Period, other: Period) -> None:
    """Checked day by day over the first period."""
    days = (one.start + timedelta(days=n) for n in range((one.end - one.start).days))

    assert any(other.start <= day < other.end for day in days) == one.overlaps(other)


def test_a_year_overlaps_its_halves_and_the_halves_not_each_other() -> None:
    """So that a case is never counted twice."""
    year, first, second = (Period.parse(t) for t in ("2018", "2018-H1", "2018-H2"))

    assert year.overlaps(first)
    assert second.overlaps(year)
    assert not first.overlaps(second)
    assert not second.overlaps(Period.parse("2019-H1"))


def test_periods_are_ordered_by_time() -> None:
    """A year stands before its halves."""
    texts = ["2019", "2018-H2", "2018", "2018-H1", "2017-H2"]

    ordered = [str(period) for period in sorted(Period.parse(text) for text in texts)]

    assert ["2017-H2", "2018", "2018-H1", "2018-H2", "2019"] == ordered


def test_until_gives_every_half_year_in_between() -> None:
    """From one half-year to another, both included; none when the last lies before the first."""
    first, last = Period.parse("2025-H2"), Period.parse("2027-H1")
    assert ["2025-H2", "2026-H1", "2026-H2", "2027-H1"] == [str(one) for one in first.until(last)]
    assert [] == list(last.until(first))
