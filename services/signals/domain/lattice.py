"""The grid of a half-year, frozen before its first case counts: what is measured, how, what is shown.

A *measure* is a table of which every cell gets one draw of noise, at a window's tick. A case counts
in exactly one cell of each measure, so the measures' ε add up to what one case spends (sequential
composition; cells and windows are disjoint: parallel composition). A *table* is what readers see: a
weighted sum of cells of measures, and so post-processing that spends nothing.

A grid is made of headcounts and of totals that were released before; never of facts. It stays for
a calendar year, so that a yearly window has one grid; or for a half-year, where the organisation is divided
anew and has no yearly window.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import product
from typing import TYPE_CHECKING, Final, Literal
from uuid import UUID

from services.signals.domain.noise import STEPS, Draws, margin, threshold, variance
from shared.contracts.rpc import NOT_SAID
from shared.taxonomy.period import Grain
from shared.taxonomy.taxonomy import NEWEST
from shared.taxonomy.taxonomy import version as taxonomy_version_of
from shared.taxonomy.themes import themes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

RULE: Final = "noisy/1"
"""The name and version of this way to release, frozen with the grid."""

SMALLEST_UNIT: Final = 50
"""People. In a smaller unit a reader who knows who was away finds the person behind a figure."""

BASE_RATE: Final = 0.015
"""Cases per member of staff and year where nothing was released yet (NAVEX, 2023 benchmark)."""

WHOLE: Final = "all"
"""The one cell of a table without axes: the organisation."""

Axis = Literal["theme", "area", "unit", "relation", "role"]
Profile = Literal["standard", "strict"]

AXES_WITHOUT_UNITS: Final[dict[str, tuple[Axis, ...]]] = {
    "total": (),
    "theme": ("theme",),
    "area": ("area",),
    "relation": ("relation",),
}
"""The tables of `choose` in which no unit stands, by their id."""

BUDGET: Final[dict[Profile, float]] = {"standard": 2.0, "strict": 1.5}
"""The most ε that one case spends in a half-year, for ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GridUnit:
    """A cell of the axis `unit`: units of the tree that together have at least SMALLEST_UNIT staff.

    `parent` is the division under whose head it stands, for managers; None at the top. `former` are ids
    of units of other times that lie in it as a whole: what is booked under them counts here.
    """

    code: str
    name: str
    members: tuple[str, ...]
    headcount: int
    parent: str | None = None
    former: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """Noise is drawn for it: one draw at `epsilon` for each cell of `axes` in each window."""

    id: str
    axes: tuple[Axis, ...]
    grain: Grain
    epsilon: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What a table takes of a measure: the sum of the measure's cells, and windows, that lie in the
    table's cell and window, times `weight`. The weights of a table's parts add up to 1.
    """

    measure: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """What readers see: its cells at `grain`, each with one margin and one threshold."""

    id: str
    axes: tuple[Axis, ...]
    grain: Grain
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LatticeFrozen:
    """Event: the grid of one half-year, or of the period of a register. `yearly_total` is the released
    total that it was made for, None where the base rate stood in for it. Half-years of one grid have
    one `grid_id`. A window is released at the first tick after it has ended and after `first_used`.
    """

    grid_id: UUID
    organisation_id: UUID
    token: str
    period: str
    rule: str
    profile: Profile
    taxonomy_version: int
    detector: str
    yearly_total: int | None
    units: tuple[GridUnit, ...]
    measures: tuple[Measure, ...]
    tables: tuple[Table, ...]
    frozen_on: date
    first_used: date | None = None


def epsilon_of(measures: Sequence[Measure]) -> float:
    """What one case spends in a half-year."""
    return sum(measure.epsilon for measure in measures)


def codes_of(lattice: LatticeFrozen, axis: Axis) -> tuple[str, ...]:
    """The cells of an axis, in the order of publication."""
    return _codes(axis, _unit_codes(lattice, (axis,)), lattice.taxonomy_version)


def cells_of(lattice: LatticeFrozen, axes: Sequence[Axis]) -> tuple[str, ...]:
    """Every cell of a table with these axes: codes, joined by `/`; WHOLE where there is no axis."""
    return tuple(_numbered(lattice, axes))


def cells_without_units(axes: Sequence[Axis], taxonomy_version: int) -> tuple[str, ...]:
    """Every cell of a table with these axes, none of which is `unit`: in every grid the same."""
    return tuple(_cells(tuple(axes), (), taxonomy_version))


def _numbered(lattice: LatticeFrozen, axes: Sequence[Axis]) -> Mapping[str, int]:
    """Each cell, in order, with its place."""
    return _cells(tuple(axes), _unit_codes(lattice, axes), lattice.taxonomy_version)


def _unit_codes(lattice: LatticeFrozen, axes: Sequence[Axis]) -> tuple[str, ...]:
    """What cells of these axes take from the grid's units: those without the axis are alike."""
    return tuple(unit.code for unit in lattice.units) if "unit" in axes else ()


