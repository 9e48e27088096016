"""Breaking confidentiality: along the whole checklist, by two advisers, and the reporter is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from services.intake.domain import disclosure
from services.intake.domain.case import Case, Event, close_case, evolve
from services.intake.domain.disclosure import (
    ConditionAnswered,
    DisclosureConfirmed,
    DisclosureRefused,
    DisclosureRequested,
    ReporterInformed,
    ReporterNotInformed,
)
from services.intake.domain.organisation import (
    AdviserKept,
    ListedKey,
    ListedRecoveryKey,
    Organisation,
)
from services.intake.domain.words import SealedWords, key_id_of
from shared.contracts.errors import Code
from shared.taxonomy import confidentiality
from tests.domain import test_case as a_case
from tests.gwt import given

AT = a_case.AT
ID = UUID("6f1d2c3b-0000-4000-8000-00000000000d")
CONDITIONS = (
    "permission_sought",
    "conscience",
    "no_other_way",
    "serious_harm_near_certain",
    "harm_prevented",
    "least_disclosed",
)
YES = tuple(ConditionAnswered(condition=one, holds="yes") for one in CONDITIONS)


def organisation() -> Organisation:
    """Anna, Bram and Cor advise; Cor has no key yet."""
    assert a_case.ORGANISATION.set_up is not None
    advisers = tuple(AdviserKept(id=one, name=one.title()) for one in ("anna", "bram", "cor"))
    keys = tuple(
        ListedKey(
            adviser_id=one,
            key_id=key_id_of(bytes([number] * 32)),
            public_key=bytes([number] * 32),
            signing_key=None,
            state="current",
            own_stream=True,
            on=date(2026, 3, 2),
        )
        for number, one in enumerate(("anna", "bram"), start=1)
    )
    return Organisation(
        version=3, set_up=replace(a_case.ORGANISATION.set_up, advisers=advisers), keys=keys
    )


ORGANISATION = organisation()
TO_ANNA, TO_BRAM = (
    SealedWords(key_id=key.key_id, ciphertext=b"sealed") for key in ORGANISATION.keys
)
BOTH = (TO_ANNA, TO_BRAM)
OPENED = replace(a_case.OPENED, words=(TO_ANNA,))
REPORTED = replace(a_case.REPORTED, words=(TO_ANNA, a_case.TO_REPORTER))
REQUESTED = DisclosureRequested(
    disclosure_id=ID,
    adviser_id="anna",
    reviewer_id="bram",
    codes_version=1,
    ground="crisis_of_conscience",
    recipient="police_or_prosecutor",
    answers=YES,
    reason=BOTH,
    at=AT,
)
CONFIRMED = DisclosureConfirmed(disclosure_id=ID, at=AT)
REFUSED = DisclosureRefused(disclosure_id=ID, remarks=(TO_ANNA,), at=AT)
TOLD = ReporterInformed(disclosure_id=ID, words=(TO_ANNA, a_case.TO_REPORTER), at=AT)
NOT_TOLD = ReporterNotInformed(disclosure_id=ID, why="danger_to_others", reason=BOTH, at=AT)

Decision = Callable[[Case], Event]


def requesting(**changes: Any) -> Decision:
    fields = {
        name: getattr(REQUESTED, name)
        for name in DisclosureRequested.__slots__
        if name != "codes_version"
    }
    return lambda state: disclosure.request(state, ORGANISATION, **(fields | changes))


def reviewing(who: str = "bram", *, agrees: bool = True, which: UUID = ID) -> Decision:
    return lambda state: disclosure.review(
        state,
        ORGANISATION,
        disclosure_id=which,
        reviewer_id=who,
        agrees=agrees,
        remarks=() if agrees else (TO_ANNA,),
        at=AT,
    )


def telling(*words: SealedWords, why_not: str | None = None) -> Decision:
    return lambda state: disclosure.inform(
        state, ORGANISATION, disclosure_id=ID, why_not=why_not, words=words, at=AT
    )


@pytest.mark.parametrize(
    ("past", "decision", "event"),
    [
        pytest.param([OPENED], requesting(), REQUESTED, id="requested"),
        pytest.param([OPENED, a_case.CLOSED], requesting(), REQUESTED, id="of a closed case"),
        pytest.param([OPENED, REQUESTED], reviewing(), CONFIRMED, id="confirmed"),
        pytest.param([OPENED, REQUESTED], reviewing(agrees=False), REFUSED, id="refused"),
        pytest.param([REPORTED, REQUESTED], telling(*TOLD.words), TOLD, id="told before"),
        pytest.param([REPORTED, REQUESTED, CONFIRMED], telling(*TOLD.words), TOLD, id="told"),
        pytest.param(
            [OPENED, REQUESTED, CONFIRMED],
            telling(TO_ANNA),
            replace(TOLD, words=(TO_ANNA,)),
            id="told without a code",
        ),
        pytest.param(
            [REPORTED, REQUESTED, CONFIRMED],
            telling(*BOTH, why_not="danger_to_others"),
            NOT_TOLD,
            id="not told for a reason",
        ),
        pytest.param(
            [REPORTED, REQUESTED, CONFIRMED, NOT_TOLD], telling(*TOLD.words), TOLD, id="told later"
        ),
    ],
)
def test_a_disclosure_goes_its_way(past: list[Event], decision: Decision, event: Event) -> None:
    """Each step is recorded with its codes and its sealed words."""
    given(Case(), evolve, past).when(decision).then(event)


@pytest.mark.parametrize("ground", confidentiality.current().disclosure_grounds)
@pytest.mark.parametrize("condition", CONDITIONS)
@pytest.mark.parametrize("holds", ["no", "not_applicable"])
def test_a_condition_that_the_ground_requires_must_hold(
    ground: str, condition: str, holds: Any
) -> None:
    """Every condition for a crisis of conscience; those of the law's grounds for these."""
    answers = tuple(replace(one, holds=holds) if one.condition == condition else one for one in YES)
    required = {
        "crisis_of_conscience": set(CONDITIONS),
        "serious_crime": set(CONDITIONS) - {"conscience"},
    }.get(ground, {"permission_sought", "least_disclosed"})
    decided = given(Case(), evolve, [OPENED]).when(requesting(ground=ground, answers=answers))
    if condition in required:
        decided.then_refused(Code.CONDITIONS_NOT_MET)
    else:
        decided.then(replace(REQUESTED, ground=ground, answers=answers))


