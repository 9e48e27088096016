"""What readers learn of 600 invented organisations under the policy `noisy`, by size.

Each organisation (bench/anonymity/organisations.py) lives through three years. The first grid is made
of headcounts, the last of what was released by then, as services/signals freezes it. The last year is
measured, through the real rules, with ROUNDS draws of the noise over the same facts. Cells that are
counted have five cases or more; errors are those of shown figures, whatever their true count.

Measured tables have noise of their own, and bounds: the share for each table, the error for all of
a class. Sums of their cells come for free, with wider margins, and are printed beside them.
`--tried` prints other grids on the same organisations: what docs/adr/0029 compares.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from rich.console import Console
from rich.table import Table as Printed

from bench.anonymity.organisations import YEARS, Organisation, adopted, organisation
from bench.results import Result, report
from services.signals.domain.answers import shown
from services.signals.domain.grid import freeze, released_total, windows_of
from services.signals.domain.lattice import (
    BASE_RATE,
    DIVIDED_FROM,
    HALF_YEARS_FROM,
    QUARTERS_FROM,
    Axis,
    LatticeFrozen,
    Measure,
    Part,
    Profile,
    Table,
)
from services.signals.domain.noisy import count
from shared.taxonomy.period import Grain, Period

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from services.signals.domain.noisy import Sampler

    Draws = dict[tuple[str, str], Sequence[int]]

ORGANISATIONS: Final = 600
MOST: Final = 400
"""Cases a year of the largest; the smallest has 2."""
ROUNDS: Final = 8
SEED: Final = 6

SHARE: Final = 88.0
ERROR: Final = 1.1
"""Bounds up to QUARTERS_FROM cases a year: per cent of cells with five cases or more that are shown,
and mean absolute error of shown figures."""

BEFORE: Final = {
    ("theme", "quarter"): (68.0, 1.7),
    ("unit", "half-year"): (77.0, None),
    ("unit_area", "half-year"): (77.0, 1.2),
}
"""From QUARTERS_FROM on: what ε 0.6, 0.6 and 0.8 without sums gave, to be better than. The mean
error of units, 1.6 there, is not among them: sums of four draws show smaller cells, and err more."""

ENOUGH: Final = 100
"""Cells with five cases or more that a table needs for a bound: few organisations have no units, and
only they are told relations."""

EMPTY: Final = 0.6
"""Per cent of empty cells that are shown; by law it is at most 0.5, and this is by lot."""

CLASSES: Final = (
    (f"below {DIVIDED_FROM}", 0, DIVIDED_FROM),
    (f"{DIVIDED_FROM} to {HALF_YEARS_FROM}", DIVIDED_FROM, HALF_YEARS_FROM),
    (f"{HALF_YEARS_FROM} to {QUARTERS_FROM}", HALF_YEARS_FROM, QUARTERS_FROM),
    (f"from {QUARTERS_FROM}", QUARTERS_FROM, math.inf),
)


@dataclass(slots=True)
class Tally:
    """What was seen of a table's cells."""

    five: int = 0
    five_shown: int = 0
    shown: int = 0
    error: int = 0
    below_three: int = 0
    empty: int = 0
    empty_shown: int = 0
    margin: int = 0

    def add(self, value: int | None, true: int, margin: int) -> None:
        """One cell of one release."""
        seen = value is not None
        self.five += true >= 5
        self.five_shown += seen and true >= 5
        self.empty += true == 0
        self.empty_shown += seen and true == 0
        self.below_three += seen and true < 3
        self.margin = max(self.margin, margin)
        if value is not None:
            self.shown += 1
            self.error += abs(value - true)

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            five=self.five + other.five,
            five_shown=self.five_shown + other.five_shown,
            shown=self.shown + other.shown,
            error=self.error + other.error,
            below_three=self.below_three + other.below_three,
            empty=self.empty + other.empty,
            empty_shown=self.empty_shown + other.empty_shown,
            margin=max(self.margin, other.margin),
        )

    @property
    def share(self) -> float:
        """Per cent of cells with five cases or more that are shown."""
        return 100 * self.five_shown / max(1, self.five)

    @property
    def mean_error(self) -> float:
        """Of shown figures."""
        return self.error / max(1, self.shown)


