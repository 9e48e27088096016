"""The codes of an adviser's own practice: grounds of a complaint about an adviser, what hours go to, and
how a case is coarsened before colleagues talk it over.

In the manner of the taxonomy, and apart from it: cases and figures are never coded with these.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any, Final

from shared.contracts.errors import Language
from shared.taxonomy.judgement import entry_of

LISTS: Final = ("complaint_grounds", "activities", "severity_bands")
"""The lists: attributes of `Practice` and keys of the data file."""

NEWEST: Final = 1


@dataclass(frozen=True, slots=True)
class Entry:
    """One code with its labels. `about_cases`: of an activity, whether it is work on a case."""

    code: str
    en: str
    nl: str
    about_cases: bool = False

    def label(self, language: Language) -> str:
        """The label in `language`."""
        return self.nl if language == "nl" else self.en


Entries = Mapping[str, Entry]
"""Code → entry, in the order in which a person should see them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Practice:
    """One version of all lists."""

    version: int
    complaint_grounds: Entries
    activities: Entries
    severity_bands: Entries

    def check(self, name: str, code: str, *, field: str) -> Entry:
        """The entry of `code` in that list; raises Refusal UNKNOWN_CODE when it is not there."""
        entries: Entries = getattr(self, name)
        return entry_of(entries, code, field=field, version=self.version)


@cache
def current() -> Practice:
    """The newest version."""
    file = resources.files(__package__).joinpath("data", f"practice-v{NEWEST}.json")
    data: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return Practice(
        version=data["version"],
        **{
            name: MappingProxyType({row["code"]: Entry(**row) for row in data[name]})
            for name in LISTS
        },
    )
