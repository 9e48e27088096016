"""The control of the linear-programming attacker: counts of at least five, and any table on request.

What many dashboards do: whoever asks gets every table, over any window, with the true counts, and
cells below five are left out. If the attacker finds little here, the attacker is broken.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from bench.anonymity.intervals import Found, divisions, places_of, targets
from bench.anonymity.lp import Polytope
from bench.anonymity.organisations import YEARS, Organisation, adopted, atoms
from services.signals.domain.grid import freeze
from services.signals.domain.lattice import Axis, LatticeFrozen, cells_of, grid_units
from shared.taxonomy.period import Period

if TYPE_CHECKING:
    from collections.abc import Iterator

LEAST = 5
"""Counts from here on are shown."""

_AXES: tuple[Axis, ...] = ("theme", "unit")
_HALVES = [half for year in YEARS[-2:] for half in Period(year).parts("half-year")]


def naive(attacked: Organisation, rng: np.random.Generator, most: int) -> list[Found]:
    """The attack on at most so many targets of an organisation, every department being a unit."""
    start = _HALVES[0]
    chosen = freeze(
        adopted(attacked.tree), period=start, first_half=None, yearly_total=None, on=start.start
    )
    lattice = replace(chosen, units=grid_units(attacked.tree, 1))
    quarterly = atoms(attacked, lattice, _AXES)[-2 * len(_HALVES) :]
    true = quarterly.reshape(len(_HALVES), 2, -1).sum(axis=1)
    size = true.shape[1]
    known = Polytope(true.size)
    for numbers in _groups(lattice):
        for rows in _windows():
            count = int(true[np.ix_(rows, numbers)].sum())
            terms = {row * size + number: 1.0 for row in rows for number in numbers}
            known.row(terms, *((count, count) if count >= LEAST else (0, LEAST - 1)))
    wanted = [
        one
        for one in targets(attacked, lattice)
        if all(part in _HALVES for window in one.windows for part in window.parts("half-year"))
        and all(window.grain != "quarter" for window in one.windows)
    ]
    wanted = [wanted[int(n)] for n in rng.permutation(len(wanted))[:most]]
    intervals = known.bounds(
        [
            row * size + number
            for window in one.windows
            for row in (_HALVES.index(half) for half in window.parts("half-year"))
            for number in one.inside(lattice)
        ]
        for one in wanted
    )
    return [
        Found(one.kind, one.truth, interval)
        for one, interval in zip(wanted, intervals, strict=True)
    ]


def _windows() -> list[list[int]]:
    """Half-years, every twelve and eighteen months, and all: each a list of half-years by number."""
    last = len(_HALVES)
    return [
        *([n] for n in range(last)),
        *([n, n + 1] for n in range(last - 1)),
        *([n, n + 1, n + 2] for n in range(last - 2)),
        list(range(last)),
    ]


def _groups(lattice: LatticeFrozen) -> Iterator[list[int]]:
    """The cells that each table adds up in each of its cells."""
    views: list[tuple[Axis, ...]] = [
        _AXES,
        ("area", "unit"),
        ("theme",),
        ("area",),
        ("unit",),
        (),
    ]
    for axes in views:
        places = places_of(lattice, _AXES, axes)
        for number in range(len(cells_of(lattice, axes))):
            yield [int(one) for one in np.flatnonzero(places == number)]
    yield from (list(group) for group in divisions(lattice))
