"""Runs for the audit: from facts, through the real tick, to all tables that leave and all roles see.

Neighbours: two worlds that differ in one case, which counts once in each measure. The counts lie
far above the threshold (nothing is hidden, so the noise alone protects), at it (the display rule
must not look at the count), or at zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING
from uuid import UUID

import numpy as np

from bench.anonymity.audit import NOT_SHOWN
from bench.anonymity.organisations import Due, adopted, due, fact
from services.signals.domain import noise, pulse
from services.signals.domain.grid import freeze, windows_of
from services.signals.domain.lattice import Branch, LatticeFrozen, Table, cells_of, epsilon_of
from shared.taxonomy import pulse_codes
from shared.taxonomy.period import Period
from shared.taxonomy.themes import themes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from services.signals.domain.noisy import NoisyStatisticsReleased, Sampler
    from services.signals.domain.tick import TableReleased
    from services.signals.domain.window import FactKept

    Path = Callable[["World"], list[TableReleased]]
    """All tables of a world's half-year, of all roles."""

HALF = Period(2026, 1)

LARGE = "far above the threshold"
NEAR = "at the threshold"
NEIGHBOURS = {LARGE: 20, NEAR: noise.SMALLEST_SHOWN - 1, "at zero": 0}
"""How many cases there are beside the one of which is asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The facts of a half-year, and the grid that was frozen before."""

    lattice: LatticeFrozen
    facts: tuple[FactKept, ...]

    def during(self, window: Period) -> tuple[FactKept, ...]:
        """The facts of a window."""
        inside = {str(quarter) for quarter in window.parts("quarter")}
        return tuple(one for one in self.facts if one.quarter in inside)

    def table(self, released: TableReleased) -> Table:
        """What the grid says of a table."""
        grain = Period.parse(released.period).grain
        return next(
            one for one in self.lattice.tables if (one.id, one.grain) == (released.table, grain)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """A world without the case and one with it; `epsilon` is what the grid says that it spends."""

    name: str
    without: World
    with_it: World

    @property
    def epsilon(self) -> float:
        """The sum over the measures."""
        return epsilon_of(self.without.lattice.measures)


def neighbours(name: str, *, yearly_total: int = 100) -> Neighbours:
    """Neighbours under the grid of an organisation with so many cases a year, in four units."""
    tree = [Branch(id=f"u{n}", name=f"Unit {n}", headcount=100) for n in range(4)]
    lattice = freeze(
        adopted(tree), period=HALF, first_half=None, yearly_total=yearly_total, on=HALF.start
    )
    category = next(iter(themes(lattice.taxonomy_version).of))
    one = fact(quarter=str(HALF.parts("quarter")[0]), category=category, unit_id="u0")
    before = (one,) * NEIGHBOURS[name]
    return Neighbours(
        name=name,
        without=World(lattice=lattice, facts=before),
        with_it=World(lattice=lattice, facts=(*before, one)),
    )


def released(world: World, sample: Sampler = noise.draw) -> list[TableReleased]:
    """The real path: the ticks up to the half-year's own, one after the other."""
    drawn: list[NoisyStatisticsReleased] = []
    tables: list[TableReleased] = []
    facts = {str(HALF): world.facts}
    for work in _ticks(world.lattice):
        draws, made = work.tick(facts, drawn, sample)
        drawn += draws
        tables += made
    return tables


@cache
def _ticks(lattice: LatticeFrozen) -> tuple[Due, ...]:
    """The ticks of the half-year; a year's window is not complete with it."""
    days = sorted({window.due for window in windows_of(lattice)})
    found = [due(day, [lattice]) for day in days if day.year == HALF.year]
    return tuple(work for work in found if work is not None)


def runs(
    pair: Neighbours, path: Path, many: int, seed: Sequence[int]
) -> tuple[np.ndarray, np.ndarray]:
    """Outputs (a row per run, a column per figure) and the coin of each run.

    The seed is the coin's alone; the noise is whatever the path draws.
    """
    secret = np.random.default_rng(seed).random(many) < 0.5
    rows = [
        [number for table in path(world) for number in row(world, table)]
        for world in (pair.with_it if there else pair.without for there in secret)
    ]
    return np.array(rows, dtype=np.int64), secret


def figures(world: World) -> list[tuple[str, str]]:
    """Table and cell of each column; a total has no cell."""
    return [
        (table.table, code)
        for table in released(world)
        for code in (*cells_of(world.lattice, world.table(table).axes), "")
    ]


def row(world: World, table: TableReleased) -> Iterator[int]:
    """A number for each figure of a table, which stands for all that is told of it."""
    shown = {one.code: (one.count, one.margin) for one in table.shown}
    below = {one.code: (NOT_SHOWN, one.threshold) for one in table.withheld}
    for name in cells_of(world.lattice, world.table(table).axes):
        value, beside = shown[name] if name in shown else below[name]
        yield value * SCALE + beside
    yield (NOT_SHOWN if table.total is None else table.total) * SCALE + (table.total_margin or 0)


SCALE = 1000


# A pulse ----------------------------------------------------------------------------------------


def pulse_runs(many: int, seed: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """The same for a pulse: whether one more sheet of answers is there, which spends pulse.EPSILON."""
    frozen = pulse.freeze(
        pulse.Round(),
        organisation_id=UUID(int=0),
        token="",
        policy="noisy",
        ground=None,
        questions=list(pulse_codes.current().questions)[:2],
        by_unit=False,
        opens_on=HALF.start + timedelta(days=30),
        closes_on=HALF.start + timedelta(days=60),
        today=HALF.start,
    )
    sheet = pulse.PulseSheet(place=frozen.places[0].code, answers=(3, 3))
    secret = np.random.default_rng(seed).random(many) < 0.5
    rows = []
    for there in secret:
        drawn = pulse.draw(
            frozen,
            [sheet] * (NEIGHBOURS[LARGE] + int(there)),
            release_id=UUID(int=0),
            sample=noise.draw,
            library="opendp",
        )
        (table,) = pulse.show_drawn(frozen, drawn).tables
        figures = [count for figure in table.figures for count in figure.counts]
        rows.append([NOT_SHOWN if one is None else one for one in (table.answers, *figures)])
    return np.array(rows, dtype=np.int64), secret
