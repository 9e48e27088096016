"""The codes of confidentiality: when it may be broken, and on which ground a passage is withheld.

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

LISTS: Final = (
    "disclosure_grounds",
    "disclosure_conditions",
    "disclosure_recipients",
    "reasons_not_informed",
    "redaction_grounds",
    "consent_matters",
    "consent_recipients",
)
"""The lists: attributes of `Confidentiality` and keys of the data file."""

NEWEST: Final = 1


@dataclass(frozen=True, slots=True)
class Entry:
    """One code with its labels.

    `requires`: of a ground, the conditions that must all hold. `law`: of a ground to withhold, the
    articles it rests on.
    """

    code: str
    en: str
    nl: str
    requires: tuple[str, ...] = ()
    law: str | None = None

    def label(self, language: Language) -> str:
        """The label in `language`."""
        return self.nl if language == "nl" else self.en


Entries = Mapping[str, Entry]
"""Code → entry, in the order in which a person should see them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confidentiality:
    """One version of all lists."""

    version: int
    disclosure_grounds: Entries
    disclosure_conditions: Entries
    disclosure_recipients: Entries
    reasons_not_informed: Entries
    redaction_grounds: Entries
    consent_matters: Entries
    consent_recipients: Entries

    def check(self, name: str, code: str, *, field: str) -> Entry:
        """The entry of `code` in that list; raises Refusal UNKNOWN_CODE when it is not there."""
        entries: Entries = getattr(self, name)
        return entry_of(entries, code, field=field, version=self.version)


@cache
def current() -> Confidentiality:
    """The newest version."""
    file = resources.files(__package__).joinpath("data", f"confidentiality-v{NEWEST}.json")
    data: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return Confidentiality(
        version=data["version"], **{name: _entries(data[name]) for name in LISTS}
    )


def _entries(rows: list[dict[str, Any]]) -> Entries:
    return MappingProxyType(
        {row["code"]: Entry(**(row | {"requires": tuple(row.get("requires", ()))})) for row in rows}
    )
