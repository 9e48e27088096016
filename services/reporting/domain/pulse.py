"""What was released of pulses, as reporting keeps it: what employees answered without a name.

It comes once from signals, as readers get it there, and never changes (docs/pulse.md).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Final
from uuid import UUID

from services.reporting.domain.figures import SMALLEST_K, UnsafeRelease
from shared.contracts.errors import Refusal
from shared.taxonomy.period import Period

if TYPE_CHECKING:
    from collections.abc import Iterator

WHOLE: Final = "all"
"""The place that is the organisation."""

LEAST_ANSWERS: Final = 10
"""Of a place with fewer nothing may be shown, whatever the release says."""

ANSWERS: Final = 5
"""Each question is answered with 1 to 5."""

# Events -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class PulseAsked:
    """A question as it was asked, in both languages."""

    code: str
    en: str
    nl: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PulseCounts:
    """How often each answer from 1 to 5 was given to a question; None where it is not shown."""

    question: str
    counts: tuple[int | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PulsePlaceCounts:
    """A place's answers. `answers` None: too few, and then nothing is shown.

    In 95 of 100 releases the true number lies within its margin; `least` is the smallest count that is
    shown. `scope` are the units whose managers have the place in their branch.
    """

    place: str
    place_name: str
    scope: tuple[str, ...]
    answers: int | None
    answers_margin: int | None
    margin: int | None
    least: int
    figures: tuple[PulseCounts, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PulseKept:
    """A released round. `period` is its half-year; `epsilon` what a whole sheet of answers spent."""

    organisation_id: UUID
    release_id: UUID
    period: str
    policy: str
    rule: str
    epsilon: float
    questions: tuple[PulseAsked, ...]
    opens_on: date
    closes_on: date
    released_week: str
    places: tuple[PulsePlaceCounts, ...]

    def at(self, place: str = WHOLE) -> PulsePlaceCounts | None:
        """The figures of a place; None where there are none."""
        return next((one for one in self.places if one.place == place), None)


# Fold -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulses:
    """An organisation's released rounds, oldest first. `version` is the number of events."""

    version: int = 0
    rounds: tuple[PulseKept, ...] = ()


def evolve(state: Pulses, event: PulseKept) -> Pulses:
    """The state after one more event."""
    rounds = sorted((*state.rounds, event), key=lambda one: Period.parse(one.period))
    return replace(state, version=state.version + 1, rounds=tuple(rounds))


# Decision ---------------------------------------------------------------------------------------


def keep(state: Pulses, arrived: PulseKept) -> PulseKept | None:
    """Keep a released round; the same one again changes nothing: None.

    Raises UnsafeRelease for one that shows what it must not, and for another release, or other figures,
    of a half-year that is there already.
    """
    for one in state.rounds:
        if one.period == arrived.period:
            if (one.release_id, one.questions, one.places) != (
                arrived.release_id,
                arrived.questions,
                arrived.places,
            ):
                raise UnsafeRelease(
                    "this half-year's pulse is released already, with other figures"
                )
            return None
    for problem in _problems(arrived):
        raise UnsafeRelease(problem)
    return arrived


def _problems(arrived: PulseKept) -> Iterator[str]:
    if not _is_half_year(arrived.period):
        yield "a pulse is of a half-year"
    if arrived.policy != "noisy":
        yield "a pulse has noise"
    if len({one.place for one in arrived.places}) != len(arrived.places):
        yield "a place is named twice"
    codes = [one.code for one in arrived.questions]
    for place in arrived.places:
        if [one.question for one in place.figures] != codes:
            yield "a place has other questions than were asked"
        if any(len(one.counts) != ANSWERS for one in place.figures):
            yield "a question has other answers than 1 to 5"
        shown = [count for one in place.figures for count in one.counts if count is not None]
        if place.answers is None:
            if shown:
                yield "a place with too few answers shows a count"
            continue
        if place.answers < LEAST_ANSWERS:
            yield "a place with too few answers is shown"
        if place.margin is None or place.answers_margin is None:
            yield "a figure has no margin"
        if any(count < max(place.least, SMALLEST_K) for count in shown):
            yield "a count below the smallest is shown"


def _is_half_year(text: str) -> bool:
    try:
        return Period.parse(text).grain == "half-year"
    except Refusal:
        return False
