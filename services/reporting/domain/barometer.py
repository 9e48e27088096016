"""The barometer: one number from 0 to 100 for how people in an organisation dare to speak, are heard and
solve things together; with its parts, its bounds and its history. Pure functions of released figures.

How many cases there are never lowers it: of the parts that are made of cases each looks at how they are
divided, or rises with them. What of them is not shown counts as if it spoke against the organisation, so
that more cases, divided alike, can only lift a part (tests/domain/test_barometer.py tries it).

Parts, weights and formula are what a works council reads: docs/barometer.md shows these constants.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from services.reporting.domain.pulse import ANSWERS
from shared.contracts.report import Bilingual
from shared.taxonomy.period import Period

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from services.reporting.domain.breaks import SeriesBreakRecorded
    from services.reporting.domain.figures import Figures
    from services.reporting.domain.pulse import PulseKept

VERSION: Final = "barometer/1"
"""Stands beside every index. Indexes of two versions are never compared."""

LEAST_COVERAGE: Final = 40
"""Of the hundred points of weight so many must be measured, or there is no index."""

MOST_WIDTH: Final = 40
"""Points. Where its bounds lie further apart an index would say nothing, and there is none."""

NATIONAL_PER_100: Final = 17
"""Of a hundred employees so many experienced unwanted conduct within twelve months (National Working
Conditions Survey, NEA, 2023: benchmark.py). It belongs to the version: a newer survey makes a new one."""


class Kind(StrEnum):
    """What a part is made of."""

    PULSE = "pulse"
    SHARES = "shares"
    DARK_NUMBER = "dark_number"


class Reason(StrEnum):
    """Why there is no number."""

    NOT_RELEASED = "not_released"
    NO_PULSE = "no_pulse"
    NOT_ASKED = "not_asked"
    TOO_FEW_ANSWERS = "too_few_answers"
    NO_HEADCOUNT = "no_headcount"
    TOO_LITTLE_COVERED = "too_little_covered"
    TOO_INEXACT = "too_inexact"


class Change(StrEnum):
    """What may be said of an index beside the one before it."""

    HIGHER = "higher"
    LOWER = "lower"
    NO_CLEAR_CHANGE = "no_clear_change"
    NOT_COMPARABLE = "not_comparable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of the index and its weight in points. `source` is the question of a pulse, or the table.

    `worth` says for each code of a table what a case of it is worth, from 0 to 1; codes that are not there
    (unknown, not said) are left out.
    """

    code: str
    kind: Kind
    weight: int
    name: Bilingual
    source: str
    worth: Mapping[str, float]


def _asked(code: str, weight: int, nl: str, en: str) -> Part:
    return Part(
        code=code,
        kind=Kind.PULSE,
        weight=weight,
        name=Bilingual(nl=nl, en=en),
        source=code,
        worth={str(answer): (answer - 1) / (ANSWERS - 1) for answer in range(1, ANSWERS + 1)},
    )


def _shares(code: str, weight: int, name: Bilingual, source: str, **worth: float) -> Part:
    return Part(code=code, kind=Kind.SHARES, weight=weight, name=name, source=source, worth=worth)


