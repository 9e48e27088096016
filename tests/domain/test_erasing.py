"""The end of a case: who may ask for it, on which ground, and whose approvals it takes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest

from services.intake.domain import retention
from services.intake.domain.erasure import (
    CaseErased,
    Erasure,
    ErasureApproved,
    ErasureRequested,
    Event,
    Ground,
    Role,
    approve,
    due_of,
    evolve,
    request,
)
from services.intake.domain.retention import RetentionDecided
from shared.contracts.errors import Code
from tests.gwt import given

AT = datetime(2028, 11, 23, 14, 0, tzinfo=UTC)
CASE_ID = UUID("6f1d2c3b-0000-4000-8000-000000000003")
ORGANISATION_ID = UUID("6f1d2c3b-0000-4000-8000-000000000001")
FACTS_ID = UUID("6f1d2c3b-0000-4000-8000-000000000004")
MESSAGE_ID = UUID("6f1d2c3b-0000-4000-8000-000000000005")

ASKED = ErasureRequested(case_id=CASE_ID, ground="reporter", by="rosa", role="reporter", at=AT)
BY_RULE = ErasureRequested(case_id=CASE_ID, ground="retention", by="rule", role="rule", at=AT)
APPROVED = ErasureApproved(by="anna", role="adviser", at=AT)
ERASED = CaseErased(
    case_id=CASE_ID,
    organisation_id=ORGANISATION_ID,
    facts_id=FACTS_ID,
    message_id=MESSAGE_ID,
    ground="reporter",
    by="coen",
    role="coordinator",
    at=AT,
)


def asking(
    ground: Ground = "reporter", by: str = "rosa", role: Role = "reporter", due: date | None = None
) -> Callable[[Erasure], object]:
    return lambda state: request(
        state, case_id=CASE_ID, ground=ground, by=by, role=role, due=due, at=AT
    )


def approving(by: str = "coen", role: Role = "coordinator") -> Callable[[Erasure], object]:
    return lambda state: approve(
        state,
        organisation_id=ORGANISATION_ID,
        facts_id=FACTS_ID,
        message_id=MESSAGE_ID,
        by=by,
        role=role,
        at=AT,
    )


def test_a_reporter_asks_and_another_person_approves() -> None:
    """The second person's approval is the end of the case."""
    given(Erasure(), evolve).when(asking()).then(ASKED)
    given(Erasure(), evolve, [ASKED]).when(approving()).then(ERASED)


def test_where_the_rule_asked_two_people_approve() -> None:
    """In two roles: a rule is nobody's pair of eyes. The ground stays that of the rule."""
    rule = asking("retention", "rule", "rule", AT.date())
    given(Erasure(), evolve).when(rule).then(BY_RULE)
    given(Erasure(), evolve, [BY_RULE]).when(approving("anna", "adviser")).then(APPROVED)
    given(Erasure(), evolve, [BY_RULE, APPROVED]).when(approving()).then(
        CaseErased(
            case_id=CASE_ID,
            organisation_id=ORGANISATION_ID,
            facts_id=FACTS_ID,
            message_id=MESSAGE_ID,
            ground="retention",
            by="coen",
            role="coordinator",
            at=AT,
        )
    )


@pytest.mark.parametrize(
    ("past", "by", "role"),
    [
        pytest.param([ASKED], "rosa", "works_council", id="who asked"),
        pytest.param([ASKED], "roel", "reporter", id="of the same role"),
        pytest.param([BY_RULE, APPROVED], "anna", "coordinator", id="who approved already"),
        pytest.param([BY_RULE, APPROVED], "bram", "adviser", id="of that one's role"),
    ],
)
def test_four_eyes_are_two_peoples_in_two_roles(past: list[Event], by: str, role: Role) -> None:
    """Whoever took part, or has a role that took part, is no second person."""
    given(Erasure(), evolve, past).when(approving(by, role)).then_refused(Code.SECOND_PERSON_NEEDED)


def test_nothing_is_approved_that_nobody_asked_for() -> None:
    """There is no such erasure."""
    given(Erasure(), evolve).when(approving()).then_refused(Code.NOT_FOUND)


def test_what_is_erased_is_neither_asked_for_nor_approved_again() -> None:
    """Its key is destroyed."""
    done = given(Erasure(), evolve, [ASKED, ERASED])
    done.when(asking()).then_refused(Code.KEY_DESTROYED)
    done.when(approving("wim", "works_council")).then_refused(Code.KEY_DESTROYED)


def test_it_is_asked_for_once() -> None:
    """But a person may ask where the rule did before; the rule asks nobody twice."""
    given(Erasure(), evolve, [ASKED]).when(asking()).then_refused(Code.ALREADY_EXISTS)
    rule = asking("retention", "rule", "rule", AT.date())
    given(Erasure(), evolve, [ASKED]).when(rule).then_refused(Code.ALREADY_EXISTS)
    given(Erasure(), evolve, [BY_RULE]).when(rule).then_refused(Code.ALREADY_EXISTS)
    given(Erasure(), evolve, [BY_RULE]).when(asking()).then(ASKED)


