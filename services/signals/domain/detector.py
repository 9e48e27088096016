"""Early warning on released figures: a cell rose by more than chance and noise explain.

A warning is a function of the released values of one cell and of the noise law, which the grid
tells beforehand. So it discloses nothing that the figures do not, and anybody who has them finds
the same warnings again. Nothing else of the table, and no fact, goes in.

Two rules, after the level of the windows before has been estimated (the posterior mean of a Gamma
prior, Jeffreys', on a lattice of levels; counts are negative binomial with dispersion 6, because
cases come in clumps, and the noise is added to that law, not wished away):

* *jump*: a figure this high or higher is as improbable as `Limits.jump` under that level (negative
  binomial prediction; Gelman et al., "Bayesian Data Analysis", 2.6);
* *persistent*: the cumulated log-likelihood ratio of a doubled level reaches a bound (CUSUM; Page,
  "Continuous inspection schemes", Biometrika 1954), in two windows or more, of which the newest
  speaks for the rise. A run that has fallen to nought, or lasted RUN windows, becomes history.

And the last two windows together must be a figure that is shown. The bounds are such that an
organisation in which nothing changes has at most 0.35 warnings a year; `make bench PART=detector`
makes them again, and docs/early-warning.md says what they find and what they miss.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final, Literal

from services.signals.domain.lattice import LatticeFrozen, Table, cells_of
from services.signals.domain.noise import Draws, law, threshold, variance
from services.signals.domain.series import Point, Seen, Window, points, seen, series_of
from shared.taxonomy.period import Grain, Period

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

VERSION: Final = "detector/1"
"""Frozen with the grid. Another rule, or another bound, is another version."""

Kind = Literal["jump", "persistent"]
Reason = Literal[
    "released_yearly", "too_few_windows", "too_few_cases", "too_much_noise", "unknown_detector"
]

DISPERSION: Final = 6.0
"""A count with mean m varies by m + m²/6."""

MEMORY: Final = 16
"""The most windows of which the level is estimated."""

RUN: Final = 8
"""The most windows that a rise is looked at before it is the level."""

JUMP_AFTER: Final = 4
"""How many windows must stand before one that can be a jump."""

PERSISTENT_AFTER: Final[dict[Grain, int]] = {"quarter": 8, "half-year": 4}
"""How many windows must stand before a rise that persists: two years."""

LEAST: Final[dict[Grain, float]] = {"quarter": 1.0, "half-year": 2.0}
"""Cases per window: one per quarter. Below it there is no automatic early warning."""

PER_YEAR: Final[dict[Grain, int]] = {"quarter": 4, "half-year": 2, "year": 1}

CELLS: Final = 10
"""For how many cells the bounds are made. In a larger table they are raised."""

_BEYOND: Final = 2.0
"""How much larger a noise's variance may be than the largest for which bounds are made."""

_PER_CELL: Final = 1.8
"""What the bound of a persistent rise gains where there are e times as many cells."""

_FEW: Final = 3.0
_MANY: Final = 6.0
"""Cases per window; between them the bound of a persistent rise grows. Where there are many, a rise is
easy to see and clumps make most false alarms.
"""

_STEPS = 4
LEVELS: Final = tuple(2.0 ** (step / _STEPS) for step in range(-8, 41))
"""Cases per window that are thought possible: 0.25 to 1,024, four to each doubling."""

