"""docs/threat-model.md: of each part that can be taken, what is lost, what not, how long, what to do."""

from __future__ import annotations

import pytest

from tests.docs.test_docs import DOCS, section, text_of

TEXT = text_of(DOCS / "threat-model.md")
PARTS = (
    "Gateway",
    "Intake",
    "Signals",
    "Reporting",
    "Webhooks",
    "NATS",
    "PostgreSQL",
    "Key ring",
    "Log keys",
    "A witness",
    "A backup",
    "An adviser's device",
    "Recovery share-holders",
    "Telemetry",
    "CI and the supply of packages",
    "A server that ships malicious JavaScript",
)


@pytest.mark.parametrize("part", PARTS)
def test_each_part_has_its_four_answers(part: str) -> None:
    """No part is told half: what is lost, what is not, for how long, and what to do."""
    text = section(TEXT, f"### {part}")
    for answer in ("*Lost*", "*Not lost*", "*For how long*", "*What to do*"):
        assert answer in text, answer


def test_it_is_said_plainly_that_a_page_can_read_what_is_typed() -> None:
    """And what three holders of shares can do without any server."""
    assert "Who serves the page can read what is typed into it." in TEXT
    assert "three holders together, offline, open everything" in TEXT.replace("\n", " ")
