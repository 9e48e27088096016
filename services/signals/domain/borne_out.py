"""Which directions the released figures bear out, for a signal that refers to them.

A figure bears out what it is of: exactly the signal's theme, at exactly its place, in its period. So a
figure of an area, or of the organisation where the signal speaks of a unit, bears out nothing; then the
direction is the advisers' judgement, and is marked so. Neither does a figure that is not shown in that
period: nobody read it, and a theme with nothing but noise would be *steady*.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.signals.domain.lattice import WHOLE
from services.signals.domain.series import series_of
from services.signals.domain.trends import trend
from shared.taxonomy.period import Period

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from services.signals.domain.lattice import LatticeFrozen, Table
    from services.signals.domain.series import Window
    from services.signals.domain.signal import Evidence

    Draws = Mapping[tuple[str, str], Sequence[int]]
    """Released values by measure and window."""


def directions(
    grids: Sequence[LatticeFrozen],
    draws: Draws,
    evidence: Iterable[Evidence],
    *,
    theme: str,
    place: str,
    period: str,
) -> frozenset[str]:
    """What the figures and warnings of `evidence` show of this theme, place and period."""
    found: set[str] = set()
    whole = Period.parse(period)
    for one in evidence:
        seen = Period.parse(one.period)
        if not seen.overlaps(whole):
            continue
        if one.kind == "warning":
            if (one.cell, place) == (theme, WHOLE):
                found.add("rising")
            continue
        for window in _windows(grids, draws, one.table, seen):
            if _of(window.table, one.cell, theme, place):
                series = _until(series_of(grids, window.table, draws), seen)
                told = trend(window.lattice, window.table, one.cell, series)
                if told.in_a_row:
                    found.add(told.kind)
    return frozenset(found - {"unknown"})


def _windows(
    grids: Sequence[LatticeFrozen], draws: Draws, table_id: str, period: Period
) -> list[Window]:
    """The table's window of that period, if it is released."""
    tables = {
        table
        for grid in grids
        for table in grid.tables
        if (table.id, table.grain) == (table_id, period.grain)
    }
    return [
        window
        for table in tables
        for window in series_of(grids, table, draws)
        if window.period == period and window.table == table
    ]


def _of(table: Table, cell: str, theme: str, place: str) -> bool:
    codes = dict(zip(table.axes, cell.split("/"), strict=True)) if table.axes else {}
    wanted = {"theme": theme} if place == WHOLE else {"theme": theme, "unit": place}
    return codes == wanted


def _until(series: Sequence[Window], period: Period) -> list[Window]:
    return [window for window in series if window.period.end <= period.end]
