"""Noise for counts: the discrete Laplace distribution, and what is known of it beforehand.

A count of cases plus discrete Laplace noise of scale 1/ε is ε-differentially private for a change
of one case (Ghosh, Roughgarden and Sundararajan, "Universally utility-maximizing privacy
mechanisms", STOC 2009). The draw is OpenDP's, from the operating system's randomness, without a
seed or key that would undo it. P(X = x) = (1-q)/(1+q) * q^|x| with q = exp(-ε).

A published figure may add several draws, each with a weight; its law is known beforehand, and so
are its margin and the threshold below which it is not shown. Neither looks at the data.

Draws of zero or less are settled before they are added. The threshold is that of settled draws in
empty cells, since an empty figure has no others. The margin is that of plain draws, which settled
ones approach when no cell of the sum is small, and to which they are never inferior but for rounding.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SMALLEST_SHOWN = 5
"""No figure below five is ever shown, whatever the noise."""

EMPTY_SHOWN = 0.005
"""How often, at the most, a figure of which the true count is zero is shown."""

MARGIN = 0.95
"""How often the true count lies within the margin that stands beside a figure."""

STEPS = 20
"""Weights are whole twentieths, so that the law of a weighted sum is exact."""

# What is less likely than that is left out: of a law, and of the empty law, of which only the part
# around EMPTY_SHOWN matters.
_TAIL = 1e-12
_RARE = 1e-9


@dataclass(frozen=True, slots=True)
class Draws:
    """`count` independent draws of noise at `epsilon`, added, times `weight`."""

    epsilon: float
    count: int = 1
    weight: float = 1.0


def draw(counts: Sequence[int], epsilon: float) -> list[int]:
    """Each count with noise of its own. Raises ValueError for an ε that is not positive."""
    if not epsilon > 0:
        raise ValueError("ε must be positive")
    return list(_mechanism(epsilon)(list(counts))) if counts else []


@cache
def _mechanism(epsilon: float) -> Callable[[list[int]], list[int]]:
    """OpenDP's mechanism, which holds no state: making it costs more than drawing with it.

    That it spends no more than `epsilon` when one count changes by one is asked of OpenDP's privacy
    map, on the very mechanism that draws; otherwise ValueError.
    """
    import opendp.prelude as dp  # it takes a moment to load, and few calls draw

    dp.enable_features("contrib")
    space = dp.vector_domain(dp.atom_domain(T="i64")), dp.l1_distance(T="i64")
    mechanism = dp.m.make_laplace(*space, scale=1.0 / epsilon)
    spends: float = mechanism.map(1)  # type: ignore[no-untyped-call]
    if spends > epsilon * (1 + 1e-9):
        raise ValueError("the mechanism spends more than ε")
    return mechanism


def settled(value: int, epsilon: float) -> float:
    """A released value as it enters a sum: itself, or, if it is zero or less, what such values are
    on average.

    Given that a draw is zero or less its law is the same whatever the count, since no count is
    below zero. So how far below it fell tells nothing of the count, and leaving that out keeps sums
    unbiased and makes them more precise (Rao-Blackwell). It also leaves nothing to subtract: a
    half-year less a quarter that is shown would else give away that the other one was drawn so low
    that it must be nearly empty.
    """
    if value > 0:
        return value
    q = math.exp(-epsilon)
    return -q / (1 - q)


@cache
def margin(draws: tuple[Draws, ...], level: float = MARGIN) -> int:
    """The smallest whole m with P(|noise| <= m) >= `level`, after rounding to a whole number."""
    known = law(draws)
    if sum(one.count for one in draws) > 1:
        level += (1 - level) * _ROUNDING
    m, inside = 0, known.get(0, 0.0)
    while inside < level:
        m += 1
        inside += known.get(m, 0.0) + known.get(-m, 0.0)
    return m


# Settled draws are no whole numbers, and rounding their sum can move up to 0.0085 of the law out of a
# 95 % margin (tests/domain/test_noise.py). So sums have to be inside this much more of what is left.
_ROUNDING = 0.2


@cache
def threshold(draws: tuple[Draws, ...]) -> int:
    """The smallest figure that is shown: at least SMALLEST_SHOWN, and so high that an empty cell is
    shown in at most EMPTY_SHOWN of all releases.
    """
    *others, last = (_empty_law(one) for one in draws)
    law = [(0.0, 1.0)]
    for other in others:
        law = [(x + y, p * q) for x, p in law for y, q in other if p * q > _RARE]
    last.sort(reverse=True)
    values = [-x for x, _ in last]
    sums = [0.0, *accumulate(p for _, p in last)]  # P(the last one is among its n largest values)
    t = SMALLEST_SHOWN
    while sum(p * sums[bisect_right(values, x + 0.5 - t)] for x, p in law) > EMPTY_SHOWN:
        t += 1
    return t


def reaches(draws: tuple[Draws, ...], count: int) -> float:
    """How often a cell with so many cases reaches its table's threshold, and is shown."""
    least = threshold(draws) - count
    return _tails(draws)[max(-_FAR, min(least, _FAR))]


