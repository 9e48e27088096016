"""Early warning: its bounds, made again; its false alarms; what it finds, and when.

    make bench PART=detector

Bounds. For each law of noise in use, 2,000 organisations of very different size in which nothing
changes are simulated over years. Their cases come in clumps (negative binomial, dispersion 6),
which gives more false alarms than cases that come one by one. The bound of a jump is chosen
beforehand; that of a persistent rise is the lowest, in tenths, at which no band of sizes has more
than TARGET false alarms per organisation-year. `--table` prints what belongs in
services/signals/domain/detector.py.

Then other organisations, drawn anew, are counted against the promise of 0.35; and a rise is
planted.
"""

from __future__ import annotations

import sys
from bisect import bisect_left
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import numpy as np
from rich.console import Console
from rich.table import Table

from bench.detector_lab import (
    Likelihoods,
    Looked,
    Organisations,
    false_alarms,
    look,
    released,
    told,
)
from bench.results import Result, report
from services.signals.domain.detector import (
    DISPERSION,
    LIMITS,
    PERSISTENT_AFTER,
    VERSION,
    Limits,
    limits_of,
    watched,
)
from services.signals.domain.lattice import (
    BUDGET,
    RULE,
    GridUnit,
    LatticeFrozen,
    choose,
    draws_of,
)
from services.signals.domain.noise import Draws, variance
from shared.taxonomy.taxonomy import NEWEST

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.taxonomy.period import Grain

ORGANISATIONS = 2_000
MADE_WITH = 6_000
PROMISE = 0.35
TARGET = 0.31
JUMP: dict[Grain, float] = {"quarter": 0.003, "half-year": 0.006}
YEARS: dict[Grain, int] = {"quarter": 3, "half-year": 4}
LOWEST = 1.5
MORE = 20
SERIES = 4_000
MOST = 1_500

EPSILONS = (2.0, 1.5, 1.0, 0.8, 0.75, 0.6, 0.5)
GRAINS: tuple[Grain, ...] = ("quarter", "half-year")
LAWS: tuple[tuple[Draws, ...], ...] = (
    *((Draws(epsilon=epsilon),) for epsilon in EPSILONS),
    *((Draws(epsilon=0.5, count=count),) for count in (2, 4, 8, 16, 32)),
)
"""What bounds are made for: one draw at each ε in use, and sums with more and more noise."""

OTHER_LAWS: dict[str, tuple[Draws, ...]] = {
    "two draws at 1": (Draws(epsilon=1.0, count=2),),
    "three draws at 0.75": (Draws(epsilon=0.75, count=3),),
    "twenty draws at 0.6": (Draws(epsilon=0.6, count=20),),
    "0.6 of one draw at 1 and 0.4 of two at 0.8": (
        Draws(epsilon=1.0, weight=0.6),
        Draws(epsilon=0.8, count=2, weight=0.4),
    ),
    "halves of two draws at 2": (
        Draws(epsilon=2.0, weight=0.5),
        Draws(epsilon=2.0, weight=0.5),
    ),
}
"""Sums and weighted sums that no bound was made for: they take a neighbour's."""


