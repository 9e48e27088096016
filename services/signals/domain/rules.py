"""What rules lay before the advisers after a tick: themes that changed, by released figures alone.

A rule drafts and never speaks: what it drafts has no text, and an adviser takes it up or drops it. It
reads what everybody may read, so that it was drafted tells nothing more.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid5

from services.signals.domain.detector import told, watched
from services.signals.domain.lattice import LatticeFrozen, cells_of
from services.signals.domain.series import series_of
from services.signals.domain.signal import Evidence
from services.signals.domain.trends import trend
from shared.taxonomy.calendar import tick_of
from shared.taxonomy.period import Period

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from services.signals.domain.lattice import Table

RULES: Final = "rules/1"
"""The name and version of these rules, kept with each run."""

_TOLD: Final = frozenset({"new", "returning", "rising", "declining", "recurring"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalRulesRun:
    """Event: the rules were run after the tick of `day`; `drafted` are the signals that they began."""

    day: date
    rules: str
    drafted: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleDraft:
    """A theme of the organisation that is worth a signal, with what it stands on."""

    lattice: LatticeFrozen
    theme: str
    period: str
    direction: str
    evidence: tuple[Evidence, ...]

    def signal_id(self, organisation: UUID) -> UUID:
        """The same whenever it is drafted: one signal of a theme and window."""
        return uuid5(organisation, f"signal-rule/{self.period}/{self.theme}")


def drafts(
    grids: Sequence[LatticeFrozen],
    draws: Mapping[tuple[str, str], Sequence[int]],
    day: date,
) -> tuple[RuleDraft, ...]:
    """Themes whose newest window was released at the tick of `day`, and that there is a warning of, or
    whose trend is another than in the window before. `draws` as `answers.estimates` takes them.
    """
    table = _watched(grids, draws)
    if table is None or table.axes != ("theme",):
        return ()
    series = series_of(grids, table, draws)
    if tick_of(series[-1].period, series[-1].period.start) != day:
        return ()
    now, period = series[-1].lattice, str(series[-1].period)
    warned = {one.cell for _, one in told(grids, draws) if one.period == period}
    found = []
    for cell in cells_of(now, table.axes):
        figure = Evidence(kind="figure", table=table.id, period=period, cell=cell)
        kind = trend(now, table, cell, series).kind
        before = trend(now, table, cell, series[:-1]).kind if len(series) > 1 else "unknown"
        evidence: tuple[Evidence, ...]
        if cell in warned:
            warning = Evidence(kind="warning", table=table.id, period=period, cell=cell)
            evidence, direction = (warning, figure), "rising"
        elif kind in _TOLD and kind != before:
            evidence, direction = (figure,), kind
        else:
            continue
        found.append(
            RuleDraft(
                lattice=now, theme=cell, period=period, direction=direction, evidence=evidence
            )
        )
    return tuple(found)


def _watched(
    grids: Sequence[LatticeFrozen], draws: Mapping[tuple[str, str], Sequence[int]]
) -> Table | None:
    """The table that is watched, of the newest grid of which something is released."""
    for grid in sorted(grids, key=lambda one: Period.parse(one.period), reverse=True):
        table = watched(grid)
        if table is not None and series_of([grid], table, draws):
            return table
    return None
