"""What strikes in an adviser's own cases: clusters, rises, cases about one person."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import pytest

from services.intake.domain.caseload import Alert, OwnCase, alerts

TODAY = date(2027, 3, 1)
ANNA, BRAM = b"a" * 32, b"b" * 32


def case(
    number: int,
    days_ago: int,
    theme: str = "workload",
    unit: str | None = "care",
    *subjects: bytes,
) -> OwnCase:
    return OwnCase(
        case_id=UUID(int=number),
        theme=theme,
        unit_id=unit,
        on=TODAY - timedelta(days=days_ago),
        subjects=frozenset(subjects),
    )


def ids(*numbers: int) -> tuple[UUID, ...]:
    return tuple(UUID(int=number) for number in numbers)


def test_three_cases_of_one_theme_in_one_unit_within_a_quarter_are_a_cluster() -> None:
    """Newest first; two are none, nor are three in two units, of two themes, or of no unit."""
    assert (
        Alert(kind="cluster", theme="workload", unit_id="care", cases=ids(2, 1, 3), expected=None),
    ) == alerts([case(1, 20), case(2, 3), case(3, 90)], TODAY)
    assert () == alerts([case(1, 20), case(2, 3)], TODAY)
    assert () == alerts([case(1, 20), case(2, 3), case(3, 10, unit="office")], TODAY)
    assert () == alerts([case(1, 20), case(2, 3), case(3, 10, "leadership")], TODAY)
    assert () == alerts([case(n, n, unit=None) for n in range(1, 4)], TODAY)


def test_a_case_that_is_older_than_a_quarter_is_in_no_cluster() -> None:
    """91 days, today among them."""
    assert () == alerts([case(1, 20), case(2, 3), case(3, 91)], TODAY)


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        pytest.param(4, 4, 1.0, id="four where one is expected"),
        pytest.param(4, 3, None, id="three where one is expected: 8 in 100"),
        pytest.param(8, 6, 2.0, id="six where two are expected"),
        pytest.param(8, 5, None, id="five where two are expected: 5.3 in 100"),
        pytest.param(0, 3, 0.0, id="three where there was none"),
        pytest.param(0, 2, None, id="two are never a rise"),
    ],
)
def test_a_rise_is_more_than_the_year_before_explains(
    before: int, now: int, expected: float | None
) -> None:
    """Poisson, by the table: P(X >= 4 | 1) = 0.019, P(X >= 3 | 1) = 0.080, P(X >= 6 | 2) = 0.017,
    P(X >= 5 | 2) = 0.053, P(X >= 3 | 0.5) = 0.014.
    """
    old = [case(100, 600, "leadership")]
    old += [case(200 + n, 100 + 40 * n, unit=None) for n in range(before)]
    recent = [case(300 + n, 5 + n, unit=None) for n in range(now)]
    found = alerts([*old, *recent], TODAY)
    assert ([] if expected is None else [expected]) == [one.expected for one in found]
    assert all(one.kind == "rise" and one.theme == "workload" for one in found)


def test_without_a_year_of_cases_there_is_no_rise() -> None:
    """An adviser who has just begun compares with nothing."""
    recent = [case(n, n, unit=None) for n in range(1, 9)]
    assert () == alerts(recent, TODAY)
    assert 1 == len(alerts([*recent, case(9, 455, "leadership")], TODAY))
    assert () == alerts([*recent, case(9, 454, "leadership")], TODAY)


def test_cases_that_name_one_person_are_told_whenever_they_were() -> None:
    """By a token that no server can make; two people in the same cases are one alert."""
    some = [
        case(1, 400, "workload", None, ANNA),
        case(2, 10, "leadership", None, ANNA, BRAM),
        case(3, 30, "aggression", None, BRAM),
        case(4, 30, "aggression", None),
    ]
    assert [("one_subject", ids(2, 1)), ("one_subject", ids(2, 3))] == [
        (one.kind, one.cases) for one in alerts(some, TODAY)
    ]
    both = [case(n, n, "workload", None, ANNA, BRAM) for n in (1, 2)]
    assert [ids(1, 2)] == [one.cases for one in alerts(both, TODAY)]


def test_no_cases_are_no_alert() -> None:
    """Nor is one."""
    assert () == alerts([], TODAY)
    assert () == alerts([case(1, 1, "workload", "care", ANNA)], TODAY)


def test_cases_of_one_day_stand_in_the_order_of_their_ids() -> None:
    """So that the same question has the same answer; what is of tomorrow is not there yet."""
    same_day = [case(2, 0), case(3, 0), case(1, 0)]
    (found,) = alerts(same_day, TODAY)
    assert ids(3, 2, 1) == found.cases
    assert () == alerts([*same_day[:2], case(4, -1)], TODAY)


def test_a_rise_is_of_one_theme() -> None:
    """Cases of another theme are neither among those that are more, nor among those before."""
    old = [case(100 + n, 100 + 40 * n, "leadership", None) for n in range(8)]
    now = [case(1, 5, unit=None), case(2, 6, unit=None), case(3, 7, unit=None)]
    others = [case(50 + n, 10, "leadership", None) for n in range(2)]
    whole_year = [case(200, 600, "leadership", None)]
    assert (
        Alert(kind="rise", theme="workload", unit_id=None, cases=ids(1, 2, 3), expected=0.0),
    ) == alerts([*whole_year, *old, *now, *others], TODAY)


@pytest.mark.parametrize(
    ("days_ago", "counts"),
    [
        pytest.param(91, True, id="the day before the quarter"),
        pytest.param(454, True, id="the first day of the year before"),
        pytest.param(455, False, id="the day before that"),
    ],
)
def test_the_year_before_a_quarter_has_a_first_and_a_last_day(
    days_ago: int, *, counts: bool
) -> None:
    """Four quarters of 91 days before the last one."""
    known = [case(200, 600, "leadership", None)]
    now = [case(n, n, unit=None) for n in range(1, 5)]
    (found,) = alerts([*known, *now, case(300, days_ago, unit=None)], TODAY)
    assert (0.25 if counts else 0.0) == found.expected
