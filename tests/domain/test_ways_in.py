"""Ways in: told before the first word, chosen and avoided advisers, and what is no report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from services.intake.domain import disclosure, subject_access, ways_in
from services.intake.domain.case import Case, HandOverConsented, evolve
from services.intake.domain.hand_over import hand_over
from services.intake.domain.organisation import AdviserKept
from services.intake.domain.recovery import request_recovery
from services.intake.domain.ways_in import AdviserAvoided, StatementRecorded, is_report
from services.intake.signatures import verifies
from shared import taxonomy
from shared.contracts.errors import Code
from shared.taxonomy import statement
from shared.taxonomy.judgement import judges
from tests.domain.test_case import (
    AT,
    CLOSED,
    ENDED,
    OPENED,
    ORGANISATION,
    READ,
    REPLY_KEY,
    REPORTED,
    TO_REPORTER,
    WORDS,
    opening,
)
from tests.gwt import given

TWO = replace(
    ORGANISATION,
    set_up=replace(
        ORGANISATION.known,
        advisers=(AdviserKept(id="anna", name="Anna"), AdviserKept(id="bram", name="Bram")),
    ),
)
TOLD = replace(READ, how="told")
RECORDED = StatementRecorded(statement=TOLD, at=AT)
AVOIDED = AdviserAvoided(adviser_id="bram", at=AT)
MINE: dict[str, Any] = {
    "by": "reporter",
    "reply_key": REPLY_KEY,
    "words": (WORDS, TO_REPORTER),
}


def avoiding(adviser_id: str = "bram") -> Callable[[Case], Any]:
    return lambda state: ways_in.avoid_adviser(state, TWO, adviser_id=adviser_id, at=AT)


def recording(version: int = 1) -> Callable[[Case], Any]:
    return lambda state: ways_in.record_statement(
        state, given=replace(TOLD, version=version), at=AT
    )


# The opening statement --------------------------------------------------------------------------


def test_opening_statement_event_precedes_content() -> None:
    """A reporter's first words come with what they read before; without it no case is opened."""
    given(Case(), evolve).when(opening(**MINE, statement=READ)).then(REPORTED)
    given(Case(), evolve).when(opening(**MINE)).then_refused(Code.STATEMENT_MISSING)


def test_an_adviser_records_it_with_the_opening_or_later() -> None:
    """Once; and who forgot can say so by saying nothing."""
    given(Case(), evolve).when(opening()).then(OPENED)
    given(Case(), evolve).when(opening(statement=TOLD)).then(replace(OPENED, statement=TOLD))
    given(Case(), evolve, [OPENED]).when(recording()).then(RECORDED)
    for past in ([OPENED, RECORDED], [REPORTED]):
        given(Case(), evolve, past).when(recording()).then_refused(Code.ALREADY_DECIDED)
    assert TOLD == given(Case(), evolve, [OPENED, RECORDED]).state.statement


def test_only_the_newest_version_is_read() -> None:
    """An older one may say something that no longer holds."""
    older = replace(READ, version=0)
    given(Case(), evolve).when(opening(**MINE, statement=older)).then_refused(
        Code.INVALID_INPUT, field="statement.version"
    )
    given(Case(), evolve, [OPENED]).when(recording(2)).then_refused(
        Code.INVALID_INPUT, field="statement.version"
    )


def test_nothing_is_told_in_a_closed_case_or_in_none() -> None:
    """Nor is anybody avoided there."""
    for decision in (recording(), avoiding()):
        given(Case(), evolve, [OPENED, ENDED, CLOSED]).when(decision).then_refused(Code.CASE_CLOSED)
        given(Case(), evolve).when(decision).then_refused(Code.NOT_FOUND)


def test_the_statement_says_what_is_covered_and_where_it_ends_in_both_languages() -> None:
    """First what is covered; and it judges nobody."""
    points = statement.current().points
    kinds = [point.kind for point in points]
    assert kinds == sorted(kinds)
    assert {"covers", "ends"} == set(kinds)
    assert len(points) == len({point.code for point in points})
    for point in points:
        assert point.text("nl") != point.text("en")
        assert not judges(point.text("nl") + " " + point.text("en"))


