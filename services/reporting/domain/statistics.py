"""What may be said of released figures: tests of change, rates and intervals. Pure functions.

Reporting has displayed values, each with its 95 % margin (of the noise; None: it has none), and
thresholds. A change has to be more than both explain: chance, since cases come by accident too, and
noise. The difference of two periods is first made smaller by as much as noise makes the margin of chance
wider, and what is left of it is tested exactly. So of twenty figures in which nothing changed at most one is
called changed (tests/domain/test_report_statistics.py counts it, for laws of the noise that grids have).

Of two periods nothing is ever called a trend; of three or more that can be compared it may be.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LEVEL: Final = 0.05
"""Of a hundred comparisons in which nothing changed, at most five are called a change."""

STRONGLY: Final = 0.001
"""So improbable, by chance, is what is called strong; and it is at least half as many again."""

FEWEST_WINDOWS: Final = 3
"""A trend needs a third point: two always lie on a line."""

_HALF_AS_MANY_AGAIN: Final = 1.5
_NORMAL_95: Final = 1.959964
"""Standard deviations to either side of the mean that hold 95 % of a normal law."""


class Verdict(StrEnum):
    """What is said of two periods. No word promises more than the figures do."""

    NO_CLEAR_CHANGE = "no_clear_change"
    FEWER = "fewer"
    MORE = "more"
    STRONGLY_MORE = "strongly_more"
    TOO_FEW = "too_few"


class Tendency(StrEnum):
    """What is said of three or more windows that can be compared."""

    RISING = "rising"
    DECLINING = "declining"
    NO_CLEAR_TREND = "no_clear_trend"
    TOO_SHORT = "too_short"


@dataclass(frozen=True, slots=True)
class Reading:
    """A displayed figure: cases, and the 95 % margin of its noise; None: it is an exact count.

    `exposure` is in what it was counted, in any unit that is the same for both periods: people, or
    1 where they are as many. `ceiling` says that the figure itself is not shown, and that `value` is the
    largest that would not be.
    """

    value: int
    margin: int | None = None
    exposure: float = 1.0
    ceiling: bool = False


# Two periods --------------------------------------------------------------------------------------


@lru_cache(maxsize=8192)
def binomial_p(successes: int, trials: int, share: float = 0.5) -> float:
    """The two-sided exact binomial test: how probable is an outcome that is at most as probable as this
    one, from 0 to 1 (Sterne 1954; for `share` 1/2 it is twice the one-sided value, Clopper and Pearson
    1934).

    Raises ValueError for numbers that no trial has.
    """
    if not 0 <= successes <= trials or not 0 < share < 1:
        raise ValueError("there are no such trials")
    own = _log_binomial(successes, trials, share)
    limit = own + 1e-7  # two outcomes that are equally probable, but for rounding
    mode = math.floor((trials + 1) * share)
    below = successes if successes <= mode else _last(0, mode, trials, share, limit)
    above = successes if successes >= mode else _first(mode, trials, share, limit)
    if below >= above:
        return 1.0
    return min(1.0, _at_most(below, trials, share) + _at_least(above, trials, share))


def change_p(before: Reading, now: Reading) -> float:
    """How probable a difference as large as this is where nothing changed, after what the noise may
    have done is taken off it; from 0 to 1.

    Given their sum, the count of one of two Poisson counts of equal rates is binomial, with the share of
    its exposure (Przyborowski and Wilenski 1940); of periods with equal exposure with 1/2.
    """
    low, high = _towards_each_other(before, now)
    share = now.exposure / (before.exposure + now.exposure)
    return binomial_p(high, low + high, share)


def verdict(before: Reading, now: Reading) -> Verdict:
    """What may be said of the later period compared with the earlier, each with its exposure.

    A figure that is not shown (`ceiling`) stands for the largest that would not be shown: it can show
    that there were more, or fewer, than it, and never which number it is.
    """
    if before.ceiling and now.ceiling:
        return Verdict.TOO_FEW
    if not _sayable(before, now):
        return Verdict.TOO_FEW
    rise = now.value / now.exposure - before.value / before.exposure
    # What is hidden is at most its ceiling: a rise to it, or a fall from it, is none that is known.
    if rise == 0 or (now.ceiling if rise > 0 else before.ceiling):
        return Verdict.NO_CLEAR_CHANGE
    p = change_p(before, now)
    if p > LEVEL:
        return Verdict.NO_CLEAR_CHANGE
    if rise < 0:
        return Verdict.FEWER
    low, high = _towards_each_other(before, now)
    often = high / now.exposure >= _HALF_AS_MANY_AGAIN * low / before.exposure
    return Verdict.STRONGLY_MORE if p <= STRONGLY and often else Verdict.MORE


def _sayable(before: Reading, now: Reading) -> bool:
    """Whether any way to divide their sum would be a change: else chance explains whatever it is."""
    total = before.value + now.value
    return any(
        change_p(replace(before, value=total - later), replace(now, value=later)) <= LEVEL
        for later in (0, total)
    )


def _towards_each_other(before: Reading, now: Reading) -> tuple[int, int]:
    """Both values, their sum kept, with so much less of a difference that only chance is left to test."""
    if not (before.margin or now.margin):
        return before.value, now.value
    total = before.value + now.value
    share = now.exposure / (before.exposure + now.exposure)
    off = now.value - total * share
    # Variances of independent things add up, and so, nearly, do the squares of 95 % margins: the
    # difference shrinks by as much as noise makes the margin of chance wider.
    noise = math.hypot((before.margin or 0) * share, (now.margin or 0) * (1 - share))
    chance = _NORMAL_95 * math.sqrt(max(total, 1) * share * (1 - share))
    left = off * chance / math.hypot(chance, noise)
    # Towards what is expected: rounding must not make a change of what is none.
    later = total * share + left
    rounded = math.floor(later) if left > 0 else math.ceil(later)
    return total - rounded, rounded


# Three and more -----------------------------------------------------------------------------------


def trend_z(windows: Sequence[Reading]) -> float:
    """The score test of a Poisson rate that rises or falls with time, in standard deviations (Armitage
    1955, Cochran 1954), the variance of the noise added to that of chance. 0 where there is nothing.

    A 95 % margin is at least 1.96 standard deviations of any law whose tails are no lighter than the
    normal one, as those of this noise are.
    """
    exposure = sum(one.exposure for one in windows)
    rate = sum(one.value for one in windows) / exposure
    mean = sum(place * one.exposure for place, one in enumerate(windows)) / exposure
    score = variance = 0.0
    for place, one in enumerate(windows):
        away = place - mean
        score += away * (one.value - rate * one.exposure)
        variance += away**2 * (rate * one.exposure + ((one.margin or 0) / _NORMAL_95) ** 2)
    return score / math.sqrt(variance) if variance > 0 else 0.0


def tendency(windows: Sequence[Reading]) -> Tendency:
    """What may be said of windows that can be compared, oldest first. Never of fewer than three."""
    if len(windows) < FEWEST_WINDOWS:
        return Tendency.TOO_SHORT
    z = trend_z(windows)
    if abs(z) < _NORMAL_95:
        return Tendency.NO_CLEAR_TREND
    return Tendency.RISING if z > 0 else Tendency.DECLINING


# Intervals ----------------------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def poisson_interval(count: int, level: float = 1 - LEVEL) -> tuple[float, float]:
    """The exact interval of the mean of which `count` is one outcome (Garwood 1936): what a count says
    of how many come in such a period, beside chance. Raises ValueError for a negative count.
    """
    if count < 0:
        raise ValueError("a count is not negative")
    tail = (1 - level) / 2
    reach = count + 10 * math.sqrt(count + 1) + 20
    low = (
        _crossing(lambda mean: 1 - _poisson_at_most(count - 1, mean) - tail, 0.0, reach)
        if count
        else 0.0
    )
    return low, _crossing(lambda mean: tail - _poisson_at_most(count, mean), 0.0, reach)


def count_interval(reading: Reading) -> tuple[float, float]:
    """The interval of the mean behind a displayed figure: chance as in `poisson_interval`, and noise.

    The distances of both from the figure are added as squares (Donner and Zou 2012, the method of
    variance estimates recovery).
    """
    low, high = poisson_interval(reading.value)
    margin = reading.margin or 0
    return (
        max(0.0, reading.value - math.hypot(reading.value - low, margin)),
        reading.value + math.hypot(high - reading.value, margin),
    )


def per_hundred(reading: Reading, people: float) -> tuple[float, float, float]:
    """Cases for each hundred people: the rate, and the interval of what is behind it.

    Raises ValueError where there is nobody.
    """
    if people <= 0:
        raise ValueError("there is nobody to divide by")
    low, high = count_interval(reading)
    return (
        100 * reading.value / people,
        100 * low / people,
        100 * high / people,
    )


def share_interval(part: int, whole: int, level: float = 1 - LEVEL) -> tuple[float, float]:
    """The exact interval of a share of which `part` of `whole` is one outcome (Clopper and Pearson
    1934), from 0 to 1. Raises ValueError for a part that is none.
    """
    if not 0 <= part <= whole or not whole:
        raise ValueError("it is no part of it")
    tail = (1 - level) / 2
    low = _crossing(lambda share: _at_least(part, whole, share) - tail, 0.0, 1.0) if part else 0.0
    high = (
        _crossing(lambda share: tail - _at_most(part, whole, share), 0.0, 1.0)
        if part < whole
        else 1.0
    )
    return low, high


def formal_share(informal: Reading, formal: int) -> tuple[float, float, float]:
    """How many formal complaints there are for each hundred cases, and the interval of that share, from 0
    to 100: what is formal was told informally first, so it is a part of those cases. `formal` is an
    exact count; the margin of the cases widens the interval to both sides.

    Raises ValueError where there is no case, or more that is formal than there are cases.
    """
    margin = informal.margin or 0
    fewest, most = max(formal, informal.value - margin, 1), informal.value + margin
    if formal > informal.value:
        raise ValueError("more is formal than there are cases")
    low, _ = share_interval(formal, most)
    _, high = share_interval(formal, fewest)
    return 100 * formal / informal.value, 100 * low, 100 * high


# The laws -----------------------------------------------------------------------------------------


def _log_binomial(successes: int, trials: int, share: float) -> float:
    return (
        math.lgamma(trials + 1)
        - math.lgamma(successes + 1)
        - math.lgamma(trials - successes + 1)
        + successes * math.log(share)
        + (trials - successes) * math.log1p(-share)
    )


def _last(low: int, high: int, trials: int, share: float, limit: float) -> int:
    """The last outcome up to the mode that is at most so probable; -1: there is none."""
    if _log_binomial(low, trials, share) > limit:
        return -1
    while low < high:
        middle = (low + high + 1) // 2
        if _log_binomial(middle, trials, share) <= limit:
            low = middle
        else:
            high = middle - 1
    return low


def _first(low: int, trials: int, share: float, limit: float) -> int:
    """The first outcome from the mode on that is at most so probable; trials + 1: there is none."""
    high = trials + 1
    while low < high:
        middle = (low + high) // 2
        if _log_binomial(middle, trials, share) <= limit:
            high = middle
        else:
            low = middle + 1
    return low


def _at_most(successes: int, trials: int, share: float) -> float:
    if share in (0.0, 1.0):
        return float(share == 0.0 or successes >= trials)
    return _summed(successes, -1, trials, share)


def _at_least(successes: int, trials: int, share: float) -> float:
    if share in (0.0, 1.0):
        return float(share == 1.0 or successes <= 0)
    return _summed(successes, 1, trials, share)


def _summed(start: int, step: int, trials: int, share: float) -> float:
    """Probabilities from `start` on, outwards, until they add nothing; 1 where the tail holds the mode."""
    mode = (trials + 1) * share
    if (start > mode) if step < 0 else (start < mode - 1):
        return 1.0 - _summed(start - step, -step, trials, share)
    total, place = 0.0, start
    while 0 <= place <= trials:
        term = math.exp(_log_binomial(place, trials, share))
        total += term
        if term < total * 1e-17:
            break
        place += step
    return total


def _poisson_at_most(count: int, mean: float) -> float:
    if count < 0:
        return 0.0
    if mean <= 0:
        return 1.0
    total, place = 0.0, count
    while place >= 0:
        term = math.exp(place * math.log(mean) - mean - math.lgamma(place + 1))
        total += term
        if place < mean and term < total * 1e-17:
            break
        place -= 1
    return min(1.0, total)


def _crossing(rising: Callable[[float], float], low: float, high: float) -> float:
    """Where a function that rises is zero, by halving."""
    for _ in range(60):
        middle = (low + high) / 2
        if rising(middle) < 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2
