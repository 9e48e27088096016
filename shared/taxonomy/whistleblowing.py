"""Reports of wrongdoing: what a reporter is told before they consent to one, and the codes about it.

Kinds of disadvantage are those of Directive (EU) 2019/1937, article 19; follow-up is what its article
5(12) calls so. A published version never changes: each consent names the one that was read or told.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any, Final, Literal, get_args

from shared.contracts.errors import Language
from shared.taxonomy.judgement import entry_of

NEWEST: Final = 1

List = Literal["points", "follow_ups", "disadvantages", "protections", "kept"]
LISTS: Final[tuple[List, ...]] = get_args(List)
"""Attributes of `Whistleblowing` and keys of the data file."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One code, or one sentence of what is told first. `law`: the articles it rests on, if it
    names any.
    """

    code: str
    nl: str
    en: str
    law: str = ""

    def label(self, language: Language) -> str:
        """The words in `language`."""
        return self.nl if language == "nl" else self.en


Entries = Mapping[str, Entry]
"""Code → entry, in the order in which a person should see them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Whistleblowing:
    """One version of it."""

    version: int
    points: Entries
    """What a reporter is told before they consent."""
    follow_ups: Entries
    disadvantages: Entries
    protections: Entries
    kept: Entries
    """How long an entry in the register is kept."""

    def check(self, name: List, code: str, *, field: str) -> Entry:
        """The entry of `code` in that list; raises Refusal UNKNOWN_CODE when it is not there."""
        entries: Entries = getattr(self, name)
        return entry_of(entries, code, field=field, version=self.version)


@cache
def current() -> Whistleblowing:
    """The newest version."""
    file = resources.files(__package__).joinpath("data", f"whistleblowing-v{NEWEST}.json")
    data: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return Whistleblowing(version=data["version"], **{name: _entries(data[name]) for name in LISTS})


def _entries(rows: list[dict[str, Any]]) -> Entries:
    return MappingProxyType({row["code"]: Entry(**row) for row in rows})
