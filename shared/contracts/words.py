"""Words that people will read, as they are kept: one spelling, and nothing in them that hides."""

from __future__ import annotations

import unicodedata

from shared.contracts.errors import Code, Refusal, invalid

# These turn the direction of text and can make printed words say what was never approved.
_DIRECTION_CONTROLS = frozenset(
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)


def readable(text: str, *, field: str, most: int) -> str | None:
    """The words in Unicode NFC, with plain line feeds and no space around them; None where they hold
    no letter and no digit.

    Raises Refusal INVALID_INPUT for control characters, TOO_LARGE for more than `most` characters.
    """
    lines = text.replace("\r\n", "\n").replace("\t", " ").split("\n")
    for character in "".join(lines):
        if unicodedata.category(character) in ("Cc", "Cs") or character in _DIRECTION_CONTROLS:
            raise invalid(field, "it holds control characters")
    words = unicodedata.normalize("NFC", "\n".join(line.rstrip() for line in lines)).strip()
    if not any(unicodedata.category(character)[0] in "LN" for character in words):
        return None
    if len(words) > most:
        raise Refusal(Code.TOO_LARGE, limit=most, unit="characters")
    return words