def in_use(grain: Grain) -> list[tuple[Draws, ...]]:
    """The noise in the tables from which warnings are made, in every grid that is chosen."""
    two = [GridUnit(code=c, name=c, members=(c,), headcount=100) for c in ("a", "b")]
    found = set()
    for total, units, profile in product(range(1, 2_000, 5), ([], two), BUDGET):
        measures, tables = choose(yearly_total=total, units=units, profile=profile)
        lattice = LatticeFrozen(
            grid_id=UUID(int=1),
            organisation_id=UUID(int=2),
            token="",
            period="2026-H1",
            rule=RULE,
            profile=profile,
            taxonomy_version=NEWEST,
            detector=VERSION,
            yearly_total=total,
            units=tuple(units),
            measures=measures,
            tables=tables,
            frozen_on=date(2026, 1, 1),
        )
        table = watched(lattice)
        if table is not None and table.grain == grain:
            found.add(draws_of(lattice, table))
    return sorted(found, key=variance)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Organisations in which nothing changes, and what the detector makes of them."""

    known: Likelihoods
    grain: Grain
    found: Organisations
    looked: Looked
    cells: int

    def per_year(self, limits: Limits) -> tuple[float, float]:
        """Warnings per organisation-year: of all organisations, and of the band with the most."""
        first = PERSISTENT_AFTER[self.grain]
        each = (told(self.looked, self.known, self.grain, limits)[:, first:] > 0).sum(axis=1)
        rate = each.reshape(-1, self.cells).sum(axis=1) / YEARS[self.grain]
        bands = [rate[self.found.band == band].mean() for band in range(3)]
        return float(rate.mean()), float(max(bands))


def trial(
    draws: tuple[Draws, ...],
    grain: Grain,
    clumps: float | None,
    *,
    seed: int,
    count: int = ORGANISATIONS,
    cells: int = 10,
) -> Trial:
    """The same in every run."""
    known = Likelihoods(draws, MOST)
    found, looked = false_alarms(
        np.random.default_rng(seed), known, grain, count, YEARS[grain], clumps, cells
    )
    return Trial(known=known, grain=grain, found=found, looked=looked, cells=cells)


def made(draws: tuple[Draws, ...], grain: Grain) -> Limits:
    """The bounds for a law of noise: the lowest of a persistent rise where there are few cases, and
    with it the lowest where there are many, at most 2 above.
    """
    tried = trial(draws, grain, DISPERSION, seed=1, count=MADE_WITH)

    def limits(tenths: int, more: int) -> Limits:
        return Limits(
            variance=round(variance(draws), 3),
            jump=JUMP[grain],
            persistent=tenths / 10,
            persistent_many=(tenths + more) / 10,
        )

    def keeps(tenths: int, more: int) -> bool:
        return tried.per_year(limits(tenths, more))[1] <= TARGET

    low = bisect_left(range(80), True, round(LOWEST * 10), key=lambda one: keeps(one, MORE))  # noqa: FBT003
    return limits(low, bisect_left(range(MORE), True, key=lambda one: keeps(low, one)))  # noqa: FBT003


def found_within(
    draws: tuple[Draws, ...], grain: Grain, level: float, times: float
) -> tuple[float, float, float, float]:
    """The shares of series with a rise planted that are told within 1, 2, 4 and 8 windows. Two years
    stand before it; cases come one by one.
    """
    known = Likelihoods(draws, MOST)
    first = PERSISTENT_AFTER[grain]
    levels = np.full((SERIES, first + 8), level)
    levels[:, first:] *= times
    looked = look(released(np.random.default_rng(3), levels, draws, None), known, grain)
    limits = limits_of(draws, grain)
    if limits is None:
        raise ValueError("there are no bounds for that noise")
    hits = told(looked, known, grain, limits)[:, first:] > 0
    one, two, four, eight = (float(hits[:, :n].any(axis=1).mean()) for n in (1, 2, 4, 8))
    return one, two, four, eight


# What is asked of the processes ------------------------------------------------------------------

PLANTED = ((2.0, 3.0), (4.0, 2.0), (4.0, 3.0), (8.0, 2.0))
"""Cases per window before, and times what they become."""


def _made(job: tuple[tuple[Draws, ...], Grain]) -> Limits:
    return made(*job)


def _rates(job: tuple[tuple[Draws, ...], Grain, float | None, int]) -> tuple[float, float]:
    draws, grain, clumps, cells = job
    limits = limits_of(draws, grain, cells)
    if limits is None:
        raise ValueError("there are no bounds for that noise")
    return trial(draws, grain, clumps, seed=2, cells=cells).per_year(limits)


def _found(job: tuple[float, Grain]) -> list[tuple[float, float, float, float]]:
    epsilon, grain = job
    return [found_within((Draws(epsilon=epsilon),), grain, *planted) for planted in PLANTED]


# ... and answered ---------------------------------------------------------------------------------


def limits_again(pool: ProcessPoolExecutor) -> dict[Grain, tuple[Limits, ...]]:
    """The whole table."""
    jobs = [(draws, grain) for grain in GRAINS for draws in LAWS]
    answers = list(pool.map(_made, jobs))
    return {
        grain: tuple(limits for (_, its), limits in zip(jobs, answers, strict=True) if its == grain)
        for grain in GRAINS
    }


def _bounds(pool: ProcessPoolExecutor) -> Iterator[Result]:
    again = limits_again(pool)
    for grain in GRAINS:
        differ = sum(one != two for one, two in zip(again[grain], LIMITS[grain], strict=True))
        yield Result(
            name=f"bounds per {grain} that come out otherwise than they stand in detector/1",
            value=differ,
            unit=f"of {len(LAWS)}",
            bound=0,
            better="lower",
        )


def _quiet(pool: ProcessPoolExecutor) -> Iterator[Result]:
    jobs: list[tuple[tuple[Draws, ...], Grain, float | None, int]] = []
    names: list[str] = []
    for grain in GRAINS:
        for epsilon in EPSILONS:
            for clumps, words in ((None, "one by one"), (DISPERSION, "in clumps")):
                jobs.append(((Draws(epsilon=epsilon),), grain, clumps, 10))
                names.append(f"{grain}, ε {epsilon:g}, cases {words}")
        for draws in in_use(grain):
            words = " and ".join(f"{one.count} × ε {one.epsilon:g}" for one in draws)
            jobs.append((draws, grain, DISPERSION, 10))
            names.append(f"{grain}, in a grid ({words}), cases in clumps")
        for words, draws in OTHER_LAWS.items():
            jobs.append((draws, grain, DISPERSION, 10))
            names.append(f"{grain}, {words}, cases in clumps")
        jobs.append(((Draws(epsilon=1.0),), grain, DISPERSION, 40))
        names.append(f"{grain}, ε 1, 40 cells, cases in clumps")
    for name, (rate, worst) in zip(names, pool.map(_rates, jobs), strict=True):
        for words, value in (("false alarms", rate), ("the same, worst band", worst)):
            yield Result(
                name=f"{words}: {name}",
                value=round(value, 3),
                unit="a year",
                bound=PROMISE,
                better="lower",
            )


WANTED: dict[float, tuple[float, float]] = {
    2.0: (0.70, 0.92),
    1.5: (0.65, 0.90),
    1.0: (0.58, 0.87),
    0.8: (0.45, 0.80),
    0.75: (0.45, 0.77),
    0.6: (0.32, 0.67),
    0.5: (0.22, 0.57),
}
"""By ε: what share of triplings at 2 per quarter is to be found within 4 quarters, and within 8. For 1
about 60 and 90 % are asked; for the others it keeps what was found once from getting lost.
"""


def _finds(pool: ProcessPoolExecutor) -> Iterator[Result]:
    jobs: list[tuple[float, Grain]] = [(e, grain) for grain in GRAINS for e in EPSILONS]
    answers = dict(zip(jobs, pool.map(_found, jobs), strict=True))
    for grain in GRAINS:
        table = Table(title=f"Found within 1, 2, 4 and 8 windows ({grain})", title_justify="left")
        table.add_column("ε", justify="right")
        for level, times in PLANTED:
            table.add_column(f"{level:g} → {level * times:g}", justify="right")
        for epsilon in EPSILONS:
            shares = answers[epsilon, grain]
            cells = (" ".join(f"{share:4.0%}" for share in one) for one in shares)
            table.add_row(f"{epsilon:g}", *cells)
        Console().print(table)
    for epsilon in EPSILONS:
        _, _, four, eight = answers[epsilon, "quarter"][0]
        for value, quarters, bound in zip((four, eight), (4, 8), WANTED[epsilon], strict=True):
            yield Result(
                name=f"2 → 6 found within {quarters} quarters, ε {epsilon:g}",
                value=round(value, 3),
                unit="of all",
                bound=bound,
                better="higher",
            )


def _beyond(pool: ProcessPoolExecutor) -> None:
    """What no promise covers: cases that clump twice as much as the detector thinks."""
    jobs = [((Draws(epsilon=1.0),), grain, DISPERSION / 2, 10) for grain in GRAINS]
    for grain, (rate, worst) in zip(GRAINS, pool.map(_rates, jobs), strict=True):
        print(
            f"Beyond the promise: clumps of dispersion {DISPERSION / 2:g}, {grain}, ε 1:"
            f" {rate:.2f} false alarms a year, {worst:.2f} in the worst band."
        )


def results() -> list[Result]:
    """All of it, in two processes."""
    with ProcessPoolExecutor(2) as pool:
        found = [*_bounds(pool), *_quiet(pool), *_finds(pool)]
        _beyond(pool)
    return found


def print_table() -> None:
    """LIMITS as it stands in the module."""
    with ProcessPoolExecutor(2) as pool:
        for grain, rows in limits_again(pool).items():
            print(f'    "{grain}": _made(')
            for row in rows:
                print(
                    f"        ({row.variance}, {row.jump}, {row.persistent}, {row.persistent_many}),"
                )
            print("    ),")


if __name__ == "__main__":
    if "--table" in sys.argv:
        print_table()
        raise SystemExit
    raise SystemExit(report(results(), Path("var/results/bench-detector.json"), "Early warning"))