PARTS: Final = (
    _asked("seen_and_heard", 14, "Gezien en gehoord", "Seen and heard"),
    _asked("ideas_shared", 8, "Ideeën delen", "Sharing ideas"),
    _asked("mistakes_discussed", 10, "Fouten bespreken", "Discussing mistakes"),
    _asked("dares_to_speak", 10, "Iets durven aankaarten", "Daring to speak up"),
    _asked("policy_felt", 6, "Beleid gemerkt", "Policy noticed"),
    _asked("policy_understood", 6, "Beleid begrepen", "Policy understood"),
    _asked("policy_carried", 6, "Beleid gedragen", "Policy carried"),
    _shares(
        "heard",
        10,
        Bilingual(nl="Gehoord volgens melders", en="Heard according to reporters"),
        "heard",
        heard=1.0,
        partly_heard=0.5,
        not_heard=0.0,
    ),
    _shares(
        "own_first_step",
        6,
        Bilingual(nl="Zelf een eerste stap gezet", en="Took a first step oneself"),
        "own_first_step",
        step_taken=1.0,
        step_not_yet=0.5,
        step_not_wanted=0.0,
    ),
    _shares(
        "informal",
        6,
        Bilingual(nl="Zonder formele procedure", en="Without a formal procedure"),
        "route",
        own_first_step=1.0,
        informal_with_adviser=1.0,
        informal_mediation=1.0,
        mediation=1.0,
        formal_complaint=0.0,
        integrity_report=0.0,
        whistleblower_report=0.0,
        police_or_court=0.0,
    ),
    _shares(
        "severity",
        10,
        Bilingual(nl="Hoe licht meldingen zijn", en="How light cases are"),
        "severity",
        severity_discomfort=1.0,
        severity_burden=2 / 3,
        severity_serious=1 / 3,
        severity_very_serious=0.0,
    ),
    Part(
        code="dark_number",
        kind=Kind.DARK_NUMBER,
        weight=8,
        name=Bilingual(nl="Wat boven tafel komt", en="What comes to light"),
        source="area",
        worth={"conduct": 1.0},
    ),
)
"""In the order in which they are told. Their weights add up to 100."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A part as it was measured: `score`, `low` and `high` in points from 0 to 100, whole; all None where
    there is a `reason`.
    """

    part: Part
    score: int | None = None
    low: int | None = None
    high: int | None = None
    reason: Reason | None = None
    taxonomy_version: int | None = None
    """Of the table that it was made of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Barometer:
    """The index of a period, in whole points, and the bounds between which it lies; None, with a `reason`:
    there is none. `coverage` is the weight of what was measured, of 100.
    """

    period: str
    index: int | None
    low: int | None
    high: int | None
    coverage: int
    parts: tuple[Measured, ...]
    reason: Reason | None = None
    version: str = VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A barometer and what may be said of it beside the last one before that had an index; None: there
    is none, or it has no index itself.
    """

    barometer: Barometer
    change: Change | None


# Measuring ----------------------------------------------------------------------------------------


def measure(
    period: Period,
    *,
    tables: Sequence[Figures],
    pulse: PulseKept | None,
    people: float | None,
) -> Barometer:
    """The barometer of a period: of its released tables, its pulse, and how many people there were.

    Which parts it has follows from what was released and asked, and never from how many cases there were.
    """
    by_table = {figures.dimension: figures for figures in tables if figures.period == str(period)}
    parts = tuple(_measured(part, by_table, pulse, people, period) for part in PARTS)
    there = [one for one in parts if one.score is not None]
    coverage = sum(one.part.weight for one in there)
    if coverage < LEAST_COVERAGE:
        return _without(period, coverage, parts, Reason.TOO_LITTLE_COVERED)
    score, least, most = (
        sum(one.part.weight * value(one) for one in there) / coverage
        for value in (_score, _low, _high)
    )
    index, low, high = _whole(score), math.floor(least), math.ceil(most)
    if high - low > MOST_WIDTH:
        return _without(period, coverage, parts, Reason.TOO_INEXACT)
    return Barometer(
        period=str(period), index=index, low=low, high=high, coverage=coverage, parts=parts
    )


def over_time(
    *,
    until: Period,
    tables: Sequence[Figures],
    pulses: Sequence[PulseKept],
    people: Callable[[Period], float | None],
    breaks: Sequence[SeriesBreakRecorded] = (),
) -> tuple[Point, ...]:
    """The barometers of all periods as long as `until`, and up to it, of which something was released;
    oldest first. The pulse of a year is its newest. `breaks` are those that advisers recorded.
    """
    spans = [Period.parse(one.period) for one in tables]
    spans += [Period.parse(one.period) for one in pulses]
    wanted = {until}
    wanted |= {Period.containing(one.start, until.grain) for one in spans if _known(one, until)}
    found = []
    for period in sorted(wanted):
        rounds = [one for one in pulses if Period.parse(one.period).lies_in(period)]
        found.append(
            measure(
                period,
                tables=tables,
                pulse=max(rounds, key=lambda one: Period.parse(one.period).start, default=None),
                people=people(period),
            )
        )
    return history(found, breaks)