# Avoided ----------------------------------------------------------------------------------------


def test_a_reporter_says_whom_they_do_not_want() -> None:
    """With the opening, or later; each once, and never the one who has the case."""
    given(Case(), evolve, [OPENED]).when(avoiding()).then(AVOIDED)
    given(Case(), evolve, [OPENED, AVOIDED]).when(avoiding()).then_refused(Code.ALREADY_DECIDED)
    given(Case(), evolve, [OPENED]).when(avoiding("anna")).then_refused(
        Code.INVALID_INPUT, field="avoids"
    )
    given(Case(), evolve, [OPENED]).when(avoiding("nobody")).then_refused(
        Code.INVALID_INPUT, field="avoids"
    )
    given(Case(), evolve).when(opening(avoids=("nobody",))).then_refused(
        Code.INVALID_INPUT, field="avoids"
    )
    given(Case(), evolve).when(opening(avoids=("anna",))).then_refused(
        Code.INVALID_INPUT, field="avoids"
    )
    asked = replace(OPENED, avoids=("bram",))
    assert frozenset({"bram"}) == given(Case(), evolve, [asked]).state.avoided


@pytest.mark.parametrize(
    "decision",
    [
        lambda state: hand_over(
            state,
            TWO,
            [OPENED, AVOIDED],
            by="anna",
            to_adviser="bram",
            entries=(),
            consent="spoken",
            at=AT,
            verifies=verifies,
        ),
        lambda state: request_recovery(
            state,
            TWO,
            by="coordinator-1",
            role="coordinator",
            reason="adviser_left",
            to_adviser="bram",
            at=AT,
        ),
        lambda state: disclosure.request(
            state,
            TWO,
            disclosure_id=OPENED.case_id,
            adviser_id="anna",
            reviewer_id="bram",
            ground="serious_crime",
            recipient="court",
            answers=(),
            reason=(),
            at=AT,
        ),
        lambda state: subject_access.request(
            state,
            TWO,
            access_id=OPENED.case_id,
            adviser_id="anna",
            reviewer_id="bram",
            received_on=AT.date(),
            note=(),
            at=AT,
        ),
    ],
    ids=["hand over", "recover", "disclosure", "access"],
)
def test_whoever_is_avoided_sees_nothing_of_the_case(decision: Callable[[Case], Any]) -> None:
    """Neither as its adviser nor as a second one."""
    given(Case(), evolve, [OPENED, AVOIDED]).when(decision).then_refused(Code.ADVISER_AVOIDED)


def test_who_agrees_to_an_adviser_wants_them_after_all() -> None:
    """By their own code, to a hand-over."""
    agreed = HandOverConsented(adviser_id="bram", at=AT)
    assert frozenset() == given(Case(), evolve, [REPORTED, AVOIDED, agreed]).state.avoided


# No report --------------------------------------------------------------------------------------


@pytest.mark.parametrize("category", taxonomy.current().categories)
def test_sparring_and_what_goes_well_are_cases_without_clocks(category: str) -> None:
    """All others, opened by a reporter, are reports that are confirmed and answered in time."""
    case = replace(REPORTED, category=category)
    terms = {one.term for one in given(Case(), evolve, [case]).state.terms}
    assert is_report(category) is (category not in ("moral_dilemma", "desired_conduct"))
    assert terms == ({"confirmation", "feedback"} if is_report(category) else set())


def test_a_dilemma_is_opened_without_subject_and_without_report() -> None:
    """Nobody is named, nothing is reported, and it is closed like another case."""
    sparring = replace(OPENED, category="moral_dilemma", relation="nobody_involved", unit_id=None)
    given(Case(), evolve).when(
        opening(category="moral_dilemma", relation="nobody_involved", unit_id=None)
    ).then(sparring)
    assert given(Case(), evolve, [sparring, ENDED, CLOSED]).state.closed
