"""Noise for counts: the discrete Laplace distribution, and what is known of it beforehand.

A count of cases plus discrete Laplace noise of scale 1/ε is ε-differentially private for a change
of one case (Ghosh, Roughgarden and Sundararajan, "Universally utility-maximizing privacy
mechanisms", STOC 2009). The draw is OpenDP's, from the operating system's randomness, without a
seed or key that would undo it. P(X = x) = (1-q)/(1+q) * q^|x| with q = exp(-ε).

A published figure may add several draws, each with a weight; its law is known beforehand, and so
are its margin and the threshold below which it is not shown. Neither looks at the data.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

SMALLEST_SHOWN = 5
"""No figure below five is ever shown, whatever the noise."""

EMPTY_SHOWN = 0.005
"""How often, at the most, a figure of which the true count is zero is shown."""

MARGIN = 0.95
"""How often the true count lies within the margin that stands beside a figure."""

# The law is computed on a lattice of 1/_STEPS, between these tails.
_STEPS = 20
_TAIL = 1e-12


@dataclass(frozen=True, slots=True)
class Draws:
    """`count` independent draws of noise at `epsilon`, added, times `weight`."""

    epsilon: float
    count: int = 1
    weight: float = 1.0


def draw(counts: Sequence[int], epsilon: float) -> list[int]:
    """Each count with noise of its own. Raises ValueError for an ε that is not positive.

    That the mechanism spends no more than `epsilon` when one count changes by one is asked of
    OpenDP's privacy map, on the very mechanism that draws.
    """
    import opendp.prelude as dp  # it takes a moment to load, and few calls draw

    if not epsilon > 0:
        raise ValueError("ε must be positive")
    if not counts:
        return []
    dp.enable_features("contrib")
    space = dp.vector_domain(dp.atom_domain(T="i64")), dp.l1_distance(T="i64")
    mechanism = dp.m.make_laplace(*space, scale=1.0 / epsilon)
    spends: float = mechanism.map(1)  # type: ignore[no-untyped-call]
    if spends > epsilon * (1 + 1e-9):
        raise ValueError("the mechanism spends more than ε")
    return list(mechanism(list(counts)))


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
    law = _law(draws)
    m = 0
    while sum(p for x, p in law.items() if abs(x) <= m) < level:
        m += 1
    return m


@cache
def threshold(draws: tuple[Draws, ...]) -> int:
    """The smallest figure that is shown: at least SMALLEST_SHOWN, and so high that an empty cell is
    shown in at most EMPTY_SHOWN of all releases.
    """
    law = _law(draws)
    t = SMALLEST_SHOWN
    while sum(p for x, p in law.items() if x >= t) > EMPTY_SHOWN:
        t += 1
    return t


@cache
def variance(draws: tuple[Draws, ...]) -> float:
    """Of the noise, before rounding."""
    found = 0.0
    for one in draws:
        q = math.exp(-one.epsilon)
        found += one.weight**2 * one.count * 2 * q / (1 - q) ** 2
    return found


@cache
def _law(draws: tuple[Draws, ...]) -> dict[int, float]:
    """Value → probability of the rounded, weighted sum.

    With whole weights it is exact up to the tails; others are laid on a lattice of 1/_STEPS.
    """
    total = {0: 1.0}
    whole = all(one.weight == round(one.weight) for one in draws)
    steps = 1 if whole else _STEPS
    for one in draws:
        single = _sum_law(one.epsilon, one.count)
        step: dict[int, float] = {}
        for x, p in single.items():
            place = round(one.weight * x * steps)
            step[place] = step.get(place, 0.0) + p
        total = _added(total, step)
    rounded: dict[int, float] = {}
    for place, p in total.items():
        value = math.floor(place / steps + 0.5)
        rounded[value] = rounded.get(value, 0.0) + p
    return rounded


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