@pytest.mark.parametrize(
    ("changes", "code", "about"),
    [
        ({"reviewer_id": "anna"}, Code.INVALID_INPUT, "reviewerId"),
        ({"reviewer_id": "hr"}, Code.INVALID_INPUT, "reviewerId"),
        ({"reviewer_id": "cor"}, Code.INVALID_INPUT, "reason"),
        ({"reviewer_id": "cor", "reason": (TO_ANNA,)}, Code.INVALID_INPUT, "reason"),
        ({"reason": (TO_ANNA,)}, Code.INVALID_INPUT, "reason"),
        ({"reason": (TO_BRAM,)}, Code.INVALID_INPUT, "reason"),
        ({"reason": ()}, Code.INVALID_INPUT, "reason"),
        ({"reason": (*BOTH, a_case.WORDS)}, Code.INVALID_INPUT, "reason"),
        ({"answers": YES[1:]}, Code.INVALID_INPUT, "answers"),
        ({"answers": (*YES, YES[0])}, Code.INVALID_INPUT, "answers"),
        ({"ground": "because"}, Code.UNKNOWN_CODE, "ground"),
        ({"recipient": "a newspaper"}, Code.UNKNOWN_CODE, "recipient"),
        ({"disclosure_id": UUID(int=7)}, Code.INVALID_INPUT, "disclosureId"),
    ],
)
def test_a_request_that_is_not_whole_is_refused(
    changes: dict[str, Any], code: Code, about: str
) -> None:
    """Not oneself, nobody from outside, nobody who cannot read the reason; every condition once."""
    refusal = given(Case(), evolve, [OPENED]).when(requesting(**changes)).then_refused(code)
    assert about == refusal.values["field"]


def test_the_recovery_key_reads_too() -> None:
    """Where the organisation has one: what a leaving adviser wrote must not be lost."""
    key = ListedRecoveryKey(
        key_id=UUID(int=77), public_key=bytes(32), state="current", by="anna", on=date(2026, 3, 2)
    )
    with_one = replace(ORGANISATION, recovery_keys=(key,))
    fields = {
        name: getattr(REQUESTED, name)
        for name in DisclosureRequested.__slots__
        if name != "codes_version"
    }
    case = given(Case(), evolve, [OPENED])
    refusal = case.when(lambda state: disclosure.request(state, with_one, **fields)).then_refused(
        Code.INVALID_INPUT, field="reason"
    )
    assert "they are not sealed to the recovery key" == refusal.values["reason"]
    reason = (*BOTH, SealedWords(key_id=key.key_id, ciphertext=b"sealed"))
    case.when(
        lambda state: disclosure.request(state, with_one, **(fields | {"reason": reason}))
    ).then(replace(REQUESTED, reason=reason))


@pytest.mark.parametrize("who", ["anna", "cor", "hr", "auditor"])
def test_only_the_named_second_adviser_decides(who: str) -> None:
    """To anybody else, the first adviser too, there is no such disclosure."""
    given(Case(), evolve, [OPENED, REQUESTED]).when(reviewing(who)).then_refused(Code.NOT_FOUND)


