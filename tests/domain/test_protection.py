"""Disadvantage afterwards: reported by either side, judged by nobody; and which protection holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from services.intake.domain import protection
from services.intake.domain.aftercare import CaseReopened
from services.intake.domain.case import Case, CaseHandedOver, evolve
from services.intake.domain.conversion import ReportDecided
from services.intake.domain.hand_over import shown_to_adviser
from services.intake.domain.organisation import Organisation
from services.intake.domain.protection import DisadvantageReported
from services.intake.outbound import OUTBOUND
from services.intake.signatures import verifies
from shared.contracts.errors import Code
from shared.taxonomy import whistleblowing as codes
from tests.domain import test_hand_over as a_hand_over
from tests.domain.test_case import (
    AT,
    CLOSED,
    ENDED,
    OPENED,
    ORGANISATION,
    REPORTED,
    TO_REPORTER,
    WORDS,
)
from tests.domain.test_conversion import AGREED, CONVERTED, SPARRING, TOLD
from tests.gwt import given

ID = UUID("6f1d2c3b-0000-4000-8000-0000000000e7")
SUFFERED = DisadvantageReported(
    disadvantage_id=ID,
    kind="negative_appraisal",
    since="one_to_six_months",
    by="reporter",
    words=(WORDS, TO_REPORTER),
    signature=None,
    signed_by=None,
    at=AT,
)


def reporting(
    house: Organisation = ORGANISATION, *, by_reporter: bool = True, **changes: Any
) -> Callable[[Case], Any]:
    fields: dict[str, Any] = {
        name: getattr(SUFFERED, name) for name in ("disadvantage_id", "kind", "since", "words")
    }
    return lambda state: protection.report_disadvantage(
        state,
        house,
        **(fields | changes),
        by_reporter=by_reporter,
        at=AT,
        verifies=verifies,
    )


@pytest.mark.parametrize("past", [[], [ENDED, CLOSED]], ids=["open", "closed"])
def test_either_side_reports_a_disadvantage(past: list[Any]) -> None:
    """Of an open case and a closed one; the adviser too where the reporter holds a code."""
    case = given(Case(), evolve, [REPORTED, *past])
    case.when(reporting()).then(SUFFERED)
    case.when(reporting(by_reporter=False)).then(replace(SUFFERED, by="adviser"))
    assert (SUFFERED,) == given(Case(), evolve, [REPORTED, *past, SUFFERED]).state.disadvantages
    walked_in = given(Case(), evolve, [OPENED, *past])
    walked_in.when(reporting(by_reporter=False, words=(WORDS,))).then(
        replace(SUFFERED, by="adviser", words=(WORDS,))
    )


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"kind": "dismissed_unfairly"}, Code.UNKNOWN_CODE, "kind"),
        ({"kind": "sanction"}, Code.JUDGEMENT_WORD, "kind"),
        ({"since": "yesterday"}, Code.UNKNOWN_CODE, "since"),
        ({"words": ()}, Code.INVALID_INPUT, "words"),
        ({"words": (WORDS,)}, Code.INVALID_INPUT, "words"),
        ({"signature": bytes(64)}, Code.INVALID_INPUT, "signature"),
        ({"disadvantage_id": UUID(int=7)}, Code.INVALID_INPUT, "disadvantageId"),
    ],
)
def test_what_cannot_be_a_disadvantage_is_refused(
    changes: dict[str, Any], code: Code, field: str
) -> None:
    """Unknown codes, words that judge, words that one side cannot read."""
    given(Case(), evolve, [REPORTED]).when(reporting(**changes)).then_refused(code, field=field)


def test_an_adviser_signs_what_they_noticed() -> None:
    """As all words of theirs, once they have a key that can sign; a reporter signs nothing."""
    (key,) = ORGANISATION.keys
    house = replace(ORGANISATION, keys=(replace(key, signing_key=bytes(32)),))
    past = given(Case(), evolve, [REPORTED])
    past.when(reporting(house)).then(SUFFERED)
    past.when(reporting(house, by_reporter=False)).then_refused(
        Code.INVALID_INPUT, field="signature"
    )


def test_what_an_adviser_signed_stands_with_its_signature() -> None:
    """And with the id of the key that made it."""
    sealed = a_hand_over.words("what happened", a_hand_over.ANNAS)
    signature = a_hand_over.signature(1, sealed)
    given(Case(), evolve, [a_hand_over.OPENED]).when(
        reporting(a_hand_over.ORGANISATION, by_reporter=False, words=sealed, signature=signature)
    ).then(
        replace(
            SUFFERED,
            by="adviser",
            words=sealed,
            signature=signature,
            signed_by=a_hand_over.ANNAS.key_id,
        )
    )


def test_a_disadvantage_is_reported_once_and_in_a_case() -> None:
    """Each has an id of its own."""
    given(Case(), evolve, [REPORTED, SUFFERED]).when(reporting()).then_refused(Code.ALREADY_EXISTS)
    given(Case(), evolve).when(reporting()).then_refused(Code.NOT_FOUND)


def test_the_presumption_holds_after_a_report_and_never_without() -> None:
    """Deciding to report, consent, and disadvantage itself are no report; nothing undoes one."""
    decided = ReportDecided(how="code", at=AT)
    reopened = CaseReopened(reason="disadvantage_after", by="reporter", at=AT)
    for past in ([], [SUFFERED], [AGREED], [AGREED, decided]):
        state = given(Case(), evolve, [SPARRING, *past]).state
        assert "presumption_does_not_hold" == protection.holds(state)
    for past in ([], [SUFFERED], [ENDED, CLOSED], [ENDED, CLOSED, reopened]):
        state = given(Case(), evolve, [REPORTED, AGREED, TOLD, CONVERTED, *past]).state
        assert "presumption_holds" == protection.holds(state)


def test_each_protection_says_why_with_its_articles() -> None:
    """In both languages; the one that does not hold does not promise anything."""
    said = codes.current().protections
    assert {"presumption_holds", "presumption_does_not_hold"} == set(said)
    for one in said.values():
        assert "17eb" in one.law
        assert "21(5)" in one.law
        assert one.label("nl") != one.label("en")
    assert "geldt dit vermoeden niet" in said["presumption_does_not_hold"].nl


def test_a_successor_sees_that_there_was_a_report_and_nothing_leaves() -> None:
    """Which holds nobody's words; signals hears of no disadvantage."""
    (_, shown) = shown_to_adviser([REPORTED, SUFFERED])
    assert SUFFERED.words == shown.words
    handed = CaseHandedOver(
        from_adviser="anna", to_adviser="bram", entries=(), consent="reporter", at=AT
    )
    left = shown_to_adviser([REPORTED, SUFFERED, CONVERTED, handed])
    assert [REPORTED, CONVERTED, handed] == [one.event for one in left]
    assert "DisadvantageReported" not in OUTBOUND
