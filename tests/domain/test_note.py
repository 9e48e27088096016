"""Private notes: for oneself alone, for a time, and in no case."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.intake.domain import note
from services.intake.domain.note import NoteWritten
from services.intake.domain.organisation import AdviserKeyWithdrawn, evolve
from services.intake.domain.words import SealedWords, key_id_of
from shared.contracts.errors import REASONS, Code, Refusal
from tests.domain.test_case import AT, KEY_ID, ORGANISATION, WORDS

ID = UUID("7a1d2c3b-0000-4000-8000-00000000000d")
TODAY = AT.date()
WRITTEN = NoteWritten(adviser_id="anna", expires_on=TODAY, words=(WORDS,), at=AT)
FOREIGN = SealedWords(key_id=key_id_of(bytes(32)), ciphertext=b"for somebody else")


def written(organisation: Any = ORGANISATION, **changes: Any) -> NoteWritten | Refusal:
    values: dict[str, Any] = {
        "note_id": ID,
        "adviser_id": "anna",
        "expires_on": TODAY,
        "words": (WORDS,),
        "at": AT,
    }
    try:
        return note.write(organisation, **(values | changes))
    except Refusal as refusal:
        return refusal


def test_a_note_is_the_advisers_words_and_its_last_day() -> None:
    """No case, no reporter, no code: nothing to join it with."""
    assert written() == WRITTEN
    last = TODAY + timedelta(days=366)
    assert written(expires_on=last) == replace(WRITTEN, expires_on=last)
    assert [one.name for one in fields(NoteWritten)] == ["adviser_id", "expires_on", "words", "at"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"expires_on": TODAY - timedelta(days=1)}, "expiresOn"),
        ({"expires_on": TODAY + timedelta(days=367)}, "expiresOn"),
        ({"note_id": UUID(int=3)}, "noteId"),
        ({"words": ()}, "words"),
        ({"words": (WORDS, FOREIGN)}, "words"),
        ({"words": (FOREIGN,)}, "words"),
        ({"adviser_id": "nobody"}, "words"),
    ],
)
def test_what_is_no_private_note_is_refused(changes: dict[str, Any], field: str) -> None:
    """Sealed to anybody else, to nobody, for ever, or over already."""
    refused = written(**changes)
    assert isinstance(refused, Refusal)
    assert (refused.code, refused.values["field"]) == (Code.INVALID_INPUT, field)
    assert refused.values["reason"] in REASONS


def test_without_a_key_there_is_no_note() -> None:
    """Words that nobody can read are lost words."""
    gone = AdviserKeyWithdrawn(adviser_id="anna", key_id=KEY_ID, reason="lost", on=TODAY)
    refused = written(evolve(ORGANISATION, gone))
    assert isinstance(refused, Refusal)
    assert refused.values["reason"] == "this adviser has no key at present"


@pytest.mark.parametrize(
    ("event", "who", "day"),
    [
        (None, "anna", TODAY),
        (WRITTEN, "bram", TODAY),
        (WRITTEN, "anna", TODAY + timedelta(days=1)),
    ],
    ids=["none", "somebody else's", "after its last day"],
)
def test_it_is_shown_to_nobody_else_and_not_after_its_last_day(
    event: NoteWritten | None, who: str, day: date
) -> None:
    """Each looks like none."""
    assert note.shown_to(WRITTEN, "anna", TODAY) is WRITTEN
    with pytest.raises(Refusal) as caught:
        note.shown_to(event, who, day)
    assert caught.value.code is Code.NOT_FOUND
