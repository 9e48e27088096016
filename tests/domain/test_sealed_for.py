"""For whom words of a case are sealed, and who signed them: no reader too many, and none left out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from services.intake.domain.case import Case, evolve, record_conversation
from services.intake.domain.organisation import Organisation
from services.intake.domain.sealing import sealed_for
from services.intake.domain.statements import (
    adviser_key_statement,
    recovery_key_statement,
    words_statement,
)
from services.intake.domain.words import SealedWords, check_sealed_to, key_id_of
from services.intake.signatures import verifies
from shared.contracts.errors import Code
from tests.domain.test_hand_over import (
    ANNAS,
    AT,
    BRAMS,
    CASE_ID,
    OPENED,
    ORGANISATION,
    ORGANISATION_ID,
    RECOVERY,
    signature,
    words,
)
from tests.gwt import given

REPLY_KEY = bytes([5]) * 32
TO_ANNA, TO_RECOVERY = words("what was said", ANNAS)
TO_BRAM = words("what was said", BRAMS)[0]
TO_REPORTER = SealedWords(key_id=key_id_of(REPLY_KEY), ciphertext=b"what was said")
KEYLESS = replace(ORGANISATION, keys=(BRAMS,))
UNRECOVERED = replace(ORGANISATION, recovery_keys=())

Sealing = Callable[[Organisation], tuple[SealedWords, ...]]


def sealing(*copies: SealedWords, **changes: Any) -> Sealing:
    fields: dict[str, Any] = {
        "adviser_id": "anna",
        "reply_key": REPLY_KEY,
        "must_reply": True,
        "field": "minutes",
    }
    return lambda state: sealed_for(copies, state, **(fields | changes))


def there(organisation: Organisation) -> Any:
    return given(organisation, lambda state, _: state)


def test_words_are_for_the_adviser_the_recovery_key_and_the_reporter() -> None:
    """As they came; without a recovery key for the two."""
    there(ORGANISATION).when(sealing(TO_ANNA, TO_RECOVERY, TO_REPORTER)).then(
        TO_ANNA, TO_RECOVERY, TO_REPORTER
    )
    there(UNRECOVERED).when(sealing(TO_ANNA, TO_REPORTER)).then(TO_ANNA, TO_REPORTER)


@pytest.mark.parametrize(
    ("organisation", "copies", "changes"),
    [
        pytest.param(ORGANISATION, (TO_RECOVERY, TO_REPORTER), {}, id="not the adviser"),
        pytest.param(ORGANISATION, (TO_ANNA, TO_REPORTER), {}, id="not the recovery key"),
        pytest.param(ORGANISATION, (TO_ANNA, TO_RECOVERY), {}, id="not the reporter"),
        pytest.param(KEYLESS, (TO_RECOVERY, TO_REPORTER), {}, id="an adviser without a key"),
        pytest.param(
            ORGANISATION, (TO_ANNA, TO_RECOVERY, TO_REPORTER, TO_BRAM), {}, id="somebody more"
        ),
        pytest.param(
            ORGANISATION,
            (TO_ANNA, TO_RECOVERY, TO_REPORTER),
            {"reply_key": None},
            id="a reporter whom nobody knows",
        ),
    ],
)
def test_words_that_somebody_cannot_read_or_nobody_should_are_refused(
    organisation: Organisation, copies: tuple[SealedWords, ...], changes: dict[str, Any]
) -> None:
    """Words that nobody can read are lost words."""
    there(organisation).when(sealing(*copies, **changes)).then_refused(
        Code.INVALID_INPUT, field="minutes"
    )


def test_what_need_not_be_for_the_reporter_may_be() -> None:
    """Sealed to them or not."""
    for copies in ((TO_ANNA, TO_RECOVERY), (TO_ANNA, TO_RECOVERY, TO_REPORTER)):
        there(ORGANISATION).when(sealing(*copies, must_reply=False)).then(*copies)


def to_both(*copies: SealedWords, reply_key: bytes | None = None) -> Sealing:
    return lambda state: check_sealed_to(
        copies, state, ("anna", "bram"), reply_key=reply_key, field="reason"
    )


def test_words_for_two_advisers_are_for_both() -> None:
    """And the recovery key, and the reporter where they are meant to read it."""
    whole = (TO_ANNA, TO_BRAM, TO_RECOVERY)
    there(ORGANISATION).when(to_both(*whole)).then(*whole)
    there(ORGANISATION).when(to_both(*whole, TO_REPORTER, reply_key=REPLY_KEY)).then(
        *whole, TO_REPORTER
    )
    there(UNRECOVERED).when(to_both(TO_ANNA, TO_BRAM)).then(TO_ANNA, TO_BRAM)


@pytest.mark.parametrize(
    ("organisation", "copies", "reply_key"),
    [
        pytest.param(ORGANISATION, (TO_ANNA, TO_RECOVERY), None, id="one of two"),
        pytest.param(ORGANISATION, (TO_ANNA, TO_BRAM), None, id="not the recovery key"),
        pytest.param(
            ORGANISATION, (TO_ANNA, TO_BRAM, TO_RECOVERY), REPLY_KEY, id="not the reporter"
        ),
        pytest.param(
            ORGANISATION, (TO_ANNA, TO_BRAM, TO_RECOVERY, TO_REPORTER), None, id="a stranger"
        ),
        pytest.param(KEYLESS, (TO_BRAM, TO_RECOVERY), None, id="one has no key"),
        pytest.param(ORGANISATION, (), None, id="nobody"),
    ],
)
def test_words_for_two_advisers_that_one_cannot_open_are_refused(
    organisation: Organisation, copies: tuple[SealedWords, ...], reply_key: bytes | None
) -> None:
    """Each who must read them can."""
    there(organisation).when(to_both(*copies, reply_key=reply_key)).then_refused(
        Code.INVALID_INPUT, field="reason"
    )


def test_what_is_not_recoverable_is_sealed_to_no_recovery_key() -> None:
    """Whoever holds its shares opens none of it."""

    def to_anna(*copies: SealedWords) -> Sealing:
        return lambda state: check_sealed_to(
            copies, state, ("anna",), recoverable=False, field="note"
        )

    there(ORGANISATION).when(to_anna(TO_ANNA)).then(TO_ANNA)
    there(ORGANISATION).when(to_anna(TO_ANNA, TO_RECOVERY)).then_refused(
        Code.INVALID_INPUT, field="note"
    )


# Who signed them ------------------------------------------------------------------------------------

SEALED = (TO_ANNA, TO_RECOVERY)
BARE = replace(ANNAS, signing_key=None)


def speaking(signed: bytes | None, organisation: Organisation, check: Any = verifies) -> Any:
    return lambda state: record_conversation(
        state, organisation, mode="walk", minutes=SEALED, at=AT, verifies=check, signature=signed
    )


@pytest.mark.parametrize("length", [0, 63, 65])
def test_a_signature_has_64_bytes(length: int) -> None:
    """Whatever a library says of another."""
    given(Case(), evolve, [OPENED]).when(
        speaking(bytes(length), ORGANISATION, lambda *_: True)
    ).then_refused(Code.INVALID_INPUT, field="signature")


def test_who_never_had_a_key_that_signs_signs_nothing() -> None:
    """Words without a signature are taken from them; a signature by nobody knows what is not."""
    bare = replace(ORGANISATION, keys=(BARE, BRAMS))
    said = speaking(None, bare)(given(Case(), evolve, [OPENED]).state)
    assert (None, None) == (said.signature, said.signed_by)
    given(Case(), evolve, [OPENED]).when(speaking(bytes(64), bare)).then_refused(
        Code.INVALID_INPUT, field="signature"
    )


def test_who_once_had_a_key_that_signs_signs_for_ever() -> None:
    """Whichever key stands in the directory now: by losing it nobody puts in words that none signed."""
    lost = replace(ANNAS, key_id=CASE_ID, state="lost")
    for keys in ((lost, BARE), (BARE, lost)):
        changed = replace(ORGANISATION, keys=keys)
        given(Case(), evolve, [OPENED]).when(speaking(None, changed)).then_refused(
            Code.INVALID_INPUT, field="signature"
        )


def test_each_statement_says_what_it_is() -> None:
    """Fields with their length in four bytes, the kind first: worked out here by hand."""

    def fields(*parts: bytes) -> bytes:
        return b"".join(len(part).to_bytes(4, "big") + part for part in parts)

    organisation = ORGANISATION_ID.bytes
    assert fields(b"hoeksteen/recovery-key/v1", organisation, b"k" * 32, b"d" * 32) == (
        recovery_key_statement(
            organisation_id=ORGANISATION_ID, public_key=b"k" * 32, digest=b"d" * 32
        )
    )
    assert fields(b"hoeksteen/adviser-key/v1", organisation, b"anna", b"k" * 32, b"s" * 32) == (
        adviser_key_statement(
            organisation_id=ORGANISATION_ID,
            adviser_id="anna",
            public_key=b"k" * 32,
            signing_key=b"s" * 32,
        )
    )
    signed = words_statement(organisation_id=ORGANISATION_ID, case_id=CASE_ID, words=SEALED)
    assert signed.startswith(fields(b"hoeksteen/words/v1", organisation, CASE_ID.bytes))
    assert verifies(ANNAS.signing_key or b"", signature(1, SEALED), signed)
    assert RECOVERY.key_id == TO_RECOVERY.key_id


def test_words_that_are_not_there_are_no_words() -> None:
    """It is said that they are missing, not that somebody cannot read them."""
    for organisation, decision in ((ORGANISATION, sealing()), (UNRECOVERED, to_both())):
        refused = there(organisation).when(decision).then_refused(Code.INVALID_INPUT)
        assert "it is empty" == refused.values["reason"]
