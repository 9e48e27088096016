"""The ladder: proposed by either, decided by the reporter, taken when they chose it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from services.intake.domain import ladder
from services.intake.domain.case import Case, evolve
from services.intake.domain.ladder import Decision, StepDecided, StepProposed, StepTaken
from shared import taxonomy
from shared.contracts.errors import Code
from tests.domain.test_case import AT, CLOSED, ENDED, OPENED, REPORTED
from tests.gwt import given

ID = UUID("6f1d2c3b-0000-4000-8000-0000000000c1")
OTHER = UUID("6f1d2c3b-0000-4000-8000-0000000000c2")
PROPOSED = StepProposed(step_id=ID, step="step_mediation", by="adviser", at=AT)
CHOSEN = StepDecided(step_id=ID, decision="chosen", how="code", at=AT)
DECLINED = replace(CHOSEN, decision="declined")
TAKEN = StepTaken(step_id=ID, at=AT)


def proposing(
    step_id: UUID = ID, step: str = "step_mediation", *, by_reporter: bool = False
) -> Callable[[Case], Any]:
    return lambda state: ladder.propose(
        state, step_id=step_id, step=step, by_reporter=by_reporter, at=AT
    )


def deciding(
    decision: Decision = "chosen", *, by_reporter: bool = True, how: Any = None
) -> Callable[[Case], Any]:
    return lambda state: ladder.decide(
        state, step_id=ID, decision=decision, by_reporter=by_reporter, how=how, at=AT
    )


def taking(state: Case) -> StepTaken:
    return ladder.take(state, step_id=ID, at=AT)


def test_a_step_is_proposed_chosen_and_taken() -> None:
    """By the adviser, the reporter, the adviser."""
    given(Case(), evolve, [REPORTED]).when(proposing()).then(PROPOSED)
    given(Case(), evolve, [REPORTED, PROPOSED]).when(deciding()).then(CHOSEN)
    given(Case(), evolve, [REPORTED, PROPOSED, CHOSEN]).when(taking).then(TAKEN)
    (one,) = given(Case(), evolve, [REPORTED, PROPOSED, CHOSEN, TAKEN]).state.steps
    assert ("chosen", "code", True) == (one.decision, one.how, one.taken)


@pytest.mark.parametrize("step", taxonomy.current().ladder_steps)
@pytest.mark.parametrize("decision", [None, "not_now", "declined"])
def test_no_step_is_taken_that_the_reporter_did_not_choose(
    step: str, decision: Decision | None
) -> None:
    """Whichever it is, and whatever they decided but that."""
    past: list[Any] = [REPORTED, replace(PROPOSED, step=step)]
    if decision is not None:
        past.append(replace(CHOSEN, decision=decision))
    given(Case(), evolve, past).when(taking).then_refused(Code.STEP_NOT_CHOSEN)


def test_who_proposes_their_own_step_has_chosen_it() -> None:
    """A reporter by their code; an adviser who records a proposal has not decided it."""
    given(Case(), evolve, [REPORTED]).when(proposing(by_reporter=True)).then(
        replace(PROPOSED, by="reporter"), CHOSEN
    )


def test_a_reporter_may_change_their_mind_until_it_is_taken() -> None:
    """Each decision is recorded; the last one holds."""
    past = [REPORTED, PROPOSED, CHOSEN]
    given(Case(), evolve, past).when(deciding("declined")).then(DECLINED)
    given(Case(), evolve, [*past, DECLINED]).when(taking).then_refused(Code.STEP_NOT_CHOSEN)
    given(Case(), evolve, [*past, DECLINED]).when(deciding()).then(CHOSEN)
    given(Case(), evolve, past).when(deciding()).then_refused(Code.ALREADY_DECIDED)
    given(Case(), evolve, [*past, TAKEN]).when(deciding("declined")).then_refused(
        Code.ALREADY_DECIDED
    )
    given(Case(), evolve, [*past, TAKEN]).when(taking).then_refused(Code.ALREADY_DECIDED)


def test_nobody_decides_in_the_place_of_who_holds_a_code() -> None:
    """Of who holds none, the adviser records how it was said."""
    spoken = {"by_reporter": False, "how": "spoken"}
    given(Case(), evolve, [REPORTED, PROPOSED]).when(deciding(**spoken)).then_refused(  # type: ignore[arg-type]
        Code.REPORTER_DECIDES
    )
    given(Case(), evolve, [OPENED, PROPOSED]).when(deciding(**spoken)).then(  # type: ignore[arg-type]
        replace(CHOSEN, how="spoken")
    )
    given(Case(), evolve, [OPENED, PROPOSED]).when(deciding(by_reporter=False)).then_refused(
        Code.INVALID_INPUT, field="how"
    )


def test_a_step_is_on_the_table_once() -> None:
    """A declined one, or one that was taken, may be proposed again."""
    given(Case(), evolve, [REPORTED, PROPOSED]).when(proposing(OTHER)).then_refused(
        Code.ALREADY_EXISTS
    )
    for past in ([DECLINED], [CHOSEN, TAKEN]):
        again = given(Case(), evolve, [REPORTED, PROPOSED, *past])
        again.when(proposing(OTHER)).then(replace(PROPOSED, step_id=OTHER))
        again.when(proposing(ID)).then_refused(Code.ALREADY_EXISTS)


@pytest.mark.parametrize(
    ("decision", "code", "field"),
    [
        (proposing(step="step_interrogation"), Code.UNKNOWN_CODE, "step"),
        (proposing(UUID(int=7)), Code.INVALID_INPUT, "stepId"),
        (deciding(), Code.NOT_FOUND, None),
        (taking, Code.NOT_FOUND, None),
    ],
    ids=["code", "id", "decide", "take"],
)
def test_what_cannot_be(decision: Callable[[Case], Any], code: Code, field: str | None) -> None:
    """Unknown codes, ids that no client made, steps that nobody proposed."""
    given(Case(), evolve, [REPORTED]).when(decision).then_refused(code, field=field)


@pytest.mark.parametrize(
    "decision",
    [proposing(OTHER, "step_external"), deciding(), taking],
    ids=["propose", "decide", "take"],
)
def test_nothing_changes_in_a_closed_case(decision: Callable[[Case], Any]) -> None:
    """Nor in one that is not there."""
    past = [REPORTED, PROPOSED, ENDED, CLOSED]
    given(Case(), evolve, past).when(decision).then_refused(Code.CASE_CLOSED)
    given(Case(), evolve).when(decision).then_refused(Code.NOT_FOUND)


def test_a_declined_step_is_not_chosen_beside_the_same_one_proposed_anew() -> None:
    """The reporter decides about the one that is on the table."""
    again = replace(PROPOSED, step_id=OTHER)
    past = [REPORTED, PROPOSED, DECLINED, again]
    given(Case(), evolve, past).when(deciding()).then_refused(Code.ALREADY_EXISTS)


SECOND = replace(PROPOSED, step_id=OTHER, step="step_own_conversation", by="reporter")


def test_each_step_is_known_by_itself() -> None:
    """Who proposed it, what was decided and how; what becomes of one changes no other."""
    past = [REPORTED, SECOND, PROPOSED, CHOSEN]
    assert given(Case(), evolve, past).state.steps == (
        ladder.Step(step_id=OTHER, step="step_own_conversation", by="reporter"),
        ladder.Step(step_id=ID, step="step_mediation", by="adviser", decision="chosen", how="code"),
    )
    given(Case(), evolve, past).when(taking).then(TAKEN)
    given(Case(), evolve, [REPORTED, replace(CHOSEN, step_id=OTHER), SECOND, PROPOSED]).when(
        taking
    ).then_refused(Code.STEP_NOT_CHOSEN)


def test_another_open_step_is_no_hindrance() -> None:
    """Two different steps lie on the table beside each other, and each is decided."""
    given(Case(), evolve, [REPORTED, SECOND]).when(proposing()).then(PROPOSED)
    given(Case(), evolve, [REPORTED, SECOND, PROPOSED]).when(deciding()).then(CHOSEN)


def test_a_step_can_be_declined_though_it_was_proposed_anew() -> None:
    """Declining takes nothing up again: both are off the table."""
    anew = replace(PROPOSED, step_id=OTHER)
    later = replace(CHOSEN, decision="not_now")
    past = [REPORTED, PROPOSED, later, anew]
    given(Case(), evolve, past).when(deciding("declined")).then(DECLINED)
