"""Released figures of a table over time, cut where they can no longer be compared.

Two windows of a cell are compared only if they are equally long, follow each other without a gap,
and stand for the same people: the same codes, the same units, about the same headcount. A window in
the middle of which an organisation began is none that can be compared. How much noise is in each may
differ; it is known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from services.signals.domain.answers import estimates
from services.signals.domain.lattice import LatticeFrozen, Table, draws_of
from services.signals.domain.noise import Draws, margin, threshold
from shared.contracts.rpc import NOT_SAID
from shared.taxonomy.period import Period

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

EXPOSURE: Final = 0.2
"""By what part the headcount of two windows may differ, and they are still compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A table of one window with the grid under which it was drawn; `values` has every cell as it was
    released, also below its threshold.
    """

    lattice: LatticeFrozen
    table: Table
    period: Period
    values: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A cell in one window: the released value, and the law of the noise in it."""

    period: Period
    value: int
    draws: tuple[Draws, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A point as everybody sees it: `value` is None below `threshold`."""

    period: str
    value: int | None
    margin: int
    threshold: int


def window(
    lattice: LatticeFrozen,
    table: Table,
    period: Period,
    draws: Mapping[tuple[str, str], Sequence[int]],
) -> Window | None:
    """A window made of the released draws (as `estimates` takes them); None while one is missing."""
    values = estimates(lattice, table, period, draws)
    if values is None:
        return None
    return Window(lattice=lattice, table=table, period=period, values=values)


def series_of(
    grids: Iterable[LatticeFrozen],
    table: Table,
    draws: Mapping[tuple[str, str], Sequence[int]],
) -> tuple[Window, ...]:
    """All released windows of a table under these grids, oldest first. A table of another grid is the
    same where it has the same id and grain.
    """
    found: dict[Period, Window] = {}
    for grid in sorted(grids, key=lambda one: Period.parse(one.period)):
        whole = Period.parse(grid.period)
        for own in grid.tables:
            if (own.id, own.grain) != (table.id, table.grain):
                continue
            for period in whole.parts(own.grain) or (Period.containing(whole.start, own.grain),):
                made = window(grid, own, period, draws)
                if made is not None:
                    found[period] = made
    return tuple(found[period] for period in sorted(found))


def points(
    lattice: LatticeFrozen, table: Table, cell: str, series: Sequence[Window]
) -> tuple[Point, ...]:
    """What of the series, oldest first, can be compared with its newest window in that grid."""
    found: list[Point] = []
    for one in reversed(series):
        if found and one.period.end != found[-1].period.start:
            break
        if not _comparable(lattice, table, cell, one):
            break
        found.append(
            Point(
                period=one.period,
                value=one.values[cell],
                draws=draws_of(one.lattice, one.table, cell),
            )
        )
    return tuple(reversed(found))


def seen(point: Point) -> Seen:
    """What is shown of a point."""
    least = threshold(point.draws)
    return Seen(
        period=str(point.period),
        value=point.value if point.value >= least else None,
        margin=margin(point.draws),
        threshold=least,
    )


def _comparable(lattice: LatticeFrozen, table: Table, cell: str, one: Window) -> bool:
    begun = one.lattice.first_used
    alike = (
        one.period.grain == table.grain
        and not (begun is not None and one.period.start < begun < one.period.end)
        and one.table.axes == table.axes
        and one.lattice.taxonomy_version == lattice.taxonomy_version
        and cell in one.values
    )
    return alike and _same_people(lattice, one.lattice, table, cell)


def _same_people(now: LatticeFrozen, then: LatticeFrozen, table: Table, cell: str) -> bool:
    if "unit" not in table.axes:
        return _about(_everybody(now), _everybody(then))
    code = cell.split("/")[table.axes.index("unit")]
    if code == NOT_SAID:  # what no unit of the grid holds
        members = [{m for unit in one.units for m in unit.members} for one in (now, then)]
        return members[0] == members[1]
    new, old = (
        next((unit for unit in one.units if unit.code == code), None) for one in (now, then)
    )
    if new is None or old is None:
        return False
    return set(new.members) == set(old.members) and _about(new.headcount, old.headcount)


def _everybody(lattice: LatticeFrozen) -> int:
    return sum(unit.headcount for unit in lattice.units)


def _about(now: int, then: int) -> bool:
    """Whether two headcounts are about the same; a grid without units tells none."""
    if not now or not then:
        return True
    return abs(now - then) <= EXPOSURE * max(now, then)
