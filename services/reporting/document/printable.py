"""Which characters the fonts inside the Typst wheel can print, and what happens to the others.

PDF/UA-1 refuses a character without a glyph, so an emoji in an interpretation would stop the whole
report. Such a character is printed as an empty square instead; the event keeps what was approved.
"""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from pathlib import Path

SQUARE = "\N{WHITE SQUARE}"
"""Stands for a character that cannot be printed."""

_SPACES = re.compile(r"[\u2028\u2029\u3000\u1680\u2000-\u200a]")
# Joiners, variation selectors and skin tones: parts of one emoji, which becomes one square.
_UNSEEN = re.compile(r"[\u00ad\u200b-\u200d\u2060\ufe00-\ufe0f\ufeff\U0001f3fb-\U0001f3ff]")
# Latin as Dutch and English use it, and common punctuation: one font holds all of it.
_PLAIN = ((0x20, 0x7E), (0xA0, 0xAC), (0xAE, 0x17F), (0x2013, 0x2014), (0x2018, 0x201E))
_PLAIN_SINGLE = (0x2022, 0x2026, 0x20AC, ord(SQUARE))

# A run without a space this long could leave its column; it is given places to break.
_LONG_RUN = re.compile(r"\S{30,}")
_RUN_PART = re.compile(r"\S{8}(?=\S)")


@dataclass(frozen=True, slots=True)
class Printable:
    """Characters that have a glyph, as inclusive ranges of code points."""

    ranges: tuple[tuple[int, int], ...]

    @classmethod
    def read(cls, path: Path) -> Self:
        """From a JSON list of pairs of hexadecimal code points."""
        pairs = json.loads(path.read_text(encoding="utf-8"))
        return cls(tuple((int(low, 16), int(high, 16)) for low, high in pairs))

    def plain(self) -> Printable:
        """The narrower set whose characters can be printed in every combination."""
        return Printable(_PLAIN + tuple((point, point) for point in _PLAIN_SINGLE))

    def __contains__(self, character: str) -> bool:
        point = ord(character)
        return any(low <= point <= high for low, high in self.ranges)

    def of(self, text: str) -> str:
        """`text` in NFC with squares for what cannot be printed."""
        seen = _UNSEEN.sub("", _SPACES.sub(" ", unicodedata.normalize("NFC", text)))
        return "".join(c if c in self or c == "\n" else SQUARE for c in seen)


def breakable(text: str) -> str:
    """`text` with places to break inside runs that are too long for a line."""
    return _LONG_RUN.sub(lambda run: _RUN_PART.sub("\\g<0>\u200b", run[0]), text)
