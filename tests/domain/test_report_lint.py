"""The lint of a report's words in the client: what it finds, and what it misses and alarms at, counted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hoeksteen_client import lint_report
from shared.taxonomy import judgement

SENTENCES = json.loads(
    (Path(__file__).parents[1] / "data/report-lint.json").read_text(encoding="utf-8")
)
POINTING: list[dict[str, Any]] = [*SENTENCES["judging"], *SENTENCES["traceable"]]
HARMLESS: list[dict[str, Any]] = SENTENCES["harmless"]
KNOWN = tuple(SENTENCES["known"])


@pytest.mark.parametrize(
    "sentence",
    [one for one in POINTING if not one.get("missed")],
    ids=lambda one: one["text"][:40],
)
def test_what_judges_or_points_at_a_person_is_found(sentence: dict[str, Any]) -> None:
    """In Dutch and in English, as what it is."""
    found = {finding.kind for finding in lint_report(sentence["text"], known=KNOWN)}
    assert sentence["kind"] in found


@pytest.mark.parametrize("language", ["nl", "en"])
def test_what_it_misses_and_its_false_alarms_are_counted(language: str) -> None:
    """Exactly those that are marked in the list: at most one in eight of either."""
    pointing = [one for one in POINTING if one["language"] == language]
    harmless = [one for one in HARMLESS if one["language"] == language]
    missed = [
        one["text"]
        for one in pointing
        if one["kind"] not in {each.kind for each in lint_report(one["text"], known=KNOWN)}
    ]
    alarms = [one["text"] for one in harmless if lint_report(one["text"], known=KNOWN)]
    assert [one["text"] for one in pointing if one.get("missed")] == missed
    assert [one["text"] for one in harmless if one.get("false_alarm")] == alarms
    assert 0 < len(missed) <= len(pointing) / 8  # it never approves
    assert 0 < len(alarms) <= len(harmless) / 8


@pytest.mark.parametrize("word", sorted(judgement.words()))
def test_every_word_that_no_code_may_have_is_found_in_a_report(word: str) -> None:
    """What our own codes may not say is shown to whoever writes it."""
    assert "judgement" in {finding.kind for finding in lint_report(f"Over {word} gaat het niet.")}


def test_a_finding_says_where_it_is() -> None:
    """So that a client can show the place."""
    text = "De dader is bekend."
    (finding,) = lint_report(text)
    assert ("judgement", "dader") == (finding.kind, text[finding.start : finding.end])
