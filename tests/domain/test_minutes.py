"""Minutes: drafted for the reporter, corrected by them, signed off as they read them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from services.intake.domain import minutes
from services.intake.domain.case import Case, evolve
from services.intake.domain.minutes import MinutesCorrected, MinutesDrafted, MinutesSignedOff
from services.intake.domain.words import SealedWords
from services.intake.signatures import verifies
from shared.contracts.errors import Code
from tests.domain import test_hand_over as a_hand_over
from tests.domain.test_case import (
    AT,
    CLOSED,
    ENDED,
    OPENED,
    ORGANISATION,
    REPORTED,
    SPOKEN,
    TO_REPORTER,
    WORDS,
)
from tests.gwt import given

ID = UUID("6f1d2c3b-0000-4000-8000-0000000000b1")
OTHER = UUID("6f1d2c3b-0000-4000-8000-0000000000b2")
BOTH = (WORDS, TO_REPORTER)
DRAFTED = MinutesDrafted(minutes_id=ID, conversation=2, draft=1, words=BOTH, at=AT)
CORRECTED = MinutesCorrected(minutes_id=ID, draft=1, words=BOTH, at=AT)
AGAIN = replace(DRAFTED, draft=2)
SIGNED = MinutesSignedOff(minutes_id=ID, draft=2, how="code", at=AT)
SPOKEN_TO = [REPORTED, SPOKEN]


def drafting(
    minutes_id: UUID = ID, conversation: int = 2, words: tuple[SealedWords, ...] = BOTH
) -> Callable[[Case], Any]:
    return lambda state: minutes.draft(
        state,
        ORGANISATION,
        minutes_id=minutes_id,
        conversation=conversation,
        words=words,
        at=AT,
        verifies=verifies,
    )


def correcting(draft: int = 1, words: tuple[SealedWords, ...] = BOTH) -> Callable[[Case], Any]:
    return lambda state: minutes.correct(
        state, ORGANISATION, minutes_id=ID, draft=draft, words=words, at=AT
    )


def signing(draft: int = 2, *, by_reporter: bool = True, how: Any = None) -> Callable[[Case], Any]:
    return lambda state: minutes.sign_off(
        state, minutes_id=ID, draft=draft, by_reporter=by_reporter, how=how, at=AT
    )


def test_minutes_go_from_a_draft_to_what_was_agreed() -> None:
    """Drafted, corrected, drafted anew, signed off."""
    given(Case(), evolve, SPOKEN_TO).when(drafting()).then(DRAFTED)
    given(Case(), evolve, [*SPOKEN_TO, DRAFTED]).when(correcting()).then(CORRECTED)
    given(Case(), evolve, [*SPOKEN_TO, DRAFTED, CORRECTED]).when(drafting()).then(AGAIN)
    past = [*SPOKEN_TO, DRAFTED, CORRECTED, AGAIN]
    given(Case(), evolve, past).when(signing()).then(SIGNED)
    (one,) = given(Case(), evolve, [*past, SIGNED]).state.minutes
    assert (2, "signed_off", "code") == (one.draft, one.state, one.how)


@pytest.mark.parametrize(
    ("past", "decision"),
    [
        ([DRAFTED, AGAIN], signing(1)),
        ([DRAFTED, AGAIN], correcting(1)),
        ([DRAFTED], signing(2)),
        ([DRAFTED, CORRECTED], signing(1)),
        ([DRAFTED, CORRECTED], correcting(1)),
        ([DRAFTED, AGAIN, SIGNED], signing(2)),
        ([DRAFTED, AGAIN, SIGNED], correcting(2)),
        ([DRAFTED, AGAIN, SIGNED], drafting()),
    ],
    ids=["old", "old text", "none yet", "wrong", "twice", "signed", "too late", "anew"],
)
def test_only_the_last_draft_is_open(past: list[Any], decision: Callable[[Case], Any]) -> None:
    """A reporter signs off what they read; what they signed off stays."""
    given(Case(), evolve, [*SPOKEN_TO, *past]).when(decision).then_refused(Code.ALREADY_DECIDED)


def test_a_reporter_with_a_code_signs_off_by_it_alone() -> None:
    """An adviser does not do it for them."""
    past = [*SPOKEN_TO, DRAFTED]
    given(Case(), evolve, past).when(signing(1, by_reporter=False, how="spoken")).then_refused(
        Code.REPORTER_DECIDES
    )


def test_without_a_code_the_adviser_records_how_it_was_said() -> None:
    """And must say how."""
    draft = replace(DRAFTED, words=(WORDS,))
    past = [OPENED, SPOKEN, draft]
    given(Case(), evolve, past).when(signing(1, by_reporter=False, how="spoken")).then(
        replace(SIGNED, draft=1, how="spoken")
    )
    given(Case(), evolve, past).when(signing(1, by_reporter=False)).then_refused(
        Code.INVALID_INPUT, field="how"
    )
    given(Case(), evolve, [OPENED, SPOKEN]).when(drafting(words=(WORDS,))).then(draft)


def test_a_conversation_has_one_set() -> None:
    """And a set one conversation, which must be one."""
    past = [*SPOKEN_TO, DRAFTED, SPOKEN]
    given(Case(), evolve, past).when(drafting(OTHER)).then_refused(Code.ALREADY_EXISTS)
    given(Case(), evolve, past).when(drafting(ID, 4)).then_refused(Code.ALREADY_EXISTS)
    given(Case(), evolve, past).when(drafting(OTHER, 3)).then_refused(
        Code.INVALID_INPUT, field="conversation"
    )
    given(Case(), evolve, past).when(drafting(OTHER, 4)).then(
        replace(DRAFTED, minutes_id=OTHER, conversation=4)
    )


def test_the_reporter_can_read_them() -> None:
    """Words that are not sealed to both are refused; so is an id that a client did not make."""
    given(Case(), evolve, SPOKEN_TO).when(drafting(words=(WORDS,))).then_refused(
        Code.INVALID_INPUT, field="words"
    )
    given(Case(), evolve, [*SPOKEN_TO, DRAFTED]).when(
        correcting(words=(TO_REPORTER,))
    ).then_refused(Code.INVALID_INPUT, field="words")
    given(Case(), evolve, SPOKEN_TO).when(drafting(UUID(int=7))).then_refused(
        Code.INVALID_INPUT, field="minutesId"
    )


@pytest.mark.parametrize(
    "decision", [drafting(), correcting(), signing(1)], ids=["draft", "correct", "sign"]
)
def test_nothing_changes_in_a_closed_case(decision: Callable[[Case], Any]) -> None:
    """Nor in one that is not there."""
    past = [*SPOKEN_TO, DRAFTED, ENDED, CLOSED]
    given(Case(), evolve, past).when(decision).then_refused(Code.CASE_CLOSED)
    given(Case(), evolve).when(decision).then_refused(Code.NOT_FOUND)


@pytest.mark.parametrize("decision", [correcting(), signing(1)], ids=["correct", "sign"])
def test_what_was_not_drafted_is_not_there(decision: Callable[[Case], Any]) -> None:
    """A correction and a signature are of a draft."""
    given(Case(), evolve, SPOKEN_TO).when(decision).then_refused(Code.NOT_FOUND)


def test_the_minutes_of_each_conversation_are_known_by_themselves() -> None:
    """What a reporter corrects in one leaves the other as it was drafted."""
    second = replace(DRAFTED, minutes_id=OTHER, conversation=3)
    past = [REPORTED, SPOKEN, SPOKEN, second, DRAFTED, CORRECTED]
    state = given(Case(), evolve, past).state
    assert state.minutes == (
        minutes.Minutes(minutes_id=OTHER, conversation=3),
        minutes.Minutes(minutes_id=ID, conversation=2, state="corrected"),
    )
    anew = replace(second, draft=2)
    given(Case(), evolve, [REPORTED, SPOKEN, SPOKEN, second, anew, DRAFTED]).when(signing(1)).then(
        replace(SIGNED, draft=1)
    )


def test_a_reporters_correction_is_sealed_to_both() -> None:
    """They can read what they said themselves."""
    given(Case(), evolve, [*SPOKEN_TO, DRAFTED]).when(correcting(words=(WORDS,))).then_refused(
        Code.INVALID_INPUT, field="words"
    )


def test_an_adviser_signs_a_draft() -> None:
    """With their key of the directory, whose id stands beside it; not without."""
    sealed = a_hand_over.words("the minutes", a_hand_over.ANNAS)
    opened = a_hand_over.OPENED

    def drafted(signature: bytes | None) -> Callable[[Case], Any]:
        return lambda state: minutes.draft(
            state,
            a_hand_over.ORGANISATION,
            minutes_id=ID,
            conversation=2,
            words=sealed,
            at=AT,
            verifies=verifies,
            signature=signature,
        )

    there = given(Case(), evolve, [opened, SPOKEN])
    signature = a_hand_over.signature(1, sealed)
    there.when(drafted(signature)).then(
        replace(DRAFTED, words=sealed, signature=signature, signed_by=a_hand_over.ANNAS.key_id)
    )
    there.when(drafted(None)).then_refused(Code.INVALID_INPUT, field="signature")