Tallies = dict[tuple[str, Grain, bool], Tally]
"""By table, grain and whether it is measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lived:
    """An organisation, and the grid of its last year."""

    organisation: Organisation
    lattice: LatticeFrozen

    @property
    def cases(self) -> float:
        """For how many cases a year the grid was made."""
        if self.lattice.yearly_total is not None:
            return self.lattice.yearly_total
        return BASE_RATE * sum(branch.headcount for branch in self.organisation.tree)


def sampler(rng: np.random.Generator) -> Sampler:
    """Draws of the law that services/signals/domain/noise.py draws from, the same in every run."""

    def sample(counts: Sequence[int], epsilon: float) -> list[int]:
        p = 1 - math.exp(-epsilon)
        noise = rng.geometric(p, len(counts)) - rng.geometric(p, len(counts))
        return [each + int(one) for each, one in zip(counts, noise, strict=True)]

    return sample


def lived(number: int = ORGANISATIONS, profile: Profile = "standard") -> Iterator[Lived]:
    """So many organisations, each with the grid of its last year."""
    rng = np.random.default_rng(SEED)
    sample = sampler(rng)
    for _ in range(number):
        one = organisation(rng, least=2, most=MOST)
        decision = replace(adopted(one.tree), profile=profile)
        halves: list[LatticeFrozen] = []
        draws: Draws = {}
        due: dict[tuple[str, str], date] = {}
        for half in (half for year in YEARS for half in Period(year).parts("half-year")):
            released = {key: values for key, values in draws.items() if due[key] <= half.start}
            lattice = freeze(
                decision,
                period=half,
                first_half=halves[-1] if half.half == 2 else None,
                yearly_total=released_total(halves, released, before=half),
                on=half.start,
            )
            halves.append(lattice)
            for window in windows_of(lattice):
                key = window.measure.id, str(window.period)
                if key not in draws:
                    due[key] = window.due
                    draws[key] = drawn(one, lattice, window.measure, window.period, sample)
        yield Lived(organisation=one, lattice=halves[-1])


def drawn(
    of: Organisation, lattice: LatticeFrozen, measure: Measure, window: Period, sample: Sampler
) -> Sequence[int]:
    """The draw of one window of a measure."""
    return sample(count(lattice, measure, of.during(window)), measure.epsilon)


def measured(
    organisations: Iterable[Lived], *, seed: int = SEED, rounds: int = ROUNDS
) -> dict[str, Tallies]:
    """By class of released totals, what readers see of the last year against what is true."""
    sample = sampler(np.random.default_rng(seed))
    year = Period(YEARS[-1])
    found: dict[str, Tallies] = {name: defaultdict(Tally) for name, _, _ in CLASSES}
    for one in organisations:
        of, lattice, tallies = one.organisation, one.lattice, found[class_of(one.cases)]
        tables = [(table, window) for table in lattice.tables for window in year.parts(table.grain)]
        true = [true_of(one, table.axes, window) for table, window in tables]
        for _ in range(rounds):
            draws: Draws = {
                (measure.id, str(window)): drawn(of, lattice, measure, window, sample)
                for measure in lattice.measures
                for window in year.parts(measure.grain)
            }
            for (table, window), counts in zip(tables, true, strict=True):
                seen = shown(lattice, table, window, draws)
                if seen is None:
                    raise ValueError("a draw is missing")
                tally = tallies[table.id, table.grain, is_measured(lattice, table)]
                for figure, number in zip(seen.figures, counts, strict=True):
                    tally.add(figure.value, number, figure.margin)
    return found


def class_of(cases: float) -> str:
    """The size class of so many cases a year."""
    return next(name for name, least, most in CLASSES if least <= cases < most)


def true_of(one: Lived, axes: tuple[Axis, ...], window: Period) -> list[int]:
    """True counts of a table's cells."""
    cells = Measure(id="", axes=axes, grain=window.grain, epsilon=1)
    return count(one.lattice, cells, one.organisation.during(window))


def is_measured(lattice: LatticeFrozen, table: Table) -> bool:
    """Whether the table has noise of its own."""
    return any((m.axes, m.grain) == (table.axes, table.grain) for m in lattice.measures)


# What is printed ----------------------------------------------------------------------------------


