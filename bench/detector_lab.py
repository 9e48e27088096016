"""The detector on many series at once, and the organisations on which its bounds are made.

`look` and `told` are `services.signals.domain.detector.scan` over arrays; a test holds them
equal. Nothing here is used in production.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from services.signals.domain.detector import (
    DISPERSION,
    JUMP_AFTER,
    LEAST,
    LEVELS,
    MEMORY,
    PER_YEAR,
    PERSISTENT_AFTER,
    RUN,
    Limits,
    twice,
)
from services.signals.domain.noise import Draws, law, threshold

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from shared.taxonomy.period import Grain

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]
    Flags = NDArray[np.bool_]

_G = len(LEVELS)
_STEPS = 4
_CHUNK = 2000


class Likelihoods:
    """Of every released value from `least` to `most` under one law of noise: log-likelihood at each
    level and its double (values × levels + 4), and the tail at each level (values × levels).
    """

    def __init__(self, draws: tuple[Draws, ...], most: int) -> None:
        known = law(draws)
        self.draws = draws
        self.least, self.most = min(known), most
        self.together = threshold(twice(draws))
        levels = np.array([2.0 ** (step / _STEPS) for step in range(-8, 41 + _STEPS)])
        counts = _negative_binomial(levels, most - self.least)
        up_to = counts.cumsum(axis=0)
        f = np.zeros((most - self.least + 1, len(levels)))
        below = np.zeros((most - self.least + 1, _G))
        for noise, p in known.items():
            at = noise - self.least
            f[at:] += p * counts[: len(f) - at]
            below[at + 1 :] += p * up_to[: len(f) - at - 1, :_G]
        self.log = np.log(np.maximum(f, 1e-30))
        self.tail = np.maximum(0.0, 1.0 - below)


def _negative_binomial(levels: Floats, most: int) -> Floats:
    """Counts 0 to `most` × levels."""
    found = np.empty((most + 1, len(levels)))
    found[0] = (DISPERSION / (DISPERSION + levels)) ** DISPERSION
    for count in range(most):
        found[count + 1] = (
            found[count] * (count + DISPERSION) / (count + 1) * levels / (DISPERSION + levels)
        )
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What the detector made of each series (rows) in each window (columns)."""

    values: Whole
    level: Floats
    jump: Floats
    persistent: Floats
    rose: Flags
    """Whether the run has lasted two windows or more, and the newest speaks for it."""


def look(values: Whole, known: Likelihoods, grain: Grain) -> Looked:
    """See detector.scan. Windows before the first that is judged are left as they are."""
    parts = [_look(values[at : at + _CHUNK], known, grain) for at in range(0, len(values), _CHUNK)]
    return Looked(
        values=values,
        level=np.concatenate([part[0] for part in parts]),
        jump=np.concatenate([part[1] for part in parts]),
        persistent=np.concatenate([part[2] for part in parts]),
        rose=np.concatenate([part[3] for part in parts]),
    )


def _look(values: Whole, known: Likelihoods, grain: Grain) -> tuple[Floats, Floats, Floats, Flags]:
    n, windows = values.shape
    place = np.clip(values, known.least, known.most) - known.least
    row = np.arange(n)
    summed = np.zeros((n, windows + 1, _G))
    np.cumsum(known.log[place][:, :, :_G], axis=1, out=summed[:, 1:])
    prior = 0.5 * np.log(np.array(LEVELS))
    levels = np.array(LEVELS)
    level, jump = np.zeros((n, windows)), np.ones((n, windows))
    persistent, rose = np.zeros((n, windows)), np.zeros((n, windows), dtype=bool)
    since, ratio = np.full(n, JUMP_AFTER), np.zeros(n)
    for now in range(JUMP_AFTER, windows):
        logs = summed[row, since] - summed[row, np.maximum(0, since - MEMORY)] + prior
        posterior = np.exp(logs - logs.max(axis=1, keepdims=True))
        posterior /= posterior.sum(axis=1, keepdims=True)
        level[:, now] = posterior @ levels
        jump[:, now] = (posterior * known.tail[place[:, now]]).sum(axis=1)
        more = np.zeros(n)
        if now >= PERSISTENT_AFTER[grain]:
            at = np.clip(np.floor(np.log2(level[:, now]) * _STEPS + 0.5) + 8, 0, _G - 1)
            at = at.astype(np.int64)
            more = known.log[place[:, now], at + _STEPS] - known.log[place[:, now], at]
            ratio += more
        persistent[:, now] = ratio
        rose[:, now] = (since < now) & (more > 0)
        over = (ratio <= 0) | (now + 1 - since >= RUN)
        ratio = np.where(over, 0.0, ratio)
        since = np.where(over, now + 1, since)
    return level, jump, persistent, rose