_FAR = 400


@cache
def _tails(draws: tuple[Draws, ...]) -> dict[int, float]:
    """P(noise >= x), for each x that counts can ask for."""
    known, tails, total = law(draws), {}, 0.0
    for x in range(_FAR, -_FAR - 1, -1):
        total += known.get(x, 0.0)
        tails[x] = min(1.0, total)
    return tails


@cache
def variance(draws: tuple[Draws, ...]) -> float:
    """Of the noise, before rounding."""
    found = 0.0
    for one in draws:
        q = math.exp(-one.epsilon)
        found += one.weight**2 * one.count * 2 * q / (1 - q) ** 2
    return found


@cache
def law(draws: tuple[Draws, ...]) -> dict[int, float]:
    """Value → probability of the rounded, weighted sum of plain draws.

    Raises ValueError for a weight that is not a whole number of 1/STEPS.
    """
    weights = [round(one.weight * STEPS) for one in draws]
    if any(abs(w - one.weight * STEPS) > 1e-9 for w, one in zip(weights, draws, strict=True)):
        raise ValueError("a weight must be a whole number of twentieths")
    steps = STEPS // math.gcd(STEPS, *weights)
    total = {0: 1.0}
    for one, weight in zip(draws, weights, strict=True):
        part = weight * steps // STEPS
        law = _sum_law(one.epsilon, one.count)
        total = _added(total, {part * x: p for x, p in law.items()})
    rounded: dict[int, float] = {}
    for place, p in total.items():
        value = math.floor(place / steps + 0.5)
        rounded[value] = rounded.get(value, 0.0) + p
    return rounded


def _empty_law(draws: Draws) -> list[tuple[float, float]]:
    """Values, before rounding, and their probabilities, of these draws, settled, in empty cells.

    Each is positive with probability q/(1+q), and then geometric from 1 on; so the sum of those
    that are has a negative binomial law.
    """
    q, count = math.exp(-draws.epsilon), draws.count
    found = []
    for positive in range(count + 1):
        ways = (
            math.lgamma(count + 1) - math.lgamma(positive + 1) - math.lgamma(count - positive + 1)
        )
        p = math.exp(ways - positive * draws.epsilon - count * math.log1p(q))
        rest = (count - positive) * settled(0, draws.epsilon)
        if positive == 0:
            found.append((draws.weight * rest, p))
            continue
        total, p = positive, p * (1 - q) ** positive
        while p > _RARE or total * (1 - q) < positive:  # it rises until there, then falls
            if p > _RARE:
                found.append((draws.weight * (total + rest), p))
            p *= q * total / (total + 1 - positive)
            total += 1
    return found


@cache
def _sum_law(epsilon: float, count: int) -> dict[int, float]:
    """The law of `count` draws, added."""
    if count == 1:
        q = math.exp(-epsilon)
        reach = math.ceil(math.log(_TAIL) / math.log(q))
        return {x: (1 - q) / (1 + q) * q ** abs(x) for x in range(-reach, reach + 1)}
    half = _sum_law(epsilon, count // 2)
    both = _added(half, half)
    return _added(both, _sum_law(epsilon, 1)) if count % 2 else both


def _added(one: dict[int, float], other: dict[int, float]) -> dict[int, float]:
    found: dict[int, float] = {}
    for x, p in one.items():
        for y, q in other.items():
            found[x + y] = found.get(x + y, 0.0) + p * q
    return {x: p for x, p in found.items() if p > _TAIL}
