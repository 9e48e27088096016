"""The grid of a half-year, frozen before it begins: what is measured, how, and what is shown of it.

A *measure* is a table of which every cell gets one draw of noise, at a window's tick. A case counts
in exactly one cell of each measure, so the measures' ε add up to what one case spends (sequential
composition; cells and windows are disjoint: parallel composition). A *table* is what readers see: a
weighted sum of cells of measures, and so post-processing that spends nothing.

A grid is made of headcounts and of totals that were released before; never of facts. It stays for
a calendar year, so that a yearly window has one grid.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import product
from typing import TYPE_CHECKING, Final, Literal
from uuid import UUID

from services.signals.domain.noise import Draws, margin, threshold
from shared.contracts.rpc import NOT_SAID
from shared.taxonomy.period import Grain, Period
from shared.taxonomy.taxonomy import version as taxonomy_version_of
from shared.taxonomy.themes import themes

if TYPE_CHECKING:
    from collections.abc import Sequence

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

BUDGET: Final[dict[Profile, float]] = {"standard": 2.0, "strict": 1.5}
"""The most ε that one case spends in a half-year, for ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GridUnit:
    """A cell of the axis `unit`: units of the tree that together have at least SMALLEST_UNIT staff.

    `parent` is the division under whose head it stands, for managers; None at the top.
    """

    code: str
    name: str
    members: tuple[str, ...]
    headcount: int
    parent: str | None = None


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
    """Event: the grid of one half-year. `yearly_total` is the released total that it was made for,
    None where the base rate stood in for it.
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


def epsilon_of(measures: Sequence[Measure]) -> float:
    """What one case spends in a half-year."""
    return sum(measure.epsilon for measure in measures)


def codes_of(lattice: LatticeFrozen, axis: Axis) -> tuple[str, ...]:
    """The cells of an axis, in the order of publication."""
    bundles = themes(lattice.taxonomy_version)
    match axis:
        case "theme":
            return tuple(bundles.themes)
        case "area":
            return tuple(bundles.areas)
        case "unit":
            return (*(unit.code for unit in lattice.units), NOT_SAID)
        case "relation":
            return (*taxonomy_version_of(lattice.taxonomy_version).relations, NOT_SAID)
        case "role":
            return (*taxonomy_version_of(lattice.taxonomy_version).reporter_roles, NOT_SAID)


def cells_of(lattice: LatticeFrozen, axes: Sequence[Axis]) -> tuple[str, ...]:
    """Every cell of a table with these axes: codes, joined by `/`; WHOLE where there is no axis."""
    if not axes:
        return (WHOLE,)
    return tuple("/".join(codes) for codes in product(*(codes_of(lattice, a) for a in axes)))


def part_of(lattice: LatticeFrozen, table: Table, measure: Measure, cell: str) -> str:
    """The table's cell in which a measure's cell lies."""
    codes = dict(zip(measure.axes, cell.split("/"), strict=True)) if measure.axes else {}
    if "theme" in codes:
        area = themes(lattice.taxonomy_version).themes[codes["theme"]].parent
        codes["area"] = str(area)
    return "/".join(codes[axis] for axis in table.axes) if table.axes else WHOLE


def draws_of(lattice: LatticeFrozen, table: Table, cell: str | None = None) -> tuple[Draws, ...]:
    """The noise in a cell of a table (every cell of it, unless themes are added up to areas)."""
    if cell is None:
        cell = cells_of(lattice, table.axes)[0]
    measures = {measure.id: measure for measure in lattice.measures}
    found = []
    for part in table.parts:
        measure = measures[part.measure]
        inside = sum(
            part_of(lattice, table, measure, one) == cell for one in cells_of(lattice, measure.axes)
        )
        windows = len(Period(2000, None if table.grain == "year" else 1).parts(measure.grain))
        if table.grain == "quarter":
            windows = 1
        found.append(Draws(epsilon=measure.epsilon, count=inside * windows, weight=part.weight))
    return tuple(found)


def threshold_of(lattice: LatticeFrozen, table: Table, cell: str | None = None) -> int:
    """The smallest figure of the table that is shown."""
    return threshold(draws_of(lattice, table, cell))


def margin_of(lattice: LatticeFrozen, table: Table, cell: str | None = None) -> int:
    """The 95 % margin beside each figure of the table."""
    return margin(draws_of(lattice, table, cell))


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


def choose(
    *, yearly_total: float, units: Sequence[GridUnit], profile: Profile = "standard"
) -> tuple[tuple[Measure, ...], tuple[Table, ...]]:
    """What is measured and shown in an organisation of that many cases a year.

    Raises ValueError for a choice that would spend more than the profile's budget.
    """
    half = BUDGET[profile] / 2
    divided = len(units) >= 2
    if yearly_total < 15:
        measures = (Measure(id="total", axes=(), grain="year", epsilon=half),)
        return measures, (Table(id="total", axes=(), grain="year", parts=(Part(measure="total"),)),)
    often: Grain = "half-year" if yearly_total < 40 else "quarter"
    seldom: Grain = "year" if yearly_total < 40 else "half-year"
    found = [Measure(id="theme", axes=("theme",), grain=often, epsilon=half)]
    second: Axis = "unit" if divided else "relation"
    found.append(
        Measure(id=second, axes=(second,), grain=seldom if divided else "year", epsilon=half)
    )
    theme, other = Part(measure="theme"), Part(measure=second)
    tables = [Table(id="theme", axes=("theme",), grain="half-year", parts=(theme,))]
    if often == "quarter":
        tables.append(Table(id="theme", axes=("theme",), grain="quarter", parts=(theme,)))
    tables.append(Table(id=second, axes=(second,), grain=found[1].grain, parts=(other,)))
    tables.append(Table(id="total", axes=(), grain="half-year", parts=(theme,)))
    if epsilon_of(found) > BUDGET[profile] + 1e-9:
        raise ValueError("the grid would spend more than the budget")
    return tuple(found), tuple(tables)
