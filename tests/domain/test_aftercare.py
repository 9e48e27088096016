"""What comes after: satisfaction, aftercare, a case that is opened again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.intake.domain import aftercare
from services.intake.domain.aftercare import (
    AftercareGiven,
    AftercarePlanned,
    CaseReopened,
    SatisfactionSaid,
)
from services.intake.domain.case import Case, evolve
from services.intake.domain.clock import AFTERCARE
from shared.contracts.errors import Code
from tests.domain.test_case import AT, CLOSED, ENDED, OPENED, REPORTED, acting, closing
from tests.gwt import given

ID = UUID("6f1d2c3b-0000-4000-8000-0000000000e1")
SAID = SatisfactionSaid(heard="heard", solved="solved_partly", how="code", at=AT)
PLANNED = AftercarePlanned(aftercare_id=ID, on=AT.date(), at=AT)
GIVEN = AftercareGiven(aftercare_id=ID, result="calm_and_trust", at=AT)
REOPENED = CaseReopened(reason="conduct_again", by="reporter", at=AT)
ENDS = [ENDED, CLOSED]


def saying(
    heard: str = "heard", solved: str = "solved_partly", **who: Any
) -> Callable[[Case], Any]:
    who = {"by_reporter": True, "how": None} | who
    return lambda state: aftercare.say_satisfaction(state, heard=heard, solved=solved, **who, at=AT)


def planning(aftercare_id: UUID = ID, days: int = 0) -> Callable[[Case], Any]:
    return lambda state: aftercare.plan_aftercare(
        state, aftercare_id=aftercare_id, on=AT.date() + timedelta(days=days), at=AT
    )


@pytest.mark.parametrize(("day", "planned"), [(13, False), (14, True)])
def test_a_day_is_past_when_it_is_past_in_amsterdam(day: int, planned: bool) -> None:
    """Half past midnight on the 14th, of which the log says that it is still the 13th."""
    at = datetime(2027, 7, 13, 22, 30, tzinfo=UTC)
    decided = given(Case(), evolve, [REPORTED]).when(
        lambda state: aftercare.plan_aftercare(state, aftercare_id=ID, on=date(2027, 7, day), at=at)
    )
    if planned:
        decided.then(AftercarePlanned(aftercare_id=ID, on=date(2027, 7, day), at=at))
    else:
        decided.then_refused(Code.INVALID_INPUT, field="on")


def giving(result: str = "calm_and_trust") -> Callable[[Case], Any]:
    return lambda state: aftercare.give_aftercare(state, aftercare_id=ID, result=result, at=AT)


def reopening(reason: str = "conduct_again", *, by_reporter: bool = True) -> Callable[[Case], Any]:
    return lambda state: aftercare.reopen(state, reason=reason, by_reporter=by_reporter, at=AT)


@pytest.mark.parametrize("past", [[], ENDS], ids=["open", "closed"])
def test_what_comes_after_may_be_said_of_a_closed_case(past: list[Any]) -> None:
    """And of an open one."""
    given(Case(), evolve, [REPORTED, *past]).when(saying()).then(SAID)
    given(Case(), evolve, [REPORTED, *past]).when(planning()).then(PLANNED)
    given(Case(), evolve, [REPORTED, *past, PLANNED]).when(giving()).then(GIVEN)
    state = given(Case(), evolve, [REPORTED, *past, SAID, PLANNED, GIVEN]).state
    assert (SAID, "calm_and_trust") == (state.satisfaction, state.aftercare[0].result)


def test_being_heard_is_the_reporters_to_say() -> None:
    """Of who holds no code, the adviser records how they said it."""
    heard: dict[str, Any] = {"by_reporter": False, "how": "spoken"}
    given(Case(), evolve, [REPORTED]).when(saying(**heard)).then_refused(Code.REPORTER_DECIDES)
    given(Case(), evolve, [OPENED]).when(saying(**heard)).then(replace(SAID, how="spoken"))
    given(Case(), evolve, [OPENED]).when(saying(by_reporter=False)).then_refused(
        Code.INVALID_INPUT, field="how"
    )


def test_a_later_answer_takes_the_place_of_an_earlier_one() -> None:
    """Both stay in the log."""
    later = replace(SAID, heard="not_heard")
    assert later == given(Case(), evolve, [REPORTED, SAID, later]).state.satisfaction
    again = replace(GIVEN, result="conduct_returned")
    state = given(Case(), evolve, [REPORTED, PLANNED, GIVEN, again]).state
    assert "conduct_returned" == state.aftercare[0].result


def test_a_closed_case_is_opened_again_and_closed_with_a_new_outcome() -> None:
    """By its reporter, or by its adviser; then it can be worked on as before."""
    closed = given(Case(), evolve, [REPORTED, *ENDS])
    closed.when(reopening()).then(REOPENED)
    closed.when(reopening(by_reporter=False)).then(replace(REOPENED, by="adviser"))
    closed.when(acting()).then_refused(Code.CASE_CLOSED)
    again = given(Case(), evolve, [REPORTED, *ENDS, REOPENED])
    assert isinstance(again.when(acting()).outcome, list)
    again.when(closing()).then_refused(Code.OUTCOME_MISSING)
    given(Case(), evolve, [REPORTED, *ENDS, REOPENED, ENDED]).when(closing()).then(CLOSED)
    again.when(reopening()).then_refused(Code.ALREADY_DECIDED)


@pytest.mark.parametrize(
    ("decision", "code", "field"),
    [
        (saying("loudly"), Code.UNKNOWN_CODE, "heard"),
        (saying(solved="perhaps"), Code.UNKNOWN_CODE, "solved"),
        (planning(UUID(int=7)), Code.INVALID_INPUT, "aftercareId"),
        (planning(days=-1), Code.INVALID_INPUT, "on"),
        (giving(), Code.NOT_FOUND, None),
        (reopening(), Code.ALREADY_DECIDED, None),
    ],
    ids=["heard", "solved", "id", "past", "no moment", "open"],
)
def test_what_cannot_be(decision: Callable[[Case], Any], code: Code, field: str | None) -> None:
    """Unknown codes, days that are past, moments that nobody planned, a case that is open."""
    given(Case(), evolve, [REPORTED]).when(decision).then_refused(code, field=field)


def test_codes_of_aftercare_and_reopening_are_known_ones() -> None:
    """And a moment is planned once."""
    given(Case(), evolve, [REPORTED, PLANNED]).when(giving("great")).then_refused(
        Code.UNKNOWN_CODE, field="result"
    )
    given(Case(), evolve, [REPORTED, PLANNED]).when(planning()).then_refused(Code.ALREADY_EXISTS)
    given(Case(), evolve, [REPORTED, *ENDS]).when(reopening("bored")).then_refused(
        Code.UNKNOWN_CODE, field="reason"
    )


@pytest.mark.parametrize(
    "decision",
    [saying(by_reporter=False, how="spoken"), planning(), giving(), reopening()],
    ids=["say", "plan", "give", "reopen"],
)
def test_of_no_case_nothing_is_said(decision: Callable[[Case], Any]) -> None:
    """It is not there."""
    given(Case(), evolve).when(decision).then_refused(Code.NOT_FOUND)


def test_the_clock_of_aftercare_follows() -> None:
    """It runs from the closing, is met when aftercare was given, and is counted anew after a reopening."""

    def clocks(*more: Any) -> list[bool]:
        terms = given(Case(), evolve, [OPENED, PLANNED, *ENDS, *more]).state.terms
        return [one.met for one in terms if one.term == AFTERCARE]

    assert [False] == clocks()
    assert [True] == clocks(GIVEN)
    assert [] == clocks(GIVEN, REOPENED)
    assert [False] == clocks(GIVEN, REOPENED, *ENDS)


def test_each_moment_of_aftercare_is_known_by_itself() -> None:
    """In the order in which they were planned; the result of one is not that of another."""
    other = UUID("6f1d2c3b-0000-4000-8000-0000000000e2")
    later = replace(PLANNED, aftercare_id=other, on=AT.date() + timedelta(days=7))
    state = given(Case(), evolve, [OPENED, PLANNED, later, GIVEN]).state
    assert state.aftercare == (
        aftercare.Aftercare(aftercare_id=ID, on=AT.date(), result="calm_and_trust"),
        aftercare.Aftercare(aftercare_id=other, on=AT.date() + timedelta(days=7)),
    )
