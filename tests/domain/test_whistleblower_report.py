"""An entry of the register of reports: what its officer signs, and a reporter who wants no feedback."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hoeksteen_client import AdviserKey
from services.intake.domain import whistleblower_report
from services.intake.domain.words import SealedWords
from services.intake.signatures import verifies
from shared.contracts.errors import Code
from tests.domain.test_case import AT, TO_REPORTER
from tests.domain.test_conversion import (
    CONFIRMED,
    FEEDBACK,
    FOLLOWED,
    HOUSE,
    RECEIVED,
    answering,
    entry,
)

PAIR = AdviserKey.generate()
SIGNING = replace(
    HOUSE,
    keys=tuple(
        replace(key, key_id=PAIR.key_id, public_key=PAIR.public, signing_key=PAIR.signing_public)
        if key.adviser_id == "olga"
        else key
        for key in HOUSE.keys
    ),
)
SEALED = (SealedWords(key_id=PAIR.key_id, ciphertext=b"sealed to Olga"), TO_REPORTER)
TO_HER = SEALED[:1]


def signed(words: tuple[SealedWords, ...]) -> bytes:
    return PAIR.sign_words(
        [(one.key_id, one.ciphertext) for one in words],
        organisation=RECEIVED.organisation_id,
        case=RECEIVED.report_id,
    )


@pytest.mark.parametrize(
    ("past", "decision", "values", "words", "event"),
    [
        ([], whistleblower_report.confirm, {"on": AT.date()}, SEALED, CONFIRMED),
        (
            [CONFIRMED],
            whistleblower_report.follow_up,
            {"follow_up": "taken_up"},
            TO_HER,
            FOLLOWED,
        ),
        (
            [CONFIRMED],
            whistleblower_report.give_feedback,
            {"on": AT.date(), "how": "done"},
            SEALED,
            FEEDBACK,
        ),
    ],
    ids=["a confirmation", "a follow-up", "feedback"],
)
def test_an_officer_signs_what_is_said(
    past: list[Any], decision: Any, values: dict[str, Any], words: Any, event: Any
) -> None:
    """With their key of the directory, whose id stands beside it; not without, nor for another entry."""

    def deciding(signature: bytes | None) -> Any:
        return lambda state: decision(
            state,
            SIGNING,
            by="olga",
            words=words,
            signature=signature,
            at=AT,
            verifies=verifies,
            **values,
        )

    entry(*past).when(deciding(signed(words))).then(
        replace(event, words=words, signature=signed(words), signed_by=PAIR.key_id)
    )
    for wrong in (None, bytes(64)):
        entry(*past).when(deciding(wrong)).then_refused(Code.INVALID_INPUT, field="signature")


def test_who_wants_no_feedback_is_sent_none() -> None:
    """That is recorded, also of a reporter with a code; the term ends with it."""
    declined = replace(FEEDBACK, how="declined", words=())
    entry(CONFIRMED).when(answering(how="declined", words=())).then(declined)
    entry(CONFIRMED).when(answering(how="declined")).then_refused(Code.INVALID_INPUT, field="words")
    assert whistleblower_report.due_on(entry(CONFIRMED, declined).state) is None


def test_a_follow_up_without_words_is_signed_by_nobody() -> None:
    """There is nothing to sign, whatever key the officer has."""
    entry(CONFIRMED).when(
        lambda state: whistleblower_report.follow_up(
            state,
            SIGNING,
            by="olga",
            follow_up="taken_up",
            words=(),
            signature=None,
            at=AT,
            verifies=verifies,
        )
    ).then(replace(FOLLOWED, words=()))