def show(found: dict[str, Tallies], title: str) -> None:
    """A table for people."""
    printed = Printed(title=title, title_justify="left")
    for heading in ("cases a year", "table", "", "margin"):
        printed.add_column(heading)
    for heading in (">= 5 shown", "mean error", "true < 3", "empty shown", "cells >= 5"):
        printed.add_column(heading, justify="right")

    def row(name: str, told: str, grain: str, tally: Tally) -> None:
        printed.add_row(
            name,
            told,
            grain,
            str(tally.margin),
            f"{tally.share:.1f} %",
            f"{tally.mean_error:.2f}",
            f"{100 * tally.below_three / max(1, tally.shown):.1f} %",
            f"{100 * tally.empty_shown / max(1, tally.empty):.2f} %",
            str(tally.five),
        )

    for name, tallies in found.items():
        for (table, grain, own), tally in tallies.items():
            row(name, table, f"{grain}{'' if own else ', a sum'}", tally)
        if tallies:
            row(name, "all measured", "", over(tallies, measured_only=True))
            row(name, "all, sums too", "", over(tallies, measured_only=False))
            printed.add_section()
    Console(width=130).print(printed)


def over(tallies: Tallies, *, measured_only: bool) -> Tally:
    """All tables of a class together."""
    total = Tally()
    for (_, _, own), tally in tallies.items():
        if own or not measured_only:
            total += tally
    return total


def results(found: dict[str, Tallies]) -> list[Result]:
    """The figures with their bounds."""
    told = []

    def bounded(name: str, tally: Tally, share: float, error: float | None) -> None:
        told.append(
            Result(
                name=f"{name}: cells with 5 or more shown",
                value=round(tally.share, 1),
                unit="%",
                bound=share,
                better="higher",
            )
        )
        if error is not None:
            told.append(
                Result(
                    name=f"{name}: mean error of shown figures",
                    value=round(tally.mean_error, 2),
                    unit="cases",
                    bound=error,
                    better="lower",
                )
            )

    for name, _, most in CLASSES:
        tallies = found[name]
        if most <= QUARTERS_FROM:
            bounded(f"{name}, all measured", over(tallies, measured_only=True), SHARE, ERROR)
        for (table, grain, own), tally in tallies.items():
            if tally.five < ENOUGH:
                continue
            if most > QUARTERS_FROM and (table, grain) in BEFORE:
                bounded(f"{name}, {table} by {grain}", tally, *BEFORE[table, grain])
            elif most <= QUARTERS_FROM and own:
                bounded(f"{name}, {table} by {grain}", tally, SHARE, None)
    whole = Tally()
    for tallies in found.values():
        whole += over(tallies, measured_only=False)
    told.append(
        Result(
            name="empty cells shown, all tables",
            value=round(100 * whole.empty_shown / whole.empty, 2),
            unit="%",
            bound=EMPTY,
            better="lower",
        )
    )
    return told


# What else was tried ------------------------------------------------------------------------------

_Grid = tuple[tuple[Measure, ...], tuple[Table, ...]]


def _measure(name: str, axes: tuple[Axis, ...], grain: Grain, epsilon: float) -> Measure:
    return Measure(id=name, axes=axes, grain=grain, epsilon=epsilon)


def _table(name: str, axes: tuple[Axis, ...], grain: Grain, *parts: tuple[str, float]) -> Table:
    return Table(
        id=name,
        axes=axes,
        grain=grain,
        parts=tuple(Part(measure=measure, weight=weight) for measure, weight in parts),
    )


def _two(often: Grain, seldom: Grain) -> _Grid:
    """Themes and units, at ε 1 each."""
    measures = (
        _measure("theme", ("theme",), often, 1.0),
        _measure("unit", ("unit",), seldom, 1.0),
    )
    tables = [
        _table("theme", ("theme",), often, ("theme", 1.0)),
        _table("unit", ("unit",), seldom, ("unit", 1.0)),
    ]
    if often == "quarter":
        tables.append(_table("theme", ("theme",), "half-year", ("theme", 1.0)))
    return measures, tuple(tables)


def _fine(grain: Grain) -> _Grid:
    """One table of units × themes at ε 2, and everything else as sums of it."""
    sums: Grain = "half-year" if grain == "quarter" else grain
    tables = [
        _table("theme", ("theme",), grain, ("fine", 1.0)),
        _table("unit", ("unit",), sums, ("fine", 1.0)),
        _table("unit_area", ("unit", "area"), sums, ("fine", 1.0)),
        _table("unit_theme", ("unit", "theme"), grain, ("fine", 1.0)),
    ]
    return (_measure("fine", ("unit", "theme"), grain, 2.0),), tuple(tables)