@lru_cache(maxsize=64)  # of some organisations: thousands of cells are asked for one after another
def _cells(axes: tuple[Axis, ...], units: tuple[str, ...], version: int) -> Mapping[str, int]:
    if not axes:
        return {WHOLE: 0}
    codes = (_codes(axis, units, version) for axis in axes)
    return {"/".join(cell): place for place, cell in enumerate(product(*codes))}


def _codes(axis: Axis, units: tuple[str, ...], version: int) -> tuple[str, ...]:
    match axis:
        case "theme":
            return tuple(themes(version).themes)
        case "area":
            return tuple(themes(version).areas)
        case "unit":
            return (*units, NOT_SAID)
        case "relation":
            return (*taxonomy_version_of(version).relations, NOT_SAID)
        case "role":
            return (*taxonomy_version_of(version).reporter_roles, NOT_SAID)


def part_of(lattice: LatticeFrozen, table: Table, measure: Measure, cell: str) -> str:
    """The table's cell in which a measure's cell lies."""
    codes = dict(zip(measure.axes, cell.split("/"), strict=True)) if measure.axes else {}
    if "theme" in codes:
        area = themes(lattice.taxonomy_version).themes[codes["theme"]].parent
        codes["area"] = str(area)
    return "/".join(codes[axis] for axis in table.axes) if table.axes else WHOLE


def places_of(lattice: LatticeFrozen, table: Table, measure: Measure) -> tuple[int, ...]:
    """For each cell of the measure, in order, the place of the table's cell in which it lies."""
    return _places(table.axes, measure.axes, len(lattice.units), lattice.taxonomy_version)


def draws_of(lattice: LatticeFrozen, table: Table, cell: str | None = None) -> tuple[Draws, ...]:
    """The noise in a cell of a table (every cell of it, unless themes are added up to areas)."""
    place = 0 if cell is None else _numbered(lattice, table.axes)[cell]
    return noise_of(table, lattice.measures, len(lattice.units), lattice.taxonomy_version)[place]


def limits_of(lattice: LatticeFrozen, table: Table) -> tuple[tuple[int, int], ...]:
    """Threshold and margin of each cell, in order."""
    return _limits(table, lattice.measures, len(lattice.units), lattice.taxonomy_version)


def alone_of(lattice: LatticeFrozen, table: Table) -> tuple[bool, ...]:
    """Of each cell, in order, whether its figure is one draw, to which nothing is added."""
    return _alone(table, lattice.measures, len(lattice.units), lattice.taxonomy_version)


def threshold_of(lattice: LatticeFrozen, table: Table, cell: str | None = None) -> int:
    """The smallest figure of the table that is shown."""
    return threshold(draws_of(lattice, table, cell))


def margin_of(lattice: LatticeFrozen, table: Table, cell: str | None = None) -> int:
    """The 95 % margin beside each figure of the table."""
    return margin(draws_of(lattice, table, cell))


# How cells lie in one another depends on the number of units, not on which they are: so thousands of
# organisations share what is computed here.


@lru_cache(maxsize=4096)
def _places(
    into: tuple[Axis, ...], axes: tuple[Axis, ...], units: int, version: int
) -> tuple[int, ...]:
    bundles = themes(version)
    areas = list(bundles.areas)
    area_of = [areas.index(str(theme.parent)) for theme in bundles.themes.values()]
    found = []
    for numbers in product(*(range(_size(axis, units, version)) for axis in axes)):
        at: dict[Axis, int] = dict(zip(axes, numbers, strict=True))
        if "theme" in at:
            at["area"] = area_of[at["theme"]]
        place = 0
        for axis in into:
            place = place * _size(axis, units, version) + at[axis]
        found.append(place)
    return tuple(found)


def _size(axis: Axis, units: int, version: int) -> int:
    """How many cells an axis has."""
    match axis:
        case "theme":
            return len(themes(version).themes)
        case "area":
            return len(themes(version).areas)
        case "unit":
            return units + 1
        case "relation":
            return len(taxonomy_version_of(version).relations) + 1
        case "role":
            return len(taxonomy_version_of(version).reporter_roles) + 1


