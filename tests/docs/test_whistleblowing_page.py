"""docs/whistleblowing.md: the codes and sentences that programs show are those on the page."""

from __future__ import annotations

import hashlib
import json
from importlib import resources

import pytest

from shared.taxonomy import whistleblowing
from tests.docs.test_docs import DOCS, rows, section, text_of

TEXT = text_of(DOCS / "whistleblowing.md")
CURRENT = whistleblowing.current()
DIGEST = "adda74af1e6d912e9bca6f7f3bd830b4d0c23112ee164489f55bbf53234da801"
LISTS = {
    "What a reporter reads before they consent": CURRENT.points,
    "Follow-ups of a report": CURRENT.follow_ups,
    "Kinds of disadvantage": CURRENT.disadvantages,
    "Protections": CURRENT.protections,
    "How long": CURRENT.kept,
}


@pytest.mark.parametrize("heading", LISTS)
def test_a_list_stands_on_the_page_word_for_word(heading: str) -> None:
    """In its order, in both languages."""
    told = [[f"`{one.code}`", one.en, one.nl] for one in LISTS[heading].values()]
    assert told == rows(section(TEXT, f"### {heading}"))


def test_what_was_read_before_a_consent_never_changes() -> None:
    """A consent names the version: these are the sentences of version 1, for good."""
    file = resources.files("shared.taxonomy").joinpath("data", "whistleblowing-v1.json")
    points = json.loads(file.read_text("utf-8"))["points"]
    digest = hashlib.sha256(json.dumps(points, sort_keys=True).encode()).hexdigest()
    assert DIGEST == digest
