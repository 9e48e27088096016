"""The codes of signals: directions, causes, what of the organisation's aims a signal touches, the
reviewer's checklist, and why a signal is withdrawn.

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

from shared.contracts.errors import Code, Language, Refusal

LISTS: Final = ("directions", "causes", "aims", "checklist", "withdrawal_reasons")
"""The lists: attributes of `SignalCodes` and keys of the data file."""

NEWEST: Final = 1

NONE: Final = "none"
"""Of the aims: a signal touches none, and says so."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One code with its labels. `kind`: of an aim, whether it is a goal, a value, a policy or none."""

    code: str
    en: str
    nl: str
    kind: str | None = None

    def label(self, language: Language) -> str:
        """The label in `language`."""
        return self.nl if language == "nl" else self.en


Entries = Mapping[str, Entry]
"""Code → entry, in the order in which a person should see them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalCodes:
    """One version of all lists."""

    version: int
    directions: Entries
    causes: Entries
    aims: Entries
    checklist: Entries
    withdrawal_reasons: Entries

    def check(self, name: str, code: str, *, field: str) -> Entry:
        """The entry of `code` in that list; raises Refusal UNKNOWN_CODE when it is not there."""
        entries: Entries = getattr(self, name)
        entry = entries.get(code)
        if entry is None:
            raise Refusal(Code.UNKNOWN_CODE, field=field, version=self.version)
        return entry


@cache
def current() -> SignalCodes:
    """The newest version."""
    file = resources.files(__package__).joinpath("data", f"signals-v{NEWEST}.json")
    data: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return SignalCodes(version=data["version"], **{name: _entries(data[name]) for name in LISTS})


def _entries(rows: list[dict[str, Any]]) -> Entries:
    return MappingProxyType({row["code"]: Entry(**row) for row in rows})