@lru_cache(maxsize=4096)
def noise_of(
    table: Table, measures: tuple[Measure, ...], units: int, version: int
) -> tuple[tuple[Draws, ...], ...]:
    """The draws in each cell of a table, in order, in a grid of so many units."""
    by_id = {measure.id: measure for measure in measures}
    cells = math.prod(_size(axis, units, version) for axis in table.axes)
    found: list[list[Draws]] = [[] for _ in range(cells)]
    for part in table.parts:
        measure = by_id[part.measure]
        windows = _QUARTERS[table.grain] // _QUARTERS[measure.grain]
        inside = Counter(_places(table.axes, measure.axes, units, version))
        for place, draws in enumerate(found):
            count = inside[place] * windows
            draws.append(Draws(epsilon=measure.epsilon, count=count, weight=part.weight))
    return tuple(tuple(draws) for draws in found)


@lru_cache(maxsize=4096)
def _alone(
    table: Table, measures: tuple[Measure, ...], units: int, version: int
) -> tuple[bool, ...]:
    cells = noise_of(table, measures, units, version)
    return tuple(sum(draws.count for draws in cell) == 1 for cell in cells)


@lru_cache(maxsize=4096)
def _limits(
    table: Table, measures: tuple[Measure, ...], units: int, version: int
) -> tuple[tuple[int, int], ...]:
    return tuple(
        (threshold(draws), margin(draws)) for draws in noise_of(table, measures, units, version)
    )


_QUARTERS: Final[dict[Grain, int]] = {"quarter": 1, "half-year": 2, "year": 4}


# Units ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """A unit of the organisation's tree; `headcount` counts its own people."""

    id: str
    name: str
    headcount: int
    parent: str | None = None


def grid_units(tree: Sequence[Branch], smallest: int = SMALLEST_UNIT) -> tuple[GridUnit, ...]:
    """Units of at least `smallest` people, made of the tree; parents stand before their children.

    A branch that is large enough is a unit; smaller siblings are put together, the smallest first;
    what is left over goes up, and at the top to the smallest unit. One unit or none: the
    organisation is not divided, and the answer is empty.
    """
    children: dict[str | None, list[Branch]] = {}
    for branch in tree:
        children.setdefault(branch.parent, []).append(branch)
    done: list[list[Branch]] = []

    def people(group: Sequence[Branch]) -> int:
        return sum(branch.headcount for branch in group)

    def gather(parent: Branch | None) -> list[list[Branch]]:
        """Groups under `parent` that are too small; the large ones are done."""
        loose = [[parent]] if parent is not None else []
        for child in children.get(None if parent is None else parent.id, []):
            loose += gather(child)
        loose.sort(key=lambda group: (people(group), group[0].id))
        group: list[Branch] = []
        for one in loose:
            if people(one) >= smallest:
                done.append(one)
                continue
            group = group + one
            if people(group) >= smallest:
                done.append(group)
                group = []
        return [group] if group else []

    left = gather(None)
    if left and done:
        least = min(range(len(done)), key=lambda n: (people(done[n]), done[n][0].id))
        done[least] = done[least] + left[0]
    if len(done) < 2:
        return ()
    order = {branch.id: number for number, branch in enumerate(tree)}
    units = []
    for group in done:
        group.sort(key=lambda branch: order[branch.id])
        named = [branch for branch in group if branch.headcount] or group
        parents = {branch.parent for branch in group}
        more = f"+{len(group) - 1}" if len(group) > 1 else ""
        units.append(
            GridUnit(
                code=f"{group[0].id}{more}",
                name=" + ".join(branch.name for branch in named),
                members=tuple(branch.id for branch in group),
                headcount=people(group),
                parent=parents.pop() if len(parents) == 1 else None,
            )
        )
    return tuple(sorted(units, key=lambda unit: order[unit.members[0]]))


# The choice of measures ---------------------------------------------------------------------------

DIVIDED_FROM: Final = 15
THEMES_FROM: Final = 25
HALF_YEARS_FROM: Final = 40
QUARTERS_FROM: Final = 150
RELATIONS_FROM: Final = 500
"""Cases a year. With fewer than DIVIDED_FROM only the whole is told; from each of the others on
cells are smaller, windows shorter, or tables more. Why there, and what it gives: docs/adr/0029."""

_Plan = tuple[tuple[str, tuple[Axis, ...], Grain, float], ...]
"""Measures, each with its share of the budget."""


