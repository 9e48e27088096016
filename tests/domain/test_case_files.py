"""Files in a case: who attaches what, for whom it is sealed, and what an adviser keeps for themself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from services.intake.domain.attachment import FileAttached
from services.intake.domain.case import Case, attach_file, evolve, shown_to_reporter
from services.intake.signatures import verifies
from shared.contracts.errors import Code
from tests.domain.test_case import AT, CLOSED, ENDED, OPENED, ORGANISATION, TO_REPORTER, WORDS
from tests.domain.test_case import REPORTED as BY_REPORTER
from tests.domain.test_hand_over import ANNAS, signature, words
from tests.domain.test_hand_over import OPENED as SIGNED_CASE
from tests.domain.test_hand_over import ORGANISATION as SIGNING
from tests.gwt import given

ID = UUID("6f1d2c3b-0000-4000-8000-0000000000f1")
FILE = FileAttached(
    attachment_id=ID,
    sender="reporter",
    chunks=4,
    total_bytes=4 * 65552,
    digest=bytes(32),
    words=(WORDS, TO_REPORTER),
    at=AT,
)


def attaching(organisation: Any = ORGANISATION, **changes: Any) -> Callable[[Case], FileAttached]:
    fields: dict[str, Any] = {
        "attachment_id": ID,
        "sender": "reporter",
        "chunks": 4,
        "digest": bytes(32),
        "words": (WORDS, TO_REPORTER),
    }
    return lambda state: attach_file(
        state, organisation, **(fields | changes), at=AT, verifies=verifies
    )


def test_a_reporter_attaches_a_file() -> None:
    """Of so many sealed chunks of 64 KiB and 16 bytes; its header is sealed to both of them."""
    given(Case(), evolve, [BY_REPORTER]).when(attaching()).then(FILE)
    two = [BY_REPORTER, replace(FILE, attachment_id=UUID(int=1)), FILE]
    state = given(Case(), evolve, two).state
    assert ([UUID(int=1), ID], 3) == ([one.attachment_id for one in state.files], state.version)


def test_what_a_reporter_attaches_they_can_open() -> None:
    """Words that nobody can read are lost words."""
    given(Case(), evolve, [BY_REPORTER]).when(attaching(words=(WORDS,))).then_refused(
        Code.INVALID_INPUT, field="words"
    )


def test_what_an_adviser_keeps_for_themself_is_not_sealed_to_the_reporter() -> None:
    """It is not shown to them either."""
    own = replace(FILE, sender="adviser", words=(WORDS,))
    given(Case(), evolve, [BY_REPORTER]).when(attaching(sender="adviser", words=(WORDS,))).then(own)
    assert not shown_to_reporter(BY_REPORTER, own)
    assert shown_to_reporter(BY_REPORTER, FILE)


def test_nobody_is_shown_a_file_of_a_case_without_a_code() -> None:
    """There is no reporter who could open it."""
    assert not shown_to_reporter(OPENED, FILE)


def test_a_file_is_attached_once() -> None:
    """By its id, also beside others."""
    other = replace(FILE, attachment_id=UUID(int=1))
    given(Case(), evolve, [BY_REPORTER, FILE, other]).when(attaching()).then_refused(
        Code.ALREADY_EXISTS
    )
    given(Case(), evolve, [BY_REPORTER, other]).when(attaching()).then(FILE)


def test_an_advisers_file_is_signed_by_them() -> None:
    """With the key of the directory; unsigned, or signed by somebody else, it is refused."""
    sealed = words("a letter", ANNAS)
    given(Case(), evolve, [SIGNED_CASE]).when(
        attaching(SIGNING, sender="adviser", words=sealed, signature=signature(1, sealed))
    ).then(
        replace(
            FILE,
            sender="adviser",
            words=sealed,
            signature=signature(1, sealed),
            signed_by=ANNAS.key_id,
        )
    )
    for wrong in (None, signature(2, sealed)):
        given(Case(), evolve, [SIGNED_CASE]).when(
            attaching(SIGNING, sender="adviser", words=sealed, signature=wrong)
        ).then_refused(Code.INVALID_INPUT, field="signature")


def test_a_reporter_signs_nothing() -> None:
    """Their code is theirs, and no key of theirs stands in a directory. Nor does their adviser for
    them, who has one there.
    """
    theirs = (*words("a letter", ANNAS), TO_REPORTER)
    opened = replace(SIGNED_CASE, by="reporter", reply_key=BY_REPORTER.reply_key)
    given(Case(), evolve, [opened]).when(attaching(SIGNING, words=theirs)).then(
        replace(FILE, words=theirs)
    )
    given(Case(), evolve, [BY_REPORTER]).when(attaching(signature=bytes(64))).then_refused(
        Code.INVALID_INPUT, field="signature"
    )


@pytest.mark.parametrize(
    ("past", "code"),
    [
        pytest.param([], Code.NOT_FOUND, id="no case"),
        pytest.param([BY_REPORTER, ENDED, CLOSED], Code.CASE_CLOSED, id="a closed case"),
    ],
)
def test_a_file_goes_into_a_case_that_runs(past: list[Any], code: Code) -> None:
    """Nothing is added before the opening or behind the close."""
    given(Case(), evolve, past).when(attaching()).then_refused(code)