def told(looked: Looked, known: Likelihoods, grain: Grain, limits: Limits) -> Whole:
    """1 where a jump is told, 2 where a persistent rise is, else 0."""
    n, windows = looked.values.shape
    found = np.zeros((n, windows), dtype=np.int64)
    year = PER_YEAR[grain]
    quiet = {1: np.zeros(n, dtype=np.int64), 2: np.zeros(n, dtype=np.int64)}
    held = {1: np.zeros(n, dtype=bool), 2: np.zeros(n, dtype=bool)}
    share = np.clip((looked.level - 3.0) / 3.0, 0.0, 1.0)
    bound = limits.persistent + share * (limits.persistent_many - limits.persistent)
    for now in range(JUMP_AFTER, windows):
        large = (looked.level[:, now] >= LEAST[grain]) & (
            looked.values[:, now - 1] + looked.values[:, now] >= known.together
        )
        there = {
            1: large & (looked.jump[:, now] <= limits.jump),
            2: large & (looked.persistent[:, now] >= bound[:, now]),
        }
        for kind in (1, 2):
            held[kind] &= there[kind]
        kind_now = np.where(there[2] & looked.rose[:, now], 2, np.where(there[1], 1, 0))
        for kind in (1, 2):
            new = (kind_now == kind) & ~held[kind] & (now >= quiet[kind])
            found[new, now] = kind
            held[kind] |= new
            for silenced in (1, 2)[:kind]:
                quiet[silenced] = np.where(new, now + year, quiet[silenced])
    return found


# Organisations ------------------------------------------------------------------------------------

SIZES: dict[Grain, tuple[float, ...]] = {
    "quarter": (40, 100, 250, 1000),
    "half-year": (15, 60, 200, 1000),
}
"""Cases a year of the smallest and the largest organisation, and where bands part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisations:
    """`level` are the cases per window of each organisation's cells, `band` its band of SIZES."""

    level: Floats
    band: Whole


def organisations(
    random: np.random.Generator, grain: Grain, count: int, cells: int = 10
) -> Organisations:
    """Sizes even on the scale of ratios; shares of the themes as uneven as in a published register
    (flat Dirichlet: the squares of the shares add up to 0.18, in the Ministry of Defence's to 0.23).
    """
    edges = SIZES[grain]
    size = np.exp(random.uniform(np.log(edges[0]), np.log(edges[-1]), count))
    shares = random.dirichlet(np.ones(cells), count)
    level = shares * size[:, None] / PER_YEAR[grain]
    return Organisations(level=level, band=np.digitize(size, edges[1:-1]))


def released(
    random: np.random.Generator, level: Floats, draws: tuple[Draws, ...], clumps: float | None
) -> Whole:
    """Released values of cells with these levels (cells × windows), Poisson or, with `clumps`, negative
    binomial of that dispersion; put together as `answers.estimates` does.

    Of several draws at one ε each has a part of the cases; another ε has all of them once more.
    """
    if clumps is not None:
        level = random.gamma(clumps, level / clumps)
    counts = random.poisson(level)
    total = np.zeros(level.shape)
    alone = len(draws) == 1 and draws[0].count == 1
    for one in draws:
        q = math.exp(-one.epsilon)
        rest = counts
        for left in range(one.count, 0, -1):
            part = rest if left == 1 else random.binomial(rest, 1 / left)
            rest = rest - part
            up, down = (random.geometric(1 - q, level.shape) for _ in range(2))
            value = part + up - down
            total += one.weight * np.where(alone | (value > 0), value, -q / (1 - q))
    return np.floor(total + 0.5).astype(np.int64)


def false_alarms(
    random: np.random.Generator,
    known: Likelihoods,
    grain: Grain,
    count: int,
    years: int,
    clumps: float | None,
    cells: int = 10,
) -> tuple[Organisations, Looked]:
    """Organisations in which nothing changes, and what the detector makes of them. The years count
    from the first window in which it does all that it can.
    """
    found = organisations(random, grain, count, cells)
    windows = PERSISTENT_AFTER[grain] + years * PER_YEAR[grain]
    level = np.repeat(found.level.reshape(-1, 1), windows, axis=1)
    return found, look(released(random, level, known.draws, clumps), known, grain)