@pytest.mark.parametrize(
    ("past", "decision", "code", "field"),
    [
        ([REQUESTED], requesting(), Code.ALREADY_EXISTS, None),
        ([REQUESTED, CONFIRMED], reviewing(), Code.ALREADY_DECIDED, None),
        ([REQUESTED, REFUSED], reviewing(), Code.ALREADY_DECIDED, None),
        ([REQUESTED, REFUSED], telling(*TOLD.words), Code.ALREADY_DECIDED, None),
        ([REQUESTED, TOLD], telling(*TOLD.words), Code.ALREADY_DECIDED, None),
        ([REQUESTED, TOLD], telling(*BOTH, why_not="danger_to_others"), Code.ALREADY_DECIDED, None),
        (
            [REQUESTED, NOT_TOLD],
            telling(*BOTH, why_not="danger_to_others"),
            Code.ALREADY_DECIDED,
            None,
        ),
        ([], reviewing(), Code.NOT_FOUND, None),
        ([], telling(*TOLD.words), Code.NOT_FOUND, None),
        ([REQUESTED], reviewing(which=UUID(int=9)), Code.NOT_FOUND, None),
        ([REQUESTED], telling(*BOTH, why_not="no time"), Code.UNKNOWN_CODE, "whyNot"),
        ([REQUESTED], telling(TO_ANNA, why_not="danger_to_others"), Code.INVALID_INPUT, "words"),
        ([REQUESTED], telling(TO_ANNA), Code.INVALID_INPUT, "words"),
        ([REQUESTED], telling(a_case.TO_REPORTER), Code.INVALID_INPUT, "words"),
        ([REQUESTED], reviewing(agrees=False, which=ID), None, None),
    ],
)
def test_what_is_out_of_turn_is_refused(
    past: list[Event], decision: Decision, code: Code | None, field: str | None
) -> None:
    """Nothing is decided twice; a reporter is told in words that they can open."""
    decided = given(Case(), evolve, [REPORTED, *past]).when(decision)
    if code is None:
        decided.then(REFUSED)
    else:
        decided.then_refused(code, field=field)


@pytest.mark.parametrize(
    ("past", "closes"),
    [
        ([REQUESTED], False),
        ([REQUESTED, CONFIRMED], False),
        ([REQUESTED, REFUSED], True),
        ([REQUESTED, CONFIRMED, TOLD], True),
        ([REQUESTED, CONFIRMED, NOT_TOLD], True),
        ([REQUESTED, TOLD, replace(REQUESTED, disclosure_id=UUID(int=8))], False),
    ],
)
def test_a_case_is_not_closed_before_the_reporter_is_told(past: list[Event], closes: bool) -> None:
    """Or it is recorded why not; of what was refused there is nothing to tell."""
    decided = given(Case(), evolve, [REPORTED, a_case.ENDED, *past]).when(
        lambda state: close_case(state, at=AT)
    )
    if closes:
        decided.then(a_case.CLOSED)
    else:
        decided.then_refused(Code.REPORTER_UNTOLD)


def test_each_disclosure_is_known_by_itself() -> None:
    """Who asked for it, who looks at it, what was decided and whether the reporter knows."""
    other = UUID("6f1d2c3b-0000-4000-8000-0000000000dd")
    second = replace(REQUESTED, disclosure_id=other, reviewer_id="cor")
    past = [OPENED, REQUESTED, second, CONFIRMED, NOT_TOLD, replace(REFUSED, disclosure_id=other)]
    assert given(Case(), evolve, past).state.disclosures == (
        disclosure.Disclosure(
            disclosure_id=ID,
            adviser_id="anna",
            reviewer_id="bram",
            decision="confirmed",
            told="not_informed",
        ),
        disclosure.Disclosure(
            disclosure_id=other, adviser_id="anna", reviewer_id="cor", decision="refused"
        ),
    )


def test_an_unknown_condition_is_named_as_such() -> None:
    """Not as one too many."""
    answers = (*YES, ConditionAnswered(condition="curiosity", holds="yes"))
    given(Case(), evolve, [OPENED]).when(requesting(answers=answers)).then_refused(
        Code.UNKNOWN_CODE, field="answers"
    )


def test_remarks_are_sealed_to_who_asked() -> None:
    """To Bram alone they would be lost."""
    given(Case(), evolve, [OPENED, REQUESTED]).when(
        lambda state: disclosure.review(
            state,
            ORGANISATION,
            disclosure_id=ID,
            reviewer_id="bram",
            agrees=False,
            remarks=(TO_BRAM,),
            at=AT,
        )
    ).then_refused(Code.INVALID_INPUT, field="remarks")
