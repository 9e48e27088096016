"""A tick of one organisation: its due windows are drawn, and the tables that are complete by that are
made of them, once. Everything that readers get of a grid is made here or of what is made here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from services.signals.domain import answers, noisy
from services.signals.domain.grid import table_periods, windows_in
from services.signals.domain.labels import labels_of
from services.signals.domain.lattice import BUDGET, LatticeFrozen, Measure, Table
from services.signals.domain.noisy import (
    NoisyStatisticsReleased,
    PrivacyBudgetDebited,
    ReleaseTick,
)
from shared.taxonomy.period import Period

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import date

    from services.signals.domain.window import FactKept

# Events -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class CellReleased:
    """A cell that is shown: the true count lies within `margin` of `count` in 95 of 100 releases."""

    code: str
    count: int
    margin: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CellWithheld:
    """A cell whose figure is below `threshold`: it is not in this table.

    That keeps figures that are mostly noise from being read as news. It keeps nothing secret: where the
    figure is above zero, it may follow by subtraction from others that are shown. The noise is in it
    all the same, and paid for.
    """

    code: str
    threshold: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """A draw of which a table is made, and the ε that a case of its window spent on it."""

    measure: str
    period: str
    epsilon: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TableReleased:
    """Event: a table of one window as everybody sees it. It is made of released draws alone, with the
    tick that completes it, and never again. `k` is the smallest threshold, `total` that of the grid's
    table of totals, `epsilon` what a case spent on its draws, `budget` the most that it may spend.
    """

    release_id: UUID
    organisation_id: UUID
    token: str
    grid_id: UUID
    table: str
    period: str
    k: int
    taxonomy_version: int
    epsilon: float
    budget: float
    shown: tuple[CellReleased, ...]
    withheld: tuple[CellWithheld, ...]
    total: int | None
    total_margin: int | None
    draws: tuple[Draw, ...]
    labels_en: dict[str, str]
    labels_nl: dict[str, str]
    adopted: str | None = None
    """The week in which it was published, where it is taken over from its message after a restore."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowClosed:
    """Event: this window is never drawn here. It takes the place of the draw, so that the database
    itself refuses one. `published`: a draw of it is published that this database does not have, since
    an older one was put back, of the grid `grid_id`; `overlaps`: what is published of another grid
    covers its days.
    """

    measure: str
    period: str
    reason: Literal["published", "overlaps"]
    grid_id: UUID | None = None


