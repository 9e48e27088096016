"""A complaint's readers and its history, up to their boundaries."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from hoeksteen_client import AdviserKey
from services.intake.domain import complaint
from services.intake.domain.complaint import (
    ComplaintAnswered,
    ComplaintClosed,
    ComplaintWordsSent,
)
from services.intake.domain.officers import ComplaintsOfficerDesignated
from services.intake.domain.organisation import AdviserKeyWithdrawn
from services.intake.domain.organisation import evolve as organised
from services.intake.domain.words import SealedWords, key_id_of
from services.intake.signatures import verifies
from shared.contracts.errors import Code, Refusal
from tests.domain.test_case import ORGANISATION as FOUNDED
from tests.domain.test_complaint import (
    ADVISER_HEARD,
    ALL,
    ANSWERED,
    AT,
    BY,
    CLOSED,
    CONFIRMED,
    HEARD,
    ID,
    KEYS,
    MAY_TELL,
    OFFICE,
    ON,
    RECEIVED,
    REPLY,
    after,
    confirming,
    listed,
    receiving,
    words,
    writing,
)
from tests.domain.test_hand_over import RECOVERY
from tests.gwt import given

SAID = ComplaintWordsSent(by=None, words=ALL, signature=None, signed_by=None, at=AT)


def test_who_hears_complaints_and_was_not_addressed_reads_none() -> None:
    """To Omar a complaint to Olga alone is none."""
    state = after(replace(RECEIVED, readers=("olga",))).state
    state.read_by(OFFICE, "olga")
    with pytest.raises(Refusal) as refused:
        state.read_by(OFFICE, "omar")
    assert Code.NOT_FOUND is refused.value.code


def test_a_recovery_key_opens_no_complaint() -> None:
    """Advisers may hold shares of it: words that are sealed to it are refused, and none have to be."""
    office = replace(OFFICE, recovery_keys=(RECOVERY,))
    to_recovery = SealedWords(key_id=RECOVERY.key_id, ciphertext=b"sealed")
    after().when(receiving(organisation=office)).then(RECEIVED)
    after().when(receiving(organisation=office, words=(*ALL, to_recovery))).then_refused(
        Code.INVALID_INPUT, field="words"
    )


def test_an_officer_who_lost_their_key_meanwhile_is_no_hindrance() -> None:
    """What is said then is sealed to those who have one."""
    gone = AdviserKeyWithdrawn(
        adviser_id="omar", key_id=key_id_of(KEYS["omar"]), reason="lost", on=ON
    )
    sealed = words("olga", REPLY)
    said = writing(sealed=sealed, organisation=organised(OFFICE, gone))
    after(RECEIVED).when(said).then(replace(SAID, words=sealed))


def test_each_event_of_a_complaint_counts_as_one() -> None:
    """Whatever it changes, and where it changes nothing."""
    past = (RECEIVED, CONFIRMED, SAID, MAY_TELL, HEARD, ADVISER_HEARD, ANSWERED, CLOSED)
    assert list(range(1, 9)) == [after(*past[:number]).state.version for number in range(1, 9)]
    before, then = after(RECEIVED).state, after(RECEIVED, SAID).state
    assert replace(before, version=2) == then


@pytest.mark.parametrize("may_tell", [True, False])
def test_whether_the_adviser_may_be_told_is_said_with_the_complaint(*, may_tell: bool) -> None:
    """And holds until the reporter says otherwise."""
    assert not after().state.may_tell
    after().when(receiving(may_tell=may_tell)).then(replace(RECEIVED, may_tell=may_tell))
    assert may_tell is after(replace(RECEIVED, may_tell=may_tell)).state.may_tell


def test_a_closed_complaint_is_kept_for_two_years() -> None:
    """From the day in Amsterdam on which it was closed."""
    late = datetime(2026, 6, 30, 22, 30, tzinfo=UTC)
    assert date(2028, 7, 1) == complaint.kept_until(ComplaintClosed(reason="answered", at=late))


def test_who_hears_no_complaints_is_told_from_who_has_no_key() -> None:
    """Both by the input that names them."""
    for who, reason in (
        ("hans-of-hr", "the organisation has no such complaints officer"),
        ("kees", "this complaints officer has no key at present"),
    ):
        keyless = ComplaintsOfficerDesignated(officer_id="kees", name="Kees", **BY)
        office = organised(OFFICE, keyless)
        refused = given(office, organised).when(
            lambda state, who=who: complaint.receive(  # type: ignore[misc]
                state,
                complaint_id=ID,
                adviser_id="anna",
                ground="not_heard",
                readers=(who,),
                may_tell=False,
                reporter=RECEIVED.reporter,
                reply_key=REPLY,
                words=ALL,
                at=AT,
            )
        )
        told = refused.then_refused(Code.INVALID_INPUT, field="readers")
        assert reason == told.values["reason"]


def test_the_refusal_of_a_long_term_says_how_long_one_may_be() -> None:
    """Ten weeks."""
    after(RECEIVED).when(confirming(ON + timedelta(weeks=10, days=1))).then_refused(
        Code.INVALID_INPUT, field="answerBy", weeks=10
    )


def test_a_reporter_signs_nothing() -> None:
    """It is said that they need not."""
    refused = after(RECEIVED).when(writing(signature=bytes(64)))
    told = refused.then_refused(Code.INVALID_INPUT, field="signature")
    assert "only an officer signs" == told.values["reason"]


def test_an_answer_is_signed_where_the_officers_key_can() -> None:
    """The id of the key stands beside it; unsigned it is refused."""
    pair = AdviserKey.generate()
    signing = replace(listed("olga", pair.public), signing_key=pair.signing_public)
    office = organised(OFFICE, signing)
    sealed = words(pair.public, "omar", REPLY)
    signature = pair.sign_words(
        [(one.key_id, one.ciphertext) for one in sealed],
        organisation=FOUNDED.known.organisation_id,
        case=ID,
    )

    def answering(signed: bytes | None) -> Any:
        return lambda state: complaint.answer(
            state,
            office,
            complaint_id=ID,
            by="olga",
            words=sealed,
            signature=signed,
            verifies=verifies,
            at=AT,
        )

    there = after(RECEIVED, CONFIRMED, HEARD)
    there.when(answering(signature)).then(
        ComplaintAnswered(
            by="olga", words=sealed, signature=signature, signed_by=pair.key_id, at=AT
        )
    )
    there.when(answering(None)).then_refused(Code.INVALID_INPUT, field="signature")