def _three(unit: tuple[tuple[str, float], ...]) -> _Grid:
    """Themes by the quarter, units, and units × areas: at ε 0.6, 0.6 and 0.8."""
    measures = (
        _measure("theme", ("theme",), "quarter", 0.6),
        _measure("unit", ("unit",), "half-year", 0.6),
        _measure("unit_area", ("unit", "area"), "half-year", 0.8),
    )
    tables = (
        _table("theme", ("theme",), "quarter", ("theme", 1.0)),
        _table("theme", ("theme",), "half-year", ("theme", 1.0)),
        _table("unit", ("unit",), "half-year", *unit),
        _table("unit_area", ("unit", "area"), "half-year", ("unit_area", 1.0)),
    )
    return measures, tables


def _split(theme: float, area: float) -> _Grid:
    """Themes by the quarter, and units × areas of which units are sums."""
    measures = (
        _measure("theme", ("theme",), "quarter", theme),
        _measure("unit_area", ("unit", "area"), "half-year", area),
    )
    tables = (
        _table("theme", ("theme",), "quarter", ("theme", 1.0)),
        _table("theme", ("theme",), "half-year", ("theme", 1.0)),
        _table("unit", ("unit",), "half-year", ("unit_area", 1.0)),
        _table("unit_area", ("unit", "area"), "half-year", ("unit_area", 1.0)),
    )
    return measures, tables


TRIED: Final[tuple[tuple[str, str, Callable[[], _Grid]], ...]] = (
    (
        CLASSES[1][0],
        "themes by the half-year 1.0, units by the year 1.0",
        lambda: _two("half-year", "year"),
    ),
    (CLASSES[1][0], "units × themes by the year 2.0, and sums", lambda: _fine("year")),
    (
        CLASSES[2][0],
        "themes by the quarter 1.0, units by the half-year 1.0",
        lambda: _two("quarter", "half-year"),
    ),
    (CLASSES[2][0], "units × themes by the half-year 2.0, and sums", lambda: _fine("half-year")),
    (
        CLASSES[3][0],
        "0.6, 0.6 and 0.8, each table from its own draws",
        lambda: _three((("unit", 1.0),)),
    ),
    (
        CLASSES[3][0],
        "the same, units weighted from both",
        lambda: _three((("unit", 0.6), ("unit_area", 0.4))),
    ),
    (CLASSES[3][0], "units × themes by the quarter 2.0, and sums", lambda: _fine("quarter")),
    (CLASSES[3][0], "themes 1.0, units × areas 1.0", lambda: _split(1.0, 1.0)),
    (CLASSES[3][0], "themes 0.75, units × areas 1.25", lambda: _split(0.75, 1.25)),
    (CLASSES[3][0], "themes 0.6, units × areas 1.4", lambda: _split(0.6, 1.4)),
)
"""Class, what it is, and how it is made."""


def tried(organisations: Sequence[Lived]) -> None:
    """Print every other grid on the organisations of its class that have units."""
    for name, told, make in TRIED:
        measures, tables = make()
        inside = [
            replace(one, lattice=replace(one.lattice, measures=measures, tables=tables))
            for one in organisations
            if class_of(one.cases) == name and one.lattice.units
        ]
        show({name: measured(inside)[name]}, told)


def main() -> int:
    """Print, write the results, and say by the exit status whether all bounds hold."""
    parser = argparse.ArgumentParser(prog="make bench PART=utility")
    parser.add_argument("--profile", choices=("standard", "strict"), default="standard")
    parser.add_argument("--tried", action="store_true", help="print other grids instead")
    given = parser.parse_args()
    organisations = list(lived(profile=given.profile))
    if given.tried:
        tried(organisations)
        return 0
    found = measured(organisations)
    show(found, f"{ORGANISATIONS} organisations, profile {given.profile}, {ROUNDS} draws of each")
    if given.profile == "strict":
        return 0  # the bounds are the standard profile's
    return report(results(found), Path("var/results/bench-utility.json"), "Utility")


if __name__ == "__main__":
    sys.exit(main())
