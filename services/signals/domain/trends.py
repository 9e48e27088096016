"""What a released cell does over time, in one word; how long a warning came before something else.

Pure functions of released values and the noise law, like the warnings. A trend needs at least three
windows that can be compared (services/signals/domain/series.py); of two it is only said whether
the second is more or fewer than the first. Nothing is called a change that the margins explain.

The rule, for the windows of a cell, oldest first; *shown* means not below the threshold:

* *new*: shown in the newest window, or the newest two, and in none of the two or more before;
* *returning*: the same, but it was shown before that, and then at least two windows not;
* *rising*: both of the last two windows lie above the mean of the up to six before, and their mean
  lies above it by more than the margin; *declining*: the same downwards, where it was shown before;
* *recurring*: shown in the last two windows, and in three of the last four where there are four;
* *steady*: none of these.

For the first four the margin is that of chance and noise together: LIMIT times the standard
deviation of the difference of the two means, the noise as it is known, the counts negative binomial
with the detector's dispersion. So of a hundred cells in which nothing changes about one is called
otherwise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Literal, get_args

from services.signals.domain.detector import DISPERSION, EarlyWarning
from services.signals.domain.lattice import LatticeFrozen, Table
from services.signals.domain.noise import margin, threshold, variance
from services.signals.domain.series import Point, Seen, Window, points, seen
from shared.taxonomy.calendar import tick_of
from shared.taxonomy.period import Period

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

TrendKind = Literal["new", "returning", "rising", "declining", "recurring", "steady", "unknown"]
Change = Literal["more", "fewer", "same", "unknown"]

LIMIT: Final = 2.58
"""Standard deviations: of a hundred differences that are chance and noise, one lies further out."""

BEFORE: Final = 6
_LATE: Final = 2
_FEWEST: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """What a cell does. `change` compares the last two windows: the true count of the newest is almost
    certainly higher, or lower (their difference lies beyond its 95 % margin); that says nothing of
    chance. `in_a_row` counts the newest windows in which it was shown. `seen` are the windows looked
    at, `compared` how many there are; `cut` says that older ones exist and cannot be compared.
    """

    table: str
    cell: str
    period: str
    kind: TrendKind
    change: Change
    in_a_row: int
    compared: int
    cut: bool
    seen: tuple[Seen, ...]


def trend(lattice: LatticeFrozen, table: Table, cell: str, series: Sequence[Window]) -> Trend:
    """The cell's trend in the newest window of the series (oldest first).

    Raises ValueError for a series without a window.
    """
    if not series:
        raise ValueError("there is no window")
    compared = points(lattice, table, cell, series)
    return Trend(
        table=table.id,
        cell=cell,
        period=str(series[-1].period),
        kind=kind_of(compared),
        change=change_of(compared),
        in_a_row=_in_a_row([_shown(point) for point in compared]),
        compared=len(compared),
        cut=len(compared) < len(series),
        seen=tuple(seen(point) for point in compared[-BEFORE - _LATE :]),
    )


def change_of(compared: Sequence[Point]) -> Change:
    """What the last window is, compared with the one before."""
    if len(compared) < 2:
        return "unknown"
    before, now = compared[-2:]
    # Noise is symmetric: a difference of two has the law of their sum.
    if abs(now.value - before.value) <= margin(before.draws + now.draws):
        return "same"
    return "more" if now.value > before.value else "fewer"


def kind_of(compared: Sequence[Point]) -> TrendKind:
    """By the rule above."""
    shown = [_shown(point) for point in compared]
    streak = _in_a_row(shown)
    if len(compared) < _FEWEST:
        return "recurring" if streak == len(compared) == 2 else "unknown"
    if 1 <= streak <= _LATE:
        gap = _in_a_row([not one for one in shown[:-streak]])
        quiet = compared[len(compared) - streak - gap : len(compared) - streak]
        if gap >= 2 and _beyond(quiet, compared[-streak:]) > 0:
            return "returning" if any(shown[:-streak]) else "new"
    late, before = compared[-_LATE:], compared[-_LATE - BEFORE : -_LATE]
    beyond, level = _beyond(before, late), _mean(before)
    if beyond > 0 and all(point.value > level for point in late):
        return "rising"
    if beyond < 0 and all(point.value < level for point in late) and any(shown[-8:-2]):
        return "declining"
    if streak >= 2 and (len(compared) < 4 or sum(shown[-4:]) >= 3):
        return "recurring"
    return "steady"


def _shown(point: Point) -> bool:
    return point.value >= threshold(point.draws)


def _in_a_row(flags: Sequence[bool]) -> int:
    found = 0
    for flag in reversed(flags):
        if not flag:
            break
        found += 1
    return found


def _mean(some: Sequence[Point]) -> float:
    return sum(point.value for point in some) / len(some)


def _beyond(before: Sequence[Point], late: Sequence[Point]) -> int:
    """1 or -1 where the later mean lies above or below the earlier by more than the margin, else 0."""
    level = max(_mean([*before, *late]), 0.5)
    chance = level + level**2 / DISPERSION
    spread = sum(
        (len(some) * chance + sum(variance(point.draws) for point in some)) / len(some) ** 2
        for some in (before, late)
    )
    difference = _mean(late) - _mean(before)
    if abs(difference) <= LIMIT * math.sqrt(spread):
        return 0
    return 1 if difference > 0 else -1


# Lead time ----------------------------------------------------------------------------------------

LaggingIndicator = Literal["formal_complaint", "absence_rise"]
LAGGING: Final[tuple[LaggingIndicator, ...]] = get_args(LaggingIndicator)


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """What the organisation told: only the period in which it was."""

    what: LaggingIndicator
    when: Period


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadTime:
    """Days from the first warning, on the day of its tick, to the first `what`; negative where the
    warning came later. Two bounds, since only the period is known. Both None, and a reason, where
    it is not known.
    """

    what: LaggingIndicator
    at_least: int | None
    at_most: int | None
    reason: Literal["no_warning", "not_told"] | None = None


def lead_time(
    found: Iterable[EarlyWarning], happened: Iterable[Happened], what: LaggingIndicator
) -> LeadTime:
    """How much earlier the first warning was."""
    ticks = [
        tick_of(period, period.start) for period in (Period.parse(one.period) for one in found)
    ]
    if not ticks:
        return LeadTime(what=what, at_least=None, at_most=None, reason="no_warning")
    told = [one.when for one in happened if one.what == what]
    if not told:
        return LeadTime(what=what, at_least=None, at_most=None, reason="not_told")
    first = min(ticks)
    return LeadTime(
        what=what,
        at_least=(min(period.start for period in told) - first).days,
        at_most=(min(period.end for period in told) - timedelta(days=1) - first).days,
    )
