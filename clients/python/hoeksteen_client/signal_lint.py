"""A lint for the text of a signal: what may point at a person, in Dutch and in English.

It may block a text. It never approves one: that it finds nothing says nothing, since people are
recognised by what no rule knows. Two advisers read every text along the checklist; this only spares them
the slips. What it looks for stands in `signal_lint.json`, for this client and the TypeScript one alike:
names, dates and datable days, quotes, functions of one or a few people, small numbers of people or
cases, and, where the client says which they are, units below the grid.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final, Literal

Kind = Literal["name", "date", "quote", "function", "number", "unit"]

CHECKS: Final[dict[Kind, str]] = {
    "name": "no_names",
    "date": "no_dates",
    "quote": "no_quotes",
    "function": "no_functions",
    "number": "no_small_count",
    "unit": "no_small_unit",
}
"""The entry of the reviewer's checklist that a finding is about."""

_LETTER: Final = "A-Za-zÀ-ÖØ-öø-ÿ"
_WORD: Final = re.compile(f"(?<![0-9{_LETTER}])[{_LETTER}][{_LETTER}'’-]*(?![0-9{_LETTER}])")
_UPPER: Final = re.compile("[A-ZÀ-ÖØ-Þ]")
# What stands before the first word of a sentence or of a line; a list's dash or number too.
_OPENING: Final = re.compile(r"(?:^|\n|[.!?…]\s)[\s\-–•*(\[0-9.)]*(?:['’][sS] )?$")


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """What was found, from character `start` up to `end`."""

    start: int
    end: int
    kind: Kind


def lint(
    text: str, *, known: Iterable[str] = (), units_below_grid: Iterable[str] = ()
) -> list[Finding]:
    """What in `text` may point at a person, in its order. An empty list is no approval.

    `known` are words with a capital that are nobody's name, such as the organisation's and those of
    the grid's units; `units_below_grid` the names of units that no signal may point at.
    """
    rules = _rules()
    found: set[Finding] = set()
    for kind, pattern in rules.patterns:
        found |= {Finding(hit.start(), hit.end(), kind) for hit in pattern.finditer(text)}
    for unit in units_below_grid:
        whole = re.compile(f"(?<![0-9{_LETTER}]){re.escape(unit)}(?![0-9{_LETTER}])", re.IGNORECASE)
        found |= {Finding(hit.start(), hit.end(), "unit") for hit in whole.finditer(text)}
    plain = rules.plain | {word[0] for name in known for word in _WORD.finditer(name)}
    for start, end in _names(text, rules.names, plain):
        # Monday is a day before it is a name.
        if not any(other.start <= start < other.end for other in found):
            found.add(Finding(start, end, "name"))
    return sorted(found)


def _names(text: str, names: frozenset[str], plain: set[str]) -> Iterator[tuple[int, int]]:
    """Words that look like names: with a capital inside a sentence, or first names at its beginning."""
    for hit in _WORD.finditer(text):
        word = re.sub(r"['’]s?$", "", hit[0])
        if not _UPPER.match(word) or word in plain or _is_abbreviation(word):
            continue
        first = _OPENING.search(text[: hit.start()]) is not None
        if not first or word.lower() in names:
            yield hit.start(), hit.start() + len(word)


def _is_abbreviation(word: str) -> bool:
    """HR, OR, MT, ICT-afdeling: capitals alone, or up to a hyphen."""
    head = word.split("-", maxsplit=1)[0]
    return len(head) > 1 and head == head.upper()


@dataclass(frozen=True, slots=True)
class _Rules:
    patterns: tuple[tuple[Kind, re.Pattern[str]], ...]
    names: frozenset[str]
    plain: set[str]


@cache
def _rules() -> _Rules:
    text = resources.files(__package__).joinpath("signal_lint.json").read_text("utf-8")
    data: dict[str, Any] = json.loads(text)
    return _Rules(
        patterns=tuple(
            (one["kind"], re.compile(one["pattern"], 0 if one["exact"] else re.IGNORECASE))
            for one in data["patterns"]
        ),
        names=frozenset(data["names"]),
        plain=set(data["plain"]),
    )
