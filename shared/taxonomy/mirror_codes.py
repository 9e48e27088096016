"""What a mirror of a leadership layer is made of, in both languages: levels, what behaviour evokes,
and questions to think over together. A round freezes the version that it is asked with.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any, Final

from shared.contracts.errors import Code, Language, Refusal

NEWEST: Final = 1

GENERAL: Final = "general"
"""In place of a theme: a question that goes with any."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """A level, an effect or a question. `theme`: of a question, the one that it is about."""

    code: str
    en: str
    nl: str
    theme: str | None = None

    def label(self, language: Language) -> str:
        """The words in `language`."""
        return self.nl if language == "nl" else self.en


@dataclass(frozen=True, slots=True, kw_only=True)
class MirrorCodes:
    """One version of all lists, in the order in which a person should see them."""

    version: int
    levels: Mapping[str, Phrase]
    effects: Mapping[str, Phrase]
    questions: Mapping[str, Phrase]

    def check(self, kind: str, code: str, *, field: str) -> Phrase:
        """The phrase of that code in `levels`, `effects` or `questions`. Raises Refusal UNKNOWN_CODE."""
        phrases: Mapping[str, Phrase] = getattr(self, kind)
        found = phrases.get(code)
        if found is None:
            raise Refusal(Code.UNKNOWN_CODE, field=field, version=self.version)
        return found


@cache
def codes(version: int) -> MirrorCodes:
    """The lists of that version. Raises Refusal UNKNOWN_TAXONOMY_VERSION when there is none."""
    if not 1 <= version <= NEWEST:
        raise Refusal(Code.UNKNOWN_TAXONOMY_VERSION, version=version, newest=NEWEST)
    file = resources.files(__package__).joinpath("data", f"mirror-v{version}.json")
    data: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return MirrorCodes(
        version=data["version"],
        levels=_phrases(data["levels"]),
        effects=_phrases(data["effects"]),
        questions=_phrases(data["questions"]),
    )


def _phrases(rows: list[dict[str, str]]) -> Mapping[str, Phrase]:
    return MappingProxyType({row["code"]: Phrase(**row) for row in rows})
