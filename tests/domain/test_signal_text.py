"""The text of a signal in the client: what the lint finds, and that two people stand behind it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from hoeksteen_client import (
    AdviserKey,
    CannotOpen,
    TextBlocked,
    lint,
    open_signal,
    seal,
    seal_signal,
)
from hoeksteen_client.signal_lint import CHECKS
from hoeksteen_client.signals import SealedSignal
from services.signals.domain.signal import commitment_of
from shared.taxonomy import signal_codes

SENTENCES = json.loads(
    (Path(__file__).parents[1] / "data/signal-lint.json").read_text(encoding="utf-8")
)
POINTING: list[dict[str, Any]] = SENTENCES["pointing"]
HARMLESS: list[dict[str, Any]] = SENTENCES["harmless"]
KNOWN = tuple(SENTENCES["known"])

ORGANISATION = UUID("5b8c0c6e-6f0b-4b58-9f0e-0f6f6a3f3f11")
SIGNAL = UUID("d1f4be1e-2f2a-4f09-8f38-6a7a57a0c001")
HERE: dict[str, Any] = {"organisation": ORGANISATION, "signal": SIGNAL}
TEXT = "Wij horen vaker dat taken en rollen onduidelijk zijn — é ☂."
ANNA, BRAM = AdviserKey.generate(), AdviserKey.generate()
READERS = [(ANNA.key_id, ANNA.public), (BRAM.key_id, BRAM.public)]


# The lint ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sentence",
    [one for one in POINTING if one["finding"] is not None],
    ids=lambda one: one["text"][:40],
)
def test_what_points_at_a_person_is_blocked(sentence: dict[str, Any]) -> None:
    """In Dutch and in English, as what it is."""
    found = {finding.kind for finding in lint(sentence["text"], known=KNOWN)}
    assert sentence["finding"] in found


@pytest.mark.parametrize("language", ["nl", "en"])
def test_what_it_finds_and_what_not_is_counted(language: str) -> None:
    """Of sentences that point at somebody it misses those that it cannot know, and of harmless ones
    it blocks at most one in eight: exactly those that are marked in the list.
    """
    pointing = [one for one in POINTING if one["language"] == language]
    harmless = [one for one in HARMLESS if one["language"] == language]
    missed = [one["text"] for one in pointing if not lint(one["text"], known=KNOWN)]
    alarms = [one["text"] for one in harmless if lint(one["text"], known=KNOWN)]
    assert [one["text"] for one in pointing if one["finding"] is None] == missed
    assert [one["text"] for one in harmless if one.get("false_alarm")] == alarms
    assert 0 < len(missed) <= len(pointing) / 8  # it never approves
    assert 0 < len(alarms) <= len(harmless) / 8


def test_words_that_are_known_are_nobody_s_name() -> None:
    """The organisation's own name and those of the grid's units, where the client gives them."""
    sentence = "Bij De Hoekstee en in Zorg Zuid is dit onderwerp bekend."
    assert [] == lint(sentence, known=KNOWN)
    assert {"name"} == {finding.kind for finding in lint(sentence)}


def test_a_unit_below_the_grid_is_found_where_the_client_says_which() -> None:
    """Whole words only, however written."""
    sentence = "In de keuken en het keukenoverleg wisselen de roosters."
    (finding,) = lint(sentence, units_below_grid=("Keuken",))
    assert ("unit", "keuken") == (finding.kind, sentence[finding.start : finding.end])
    assert [] == lint(sentence)


def test_every_kind_is_about_an_entry_of_the_checklist() -> None:
    """What the lint looks for is what the reviewer answers for, all of it."""
    assert set(signal_codes.current().checklist) == set(CHECKS.values())


# Sealed and bound -------------------------------------------------------------------------------


def sealed(text: str = TEXT) -> SealedSignal:
    return seal_signal(text, READERS, **HERE)


@pytest.mark.parametrize("key", [ANNA, BRAM], ids=["author", "reviewer"])
def test_author_and_reviewer_open_the_same_text(key: AdviserKey) -> None:
    """With the salt that makes the hash which the server was given: its own function agrees."""
    one = sealed()
    found = open_signal(one.sealed, one.commitment, key, **HERE)
    assert TEXT == found.text
    assert one.commitment == commitment_of(SIGNAL, found.salt, TEXT)
    assert one.commitment != sealed().commitment


@pytest.mark.parametrize("changed", ["commitment", "reader", "signal", "words", "format"])
def test_another_text_than_the_bound_one_does_not_open(changed: str) -> None:
    """Whoever changes hash, words or place is found out by the reviewer's client."""
    one, where, key = sealed(), dict(HERE), BRAM
    copies, commitment = one.sealed, one.commitment
    match changed:
        case "commitment":
            commitment = bytes(32)
        case "reader":
            key = AdviserKey.generate()
        case "signal":
            where["signal"] = UUID(int=7)
        case "words":
            copies = sealed(TEXT + "!").sealed
        case "format":
            words = seal(
                "[]",
                organisation=ORGANISATION,
                case=SIGNAL,
                key_id=BRAM.key_id,
                public_key=BRAM.public,
            )
            copies = [(BRAM.key_id, words)]
    with pytest.raises(CannotOpen):
        open_signal(copies, commitment, key, **where)


def test_a_text_that_points_at_somebody_is_not_sealed() -> None:
    """The error says where, and never repeats what."""
    with pytest.raises(TextBlocked) as blocked:
        sealed("Volgens Anna is het zo.")
    (finding,) = blocked.value.findings
    assert (8, 12, "name") == (finding.start, finding.end, finding.kind)
    assert "Anna" not in str(blocked.value)
