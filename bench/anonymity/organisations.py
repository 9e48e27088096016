"""Organisations to attack: invented ones, with cases, and what the real rules release of them.

Cases come from a gamma-Poisson law (dispersion 6) over themes and units, of which one theme in one
unit is hot; an organisation has 2 to 300 of them a year. Nothing here is a person.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import numpy as np

from services.signals.domain import noise
from services.signals.domain.grid import freeze, released_total, windows_of
from services.signals.domain.lattice import (
    BASE_RATE,
    Axis,
    Branch,
    LatticeFrozen,
    Measure,
    Table,
    cells_of,
)
from services.signals.domain.noisy import count
from services.signals.domain.tick import Due as Window
from services.signals.domain.tick import TableReleased, tick, wanted
from services.signals.domain.window import FactKept, OrganisationAdopted, UnitKnown
from shared.taxonomy.calendar import tick_of
from shared.taxonomy.period import Grain, Period
from shared.taxonomy.taxonomy import current
from shared.taxonomy.themes import themes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import date

    from services.signals.domain.noisy import NoisyStatisticsReleased, Sampler

YEARS = (2026, 2027, 2028)
"""Six half-years: windows add up and roll over them, and the last grid is made of what was released."""

NOWHERE = 0.05
"""The share of cases that do not say their unit."""

_DISPERSION = 6.0
_HOT = 6.0
_NOWHERE = UUID(int=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """`facts` by quarter, e.g. "2026-Q3"; `rates` the law behind them, cases per quarter by theme
    and branch, which a strong attacker knows.
    """

    tree: tuple[Branch, ...]
    facts: Mapping[str, tuple[FactKept, ...]]
    rates: np.ndarray

    def during(self, window: Period) -> tuple[FactKept, ...]:
        """The facts of a window."""
        return tuple(
            fact for quarter in window.parts("quarter") for fact in self.facts[str(quarter)]
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """All that all roles together ever get of an organisation, with the grid of each year that says
    what it means; and the draws, which nobody gets.
    """

    grids: Mapping[int, LatticeFrozen]
    tables: tuple[TableReleased, ...]
    draws: Mapping[tuple[str, str], Sequence[int]]

    def of(self, year: int) -> list[tuple[Table, Period, TableReleased]]:
        """The tables of a year, with what the grid says of each."""
        kinds = {(one.id, one.grain): one for one in self.grids[year].tables}
        windows = [(Period.parse(one.period), one) for one in self.tables]
        return [
            (kinds[one.table, window.grain], window, one)
            for window, one in windows
            if window.year == year
        ]


def organisation(rng: np.random.Generator, *, least: float = 2, most: float = 300) -> Organisation:
    """A random one with `least` to `most` cases a year, small ones as often as large ones."""
    yearly = float(np.exp(rng.uniform(np.log(least), np.log(most))))
    staff = max(30, round(yearly / BASE_RATE * float(rng.lognormal(0, 0.4))))
    tree = _tree(rng, staff)
    rates = rng.dirichlet(np.full(len(_themes()), 2.0))[:, None] * np.array(
        [branch.headcount for branch in tree], dtype=float
    )
    busy = np.argsort(-rates.sum(axis=0))[: max(1, len(tree) // 2)]
    rates[rng.integers(len(_themes())), rng.choice(busy)] *= _HOT
    rates *= yearly / 4 / rates.sum()
    facts = {
        str(quarter): _facts(rng, tree, rates, str(quarter))
        for year in YEARS
        for quarter in Period(year).parts("quarter")
    }
    return Organisation(tree=tree, facts=facts, rates=rates)


def _tree(rng: np.random.Generator, staff: int) -> tuple[Branch, ...]:
    """One to three divisions over two to twelve departments; a department has its own people."""
    departments = int(rng.integers(2, 13))
    shares = rng.dirichlet(np.full(departments, 2.0))
    divisions = int(rng.integers(1, 4))
    found = [Branch(id=f"d{n}", name=f"Division {n}", headcount=0) for n in range(divisions)]
    found += [
        Branch(
            id=f"u{n}",
            name=f"Department {n}",
            headcount=max(1, round(staff * float(shares[n]))),
            parent=f"d{n % divisions}",
        )
        for n in range(departments)
    ]
    return tuple(found)


def _themes() -> tuple[str, ...]:
    return tuple(themes(current().version).themes)


def rates_of(attacked: Organisation, lattice: LatticeFrozen, axes: Sequence[Axis]) -> np.ndarray:
    """Cases expected in a quarter in each cell of `axes`; what is not known is spread evenly."""
    units = {member: n for n, unit in enumerate(lattice.units) for member in unit.members}
    last = len(lattice.units)
    by_unit = np.zeros((len(_themes()), last + 1))
    for column, branch in enumerate(attacked.tree):
        at = units.get(branch.id, last)
        by_unit[:, at] += (1 - NOWHERE) * attacked.rates[:, column]
        by_unit[:, last] += NOWHERE * attacked.rates[:, column]
    others = len(cells_of(lattice, axes)) // by_unit.size
    found: np.ndarray = np.repeat(by_unit.reshape(-1) / others, others)
    least: np.ndarray = np.maximum(found, 1e-6)
    return least


def _facts(
    rng: np.random.Generator, tree: Sequence[Branch], rates: np.ndarray, quarter: str
) -> tuple[FactKept, ...]:
    """The cases of one quarter; some do not say their unit, a third not their relation."""
    bundles = themes(current().version)
    inside: dict[str, list[str]] = {}
    for category, theme in bundles.of.items():
        inside.setdefault(theme, []).append(category)
    relations = tuple(current().relations)
    swing = rng.gamma(_DISPERSION, 1 / _DISPERSION)
    counts = rng.poisson(rates * swing)
    found = []
    for theme, unit in np.argwhere(counts):
        for _ in range(int(counts[theme, unit])):
            said = inside[_themes()[theme]]
            found.append(
                fact(
                    quarter=quarter,
                    category=said[int(rng.integers(len(said)))],
                    unit_id=tree[unit].id if rng.random() > NOWHERE else None,
                    relation=relations[int(rng.integers(len(relations)))]
                    if rng.random() > 1 / 3
                    else None,
                    # Often about the same person: the head of the unit.
                    subjects=(tree[unit].id.encode().ljust(16, b"."),)
                    if rng.random() < 1 / 3
                    else (),
                )
            )
    return tuple(found)


def fact(
    *,
    quarter: str,
    category: str,
    unit_id: str | None,
    relation: str | None = None,
    subjects: tuple[bytes, ...] = (),
) -> FactKept:
    """One case."""
    return FactKept(
        category=category,
        unit_id=unit_id,
        role=None,
        relation=relation,
        route=None,
        outcome=None,
        count=1,
        quarter=quarter,
        subjects=subjects,
    )


def adopted(tree: Sequence[Branch]) -> OrganisationAdopted:
    """The decision for the policy `noisy`."""
    return OrganisationAdopted(
        organisation_id=_NOWHERE,
        token="",
        language="en",
        units=tuple(
            UnitKnown(
                id=branch.id, name=branch.name, headcount=branch.headcount, parent=branch.parent
            )
            for branch in tree
        ),
        policy="noisy",
        on=Period(YEARS[0]).start,
    )


def windows(year: int, measure: Measure | Table) -> tuple[Period, ...]:
    """The windows of a measure or a table in a year."""
    return Period(year).parts(measure.grain)


def published(
    attacked: Organisation,
    *,
    sample: Sampler = noise.draw,
    new_id: Callable[[], UUID] = uuid4,
) -> Published:
    """All years of an organisation under the policy `noisy`, through the real rules.

    Each half-year's grid is frozen on its first day, of headcounts and what was released by then.
    """
    decision = adopted(attacked.tree)
    facts: dict[str, list[FactKept]] = {}
    for quarter, found in attacked.facts.items():
        inside = Period.containing(Period.parse(quarter).start)
        facts.setdefault(str(inside), []).extend(found)
    halves: list[LatticeFrozen] = []
    drawn: list[NoisyStatisticsReleased] = []
    tables: list[TableReleased] = []
    for day, half in _calendar():
        if half is not None:
            first = halves[-1] if half.half == 2 else None
            total = released_total(halves, _values(drawn), before=half)
            halves.append(
                freeze(decision, period=half, first_half=first, yearly_total=total, on=day)
            )
            continue
        work = due(day, halves)
        if work is not None:
            draws, made = work.tick(facts, drawn, sample, new_id)
            drawn += draws
            tables += made
    return Published(
        grids={Period.parse(one.period).year: one for one in halves},
        tables=tuple(tables),
        draws=_values(drawn),
    )


@cache
def _calendar() -> list[tuple[date, Period | None]]:
    """The days on which something happens: a half-year begins, or there is a tick (None)."""
    found: set[tuple[date, Period | None]] = set()
    for year in YEARS:
        for half in Period(year).parts("half-year"):
            found.add((half.start, half))
        grains: tuple[Grain, ...] = ("quarter", "half-year", "year")
        for grain in grains:
            for window in Period(year).parts(grain):
                found.add((tick_of(window, window.start), None))
    return sorted(found, key=lambda one: one[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What is due on a day: windows, their grids, and which earlier draws its tables take up."""

    day: date
    windows: tuple[Window, ...]
    grids: Mapping[UUID, Sequence[LatticeFrozen]]
    earlier: set[tuple[str, str]]

    def tick(
        self,
        facts: Mapping[str, Sequence[FactKept]],
        drawn: Sequence[NoisyStatisticsReleased],
        sample: Sampler,
        new_id: Callable[[], UUID] = uuid4,
    ) -> tuple[list[NoisyStatisticsReleased], tuple[TableReleased, ...]]:
        """The real tick: what is drawn, and the tables that leave."""
        ticked = tick(
            self.day,
            self.windows,
            grids=self.grids,
            facts=facts,
            earlier=[one for one in drawn if (one.measure, one.period) in self.earlier],
            sample=sample,
            library="opendp",
            new_id=new_id,
        )
        return [released for released, _ in ticked.draws], ticked.tables


