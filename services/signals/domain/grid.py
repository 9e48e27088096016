"""Which grid holds in which period, and when each of its windows is released. Looks at no fact."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid5

from services.signals.domain.answers import estimates
from services.signals.domain.detector import VERSION as DETECTOR
from services.signals.domain.lattice import (
    BASE_RATE,
    RULE,
    Branch,
    GridUnit,
    LatticeFrozen,
    Measure,
    Table,
    choose,
    grid_units,
)
from services.signals.domain.units import with_former
from shared import taxonomy
from shared.taxonomy.calendar import tick_of
from shared.taxonomy.period import Period

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date

    from services.signals.domain.units import UnitsAnnounced
    from services.signals.domain.window import OrganisationAdopted

    Draws = Mapping[tuple[str, str], Sequence[int]]
    """Released values by measure and window, e.g. ("theme", "2026-Q3")."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A measure's window: every cell of it is drawn once, on `due`."""

    measure: Measure
    period: Period
    due: date


# Frozen -------------------------------------------------------------------------------------------


def is_live(adopted: OrganisationAdopted, period: Period) -> bool:
    """Whether cases are booked in that period: a half-year, from the one of the set-up on. In others
    there are only registers.
    """
    return period.grain == "half-year" and not period < Period.containing(adopted.on)


def freeze(
    adopted: OrganisationAdopted,
    *,
    period: Period,
    first_half: LatticeFrozen | None,
    yearly_total: int | None,
    on: date,
    plans: Sequence[UnitsAnnounced] = (),
) -> LatticeFrozen:
    """The grid of a half-year. A second half-year takes over that of the first, if there is one; unless
    the organisation was divided anew, and no window of either grid is as long as a year. `plans` are
    those that took place or will: facts booked under an id of another time count where it lies.

    `yearly_total` is what was released of the last year (see `released_total`), None: nothing was.
    Raises ValueError for an organisation that did not decide for the policy `noisy`.
    """
    total = yearly_total if first_half is None else first_half.yearly_total
    grid = _frozen(
        adopted, period=period, yearly_total=total, on=on, first_used=adopted.on, plans=plans
    )
    if first_half is None or (
        _division(grid) != _division(first_half) and not (_yearly(grid) or _yearly(first_half))
    ):
        return grid
    return replace(
        first_half,
        period=str(period),
        frozen_on=on,
        units=with_former(first_half.units, plans),
    )


def freeze_register(
    adopted: OrganisationAdopted,
    *,
    period: Period,
    due: date,
    on: date,
    plans: Sequence[UnitsAnnounced] = (),
) -> LatticeFrozen:
    """The grid of a register of an old period, made of headcounts alone. It has one window for each
    measure, the period, of which no part is known; `due` is the tick that intake has told. Raises
    ValueError as `freeze_grid`.
    """
    grid = _frozen(
        adopted,
        period=period,
        yearly_total=None,
        on=on,
        first_used=due - timedelta(days=1),
        plans=plans,
    )
    measures = tuple(replace(measure, grain=period.grain) for measure in grid.measures)
    tables = {table.id: replace(table, grain=period.grain) for table in grid.tables}
    return _named(replace(grid, measures=measures, tables=tuple(tables.values())), str(period))


def _frozen(
    adopted: OrganisationAdopted,
    *,
    period: Period,
    yearly_total: int | None,
    on: date,
    first_used: date,
    plans: Sequence[UnitsAnnounced],
) -> LatticeFrozen:
    if adopted.policy != "noisy":
        raise ValueError("the organisation's policy is not noisy")
    tree = [
        Branch(id=unit.id, name=unit.name, headcount=unit.headcount, parent=unit.parent)
        for unit in adopted.units
    ]
    units = grid_units(tree)
    total = (
        BASE_RATE * sum(branch.headcount for branch in tree)
        if yearly_total is None
        else yearly_total
    )
    measures, tables = choose(yearly_total=total, units=units, profile=adopted.profile)
    grid = LatticeFrozen(
        grid_id=UUID(int=0),
        organisation_id=adopted.organisation_id,
        token=adopted.token,
        period=str(period),
        rule=RULE,
        profile=adopted.profile,
        taxonomy_version=taxonomy.current().version,
        detector=DETECTOR,
        yearly_total=yearly_total,
        units=with_former(units, plans),
        measures=measures,
        tables=tables,
        frozen_on=on,
        first_used=first_used,
    )
    return _named(grid, str(period.year))


