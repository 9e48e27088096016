"""Attackers who compute with probabilities: what they know already, and what the figures add.

They are given more than anybody gets: every draw of every cell, hidden ones too, the law of the
noise, and the law behind the cases (how many a theme in a unit has on average). What is shown is a
function of the draws, so no reader knows more than they do.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from bench.anonymity.intervals import SMALL, axes_of, places_of, quarters
from bench.anonymity.organisations import (
    YEARS,
    Organisation,
    Published,
    atoms,
    rates_of,
    windows,
)
from services.signals.domain.lattice import Axis, LatticeFrozen, cells_of

if TYPE_CHECKING:
    from collections.abc import Iterator

SURE = 0.95
"""More than that is taken for knowledge."""

_NO_NOISE = 50.0

_MOST = 400
"""Counts up to which a posterior is computed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A cell of a measure in a window: its true count, its draw, and the cases expected in it."""

    truth: int
    draw: int
    epsilon: float
    expected: float

    def without_noise(self) -> Cell:
        """The control: what a policy shows that adds nothing."""
        return replace(self, draw=self.truth, epsilon=_NO_NOISE)


def cells(attacked: Organisation, given: Published) -> Iterator[Cell]:
    """Every cell that was drawn."""
    for year in YEARS:
        lattice = given.grids[year]
        axes = axes_of(lattice)
        true = atoms(attacked, lattice, axes)[4 * YEARS.index(year) :][:4]
        rates = rates_of(attacked, lattice, axes)
        for measure in lattice.measures:
            places = places_of(lattice, axes, measure.axes)
            many = len(cells_of(lattice, measure.axes))
            for window in windows(year, measure):
                rows = quarters(window)
                counts = np.bincount(places, true[rows].sum(axis=0), many)
                expected = np.bincount(places, rates * len(rows), many)
                draws = given.draws[measure.id, str(window)]
                for number in range(many):
                    yield Cell(
                        truth=int(counts[number]),
                        draw=draws[number],
                        epsilon=measure.epsilon,
                        expected=float(expected[number]),
                    )


# Background knowledge ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Rest:
    """The cases of a cell that the attacker did not know: how many, and what the attacker found."""

    truth: int
    posterior: np.ndarray

    @property
    def known(self) -> bool:
        """Whether the attacker is sure of the right number, and it is somebody."""
        return self.truth >= 1 and float(self.posterior[self.truth]) > SURE


def rest(cell: Cell, share: float, rng: np.random.Generator) -> Rest:
    """Somebody knows each case of a cell with probability `share`, and looks at the draw for the
    others.
    """
    known = int(rng.binomial(cell.truth, share))
    counts = np.arange(_MOST)
    prior = _poisson(counts, (1 - share) * cell.expected)
    noise = np.exp(-cell.epsilon * np.abs(cell.draw - known - counts))
    posterior = prior * noise
    return Rest(cell.truth - known, posterior / posterior.sum())


def _poisson(counts: np.ndarray, mean: float) -> np.ndarray:
    found: np.ndarray = np.exp(counts * math.log(max(mean, 1e-9)) - mean - _FACTORIALS)
    return found


_FACTORIALS = np.array([math.lgamma(count + 1) for count in range(_MOST)])


@dataclass(frozen=True, slots=True)
class Doubt:
    """Whether one more case is there, of which all others are known: what was guessed, and how sure
    the attacker was.
    """

    right: float
    surest: float


def all_but_one(lattice: LatticeFrozen, noise: np.ndarray, there: np.ndarray) -> list[Doubt]:
    """Guess from the draws of the cells in which the case would count; rows of `noise` are trials,
    columns measures. Before, both are equally likely.
    """
    epsilon = np.array([measure.epsilon for measure in lattice.measures])
    # The attacker knows the counts without the case, so what is left of a draw is noise and case.
    left = noise + there[:, None]
    evidence = (epsilon * (np.abs(left) - np.abs(left - 1))).sum(axis=1)
    posterior = 1 / (1 + np.exp(-evidence))
    right = np.where(evidence == 0, 0.5, (evidence > 0) == there)
    return [
        Doubt(float(one), max(float(p), 1 - float(p)))
        for one, p in zip(right, posterior, strict=True)
    ]


# All measures together --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Joint:
    """A theme in a unit in a half-year: the true count, the law that the attacker began with, and
    the one after all draws.
    """

    truth: int
    prior: np.ndarray
    posterior: np.ndarray


def joint(
    attacked: Organisation, given: Published, rng: np.random.Generator, *, sweeps: int = 400
) -> list[Joint]:
    """The joint law of all counts of a year given all its draws, by Metropolis steps of one case.

    Answers the cells with 1 to 4 cases in the year's first half.
    """
    year = YEARS[-1]
    lattice = given.grids[year]
    rates = rates_of(attacked, lattice, _AXES)
    size = len(rates)
    chain = _chain(lattice, year, given, np.tile(rates, 4))
    seen = np.zeros((size, _MOST))
    cells = np.arange(size)
    for sweep in range(sweeps):
        chain.sweep(rng)
        if sweep >= sweeps // 5:
            half = np.array(chain.state[: 2 * size]).reshape(2, size).sum(axis=0)
            seen[cells, half] += 1
    first = 4 * YEARS.index(year)
    true = atoms(attacked, lattice, _AXES)[first : first + 2].sum(axis=0)
    return [
        Joint(
            int(true[number]),
            _poisson(np.arange(_MOST), 2 * float(rates[number])),
            seen[number] / seen[number].sum(),
        )
        for number in np.flatnonzero(np.isin(true, SMALL))
    ]


_AXES: tuple[Axis, ...] = ("theme", "unit")


@dataclass(slots=True)
class _Chain:
    """Counts by atom, and for each draw its value, weight and the sum of the counts in it."""

    rates: list[float]
    state: list[int]
    places: list[list[int]]
    draws: list[int]
    weights: list[float]
    sums: list[int]

    def sweep(self, rng: np.random.Generator) -> None:
        """As many steps as there are atoms."""
        many = len(self.state)
        tried = rng.integers(many, size=many).tolist()
        ups = (rng.random(many) < 0.5).tolist()
        chances = np.log(rng.random(many)).tolist()
        for atom, up, chance in zip(tried, ups, chances, strict=True):
            count, rate = self.state[atom], self.rates[atom]
            if not up and not count:
                continue
            move = 1 if up else -1
            gain = math.log(rate / (count + 1) if up else count / rate)
            for place in self.places[atom]:
                far = self.draws[place] - self.sums[place]
                gain += self.weights[place] * (abs(far) - abs(far - move))
            if chance < gain:
                self.state[atom] = count + move
                for place in self.places[atom]:
                    self.sums[place] += move


def _chain(lattice: LatticeFrozen, year: int, given: Published, rates: np.ndarray) -> _Chain:
    measures = [m for m in lattice.measures if set(m.axes) <= {*_AXES, "area"}]
    member = np.zeros((len(measures), len(rates)), dtype=np.int64)
    draws: list[int] = []
    weights: list[float] = []
    size = len(rates) // 4
    for row, measure in enumerate(measures):
        places = places_of(lattice, _AXES, measure.axes)
        for window in windows(year, measure):
            for quarter in quarters(window):
                member[row, quarter * size : (quarter + 1) * size] = len(draws) + places
            values = given.draws[measure.id, str(window)]
            draws += values
            weights += [measure.epsilon] * len(values)
    state = np.rint(rates).astype(int)
    sums = sum(np.bincount(row, weights=state, minlength=len(draws)) for row in member)
    return _Chain(
        rates=rates.tolist(),
        state=state.tolist(),
        places=member.T.tolist(),
        draws=draws,
        weights=weights,
        sums=np.asarray(sums, dtype=int).tolist(),
    )
