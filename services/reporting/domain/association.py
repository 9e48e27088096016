"""Whether two series of several units go together: a rank correlation within units. Pure functions.

Each unit's values are first taken from its own average, so that a large unit, or one where everything is
always high, says nothing; then all are ranked together (Spearman). Units with one pair say nothing and
fall out. The interval is Fisher's, with the variance of Bonett and Wright (2000) for ranks and the degrees
of freedom of a correlation of repeated measures (Bakdash and Marusich 2017): pairs less units less one.

That two series go together never says that one makes the other.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from statistics import NormalDist
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

FEWEST_PAIRS: Final = 8
"""With fewer nothing is said."""

FEWEST_FREE: Final = 5
"""So many of them must be free: eight pairs of one unit are enough, of four units with two each not."""


class Together(StrEnum):
    """What is said. No word says why."""

    TOO_FEW = "too_few"
    NOT_VISIBLE = "not_visible"
    SAME_WAY = "same_way"
    OPPOSITE_WAYS = "opposite_ways"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two values that belong together, of one unit."""

    unit: str
    first: Fraction
    second: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Association:
    """A rank correlation from -1 to 1 and its 95 % interval, in hundredths; None with too few pairs, or
    where one side never changes. `pairs` and `units` are those that count.
    """

    verdict: Together
    pairs: int
    units: int
    correlation: int | None = None
    low: int | None = None
    high: int | None = None


def association(pairs: Iterable[Pair], *, comparisons: int = 1) -> Association:
    """The correlation of these pairs. `comparisons` is how many are looked at together: what is called
    visible would come by chance in five of a hundred such sets, not of a hundred correlations.
    """
    by_unit: defaultdict[str, list[Pair]] = defaultdict(list)
    for pair in pairs:
        by_unit[pair.unit].append(pair)
    several = [each for each in by_unit.values() if len(each) > 1]
    count, units = sum(map(len, several)), len(several)
    free = count - units - 1
    if count < FEWEST_PAIRS or free < FEWEST_FREE:
        return Association(verdict=Together.TOO_FEW, pairs=count, units=units)
    first, second = (
        _ranks([value for each in several for value in _from_average(each, side)])
        for side in ("first", "second")
    )
    found = _pearson(first, second)
    if found is None:
        return Association(verdict=Together.NOT_VISIBLE, pairs=count, units=units)
    low, high = _interval(found, free, 0.05)
    sure_low, sure_high = _interval(found, free, 0.05 / comparisons)
    verdict = Together.NOT_VISIBLE
    if sure_low > 0:
        verdict = Together.SAME_WAY
    elif sure_high < 0:
        verdict = Together.OPPOSITE_WAYS
    return Association(
        verdict=verdict,
        pairs=count,
        units=units,
        correlation=round(found * 100),
        low=math.floor(low * 100),
        high=math.ceil(high * 100),
    )


def _from_average(pairs: Sequence[Pair], side: str) -> list[Fraction]:
    values: list[Fraction] = [getattr(pair, side) for pair in pairs]
    average = sum(values, Fraction()) / len(values)
    return [value - average for value in values]


def _ranks(values: Sequence[Fraction]) -> list[float]:
    """From 1; equal values share the mean of their ranks."""
    places: defaultdict[Fraction, list[int]] = defaultdict(list)
    for rank, value in enumerate(sorted(values), start=1):
        places[value].append(rank)
    return [sum(places[value]) / len(places[value]) for value in values]


def _pearson(first: Sequence[float], second: Sequence[float]) -> float | None:
    middle = (len(first) + 1) / 2
    together = math.fsum((a - middle) * (b - middle) for a, b in zip(first, second, strict=True))
    spread = math.fsum((a - middle) ** 2 for a in first) * math.fsum(
        (b - middle) ** 2 for b in second
    )
    return together / math.sqrt(spread) if spread else None


def _interval(found: float, free: int, level: float) -> tuple[float, float]:
    if abs(found) >= 1:
        found = math.copysign(1 - 1e-9, found)
    deviations = NormalDist().inv_cdf(1 - level / 2)
    half = deviations * math.sqrt((1 + found * found / 2) / (free - 1))
    return math.tanh(math.atanh(found) - half), math.tanh(math.atanh(found) + half)
