"""What the linear-programming attacker finds of small cells, under each policy.

It gets every table of every window of every role, the grid, the law of the noise, and believes
every bound that noise keeps in 99 of 100 cases, of single draws and of each answer. It knows that
tables add up the same draws, so that it may subtract one answer from another.

Targets are sums with 1 to 4 cases: theme × unit, theme × division, units and themes, by quarter,
half-year and year, and over twelve months that roll over the turn of a year. Windows lie within a
calendar year, so that the years are two independent problems; a target that has pieces in both has
the sum of their intervals.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from bench.anonymity.lp import Interval, Polytope
from bench.anonymity.organisations import YEARS, Organisation, Published, atoms, windows
from services.signals.domain.lattice import (
    Axis,
    LatticeFrozen,
    Measure,
    Table,
    cells_of,
    codes_of,
    draws_of,
    part_of,
)
from services.signals.domain.noise import Draws, margin, settled
from shared.taxonomy.period import Period

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

BELIEVED = 0.99
"""The attacker takes for certain what holds in so many of all releases."""

SMALL = (1, 2, 3, 4)
"""Cells with so many cases are targets."""

WHOLE = frozenset({"theme", "unit", "unit, rolling year"})
"""Kinds of targets that tables show as they are, where they are large enough."""

NARROW = 4
"""An interval narrower than this is a disclosure, even if it is not exact."""


@dataclass(frozen=True, slots=True)
class Target:
    """Cells `numbers` of `axes` in some windows, added: `kind` for people, `truth` the true count."""

    kind: str
    axes: tuple[Axis, ...]
    numbers: tuple[int, ...]
    windows: tuple[Period, ...]
    truth: int

    def inside(self, lattice: LatticeFrozen) -> list[int]:
        """The cells of theme × unit that it adds."""
        return [
            int(one)
            for one in np.flatnonzero(
                np.isin(places_of(lattice, ("theme", "unit"), self.axes), self.numbers)
            )
        ]


@dataclass(frozen=True, slots=True)
class Found:
    """A target and what the attacker found of it."""

    kind: str
    truth: int
    interval: Interval

    @property
    def right(self) -> bool:
        """Whether the true count lies in it: what is believed may be wrong."""
        return self.interval.least <= self.truth <= self.interval.most

    @property
    def exact(self) -> bool:
        """Whether the count is known."""
        return self.right and self.interval.exact

    @property
    def exists(self) -> bool:
        """Whether it is known that there is somebody."""
        return self.right and self.interval.least >= 1

    @property
    def narrow(self) -> bool:
        """Whether it is known too well."""
        return self.interval.width < NARROW


def axes_of(lattice: LatticeFrozen) -> tuple[Axis, ...]:
    """The axes of an atom: theme, unit and whatever else the grid measures."""
    used: list[Axis] = ["theme", "unit"]
    for measure in lattice.measures:
        used += [axis for axis in measure.axes if axis not in (*used, "area")]
    return tuple(used)


@cache
def places_of(lattice: LatticeFrozen, axes: tuple[Axis, ...], into: tuple[Axis, ...]) -> np.ndarray:
    """For each atom of a quarter, the number of the cell of `into` in which it lies."""
    atom = Measure(id="atoms", axes=axes, grain="quarter", epsilon=1)
    table = Table(id="cells", axes=into, grain="quarter", parts=())
    numbers = {cell: number for number, cell in enumerate(cells_of(lattice, into))}
    return np.array(
        [numbers[part_of(lattice, table, atom, cell)] for cell in cells_of(lattice, axes)]
    )


@cache
def _inside(lattice: LatticeFrozen, table: Table, measure: Measure, number: int) -> np.ndarray:
    """The cells of a measure that a table adds up in its cell `number`."""
    name = cells_of(lattice, table.axes)[number]
    return np.flatnonzero(
        [part_of(lattice, table, measure, one) == name for one in cells_of(lattice, measure.axes)]
    )


def quarters(window: Period) -> list[int]:
    """Which quarters of its year a window has, from 0."""
    return [one.quarter - 1 for one in window.parts("quarter") if one.quarter is not None]


def cell(
    lattice: LatticeFrozen, into: tuple[Axis, ...], numbers: Sequence[int], window: Period
) -> list[int]:
    """The atoms of a year in some cells of a window, numbered quarter by quarter."""
    size, members = _members(lattice, into)
    inside = sorted(one for number in numbers for one in members[number])
    return [quarter * size + one for quarter in quarters(window) for one in inside]


@cache
def _members(lattice: LatticeFrozen, into: tuple[Axis, ...]) -> tuple[int, list[list[int]]]:
    """How many atoms a quarter has, and the atoms in each cell of `into`."""
    places = places_of(lattice, axes_of(lattice), into)
    members: list[list[int]] = [[] for _ in cells_of(lattice, into)]
    for atom, place in enumerate(places.tolist()):
        members[place].append(atom)
    return len(places), members


def noisy_polytope(given: Published, year: int) -> Polytope:
    """What the tables of one year tell of its atoms and its draws."""
    lattice = given.grids[year]
    known = Polytope(4 * len(cells_of(lattice, axes_of(lattice))))
    measures = {measure.id: measure for measure in lattice.measures}
    drawn: dict[tuple[str, str, int], int] = {}
    for measure in lattice.measures:
        lowest = settled(0, measure.epsilon)
        reach = margin((Draws(epsilon=measure.epsilon),), BELIEVED)
        for window in windows(year, measure):
            for number in range(len(cells_of(lattice, measure.axes))):
                draw = drawn[measure.id, str(window), number] = known.free(lowest)
                inside = cell(lattice, measure.axes, [number], window)
                terms = {draw: -1.0} | dict.fromkeys(inside, 1.0)
                known.row(terms, -reach, reach - lowest, believed=True)
    for table, window, released in given.of(year):
        shown = {one.code: one.count for one in released.shown}
        below = {one.code: one.threshold for one in released.withheld}
        for number, name in enumerate(cells_of(lattice, table.axes)):
            draws = {
                drawn[part.measure, str(piece), int(one)]: part.weight
                for part in table.parts
                for piece in window.parts(measures[part.measure].grain)
                for one in _inside(lattice, table, measures[part.measure], number)
            }
            # A sum is rounded before it is shown.
            blur = 0.0 if list(draws.values()) == [1.0] else 0.5
            reach = margin(draws_of(lattice, table, name), BELIEVED)
            least = shown.get(name, -np.inf)
            most = shown[name] if name in shown else below[name] - 1
            known.row(draws, least - blur, most + blur)
            inside = cell(lattice, table.axes, [number], window)
            known.row(dict.fromkeys(inside, 1.0), least - reach, most + reach, believed=True)
    return known


def targets(attacked: Organisation, lattice: LatticeFrozen) -> list[Target]:
    """Every small cell of all years; the units are those of the grid."""
    axes: tuple[Axis, ...] = ("theme", "unit")
    true = atoms(attacked, lattice, axes)
    years = [Period(year) for year in YEARS]
    halves = [half for year in years for half in year.parts("half-year")]
    fine = [quarter for year in years for quarter in year.parts("quarter")]
    # Twelve months that roll over the turn of a year.
    rolled = [tuple(halves[n : n + 2]) for n in range(1, len(halves) - 1, 2)]
    cells = [(number,) for number in range(len(cells_of(lattice, axes)))]
    units = [(number,) for number in range(len(codes_of(lattice, "unit")))]
    themes = [(number,) for number in range(len(codes_of(lattice, "theme")))]
    wanted: list[
        tuple[str, tuple[Axis, ...], Sequence[tuple[int, ...]], Sequence[tuple[Period, ...]]]
    ] = [
        ("theme × unit", axes, cells, _alone([*fine, *halves, *years])),
        ("theme × unit, rolling year", axes, cells, rolled),
        ("theme × division", axes, divisions(lattice), _alone(halves)),
        ("unit", ("unit",), units, _alone([*halves, *years])),
        ("unit, rolling year", ("unit",), units, rolled),
        ("theme", ("theme",), themes, _alone([*fine, *halves, *years])),
    ]
    found = []
    for kind, into, groups, times in wanted:
        places = places_of(lattice, axes, into)
        for several in times:
            rows = [fine.index(one) for window in several for one in window.parts("quarter")]
            counts = np.bincount(places, weights=true[rows].sum(axis=0))
            for group in groups:
                truth = int(counts[list(group)].sum())
                if truth in SMALL:
                    found.append(Target(kind, into, group, several, truth))
    return found


def _alone(found: Iterable[Period]) -> list[tuple[Period, ...]]:
    return [(one,) for one in found]


def divisions(lattice: LatticeFrozen) -> list[tuple[int, ...]]:
    """The cells of theme × unit that lie in a theme and under one division."""
    parents: dict[str | None, list[str]] = {}
    for unit in lattice.units:
        parents.setdefault(unit.parent, []).append(unit.code)
    numbers = {name: n for n, name in enumerate(cells_of(lattice, ("theme", "unit")))}
    return [
        tuple(numbers[f"{theme}/{code}"] for code in inside)
        for theme in codes_of(lattice, "theme")
        for parent, inside in parents.items()
        if parent is not None and len(inside) > 1
    ]


def noisy(
    attacked: Organisation, given: Published, rng: np.random.Generator, most: int
) -> list[Found]:
    """The attack on the policy `noisy`, on at most so many targets."""
    all_targets = targets(attacked, given.grids[YEARS[0]])
    wanted = [all_targets[int(n)] for n in rng.permutation(len(all_targets))[:most]]
    known = [Interval(0, 0)] * len(wanted)
    for year in YEARS:
        pieces = [
            (n, [one for one in target.windows if one.year == year])
            for n, target in enumerate(wanted)
        ]
        here = [(n, inside) for n, inside in pieces if inside]
        if here:
            lattice = given.grids[year]
            intervals = noisy_polytope(given, year).bounds(
                [
                    atom
                    for window in inside
                    for atom in cell(lattice, wanted[n].axes, wanted[n].numbers, window)
                ]
                for n, inside in here
            )
            for (n, _), interval in zip(here, intervals, strict=True):
                known[n] += interval
    return [
        Found(target.kind, target.truth, interval)
        for target, interval in zip(wanted, known, strict=True)
    ]