def history(
    barometers: Sequence[Barometer], breaks: Sequence[SeriesBreakRecorded] = ()
) -> tuple[Point, ...]:
    """With what may be said of each beside the last one that had an index. Periods come in order.

    A change is told where the bounds of the two do not meet. Two are not compared that were made of other
    parts, by another version or taxonomy, or of tables that count otherwise since a break between them.
    """
    found: list[Point] = []
    before: Barometer | None = None
    for one in barometers:
        found.append(Point(barometer=one, change=_change(before, one, breaks)))
        if one.index is not None:
            before = one
    return tuple(found)


def made_of(barometer: Barometer) -> tuple[str, ...]:
    """The parts that were measured."""
    return tuple(one.part.code for one in barometer.parts if one.score is not None)


def _change(
    before: Barometer | None, now: Barometer, breaks: Sequence[SeriesBreakRecorded]
) -> Change | None:
    if before is None or now.low is None or now.high is None:
        return None
    if (
        before.version != now.version
        or _counted(before) != _counted(now)
        or any(_lies_between(one, before, now) for one in breaks)
    ):
        return Change.NOT_COMPARABLE
    if before.high is not None and now.low > before.high:
        return Change.HIGHER
    if before.low is not None and now.high < before.low:
        return Change.LOWER
    return Change.NO_CLEAR_CHANGE


def _counted(barometer: Barometer) -> tuple[tuple[str, int | None], ...]:
    return tuple(
        (one.part.code, one.taxonomy_version) for one in barometer.parts if one.score is not None
    )


def _lies_between(one: SeriesBreakRecorded, before: Barometer, now: Barometer) -> bool:
    """Whether a table that both were made of counts otherwise since."""
    since, first, last = (
        Period.parse(text).start for text in (one.since, before.period, now.period)
    )
    touched = {
        each.part.source
        for each in now.parts
        if each.score is not None and each.part.kind is not Kind.PULSE
    }
    return first < since <= last and bool(touched & set(one.tables) if one.tables else touched)


def _known(one: Period, until: Period) -> bool:
    """Whether something of that window belongs to the periods up to `until`: a longer one does not."""
    whole = Period.containing(one.start, until.grain)
    return one.lies_in(whole) and one.end <= until.end


def _without(
    period: Period, coverage: int, parts: tuple[Measured, ...], reason: Reason
) -> Barometer:
    return Barometer(
        period=str(period),
        index=None,
        low=None,
        high=None,
        coverage=coverage,
        parts=parts,
        reason=reason,
    )


def _measured(
    part: Part,
    tables: Mapping[str, Figures],
    pulse: PulseKept | None,
    people: float | None,
    period: Period,
) -> Measured:
    if part.kind is Kind.PULSE:
        return _of_pulse(part, pulse)
    figures = tables.get(part.source)
    if figures is None:
        return Measured(part=part, reason=Reason.NOT_RELEASED)
    if part.kind is Kind.SHARES:
        return _of_shares(part, figures)
    return _of_rate(part, figures, people, period)


def _of_pulse(part: Part, pulse: PulseKept | None) -> Measured:
    """The mean answer. A count that is not shown lies below the smallest that is; of those it is taken to
    be half.
    """
    if pulse is None:
        return Measured(part=part, reason=Reason.NO_PULSE)
    if part.source not in {one.code for one in pulse.questions}:
        return Measured(part=part, reason=Reason.NOT_ASKED)
    place = pulse.at()
    counts = next(
        (one.counts for one in (place.figures if place else ()) if one.question == part.source), ()
    )
    if place is None or not any(counts):
        return Measured(part=part, reason=Reason.TOO_FEW_ANSWERS)
    margin, hidden = place.margin or 0, (place.least - 1) / 2
    worth = list(part.worth.values())
    exact = [(count, count) if count is not None else (hidden, hidden) for count in counts]
    bounds = [
        (max(0, count - margin), count + margin)
        if count is not None
        else (0, place.least - 1 + margin)
        for count in counts
    ]
    return _told(part, _least(worth, exact), _least(worth, bounds), _most(worth, bounds))