def _named(grid: LatticeFrozen, where: str) -> LatticeFrozen:
    """With the id that follows from its content: the same grid, frozen again after a restore, has the
    same one.
    """
    content = {
        "rule": grid.rule,
        "profile": grid.profile,
        "taxonomy": grid.taxonomy_version,
        "units": [_content(unit) for unit in grid.units],
        "measures": [asdict(measure) for measure in grid.measures],
        "tables": [asdict(table) for table in grid.tables],
    }
    text = f"grid/{where}/{json.dumps(content, sort_keys=True)}"
    return replace(grid, grid_id=uuid5(grid.organisation_id, text))


def _content(unit: GridUnit) -> dict[str, object]:
    """A unit without what it does not have: grids from before there were ids of other times keep theirs."""
    content = asdict(unit)
    return {name: one for name, one in content.items() if name != "former" or one}


def _division(grid: LatticeFrozen) -> list[tuple[str, tuple[str, ...]]]:
    return [(unit.code, unit.members) for unit in grid.units]


def _yearly(grid: LatticeFrozen) -> bool:
    grains = {measure.grain for measure in grid.measures} | {table.grain for table in grid.tables}
    return "year" in grains


def released_total(grids: Iterable[LatticeFrozen], draws: Draws, *, before: Period) -> int | None:
    """What was released of the last twelve months that there is a total of: of two half-years that
    follow each other, or of a year. None where there is none. It may have noise, and it may look at
    nothing else than released draws.
    """
    totals: dict[Period, int] = {}
    for grid in grids:
        for table in grid.tables:
            if table.axes:
                continue
            for period in table_periods([grid], table):
                found = estimates(grid, table, period, draws)
                if found is not None and period.end <= before.start:
                    totals[period] = sum(found.values())
    years: dict[Period, int] = {}
    for period, total in totals.items():
        if period.grain == "year":
            years[period] = total
        elif period.grain == "half-year":
            earlier = Period.containing(period.start - timedelta(days=1))
            if earlier in totals:
                years[period] = total + totals[earlier]
    if not years:
        return None
    newest = max(years, key=lambda period: (period.end, period.grain))
    return max(0, years[newest])


# Windows ------------------------------------------------------------------------------------------


def windows_of(grid: LatticeFrozen) -> Iterator[Window]:
    """The windows of this half-year, or of this register's period. A year's stands in both halves."""
    whole = Period.parse(grid.period)
    for measure in grid.measures:
        for period in _periods(whole, measure.grain):
            used = whole.start if grid.first_used is None else grid.first_used
            yield Window(measure=measure, period=period, due=tick_of(period, used))


def table_periods(grids: Iterable[LatticeFrozen], table: Table) -> tuple[Period, ...]:
    """The windows of a table in the periods of these grids, in order."""
    found = {
        period for grid in grids for period in _periods(Period.parse(grid.period), table.grain)
    }
    return tuple(sorted(found))


def windows_in(table: Table, period: Period, grid: LatticeFrozen) -> tuple[tuple[str, str], ...]:
    """Of which measures and windows a table's window is made."""
    grains = {measure.id: measure.grain for measure in grid.measures}
    return tuple(
        (part.measure, str(window))
        for part in table.parts
        for window in period.parts(grains[part.measure])
    )


def _periods(whole: Period, grain: str) -> tuple[Period, ...]:
    if grain == "year":
        return (Period(whole.year),)
    return whole.parts("quarter") if grain == "quarter" else whole.parts("half-year")