# Decision -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A window that is to be drawn, and its grid."""

    grid_id: UUID
    measure: str
    period: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """What is drawn of one organisation, and not told yet: draws with their debits."""

    draws: tuple[tuple[NoisyStatisticsReleased, PrivacyBudgetDebited], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticked:
    """What a tick comes to: draws with their debits, tables, and the tick itself."""

    draws: tuple[tuple[NoisyStatisticsReleased, PrivacyBudgetDebited], ...]
    tables: tuple[TableReleased, ...]
    tick: ReleaseTick


def tick(
    day: date,
    due: Sequence[Due],
    *,
    grids: Mapping[UUID, Sequence[LatticeFrozen]],
    facts: Mapping[str, Sequence[FactKept]],
    earlier: Sequence[NoisyStatisticsReleased],
    sample: noisy.Sampler,
    library: str,
    new_id: Callable[[], UUID],
) -> Ticked:
    """Draw what is due of one organisation, and make the tables that are complete by it."""
    drawn = draw(due, grids=grids, facts=facts, sample=sample, library=library, new_id=new_id)
    return reveal(day, drawn, grids=grids, earlier=earlier, new_id=new_id)


def draw(
    due: Sequence[Due],
    *,
    grids: Mapping[UUID, Sequence[LatticeFrozen]],
    facts: Mapping[str, Sequence[FactKept]],
    sample: noisy.Sampler,
    library: str,
    new_id: Callable[[], UUID],
) -> Drawn:
    """Count and draw what is due of one organisation. This takes as long as there are facts.

    `grids` has the frozen half-years of each grid that is due, in order, `facts` the facts of each of
    their periods.
    """
    draws = []
    for window in due:
        halves = grids[window.grid_id]
        grid = halves[-1]
        draws.append(
            noisy.release(
                grid,
                measure_of(grid, window.measure),
                window.period,
                facts_in(Period.parse(window.period), halves, facts),
                release_id=new_id(),
                sample=sample,
                library=library,
            )
        )
    return Drawn(draws=tuple(draws))


def reveal(
    day: date,
    drawn: Drawn,
    *,
    grids: Mapping[UUID, Sequence[LatticeFrozen]],
    earlier: Sequence[NoisyStatisticsReleased],
    new_id: Callable[[], UUID],
) -> Ticked:
    """The tick, and the tables that are complete by these draws. What this takes follows from the grids.

    `earlier` has the draws of earlier ticks that tables of these grids take up.
    """
    tables: list[TableReleased] = []
    for grid_id, halves in grids.items():
        known = {
            (one.measure, one.period): one.values
            for one in (*earlier, *(released for released, _ in drawn.draws))
            if one.grid_id == grid_id
        }
        now = {(one.measure, one.period) for one, _ in drawn.draws if one.grid_id == grid_id}
        tables += _completed(halves, known, now, new_id)
    last = next(iter(grids.values()))[-1]
    return Ticked(
        draws=drawn.draws,
        tables=tuple(tables),
        tick=ReleaseTick(
            organisation_id=last.organisation_id,
            token=last.token,
            day=day.isoformat(),
            tables=tuple((table.table, table.period) for table in tables),
        ),
    )


def wanted(
    due: Sequence[Due], grids: Mapping[UUID, Sequence[LatticeFrozen]]
) -> set[tuple[str, str]]:
    """Measures and windows of earlier ticks that the tables which these windows complete take up."""
    now = {(one.grid_id, one.measure, one.period) for one in due}
    found = set()
    for grid_id, halves in grids.items():
        for table, period in _tables(halves):
            made_of = windows_in(table, period, halves[-1])
            if any((grid_id, *window) in now for window in made_of):
                found |= {window for window in made_of if (grid_id, *window) not in now}
    return found


def facts_in(
    window: Period, halves: Sequence[LatticeFrozen], facts: Mapping[str, Sequence[FactKept]]
) -> Iterator[FactKept]:
    """The facts that count in a window: each in one quarter, and so in one window of each measure.

    What knows only its half-year or year (a register) counts in the last quarter of it.
    """
    quarters: dict[str | None, bool] = {}
    for half in halves:
        last = Period.parse(half.period).parts("quarter")[-1]
        quarters[None] = _inside(last, window)
        for fact in facts.get(half.period, ()):
            inside = quarters.get(fact.quarter)
            if inside is None:
                inside = quarters[fact.quarter] = _inside(Period.parse(str(fact.quarter)), window)
            if inside:
                yield fact


def measure_of(grid: LatticeFrozen, name: str) -> Measure:
    """The measure of that name. Raises KeyError for one that the grid does not have."""
    found = next((measure for measure in grid.measures if measure.id == name), None)
    if found is None:
        raise KeyError(name)
    return found


def _inside(part: Period, whole: Period) -> bool:
    return whole.start <= part.start and part.end <= whole.end


def _tables(halves: Sequence[LatticeFrozen]) -> Iterator[tuple[Table, Period]]:
    for table in halves[-1].tables:
        for period in table_periods(halves, table):
            yield table, period


def _completed(
    halves: Sequence[LatticeFrozen],
    known: Mapping[tuple[str, str], Sequence[int]],
    now: set[tuple[str, str]],
    new_id: Callable[[], UUID],
) -> Iterator[TableReleased]:
    """The tables of which the last draw is among `now`. How many follows from grid and calendar."""
    grid = halves[-1]
    for table, period in _tables(halves):
        made_of = windows_in(table, period, grid)
        if now.intersection(made_of) and known.keys() >= set(made_of):
            yield _table(grid, table, period, known, release_id=new_id())


def _table(
    grid: LatticeFrozen,
    table: Table,
    period: Period,
    known: Mapping[tuple[str, str], Sequence[int]],
    *,
    release_id: UUID,
) -> TableReleased:
    shown = answers.shown(grid, table, period, known)
    if shown is None:
        raise ValueError("a table is made of all its draws")
    total = _total(grid, table, period, known)
    epsilon = {measure.id: measure.epsilon for measure in grid.measures}
    return TableReleased(
        release_id=release_id,
        organisation_id=grid.organisation_id,
        token=grid.token,
        grid_id=grid.grid_id,
        table=table.id,
        period=str(period),
        k=min(figure.threshold for figure in shown.figures),
        taxonomy_version=grid.taxonomy_version,
        epsilon=sum(epsilon[name] for name in dict.fromkeys(part.measure for part in table.parts)),
        budget=BUDGET[grid.profile],
        shown=tuple(
            CellReleased(code=figure.cell, count=figure.value, margin=figure.margin)
            for figure in shown.figures
            if figure.value is not None
        ),
        withheld=tuple(
            CellWithheld(code=figure.cell, threshold=figure.threshold)
            for figure in shown.figures
            if figure.value is None
        ),
        total=None if total is None else total.value,
        total_margin=None if total is None or total.value is None else total.margin,
        draws=tuple(
            Draw(measure=measure, period=window, epsilon=epsilon[measure])
            for measure, window in windows_in(table, period, grid)
        ),
        labels_en=labels_of(grid, table.axes, "en"),
        labels_nl=labels_of(grid, table.axes, "nl"),
    )


def _total(
    grid: LatticeFrozen,
    table: Table,
    period: Period,
    known: Mapping[tuple[str, str], Sequence[int]],
) -> answers.Figure | None:
    """What the grid's table of totals says of the period: one total, whatever table it stands under."""
    totals = next((one for one in grid.tables if not one.axes and one.grain == table.grain), None)
    shown = None if totals is None else answers.shown(grid, totals, period, known)
    return None if shown is None else shown.figures[0]