def _of_shares(part: Part, figures: Figures) -> Measured:
    """What a case is worth in the mean. Cells that are not shown are taken to be so that it is least."""
    shown = {cell.code: cell for cell in figures.cells}
    hidden = _ceilings(figures)
    codes = [code for code in part.worth if code in shown or code in hidden]
    if not codes:
        return Measured(part=part, reason=Reason.NOT_RELEASED)
    worth = [part.worth[code] for code in codes]
    exact: list[tuple[float, float]] = []
    bounds: list[tuple[float, float]] = []
    for code in codes:
        if code in shown:
            count, margin = shown[code].count, shown[code].margin or 0
            exact.append((count, count))
            bounds.append((max(0, count - margin), count + margin))
        else:
            exact.append((0, hidden[code] - 1))
            bounds.append((0, 2 * hidden[code]))
    told = _told(part, _least(worth, exact), _least(worth, bounds), _most(worth, bounds))
    return replace(told, taxonomy_version=figures.taxonomy_version)


def _of_rate(part: Part, figures: Figures, people: float | None, period: Period) -> Measured:
    """How many came, of as many as a national survey would find among these people: all of them are 100.

    A number that is not shown counts as none.
    """
    if not people:
        return Measured(part=part, reason=Reason.NO_HEADCOUNT)
    shown = {cell.code: cell for cell in figures.cells}
    (code,) = part.worth
    if code in shown:
        count, margin = shown[code].count, shown[code].margin or 0
        low, high = max(0, count - margin), count + margin
    else:
        count, low, high = 0, 0, 2 * _ceilings(figures).get(code, figures.k)
    years = (period.end - period.start).days / 365.25
    found = people * years * NATIONAL_PER_100 / 100
    told = _told(part, *(min(1.0, number / found) for number in (count, low, high)))
    return replace(told, taxonomy_version=figures.taxonomy_version)


def _ceilings(figures: Figures) -> dict[str, int]:
    """Of the cells that are not shown the smallest figure that would be."""
    block = figures.withheld
    if block is None:
        return {}
    thresholds = block.thresholds or (figures.k,) * len(block.codes)
    return dict(zip(block.codes, thresholds, strict=True))


def _told(part: Part, score: float, low: float, high: float) -> Measured:
    low, high = min(low, score), max(high, score)
    return Measured(
        part=part,
        score=_whole(100 * score),
        low=math.floor(100 * low + 1e-9),
        high=math.ceil(100 * high - 1e-9),
    )


def _least(worth: Sequence[float], bounds: Sequence[tuple[float, float]]) -> float:
    """The least mean worth of counts that lie between these bounds; 0 where there may be none at all.

    A mean is least where all counts below some worth are as large as can be, and all others as small.
    """
    ranked = sorted(zip(worth, bounds, strict=True), key=lambda one: one[0])
    found = [
        _mean(
            [(value, high if at < cut else low) for at, (value, (low, high)) in enumerate(ranked)]
        )
        for cut in range(len(ranked) + 1)
    ]
    return min((one for one in found if one is not None), default=0.0)


def _most(worth: Sequence[float], bounds: Sequence[tuple[float, float]]) -> float:
    return 1 - _least([1 - value for value in worth], bounds)


def _mean(counts: Sequence[tuple[float, float]]) -> float | None:
    many = sum(count for _, count in counts)
    return sum(value * count for value, count in counts) / many if many > 0 else None


def _score(one: Measured) -> int:
    return one.score or 0


def _low(one: Measured) -> int:
    return one.low or 0


def _high(one: Measured) -> int:
    return one.high or 0


def _whole(value: float) -> int:
    return math.floor(value + 0.5 + 1e-9)