def due(day: date, halves: Sequence[LatticeFrozen]) -> Due | None:
    """What is due on a day of all frozen half-years; None where nothing is."""
    found: dict[Window, None] = {}
    for half in halves:
        for window in windows_of(half):
            if window.due == day:
                found[
                    Window(
                        grid_id=half.grid_id, measure=window.measure.id, period=str(window.period)
                    )
                ] = None
    if not found:
        return None
    grids: dict[UUID, list[LatticeFrozen]] = {}
    for half in halves:
        if any(one.grid_id == half.grid_id for one in found):
            grids.setdefault(half.grid_id, []).append(half)
    return Due(day=day, windows=tuple(found), grids=grids, earlier=wanted(tuple(found), grids))


def _values(drawn: Iterable[NoisyStatisticsReleased]) -> dict[tuple[str, str], Sequence[int]]:
    return {(one.measure, one.period): one.values for one in drawn}


def atoms(attacked: Organisation, lattice: LatticeFrozen, axes: Sequence[Axis]) -> np.ndarray:
    """True counts by quarter and cell of `axes`, quarters of all YEARS in order: the truth."""
    finest = Measure(id="atoms", axes=tuple(axes), grain="quarter", epsilon=1)
    return np.array([count(lattice, finest, attacked.facts[quarter]) for quarter in attacked.facts])
