"""Time spent: what an adviser records, and what may be told of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.intake.domain import time_spent
from services.intake.domain.time_spent import (
    CASE_WORK,
    MOST_ENTRIES,
    CaseTimeRecorded,
    CaseTimeWithdrawn,
    Sheet,
    TimeRecorded,
    TimeWithdrawn,
    evolve,
)
from shared.contracts.errors import REASONS, Code, Refusal
from shared.taxonomy import practice
from tests.gwt import Given, given

ID = UUID("7a1d2c3b-0000-4000-8000-0000000000aa")
OTHER = UUID("7a1d2c3b-0000-4000-8000-0000000000ab")
AT = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
SPENT = TimeRecorded(
    entry_id=ID,
    codes_version=1,
    activity="conversation",
    quarters=5,
    on=date(2026, 3, 1),
    with_case=True,
    at=AT,
)
TRAINED = replace(SPENT, entry_id=OTHER, activity="training", with_case=False)
BACK = TimeWithdrawn(entry_id=ID, at=AT)
TOLD = date(2026, 7, 15)
"""The tick after 2026-H1: from then on its totals are told, and nothing is added."""

Decision = Callable[[Sheet], Any]


def after(*events: Any) -> Given[Sheet]:
    return given(Sheet(), evolve, events)


def recording(**changes: Any) -> Decision:
    values: dict[str, Any] = {
        "entry_id": ID,
        "activity": "conversation",
        "quarters": 5,
        "on": date(2026, 3, 1),
        "with_case": True,
        "at": AT,
    }
    return lambda state: time_spent.record(state, **(values | changes))


def withdrawing(**changes: Any) -> Decision:
    values: dict[str, Any] = {
        "entry_id": ID,
        "half_year": "2026-H1",
        "with_case": True,
        "at": AT,
    }
    return lambda state: time_spent.withdraw(state, **(values | changes))


def test_time_is_recorded_in_quarters_by_activity() -> None:
    """In a sheet that knows no case: there is no field for one."""
    after().when(recording()).then(SPENT)
    for quarters in (1, 96):
        after().when(recording(quarters=quarters)).then(replace(SPENT, quarters=quarters))
    assert "case_id" not in {one.name for one in fields(TimeRecorded)}


@pytest.mark.parametrize("activity", practice.current().activities)
def test_every_activity_can_be_recorded_and_only_work_on_cases_names_one(activity: str) -> None:
    """Peer consultation least of all: nothing leads from it to a case."""
    entry = replace(SPENT, activity=activity, with_case=False)
    after().when(recording(activity=activity, with_case=False)).then(entry)
    named = after().when(recording(activity=activity))
    if activity in ("conversation", "preparation"):
        named.then(replace(SPENT, activity=activity))
    else:
        assert named.then_refused(Code.INVALID_INPUT).values["field"] == "caseId"


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"quarters": 0}, Code.INVALID_INPUT, "quarters"),
        ({"quarters": -4}, Code.INVALID_INPUT, "quarters"),
        ({"quarters": 97}, Code.INVALID_INPUT, "quarters"),
        ({"on": date(2026, 3, 3)}, Code.INVALID_INPUT, "on"),
        ({"on": date(2025, 12, 31), "at": AT}, Code.PERIOD_RELEASED, None),
        ({"activity": "coffee"}, Code.UNKNOWN_CODE, "activity"),
        ({"activity": "sanction"}, Code.JUDGEMENT_WORD, "activity"),
        ({"entry_id": UUID(int=4)}, Code.INVALID_INPUT, "entryId"),
    ],
)
def test_what_is_no_time_is_refused(changes: dict[str, Any], code: Code, field: str | None) -> None:
    """None, more than a day, tomorrow's, of a half-year whose totals are told."""
    refused = after().when(recording(**changes)).then_refused(code)
    assert refused.values.get("field") == field


def test_nothing_is_added_or_taken_back_once_the_totals_are_told() -> None:
    """The day before they are, one can; whoever asks twice learns nothing of what came in between."""
    before = datetime(2026, 7, 14, 12, tzinfo=UTC)
    told = before + timedelta(days=1)
    after().when(recording(at=before)).then(replace(SPENT, at=before))
    after().when(recording(at=told)).then_refused(Code.PERIOD_RELEASED)
    after(SPENT).when(withdrawing(at=before)).then(replace(BACK, at=before))
    after(SPENT).when(withdrawing(at=told)).then_refused(Code.PERIOD_RELEASED)
    assert time_spent.told_from("2026-H1") == TOLD
    assert time_spent.told_from("2026-H2") == date(2027, 1, 15)