_TWICE = LEVELS + tuple(2.0 ** (step / _STEPS) for step in range(41, 41 + _STEPS))
_PRIOR = 0.5
_MOST = 2048
_FLOOR = 1e-30


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds for noise of this variance. `persistent` holds up to a level of 3 cases a window,
    `persistent_many` from 6 on.
    """

    variance: float
    jump: float
    persistent: float
    persistent_many: float


def _made(*rows: tuple[float, float, float, float]) -> tuple[Limits, ...]:
    return tuple(Limits(*row) for row in rows)


LIMITS: Final[dict[Grain, tuple[Limits, ...]]] = {
    "quarter": _made(
        (0.362, 0.003, 3.2, 4.9),
        (0.739, 0.003, 3.1, 4.9),
        (1.841, 0.003, 3.1, 5.0),
        (2.964, 0.003, 3.1, 4.9),
        (3.393, 0.003, 3.0, 5.0),
        (5.392, 0.003, 2.9, 4.8),
        (7.835, 0.003, 2.8, 4.7),
        (15.671, 0.003, 2.8, 4.8),
        (31.342, 0.003, 2.4, 4.3),
        (62.683, 0.003, 1.9, 3.8),
        (125.366, 0.003, 1.5, 3.1),
        (250.733, 0.003, 1.5, 2.5),
    ),
    "half-year": _made(
        (0.362, 0.006, 2.2, 4.1),
        (0.739, 0.006, 2.1, 4.1),
        (1.841, 0.006, 2.2, 4.2),
        (2.964, 0.006, 2.2, 4.2),
        (3.393, 0.006, 2.2, 4.2),
        (5.392, 0.006, 2.3, 4.2),
        (7.835, 0.006, 2.3, 4.2),
        (15.671, 0.006, 2.2, 4.2),
        (31.342, 0.006, 2.2, 4.1),
        (62.683, 0.006, 1.8, 3.7),
        (125.366, 0.006, 1.5, 3.1),
        (250.733, 0.006, 1.5, 2.5),
    ),
}
"""By grain, the least noise first: variance of the noise, and the three bounds. Made by
bench/detector.py (`--table`), which says how; seven ε, then sums of draws at 0.5.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a warning stands on. `seen` are the windows from the first of the rise on; `expected` is the
    level, in cases per window, of the `history` windows before it. `found` is how improbable the
    figure is (jump) or the cumulated log-likelihood ratio (persistent), and `bound` what it reached.
    """

    seen: tuple[Seen, ...]
    expected: float
    history: int
    found: float
    bound: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlyWarning:
    """A cell rose in `period` by more than chance and noise explain."""

    table: str
    cell: str
    period: str
    kind: Kind
    evidence: Evidence
    detector: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What the detector made of one window: `level`, of the `history` windows before `since` (a place in
    the series); how improbable the window is, and the cumulated ratio since then; what is told.
    """

    since: int
    history: int
    level: float
    jump: float
    persistent: float
    limits: Limits
    told: Kind | None


def warnings(
    lattice: LatticeFrozen, table: Table, series: Sequence[Window]
) -> tuple[EarlyWarning, ...]:
    """All warnings of a table's series, oldest window first; by period, then by cell.

    `series` is all that was released of the table. Raises ValueError if the grid was frozen for
    another detector.
    """
    _known(lattice)
    cells = cells_of(lattice, table.axes)
    found: list[tuple[Period, EarlyWarning]] = []
    for cell in cells:
        compared = points(lattice, table, cell, series)
        for place, step in enumerate(scan(compared, table.grain, len(cells))):
            if step is not None and step.told is not None:
                warning = _warning(table, cell, compared, place, step, step.told)
                found.append((compared[place].period, warning))
    found.sort(key=lambda one: one[0])
    return tuple(warning for _, warning in found)


DETECTORS: Final[
    Mapping[str, Callable[[LatticeFrozen, Table, Sequence[Window]], tuple[EarlyWarning, ...]]]
] = {VERSION: warnings}
"""Every detector by the version that grids name. A new one stands beside the old, which stays: what an
old grid told is found again by the detector that it names.
"""


def told(
    grids: Sequence[LatticeFrozen], draws: Mapping[tuple[str, str], Sequence[int]]
) -> tuple[tuple[LatticeFrozen, EarlyWarning], ...]:
    """All warnings of an organisation so far, each with the grid of its period, the oldest first: what
    could be told at each tick, whatever has changed since. Each grid has the detector that it names;
    one of DETECTORS, or there is none of it. `draws` as `answers.estimates` takes them.
    """
    found: list[tuple[LatticeFrozen, EarlyWarning]] = []
    for grid in sorted(grids, key=lambda one: Period.parse(one.period)):
        table, whole = watched(grid), Period.parse(grid.period)
        detect = DETECTORS.get(grid.detector)
        if table is None or detect is None:
            continue
        series = [one for one in series_of(grids, table, draws) if one.period.end <= whole.end]
        found += [
            (grid, warning)
            for warning in detect(grid, table, series)
            if Period.parse(warning.period).start >= whole.start
        ]
    return tuple(found)


