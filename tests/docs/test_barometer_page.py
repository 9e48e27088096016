"""docs/barometer.md: weights, names, bounds and levels are those of the program, in both languages."""

from __future__ import annotations

import pytest

from services.reporting.domain.barometer import (
    LEAST_COVERAGE,
    MOST_WIDTH,
    NATIONAL_PER_100,
    PARTS,
    VERSION,
    Kind,
)
from services.reporting.domain.maturity import LEVELS
from tests.docs.test_docs import DOCS, rows, section, text_of

TEXT = text_of(DOCS / "barometer.md")
MADE = {
    "en": {
        Kind.PULSE: "the pulse",
        Kind.SHARES: "shares of the table `{0}`",
        Kind.DARK_NUMBER: "a rate of the table `{0}`",
    },
    "nl": {
        Kind.PULSE: "de peiling",
        Kind.SHARES: "aandelen van de tabel `{0}`",
        Kind.DARK_NUMBER: "een verhouding van de tabel `{0}`",
    },
}
HEADINGS = {
    "en": ("## English", "### Its parts", "### How far three norms are"),
    "nl": ("## Nederlands", "### De onderdelen", "### Hoe ver drie normen zijn"),
}


@pytest.mark.parametrize("language", ["en", "nl"])
def test_the_page_shows_the_constants(language: str) -> None:
    """What a works council reads is what is computed."""
    whole, parts, norms = HEADINGS[language]
    text = section(TEXT, whole)
    told = [
        [
            f"`{one.code}`",
            str(one.weight),
            one.name.en if language == "en" else one.name.nl,
            MADE[language][one.kind].format(one.source),
        ]
        for one in PARTS
    ]
    assert told == rows(section(text, parts))
    levels = [one.en if language == "en" else one.nl for one in LEVELS]
    assert [[str(n), level] for n, level in enumerate(levels, start=1)] == rows(
        section(text, norms)
    )
    assert f"`{VERSION}`" in text
    for number in (LEAST_COVERAGE, MOST_WIDTH, NATIONAL_PER_100):
        assert f" {number}" in text
