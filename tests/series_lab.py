"""Grids and released series for tests of the detector and of trends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from services.signals.domain.detector import VERSION
from services.signals.domain.lattice import (
    RULE,
    Axis,
    GridUnit,
    LatticeFrozen,
    Measure,
    Part,
    Table,
    cells_of,
)
from services.signals.domain.series import Window
from shared.taxonomy.period import Grain, Period
from shared.taxonomy.taxonomy import current

THEMES = 10


def unit(code: str, headcount: int = 100, members: tuple[str, ...] | None = None) -> GridUnit:
    return GridUnit(code=code, name=code, members=members or (code,), headcount=headcount)


def grid(
    epsilon: float = 1.0,
    grain: Grain = "quarter",
    axes: tuple[Axis, ...] = ("theme",),
    units: tuple[GridUnit, ...] = (),
    detector: str = VERSION,
) -> LatticeFrozen:
    """A grid with one measure and one table of it."""
    name = "_".join(axes) or "total"
    return LatticeFrozen(
        grid_id=UUID(int=1),
        organisation_id=UUID(int=2),
        token="t",
        period="2026-H1",
        rule=RULE,
        profile="standard",
        taxonomy_version=current().version,
        detector=detector,
        yearly_total=100,
        units=units,
        measures=(Measure(id=name, axes=axes, grain=grain, epsilon=epsilon),),
        tables=(Table(id=name, axes=axes, grain=grain, parts=(Part(measure=name),)),),
        frozen_on=date(2026, 1, 1),
    )


def windows(
    lattice: LatticeFrozen,
    rows: Sequence[Mapping[str, int]],
    first: Period | None = None,
) -> tuple[Window, ...]:
    """A window for each row, one after the other; cells that a row does not name are nought."""
    table = lattice.tables[0]
    period = first or Period.containing(date(2020, 1, 1), table.grain)
    found = []
    for row in rows:
        values = dict.fromkeys(cells_of(lattice, table.axes), 0) | dict(row)
        found.append(Window(lattice=lattice, table=table, period=period, values=values))
        period = Period.containing(period.end, table.grain)
    return tuple(found)


def one_cell(lattice: LatticeFrozen, values: Sequence[int]) -> tuple[Window, ...]:
    """Windows in which the grid's first cell has these values, and the others nought."""
    cell = cells_of(lattice, lattice.tables[0].axes)[0]
    return windows(lattice, [{cell: value} for value in values])


def first_cell(lattice: LatticeFrozen) -> str:
    return cells_of(lattice, lattice.tables[0].axes)[0]