def test_an_entry_stands_once_and_is_taken_back_with_its_case() -> None:
    """The case's part is taken back too, so it has to be named."""
    after(SPENT).when(recording()).then_refused(Code.ALREADY_EXISTS)
    after(SPENT).when(withdrawing()).then(BACK)
    after(SPENT, BACK).when(withdrawing()).then_refused(Code.NOT_FOUND)
    after(TRAINED).when(withdrawing()).then_refused(Code.NOT_FOUND)
    missing = after(SPENT).when(withdrawing(with_case=False)).then_refused(Code.INVALID_INPUT)
    assert missing.values["reason"] == "it is missing"
    needless = after(TRAINED).when(withdrawing(entry_id=OTHER)).then_refused(Code.INVALID_INPUT)
    assert needless.values["reason"] in REASONS
    after(SPENT, BACK).when(recording()).then(SPENT)


def test_a_sheet_has_an_end() -> None:
    """Nobody fills it for sport."""
    full = Sheet(version=MOST_ENTRIES, entries=(TRAINED,) * MOST_ENTRIES)
    with pytest.raises(Refusal) as caught:
        recording()(full)
    assert caught.value.code is Code.TOO_LARGE


def test_a_case_adds_up_by_activity() -> None:
    """What was withdrawn does not count, nor does anything else that happened."""
    first = CaseTimeRecorded(entry_id=ID, activity="conversation", quarters=5, at=AT)
    second = replace(first, entry_id=OTHER, quarters=2)
    prepared = replace(first, entry_id=UUID(int=9), activity="preparation", quarters=1)
    assert time_spent.spent_on_case([object(), first, second, prepared]) == {
        "conversation": 7,
        "preparation": 1,
    }
    gone = CaseTimeWithdrawn(entry_id=ID, at=AT)
    assert time_spent.spent_on_case([first, second, gone]) == {"conversation": 2}
    assert time_spent.spent_on_case([]) == {}


# What is told -------------------------------------------------------------------------------------


def totals(*entries: TimeRecorded, on: date = TOLD, half_year: str = "2026-H1") -> dict[str, int]:
    sheets = [Sheet(version=1, entries=(one,)) for one in entries]
    return time_spent.totals(sheets, half_year=half_year, on=on)


def spent(activity: str, quarters: int) -> TimeRecorded:
    return replace(SPENT, activity=activity, quarters=quarters, with_case=False)


@pytest.mark.parametrize(
    ("quarters", "told"),
    [((), 20), ((1,), 20), ((80,), 20), ((80, 1), 40), ((96, 64), 40), ((96, 65), 60)],
)
def test_work_on_cases_is_one_total_in_steps_of_twenty_hours_and_never_below(
    quarters: tuple[int, ...], told: int
) -> None:
    """Nobody, one case and a few look alike; conversation and preparation are not told apart."""
    kinds = ("conversation", "preparation")
    entries = [spent(kinds[n % 2], each) for n, each in enumerate(quarters)]
    found = totals(*entries)
    assert found[CASE_WORK] == told
    assert found.keys().isdisjoint(kinds)


@pytest.mark.parametrize(("quarters", "told"), [(0, 0), (1, 5), (20, 5), (21, 10), (40, 10)])
def test_other_work_is_told_by_its_kind_in_steps_of_five_hours(quarters: int, told: int) -> None:
    """Of all advisers together: two who spent it are told like one."""
    entries = [spent("training", 1)] * quarters
    assert totals(*entries)["training"] == told
    assert totals()["peer_consultation"] == 0


def test_every_kind_is_told_and_nothing_by_adviser() -> None:
    """The same rows, whatever was recorded."""
    codes = [one.code for one in practice.current().activities.values() if not one.about_cases]
    assert list(totals()) == list(totals(SPENT, TRAINED)) == [CASE_WORK, *codes]


def test_totals_are_told_from_the_tick_on() -> None:
    """Not a day before, and of half-years alone."""
    with pytest.raises(Refusal) as caught:
        totals(on=TOLD - timedelta(days=1))
    assert caught.value.code is Code.INVALID_INPUT
    assert "2026-07-15" in caught.value.sentence("nl")
    for period in ("2026", "2026-Q1", "2026-W10"):
        with pytest.raises(Refusal) as caught:
            totals(half_year=period)
        assert caught.value.code is Code.INVALID_PERIOD
