"""What a reporter is told before their first word: what confidentiality covers, and where it ends.

A published version never changes: each case names the one that its reporter was told.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final, Literal

from shared.contracts.errors import Language

NEWEST: Final = 1


@dataclass(frozen=True, slots=True)
class Point:
    """One sentence. `kind`: what confidentiality covers, or where it ends."""

    code: str
    kind: Literal["covers", "ends"]
    nl: str
    en: str

    def text(self, language: Language) -> str:
        """The sentence in `language`."""
        return self.nl if language == "nl" else self.en


@dataclass(frozen=True, slots=True)
class Statement:
    """One version of it, in the order in which it is told."""

    version: int
    points: tuple[Point, ...]


@cache
def current() -> Statement:
    """The newest version."""
    file = resources.files(__package__).joinpath("data", f"statement-v{NEWEST}.json")
    data: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return Statement(data["version"], tuple(Point(**row) for row in data["points"]))
