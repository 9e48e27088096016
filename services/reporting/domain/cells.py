"""A released cell as base line, and the same cell in later windows. Pure: what is not shown stays so.

A base line is what readers saw when a measure began, copied once: a value with its margin, or the
smallest value that would have been shown, or nothing. So no later comparison can say more than they
could read themselves. What is compared is what came before with what came after, and never what caused
it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from services.reporting.domain.people import People
from services.reporting.domain.series import UNITS, Break, alike, crossed, point
from services.reporting.domain.statistics import verdict
from shared.contracts.errors import invalid
from shared.contracts.report import Absent, Below, Shown, Withheld
from shared.contracts.rpc import Policy
from shared.taxonomy.period import Period

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from services.reporting.domain.figures import Figures
    from services.reporting.domain.ground import ReleasedTable
    from services.reporting.domain.series import Point
    from shared.contracts.report import Cell


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What makes two windows comparable: where series break, and how many people there were."""

    breaks: tuple[Break, ...] = ()
    people: People = field(default_factory=People)


NOTHING: Final = Known()

Compared = Literal["no_clear_change", "fewer", "more", "strongly_more", "too_few", "not_comparable"]
"""What may be said of a later window beside the base line: the verdicts of `statistics`, or that there is
nothing to compare."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellRef:
    """A cell of a released table: the table's dimension, the code of the cell, the period."""

    table: str
    code: str
    period: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseLine:
    """A cell as it was released. Without a `value` it was not shown: it is below `threshold`, or, without
    one, withheld. `label_nl` and `label_en` are those of its release.
    """

    table: str
    code: str
    period: str
    policy: Policy
    value: int | None
    margin: int | None
    threshold: int | None
    label_nl: str
    label_en: str

    @property
    def cell(self) -> Cell:
        """As a cell of a report."""
        if self.value is not None:
            return Shown(value=self.value, margin=self.margin)
        return Withheld() if self.threshold is None else Below(threshold=self.threshold)


@dataclass(frozen=True, slots=True, kw_only=True)
class Later:
    """The same cell in a later window. `after`: the window began on or after the day from which on an
    effect may be looked for; only then it is compared.
    """

    period: str
    cell: Cell
    after: bool
    compared: Compared


def base_line(tables: Iterable[ReleasedTable], ref: CellRef, *, field: str) -> BaseLine:
    """The cell as it is released. Raises Refusal INVALID_INPUT where there is none, and INVALID_PERIOD."""
    Period.parse(ref.period)
    for table in tables:
        figures = table.figures
        if (figures.dimension, figures.period) == (ref.table, ref.period):
            cell = cell_of(figures, ref.code)
            if isinstance(cell, Absent):
                break
            return BaseLine(
                table=ref.table,
                code=ref.code,
                period=ref.period,
                policy=figures.policy,
                value=cell.value if isinstance(cell, Shown) else None,
                margin=cell.margin if isinstance(cell, Shown) else None,
                threshold=cell.threshold if isinstance(cell, Below) else None,
                label_nl=table.labels_nl[ref.code],
                label_en=table.labels_en[ref.code],
            )
    raise invalid(field, "it refers to something that was not released")


def later(
    tables: Iterable[ReleasedTable], base: BaseLine, since: date | None, known: Known = NOTHING
) -> tuple[Later, ...]:
    """The later windows of the same length under the same policy, oldest first. `since` is the day from
    which on an effect may be looked for; None: none yet, and nothing is compared.
    """
    start = Period.parse(base.period)
    own: ReleasedTable | None = None
    found: dict[Period, ReleasedTable] = {}
    for table in tables:
        figures, period = table.figures, Period.parse(table.figures.period)
        if (figures.dimension, figures.policy) != (base.table, base.policy):
            continue
        if period == start:
            own = table
        elif period.grain == start.grain and period.start >= start.end:
            found[period] = table
    windows = []
    for period in sorted(found):
        after = since is not None and period.start >= since
        windows.append(
            Later(
                period=str(period),
                cell=cell_of(found[period].figures, base.code),
                after=after,
                compared=_compared(known, own, found[period], base.code)
                if after
                else "not_comparable",
            )
        )
    return tuple(windows)


def cell_of(figures: Figures, code: str) -> Cell:
    """What is shown of that code; Absent where the table has none."""
    for shown in figures.cells:
        if shown.code == code:
            return Shown(value=shown.count, margin=shown.margin)
    block = figures.withheld
    if block is None or code not in block.codes:
        return Absent()
    if figures.policy == "noisy":
        return Below(threshold=block.thresholds[block.codes.index(code)])
    return Withheld()


def _compared(
    known: Known, before: ReleasedTable | None, now: ReleasedTable, code: str
) -> Compared:
    first = None if before is None else _point(known, before, code)
    last = _point(known, now, code)
    if first is None or last is None or first.reading is None or last.reading is None:
        return "not_comparable"
    if crossed(known.breaks, first.figures, last.figures, code):
        return "not_comparable"
    return verdict(*alike(first.reading, last.reading)).value


def _point(known: Known, table: ReleasedTable, code: str) -> Point | None:
    period = Period.parse(table.figures.period)
    people = (
        known.people.unit(code.split("/", 1)[0], period)
        if table.figures.dimension in UNITS
        else known.people.whole(period)
    )
    return point(table, code, people)
