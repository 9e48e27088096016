"""Access by the person a case is about: a ground for each passage, and a second adviser's document."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from services.intake.domain import subject_access
from services.intake.domain.case import Case, CaseHandedOver, Event, evolve
from services.intake.domain.organisation import ListedKey
from services.intake.domain.subject_access import (
    MOST_PARTS,
    MOST_PASSAGES,
    RedactionApproved,
    RedactionProposed,
    RedactionReturned,
    SealedPart,
    SubjectAccessRequested,
)
from services.intake.domain.words import SealedWords
from shared.contracts.errors import Code
from tests.domain.test_disclosure import AT, BOTH, OPENED, ORGANISATION, TO_ANNA, TO_BRAM
from tests.gwt import given

ID = UUID("6f1d2c3b-0000-4000-8000-00000000000e")
PART = SealedPart(copies=BOTH)
REQUESTED = SubjectAccessRequested(
    access_id=ID,
    adviser_id="anna",
    reviewer_id="bram",
    received_on=date(2026, 11, 20),
    note=BOTH,
    at=AT,
)
PROPOSED = RedactionProposed(
    access_id=ID, codes_version=1, passages=("kept", "rights_of_others"), parts=(PART,), at=AT
)
RETURNED = RedactionReturned(access_id=ID, remarks=(TO_ANNA,), at=AT)
APPROVED = RedactionApproved(access_id=ID, document=(PART,), at=AT)

Decision = Callable[[Case], Event]


def requesting(**changes: Any) -> Decision:
    fields = {name: getattr(REQUESTED, name) for name in SubjectAccessRequested.__slots__}
    return lambda state: subject_access.request(state, ORGANISATION, **(fields | changes))


def proposing(**changes: Any) -> Decision:
    fields: dict[str, Any] = {
        "adviser_id": "anna",
        "passages": PROPOSED.passages,
        "parts": PROPOSED.parts,
    }
    return lambda state: subject_access.propose(
        state, ORGANISATION, access_id=ID, at=AT, **(fields | changes)
    )


def reviewing(
    who: str = "bram",
    document: tuple[SealedPart, ...] = (PART,),
    remarks: tuple[SealedWords, ...] = (),
) -> Decision:
    return lambda state: subject_access.review(
        state,
        ORGANISATION,
        access_id=ID,
        reviewer_id=who,
        document=document,
        remarks=remarks,
        at=AT,
    )


returning = reviewing(document=(), remarks=(TO_ANNA,))


@pytest.mark.parametrize(
    ("past", "decision", "event"),
    [
        ([], requesting(), REQUESTED),
        ([REQUESTED], proposing(), PROPOSED),
        ([REQUESTED, PROPOSED], returning, RETURNED),
        ([REQUESTED, PROPOSED, RETURNED], proposing(), PROPOSED),
        ([REQUESTED, PROPOSED], reviewing(), APPROVED),
    ],
)
def test_a_request_for_access_goes_its_way(
    past: list[Event], decision: Decision, event: Event
) -> None:
    """Asked, redacted, returned, redacted again, and made into a document by the second."""
    given(Case(), evolve, [OPENED, *past]).when(decision).then(event)


@pytest.mark.parametrize(
    ("past", "decision", "code", "field"),
    [
        ([REQUESTED], requesting(), Code.ALREADY_EXISTS, None),
        ([], requesting(reviewer_id="anna"), Code.INVALID_INPUT, "reviewerId"),
        ([], requesting(reviewer_id="hr"), Code.INVALID_INPUT, "reviewerId"),
        ([], requesting(received_on=date(2026, 11, 24)), Code.INVALID_INPUT, "receivedOn"),
        ([], requesting(access_id=UUID(int=3)), Code.INVALID_INPUT, "accessId"),
        ([], requesting(note=(TO_BRAM,)), Code.INVALID_INPUT, "note"),
        ([], proposing(), Code.NOT_FOUND, None),
        ([REQUESTED, PROPOSED], proposing(), Code.ALREADY_DECIDED, None),
        ([REQUESTED, PROPOSED, APPROVED], proposing(), Code.ALREADY_DECIDED, None),
        ([REQUESTED], proposing(passages=()), Code.INVALID_INPUT, "passages"),
        ([REQUESTED], proposing(passages=("kept", "embarrassing")), Code.UNKNOWN_CODE, "passages"),
        ([REQUESTED], proposing(passages=("",)), Code.UNKNOWN_CODE, "passages"),
        ([REQUESTED], proposing(passages=("kept",) * (MOST_PASSAGES + 1)), Code.TOO_LARGE, None),
        ([REQUESTED], proposing(parts=()), Code.INVALID_INPUT, "parts"),
        ([REQUESTED], proposing(parts=(PART,) * (MOST_PARTS + 1)), Code.TOO_LARGE, None),
        (
            [REQUESTED],
            proposing(parts=(SealedPart(copies=(TO_ANNA,)),)),
            Code.INVALID_INPUT,
            "parts",
        ),
        ([REQUESTED], reviewing(), Code.ALREADY_DECIDED, None),
        ([REQUESTED, PROPOSED], reviewing("anna"), Code.NOT_FOUND, None),
        ([REQUESTED, PROPOSED], reviewing("cor"), Code.NOT_FOUND, None),
        ([REQUESTED, PROPOSED, APPROVED], reviewing(), Code.ALREADY_DECIDED, None),
        ([REQUESTED, PROPOSED], reviewing(document=()), Code.INVALID_INPUT, "document"),
        ([REQUESTED, PROPOSED], reviewing(remarks=(TO_ANNA,)), Code.INVALID_INPUT, "document"),
        (
            [REQUESTED, PROPOSED],
            reviewing(document=(SealedPart(copies=(TO_BRAM,)),)),
            Code.INVALID_INPUT,
            "document",
        ),
    ],
)
def test_what_two_advisers_did_not_see_is_refused(
    past: list[Event], decision: Decision, code: Code, field: str | None
) -> None:
    """Each passage has a known ground; nobody reviews their own; nothing comes out of turn."""
    given(Case(), evolve, [OPENED, *past]).when(decision).then_refused(code, field=field)


def handed_to(whom: str) -> CaseHandedOver:
    return CaseHandedOver(from_adviser="anna", to_adviser=whom, entries=(), consent="spoken", at=AT)


def test_a_second_adviser_who_gets_the_case_does_not_review_themself() -> None:
    """Bram, to whom the case was handed over, lays no redaction before Bram."""
    past = [OPENED, REQUESTED, handed_to("bram")]
    refusal = given(Case(), evolve, past).when(proposing(adviser_id="bram"))
    assert "reviewerId" == refusal.then_refused(Code.INVALID_INPUT).values["field"]


def test_after_a_hand_over_the_successor_reads_the_document() -> None:
    """It is sealed to whose case it is now, and to the second adviser; not to who left."""
    past = [OPENED, REQUESTED, PROPOSED, handed_to("dora")]
    doras = ListedKey(
        adviser_id="dora",
        key_id=UUID(int=44),
        public_key=bytes(32),
        signing_key=None,
        state="current",
        own_stream=True,
        on=date(2026, 3, 2),
    )
    with_dora = replace(ORGANISATION, keys=(*ORGANISATION.keys, doras))
    for_dora = SealedPart(
        copies=(TO_BRAM, SealedWords(key_id=doras.key_id, ciphertext=b"sealed to Dora"))
    )
    case = given(Case(), evolve, past)

    def approving(document: SealedPart) -> Decision:
        return lambda state: subject_access.review(
            state,
            with_dora,
            access_id=ID,
            reviewer_id="bram",
            document=(document,),
            remarks=(),
            at=AT,
        )

    case.when(approving(PART)).then_refused(Code.INVALID_INPUT, field="document")
    case.when(approving(for_dora)).then(replace(APPROVED, document=(for_dora,)))


def test_the_state_is_the_newest_step() -> None:
    """One request does not move another."""
    other = replace(REQUESTED, access_id=UUID(int=5))
    state = given(Case(), evolve, [OPENED, REQUESTED, other, PROPOSED, RETURNED]).state
    assert ["returned", "requested"] == [one.step for one in state.accesses]


def test_each_request_is_known_by_itself() -> None:
    """Who asked the second adviser, who that is, and how far it is."""
    other = replace(REQUESTED, access_id=UUID(int=4), adviser_id="cor")
    past = [OPENED, other, REQUESTED, PROPOSED, APPROVED]
    assert given(Case(), evolve, past).state.accesses == (
        subject_access.SubjectAccess(
            access_id=UUID(int=4), adviser_id="cor", reviewer_id="bram", step="requested"
        ),
        subject_access.SubjectAccess(
            access_id=ID, adviser_id="anna", reviewer_id="bram", step="approved"
        ),
    )
    given(Case(), evolve, [OPENED, other, REQUESTED]).when(proposing()).then(PROPOSED)
    given(Case(), evolve, [OPENED, REQUESTED, PROPOSED, other]).when(reviewing()).then(APPROVED)
    given(Case(), evolve, [OPENED, other, REQUESTED, PROPOSED]).when(reviewing()).then(APPROVED)


def test_what_was_asked_today_is_recorded_today() -> None:
    """Not what is still to come."""
    today = replace(REQUESTED, received_on=AT.date())
    given(Case(), evolve, [OPENED]).when(requesting(received_on=AT.date())).then(today)


def test_the_second_person_is_another_adviser_of_the_organisation() -> None:
    """Anna is nobody's second but another's, even where all words could be opened."""
    mine = (TO_ANNA,)
    for who, reason in (
        ("anna", "the second person is another adviser"),
        ("dora", "the organisation has no such adviser"),
    ):
        refused = given(Case(), evolve, [OPENED]).when(requesting(reviewer_id=who, note=mine))
        assert (
            reason == refused.then_refused(Code.INVALID_INPUT, field="reviewerId").values["reason"]
        )


def test_as_many_passages_and_parts_as_are_taken() -> None:
    """Five hundred, and three; of more the refusal says how many."""
    there = given(Case(), evolve, [OPENED, REQUESTED])
    many, three = ("kept",) * 500, (PART,) * 3
    there.when(proposing(passages=many, parts=three)).then(
        replace(PROPOSED, passages=many, parts=three)
    )
    there.when(proposing(passages=(*many, "kept"))).then_refused(
        Code.TOO_LARGE, limit=500, unit="passages"
    )
    there.when(proposing(parts=(*three, PART))).then_refused(Code.TOO_LARGE, limit=3, unit="parts")


def test_remarks_are_sealed_to_whose_case_it_is() -> None:
    """To Bram alone they would be lost."""
    given(Case(), evolve, [OPENED, REQUESTED, PROPOSED]).when(
        reviewing(document=(), remarks=(TO_BRAM,))
    ).then_refused(Code.INVALID_INPUT, field="remarks")
