"""What a case's adviser reads of it: whose words, as they are sealed and signed now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from services.intake.domain.attachment import FileAttached
from services.intake.domain.case import (
    Case,
    CaseClosed,
    CaseHandedOver,
    CaseKeyRenewed,
    Event,
    HandOverConsented,
    MessageSent,
    RecoveryUsed,
    ResealedEntry,
    WordsResealed,
    evolve,
)
from services.intake.domain.hand_over import (
    Resealed,
    Shown,
    consent_to_hand_over,
    must_reseal,
    reseal,
    shown_to_adviser,
)
from services.intake.domain.minutes import MinutesCorrected, MinutesDrafted
from services.intake.signatures import verifies
from shared.contracts.errors import Code
from tests.domain.test_hand_over import (
    ANNAS,
    APPROVED,
    ASKED,
    AT,
    BRAMS,
    DONE,
    OPENED,
    ORGANISATION,
    REPORTED,
    SPOKEN,
    key,
    signature,
    words,
)
from tests.gwt import given

MINUTES = UUID("6f1d2c3b-0000-4000-8000-00000000000f")
STORY = words("the story", ANNAS)
SIGNED: dict[str, Any] = {"signature": bytes([7]) * 64, "signed_by": ANNAS.key_id}


@pytest.mark.parametrize(
    "event",
    [
        pytest.param(replace(OPENED, **SIGNED), id="the opening"),
        pytest.param(MessageSent(sender="adviser", words=STORY, at=AT, **SIGNED), id="a message"),
        pytest.param(
            FileAttached(
                attachment_id=MINUTES,
                sender="adviser",
                chunks=1,
                total_bytes=65552,
                digest=bytes(32),
                words=STORY,
                at=AT,
                **SIGNED,
            ),
            id="a file",
        ),
        pytest.param(
            MinutesDrafted(
                minutes_id=MINUTES, conversation=2, draft=1, words=STORY, at=AT, **SIGNED
            ),
            id="minutes for the reporter",
        ),
        pytest.param(replace(SPOKEN, minutes=STORY, **SIGNED), id="minutes of their own"),
    ],
)
def test_an_entry_is_shown_with_its_words_and_who_signed_them(event: Any) -> None:
    """As it was laid down."""
    assert shown_to_adviser([event]) == (Shown(version=1, event=event, words=STORY, **SIGNED),)


def test_what_a_reporter_corrects_has_no_signature() -> None:
    """A reporter signs nothing."""
    event = MinutesCorrected(minutes_id=MINUTES, draft=1, words=STORY, at=AT)
    assert shown_to_adviser([OPENED, event])[1] == Shown(
        version=2, event=event, words=STORY, signature=None, signed_by=None
    )


def test_an_entry_without_words_is_shown_too() -> None:
    """That it happened."""
    assert shown_to_adviser([OPENED, DONE])[1] == Shown(
        version=2, event=DONE, words=(), signature=None, signed_by=None
    )


FOR_BRAM = words("the story", BRAMS)
AGAIN = ResealedEntry(version=1, words=FOR_BRAM, signature=bytes([8]) * 64, signed_by=BRAMS.key_id)


def handed(*entries: ResealedEntry) -> CaseHandedOver:
    return CaseHandedOver(
        from_adviser="anna", to_adviser="bram", entries=entries, consent="spoken", at=AT
    )


def test_words_that_were_sealed_anew_are_shown_as_they_are_sealed_now() -> None:
    """With the signature of whoever did."""
    (first, _) = shown_to_adviser(
        [replace(OPENED, **SIGNED), WordsResealed(entries=(AGAIN,), at=AT)]
    )
    assert (FOR_BRAM, AGAIN.signature, BRAMS.key_id) == (
        first.words,
        first.signature,
        first.signed_by,
    )


def test_an_opening_that_was_not_handed_over_is_codes_alone() -> None:
    """Nothing of its words is left, nor of their signature."""
    opened = replace(OPENED, **SIGNED)
    (first, _) = shown_to_adviser([opened, handed()])
    assert first == Shown(version=1, event=opened, words=(), signature=None, signed_by=None)


@pytest.mark.parametrize(
    ("event", "stays"),
    [
        pytest.param(HandOverConsented(adviser_id="bram", at=AT), True, id="a consent"),
        pytest.param(handed(), True, id="an earlier hand-over"),
        pytest.param(CaseKeyRenewed(at=AT), True, id="a new case key"),
        pytest.param(WordsResealed(entries=(), at=AT), True, id="words sealed anew"),
        pytest.param(ASKED, True, id="a recovery asked for"),
        pytest.param(APPROVED, True, id="approved"),
        pytest.param(RecoveryUsed(by="bram", at=AT), True, id="used"),
        pytest.param(DONE, False, id="an intervention"),
        pytest.param(SPOKEN, False, id="a conversation"),
    ],
)
def test_every_later_adviser_sees_who_read_the_case(event: Event, *, stays: bool) -> None:
    """Who could read it, and when that changed, holds nobody's words; all else goes if it is handed over."""
    shown = [one.event for one in shown_to_adviser([OPENED, event, handed()])]
    assert stays is (event in shown[:-1])


@pytest.mark.parametrize(
    ("state", "must"),
    [("lost", True), ("stolen", True), ("retired", False), ("current", False)],
)
def test_words_to_a_key_that_is_gone_have_to_be_sealed_anew(state: Any, *, must: bool) -> None:
    """Lost or stolen; a key whose place another took still opens old words."""
    organisation = replace(ORGANISATION, keys=(replace(ANNAS, state=state), BRAMS))
    assert must is must_reseal([OPENED], organisation, "anna")
    assert not must_reseal([OPENED], organisation, "bram")


def test_nobody_consents_for_a_case_that_is_closed() -> None:
    """It goes nowhere."""
    given(Case(), evolve, [REPORTED, CaseClosed(at=AT)]).when(
        lambda state: consent_to_hand_over(state, ORGANISATION, adviser_id="bram", at=AT)
    ).then_refused(Code.CASE_CLOSED)


FRESH = key("anna", 3)
ANEW = words("the story", FRESH)


def sealing(*entries: Resealed) -> Callable[[Case], WordsResealed]:
    organisation = replace(ORGANISATION, keys=(replace(ANNAS, state="lost"), BRAMS, FRESH))
    return lambda state: reseal(
        state, organisation, [OPENED, DONE], by="anna", entries=entries, at=AT, verifies=verifies
    )


def test_an_adviser_seals_words_to_their_new_key() -> None:
    """Signed with it; an entry that has no words keeps none."""
    there = given(Case(), evolve, [OPENED, DONE])
    whole = Resealed(version=1, words=ANEW, signature=signature(3, ANEW))
    empty = Resealed(version=2, words=(), signature=None)
    there.when(sealing(whole, empty)).then(
        WordsResealed(
            entries=(
                ResealedEntry(
                    version=1, words=ANEW, signature=whole.signature, signed_by=FRESH.key_id
                ),
                ResealedEntry(version=2, words=(), signature=None, signed_by=None),
            ),
            at=AT,
        )
    )
    for wrong in (replace(empty, words=ANEW), replace(empty, signature=bytes(64))):
        there.when(sealing(wrong)).then_refused(Code.INVALID_INPUT, field="entries")


def test_a_closed_case_is_not_sealed_anew() -> None:
    """Nothing is added behind the close."""
    whole = Resealed(version=1, words=ANEW, signature=signature(3, ANEW))
    given(Case(), evolve, [OPENED, CaseClosed(at=AT)]).when(sealing(whole)).then_refused(
        Code.CASE_CLOSED
    )
