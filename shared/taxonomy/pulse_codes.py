"""The questions of a pulse and their answers, in both languages. A round freezes those that it asks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any, Final

from shared.contracts.errors import Code, Language, Refusal

NEWEST: Final = 2
"""Version 2 asks too whether a policy is carried, and whether one dares to speak up."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """A question, or an answer, as people read it."""

    code: str
    en: str
    nl: str

    def label(self, language: Language) -> str:
        """The words in `language`."""
        return self.nl if language == "nl" else self.en


@dataclass(frozen=True, slots=True, kw_only=True)
class PulseCodes:
    """One version of questions and answers, in the order in which a person should see them."""

    version: int
    questions: Mapping[str, Phrase]
    answers: Mapping[str, Phrase]

    def question(self, code: str) -> Phrase:
        """The question of that code. Raises Refusal UNKNOWN_CODE."""
        found = self.questions.get(code)
        if found is None:
            raise Refusal(Code.UNKNOWN_CODE, field="questions", version=self.version)
        return found


@cache
def current() -> PulseCodes:
    """The newest version."""
    file = resources.files(__package__).joinpath("data", f"pulse-v{NEWEST}.json")
    data: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return PulseCodes(
        version=data["version"],
        questions=_phrases(data["questions"]),
        answers=_phrases(data["answers"]),
    )


def _phrases(rows: list[dict[str, str]]) -> Mapping[str, Phrase]:
    return MappingProxyType({row["code"]: Phrase(**row) for row in rows})