def unwatched(lattice: LatticeFrozen, table: Table, series: Sequence[Window]) -> dict[str, Reason]:
    """The cells without automatic early warning in the newest window, each with the reason: all of
    them where the grid names a detector that this program does not have.
    """
    cells = cells_of(lattice, table.axes)
    if lattice.detector not in DETECTORS:
        return dict.fromkeys(cells, "unknown_detector")
    found: dict[str, Reason] = {}
    for cell in cells:
        reason = _reason(table, points(lattice, table, cell, series), len(cells))
        if reason is not None:
            found[cell] = reason
    return found


def watched(lattice: LatticeFrozen) -> Table | None:
    """The table of which the automatic early warning of an organisation is made: its themes, as often
    as they are released, else its total. One table, so that the bound on false alarms is one for the
    organisation.
    """
    often: dict[Grain, int] = {"quarter": 0, "half-year": 1}
    for axes in (("theme",), ()):
        tables = [one for one in lattice.tables if one.axes == axes and one.grain in often]
        if tables:
            return min(tables, key=lambda one: often[one.grain])
    return None


def limits_of(draws: tuple[Draws, ...], grain: Grain, cells: int = CELLS) -> Limits | None:
    """The bounds for a cell with that noise in a table of so many cells: those made for the nearest
    smaller noise, which are the stricter. None where the noise is beyond what they were made for.
    """
    made, noise = LIMITS.get(grain, ()), variance(draws) + 1e-9
    if not made or noise > _BEYOND * made[-1].variance:
        return None
    found = next((one for one in reversed(made) if one.variance <= noise), made[0])
    if cells <= CELLS:
        return found
    more = _PER_CELL * math.log(cells / CELLS)
    return Limits(
        variance=found.variance,
        jump=found.jump * CELLS / cells,
        persistent=found.persistent + more,
        persistent_many=found.persistent_many + more,
    )


def bound_of(limits: Limits, level: float) -> float:
    """What the cumulated log-likelihood ratio must reach."""
    share = min(max((level - _FEW) / (_MANY - _FEW), 0.0), 1.0)
    return limits.persistent + share * (limits.persistent_many - limits.persistent)


def scan(compared: Sequence[Point], grain: Grain, cells: int = CELLS) -> list[Step | None]:
    """A step for each point, oldest first; None where there is too little history or no bound."""
    rows = [log_likelihood(point.draws, min(point.value, _MOST)) for point in compared]
    steps: list[Step | None] = []
    since, ratio = 0, 0.0
    told = _Told(PER_YEAR[grain])
    for place, point in enumerate(compared):
        limits = limits_of(point.draws, grain, cells)
        if place < JUMP_AFTER or limits is None:
            since, ratio = place + 1, 0.0
            steps.append(None)
            continue
        first = max(0, since - MEMORY)
        posterior = _posterior(rows[first:since])
        level = sum(p * one for p, one in zip(posterior, LEVELS, strict=True))
        tail = at_least(point.draws, min(point.value, _MOST))
        jump = sum(p * t for p, t in zip(posterior, tail, strict=True))
        more = 0.0
        if place >= PERSISTENT_AFTER[grain]:
            at = nearest(level)
            more = rows[place][at + _STEPS] - rows[place][at]
            ratio += more
        large = level >= LEAST[grain] and _shown_together(compared[place - 1], point)
        found = told.of(
            place,
            jump=large and jump <= limits.jump,
            persistent=large and ratio >= bound_of(limits, level),
            rose=more > 0 and since < place,
        )
        steps.append(
            Step(
                since=since,
                history=since - first,
                level=level,
                jump=jump,
                persistent=ratio,
                limits=limits,
                told=found,
            )
        )
        if ratio <= 0 or place + 1 - since >= RUN:
            since, ratio = place + 1, 0.0
    return steps


class _Told:
    """A rise is told once. The same is told again when a year has passed and the evidence was gone in
    between, or when a jump persists.
    """

    def __init__(self, year: int) -> None:
        self._year = year
        self._quiet: dict[Kind, int] = {"persistent": 0, "jump": 0}
        self._held: set[Kind] = set()

    def of(self, place: int, *, jump: bool, persistent: bool, rose: bool) -> Kind | None:
        """What is to be told at this window. Of a rise that persists the window must speak itself (`rose`);
        while it does not, the evidence is not gone.
        """
        evidence: dict[Kind, bool] = {"persistent": persistent, "jump": jump}
        self._held -= {kind for kind, there in evidence.items() if not there}
        kind: Kind | None = "persistent" if persistent and rose else "jump" if jump else None
        if kind is None or kind in self._held or place < self._quiet[kind]:
            return None
        self._held.add(kind)
        self._quiet["jump"] = place + self._year
        if kind == "persistent":
            self._quiet["persistent"] = place + self._year
        return kind