@pytest.mark.parametrize("ground", ["retention", "court_order"])
def test_a_reporter_asks_for_no_other_reason_than_their_own(ground: Ground) -> None:
    """Nobody else's ground is theirs."""
    given(Erasure(), evolve).when(asking(ground, due=AT.date())).then_refused(
        Code.INVALID_INPUT, field="ground"
    )


@pytest.mark.parametrize("role", ["coordinator", "works_council"])
@pytest.mark.parametrize("ground", ["reporter", "retention"])
def test_who_is_outside_a_case_asks_by_order_of_a_court_alone(role: Role, ground: Ground) -> None:
    """That a case be erased is otherwise for its reporter and its adviser to ask."""
    there = given(Erasure(), evolve)
    there.when(asking(ground, "coen", role, AT.date())).then_refused(
        Code.INVALID_INPUT, field="ground"
    )
    there.when(asking("court_order", "coen", role)).then(
        ErasureRequested(case_id=CASE_ID, ground="court_order", by="coen", role=role, at=AT)
    )


@pytest.mark.parametrize("ground", ["reporter", "court_order"])
def test_an_adviser_asks_for_the_reporter_or_by_order_of_a_court(ground: Ground) -> None:
    """At any time."""
    given(Erasure(), evolve).when(asking(ground, "anna", "adviser")).then(
        ErasureRequested(case_id=CASE_ID, ground=ground, by="anna", role="adviser", at=AT)
    )


@pytest.mark.parametrize(
    ("due", "refused"),
    [
        pytest.param(None, True, id="never"),
        pytest.param(date(2028, 11, 24), True, id="tomorrow"),
        pytest.param(date(2028, 11, 23), False, id="today"),
        pytest.param(date(2028, 11, 22), False, id="yesterday"),
    ],
)
def test_retention_is_a_ground_from_its_day_on(due: date | None, *, refused: bool) -> None:
    """On the day itself it has passed."""
    decided = given(Erasure(), evolve).when(asking("retention", "anna", "adviser", due))
    if refused:
        decided.then_refused(Code.NOT_DUE)
    else:
        decided.then(
            ErasureRequested(case_id=CASE_ID, ground="retention", by="anna", role="adviser", at=AT)
        )


@pytest.mark.parametrize(
    ("events", "people", "erased"),
    [
        pytest.param([], (), None, id="nobody"),
        pytest.param([ASKED], ("rosa",), None, id="who asked"),
        pytest.param([BY_RULE], (), None, id="a rule is nobody"),
        pytest.param([BY_RULE, APPROVED], ("anna",), None, id="one of two"),
        pytest.param([BY_RULE, APPROVED, ERASED], ("anna", "coen"), ERASED, id="both"),
    ],
)
def test_who_took_part_is_known(
    events: list[Event], people: tuple[str, ...], erased: CaseErased | None
) -> None:
    """By subject, in the order in which they did; and each event counts as one."""
    state = given(Erasure(), evolve, events).state
    assert (people, erased, len(events)) == (state.people, state.erased, state.version)


@pytest.mark.parametrize(
    ("facts", "due"),
    [
        pytest.param({}, date(2028, 7, 15), id="from the tick on, which is later"),
        pytest.param({"closed": date(2027, 3, 1)}, date(2028, 9, 1), id="from the close on"),
        pytest.param({"closed": None}, None, id="a case that runs"),
        pytest.param({"months": None}, None, id="nothing decided"),
    ],
)
def test_when_retention_has_passed(facts: dict[str, Any], due: date | None) -> None:
    """Months after the later one of the closing and the release of the period's figures."""
    usual: dict[str, Any] = {"closed": date(2026, 12, 1), "period": "2026-H2", "months": 18}
    assert due == due_of(**(usual | facts))


# How long cases are kept ----------------------------------------------------------------------------


@pytest.mark.parametrize("months", [1, 24, 240])
def test_an_organisation_decides_from_a_month_to_twenty_years(months: int) -> None:
    """The bounds are taken; the newest decision counts."""
    given(None, lambda state, _: state).when(lambda _: retention.decide(months, on=AT.date())).then(
        RetentionDecided(months=months, on=AT.date())
    )
    decided = [RetentionDecided(months=one, on=AT.date()) for one in (12, months)]
    assert months == retention.months_of(decided)


@pytest.mark.parametrize("months", [0, 241, -12])
def test_another_time_is_refused(months: int) -> None:
    """The refusal says between what it must lie."""
    given(None, lambda state, _: state).when(
        lambda _: retention.decide(months, on=AT.date())
    ).then_refused(Code.INVALID_INPUT, field="months", low=1, high=240)


def test_where_nothing_was_decided_cases_are_kept() -> None:
    """Until somebody asks."""
    assert None is retention.months_of([])
