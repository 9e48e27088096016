"""What strikes in an adviser's own cases: exact, for that adviser alone, and kept nowhere.

An adviser sees sooner than any figure that something is going on, and may speak of it to the board or
draft a signal: a person's decision, with a second adviser (services/signals). What is found here leaves
intake in no event, message, figure or measurement; it is worked out anew whenever the adviser asks.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final, Literal
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Sequence

WINDOW: Final = timedelta(days=91)
"""A quarter: of this many days before today the cases are compared with those before."""

BEFORE: Final = 4
"""Windows with which the last one is compared: a year."""

FEWEST: Final = 3
"""Cases that are a cluster, or a rise. Two are an acquaintance of one with another."""

IMPROBABLE: Final = 0.05
"""A rise: so many or more in a window happen at most this often where nothing changed (Poisson)."""

LEAST_EXPECTED: Final = 0.5
"""Cases of a theme in a window, where there were fewer: one case more is no rise."""

Kind = Literal["cluster", "rise", "one_subject"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnCase:
    """What is looked at of a case: when and where it began, and whom it names as a subject (tokens)."""

    case_id: UUID
    theme: str
    unit_id: str | None
    on: date
    subjects: frozenset[bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """`cluster`: cases of one theme and unit in the last window. `rise`: more of a theme than before;
    `expected` is what the year before makes one expect. `one_subject`: cases that name one person.
    """

    kind: Kind
    theme: str | None
    unit_id: str | None
    cases: tuple[UUID, ...]
    expected: float | None


def alerts(cases: Sequence[OwnCase], today: date) -> tuple[Alert, ...]:
    """What strikes in them: clusters, then rises, then subjects; cases of each newest first."""
    ordered = sorted(cases, key=lambda one: (one.on, one.case_id.bytes), reverse=True)
    recent = [one for one in ordered if today - WINDOW < one.on <= today]
    return (*_clusters(recent), *_rises(ordered, recent, today), *_subjects(ordered))


def _clusters(recent: Sequence[OwnCase]) -> list[Alert]:
    groups: dict[tuple[str, str], list[UUID]] = defaultdict(list)
    for one in recent:
        if one.unit_id is not None:
            groups[one.theme, one.unit_id].append(one.case_id)
    return [
        Alert(kind="cluster", theme=theme, unit_id=unit, cases=tuple(found), expected=None)
        for (theme, unit), found in sorted(groups.items())
        if len(found) >= FEWEST
    ]


def _rises(ordered: Sequence[OwnCase], recent: Sequence[OwnCase], today: date) -> list[Alert]:
    begin = today - WINDOW * (1 + BEFORE)
    if not ordered or ordered[-1].on > begin:
        return []  # less than a year is no year to compare with
    found = []
    for theme in sorted({one.theme for one in recent}):
        now = tuple(one.case_id for one in recent if one.theme == theme)
        before = sum(one.theme == theme and begin < one.on <= today - WINDOW for one in ordered)
        expected = before / BEFORE
        if len(now) >= FEWEST and _at_least(len(now), expected) <= IMPROBABLE:
            found.append(
                Alert(kind="rise", theme=theme, unit_id=None, cases=now, expected=expected)
            )
    return found


def _subjects(ordered: Sequence[OwnCase]) -> list[Alert]:
    groups: dict[bytes, list[UUID]] = defaultdict(list)
    for one in ordered:
        for subject in sorted(one.subjects):
            groups[subject].append(one.case_id)
    # Two tokens of the same cases are one alert: a token says nothing to who reads it.
    several = dict.fromkeys(tuple(found) for found in groups.values() if len(found) > 1)
    return [
        Alert(kind="one_subject", theme=None, unit_id=None, cases=found, expected=None)
        for found in several
    ]


def _at_least(number: int, expected: float) -> float:
    """P(X >= number) of a Poisson law."""
    mean = max(expected, LEAST_EXPECTED)
    below = sum(math.exp(-mean) * mean**k / math.factorial(k) for k in range(number))
    return 1 - below