def choose(
    *, yearly_total: float, units: Sequence[GridUnit], profile: Profile = "standard"
) -> tuple[tuple[Measure, ...], tuple[Table, ...]]:
    """What is measured and shown in an organisation of that many cases a year.

    Raises ValueError for a choice that would spend more than the profile's budget.
    """
    if yearly_total < DIVIDED_FROM:
        plan: _Plan = (("total", (), "year", 1 / BUDGET[profile]),)
    else:
        plan = _divided(yearly_total) if len(units) >= 2 else _undivided(yearly_total)
    measures = tuple(
        Measure(id=name, axes=axes, grain=grain, epsilon=round(BUDGET[profile] * share, 6))
        for name, axes, grain, share in plan
    )
    if epsilon_of(measures) > BUDGET[profile] + 1e-9:
        raise ValueError("the grid would spend more than the budget")
    return measures, _tables(measures, len(units))


def _divided(yearly_total: float) -> _Plan:
    if yearly_total < THEMES_FROM:
        return (("area", ("area",), "year", 0.5), ("unit", ("unit",), "year", 0.5))
    if yearly_total < HALF_YEARS_FROM:
        return (("theme", ("theme",), "year", 0.5), ("unit", ("unit",), "year", 0.5))
    if yearly_total < QUARTERS_FROM:
        return (("theme", ("theme",), "half-year", 0.5), ("unit", ("unit",), "half-year", 0.5))
    # A little more than 0.41 lets themes be shown from 6 on, 0.5873 lets units, sums of four areas,
    # be shown from 7 on: there is just enough for both.
    if yearly_total < RELATIONS_FROM:
        return (
            ("theme", ("theme",), "quarter", 0.4125),
            ("unit_area", ("unit", "area"), "half-year", 0.5875),
        )
    return (
        ("theme", ("theme",), "quarter", 0.35),
        ("unit_area", ("unit", "area"), "half-year", 0.45),
        ("relation", ("relation",), "year", 0.2),
    )


def _undivided(yearly_total: float) -> _Plan:
    """Without units relations get their share, at the level of the organisation; and since there is
    one table less to add up, the total gets a little of its own.
    """
    if yearly_total < THEMES_FROM:
        return (("area", ("area",), "year", 0.5), ("relation", ("relation",), "year", 0.5))
    if yearly_total < HALF_YEARS_FROM:
        return (("theme", ("theme",), "year", 0.5), ("relation", ("relation",), "year", 0.5))
    if yearly_total < QUARTERS_FROM:
        return (
            ("theme", ("theme",), "half-year", 0.5),
            ("relation", ("relation",), "year", 0.355),
            ("total", (), "half-year", 0.145),
        )
    return (
        ("theme", ("theme",), "quarter", 0.5),
        ("relation", ("relation",), "year", 0.3),
        ("total", (), "half-year", 0.2),
    )


def _tables(measures: tuple[Measure, ...], units: int) -> tuple[Table, ...]:
    """What the measures give, as they are and in sums."""
    found: list[Table] = []
    sums: Grain = "year" if measures[0].grain == "year" else "half-year"

    def add(name: str, axes: tuple[Axis, ...], grain: Grain) -> None:
        parts = _combined(axes, grain, measures, units)
        found.append(Table(id=name, axes=axes, grain=grain, parts=parts))

    for measure in measures:
        if measure.id == "total":
            continue
        if measure.grain == "quarter":
            add(measure.id, measure.axes, "half-year")
        if measure.id == "unit_area":
            add("unit", ("unit",), measure.grain)
        add(measure.id, measure.axes, measure.grain)
        if measure.id == "theme":
            add("area", ("area",), sums)
    add("total", (), sums)
    return tuple(found)


def _combined(
    axes: tuple[Axis, ...], grain: Grain, measures: tuple[Measure, ...], units: int
) -> tuple[Part, ...]:
    """The parts of a table: all measures that it can be added up from, each weighted by the inverse
    of its variance, in whole twentieths (Aitken's weights, which give the smallest variance).
    """
    precision: dict[str, float] = {}
    for measure in measures:
        known = {*measure.axes} | ({"area"} if "theme" in measure.axes else set())
        if known >= {*axes} and _QUARTERS[measure.grain] <= _QUARTERS[grain]:
            alone = Table(id="", axes=axes, grain=grain, parts=(Part(measure=measure.id),))
            cells = noise_of(alone, measures, units, NEWEST)
            precision[measure.id] = len(cells) / sum(variance(cell) for cell in cells)
    best = max(precision, key=lambda name: precision[name])
    whole = sum(precision.values())
    twentieths = {name: round(STEPS * one / whole) for name, one in precision.items()}
    twentieths[best] += STEPS - sum(twentieths.values())
    return tuple(
        Part(measure=name, weight=count / STEPS) for name, count in twentieths.items() if count
    )