def nearest(level: float) -> int:
    """The place of the level among LEVELS, on the scale of ratios."""
    place = math.floor(math.log2(level) * _STEPS + 0.5) + 8
    return min(max(place, 0), len(LEVELS) - 1)


def _posterior(rows: Sequence[Sequence[float]]) -> list[float]:
    """The probability of each level, given the windows' log-likelihoods."""
    logs = [_PRIOR * math.log(level) for level in LEVELS]
    for row in rows:
        logs = [one + two for one, two in zip(logs, row, strict=False)]
    top = max(logs)
    weights = [math.exp(one - top) for one in logs]
    whole = sum(weights)
    return [one / whole for one in weights]


def _shown_together(before: Point, now: Point) -> bool:
    """Whether the sum of two windows would be shown, at the noise of the noisier one."""
    noisier = max(before.draws, now.draws, key=variance)
    return before.value + now.value >= threshold(twice(noisier))


def twice(draws: tuple[Draws, ...]) -> tuple[Draws, ...]:
    """The noise of two windows, added."""
    return tuple(replace(one, count=2 * one.count) for one in draws)


@lru_cache(maxsize=16_384)
def log_likelihood(draws: tuple[Draws, ...], value: int) -> tuple[float, ...]:
    """Of a released value, at each of LEVELS and at twice the highest ones."""
    total = [0.0] * len(_TWICE)
    for noise, p in law(draws).items():
        if noise <= value:
            row = _counts(_reach(value - noise))[0][value - noise]
            total = [one + p * two for one, two in zip(total, row, strict=True)]
    return tuple(math.log(max(one, _FLOOR)) for one in total)


@lru_cache(maxsize=16_384)
def at_least(draws: tuple[Draws, ...], value: int) -> tuple[float, ...]:
    """The probability of a released value as high or higher, at each of LEVELS."""
    below = [0.0] * len(LEVELS)
    for noise, p in law(draws).items():
        if noise < value:
            row = _counts(_reach(value - noise))[1][value - noise - 1]
            below = [one + p * two for one, two in zip(below, row, strict=False)]
    return tuple(max(0.0, 1.0 - one) for one in below)


def _reach(count: int) -> int:
    return 64 if count <= 64 else 1 << (count - 1).bit_length()


@cache
def _counts(reach: int) -> tuple[list[tuple[float, ...]], list[tuple[float, ...]]]:
    """For the counts 0 to `reach`: the probability of each, and of no more, at each of the levels."""
    row = [(DISPERSION / (DISPERSION + level)) ** DISPERSION for level in _TWICE]
    total = list(row)
    alone, up_to = [tuple(row)], [tuple(total)]
    for count in range(reach):
        row = [
            one * (count + DISPERSION) / (count + 1) * level / (DISPERSION + level)
            for one, level in zip(row, _TWICE, strict=True)
        ]
        total = [one + two for one, two in zip(total, row, strict=True)]
        alone.append(tuple(row))
        up_to.append(tuple(total))
    return alone, up_to


def _known(lattice: LatticeFrozen) -> None:
    if lattice.detector != VERSION:
        raise ValueError("the grid was frozen for another detector")


def _reason(table: Table, compared: Sequence[Point], cells: int) -> Reason | None:
    if table.grain == "year":
        return "released_yearly"
    if len(compared) <= JUMP_AFTER:
        return "too_few_windows"
    step = scan(compared, table.grain, cells)[-1]
    if step is None:
        return "too_much_noise"
    return "too_few_cases" if step.level < LEAST[table.grain] else None


def _warning(
    table: Table, cell: str, compared: Sequence[Point], place: int, step: Step, kind: Kind
) -> EarlyWarning:
    persistent = kind == "persistent"
    first = step.since if persistent else place
    return EarlyWarning(
        table=table.id,
        cell=cell,
        period=str(compared[place].period),
        kind=kind,
        evidence=Evidence(
            seen=tuple(seen(point) for point in compared[first : place + 1]),
            expected=round(step.level, 1),
            history=step.history,
            found=round(step.persistent, 1) if persistent else round(step.jump, 4),
            bound=bound_of(step.limits, step.level) if persistent else step.limits.jump,
        ),
        detector=VERSION,
    )
