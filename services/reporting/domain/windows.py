"""A report of a span that has no released window of its own: of windows that lie wholly in it.

They stand beside each other. Nothing is computed of them but sums of what is shown in each, so that no
cell that is not shown follows from one: a sum has no part that does not stand beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from math import isqrt
from typing import TYPE_CHECKING

from services.reporting.domain.sections import phrases
from services.reporting.domain.sections.tables import cells
from shared.contracts.report import (
    Absent,
    Bilingual,
    Column,
    Paragraphs,
    Row,
    Said,
    Shown,
    Table,
)
from shared.taxonomy.period import Period

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from services.reporting.domain.calendar import Span
    from services.reporting.domain.ground import ReleasedTable
    from shared.contracts.report import Block, Cell

CHAPTERS = {
    "total": "key_figures",
    "category": "nature",
    "theme": "nature",
    "area": "nature",
    "relation": "relation",
    "role": "relation",
    "unit": "where",
    "unit_area": "where",
    "route": "route",
}
"""Released table → the chapter in which it stands; any other stands with what the cases are about."""

_TITLES = {
    "total": Bilingual(nl="Meldingen in totaal", en="Cases in total"),
    "category": Bilingual(nl="Meldingen naar soort", en="Cases by kind"),
    "theme": Bilingual(nl="Meldingen naar thema", en="Cases by theme"),
    "area": Bilingual(nl="Meldingen naar gebied", en="Cases by area"),
    "relation": Bilingual(nl="Meldingen naar relatie", en="Cases by relation"),
    "role": Bilingual(nl="Meldingen naar rol", en="Cases by role"),
    "unit": Bilingual(nl="Meldingen naar onderdeel", en="Cases by unit"),
    "unit_area": Bilingual(nl="Meldingen naar onderdeel en gebied", en="Cases by unit and area"),
    "route": Bilingual(nl="Meldingen naar route", en="Cases by route"),
}
_NO_SUM = Said(text=Bilingual(nl="niet opgeteld", en="not added up"))


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanGround:
    """What such a report is made of: by released table its windows, which never overlap, oldest first."""

    period: Span
    windows: Mapping[str, tuple[ReleasedTable, ...]]

    @property
    def tables(self) -> tuple[ReleasedTable, ...]:
        """All of them."""
        return tuple(table for tables in self.windows.values() for table in tables)

    @property
    def cut_off(self) -> date:
        """The last day whose cases are in it: that of the last window."""
        ends = [Period.parse(table.figures.period).end for table in self.tables]
        return max(ends, default=self.period.end) - timedelta(days=1)


def within(span: Span, tables: Sequence[ReleasedTable]) -> SpanGround:
    """Of all tables those whose window lies wholly in the span: of windows that overlap the longer one."""
    inside = [
        (period, table)
        for table in tables
        if span.start <= (period := Period.parse(table.figures.period)).start
        and period.end <= span.end
    ]
    # Longest first, so that a half-year goes before the quarters that it is made of.
    inside.sort(key=lambda one: (one[0].start - one[0].end, one[0].start, one[1].figures.place))
    chosen: dict[str, list[tuple[Period, ReleasedTable]]] = {}
    for period, table in sorted(inside, key=lambda one: one[1].figures.place):
        beside = chosen.setdefault(table.figures.dimension, [])
        if not any(period.overlaps(other) for other, _ in beside):
            beside.append((period, table))
    return SpanGround(
        period=span,
        windows={
            dimension: tuple(table for _, table in sorted(found, key=lambda one: one[0].start))
            for dimension, found in chosen.items()
        },
    )


def blocks(ground: SpanGround, chapter: str) -> tuple[Block, ...]:
    """What the chapter shows of the windows."""
    found: list[Block] = [
        _table(dimension, tables)
        for dimension, tables in ground.windows.items()
        if CHAPTERS.get(dimension, "nature") == chapter
    ]
    if chapter == "guide":
        found.insert(0, Paragraphs(items=tuple(_coverage(ground))))
    return tuple(found)


def _table(dimension: str, tables: tuple[ReleasedTable, ...]) -> Table:
    """A column for each window, and one for sums where there is any."""
    shown = [cells(table.figures) for table in tables]
    labels_nl = {code: label for table in tables for code, label in table.labels_nl.items()}
    labels_en = {code: label for table in tables for code, label in table.labels_en.items()}
    lines = {code: [found.get(code, Absent()) for found in shown] for code in labels_nl}
    sums = {code: total(line) for code, line in lines.items()} if len(tables) > 1 else {}
    summed = any(one is not None for one in sums.values())
    columns = [
        Column(label=phrases.head(Period.parse(table.figures.period)), unit="cases")
        for table in tables
    ]
    if summed:
        columns.append(Column(label=Bilingual(nl="Samen", en="Together"), unit="cases"))
    return Table(
        id=dimension,
        title=_TITLES.get(dimension, phrases.same(dimension)),
        columns=tuple(columns),
        rows=tuple(
            Row(
                label=Bilingual(nl=labels_nl[code], en=labels_en[code]),
                cells=(*line, *((sums[code] or _NO_SUM,) if summed else ())),
            )
            for code, line in lines.items()
        ),
        note=_ADDED if summed else None,
    )


_ADDED = Bilingual(
    nl="Opgeteld is alleen wat in elke kolom staat. De ruis van elke kolom is apart getrokken; de marge "
    "van een som is daarom de wortel uit de som van de kwadraten, naar boven afgerond.",
    en="Only what stands in every column is added up. The noise of each column was drawn apart; the "
    "margin of a sum is therefore the root of the sum of squares, rounded up.",
)


def total(line: Sequence[Cell]) -> Shown | None:
    """The sum of cells that are all shown; None where one is not.

    Draws of different windows are independent, so variances add up. For two to four draws of the noise
    that is used here, the root of the sum of squared 95 % margins covers at least 95 % too.
    """
    shown = [cell for cell in line if isinstance(cell, Shown)]
    if len(shown) != len(line):
        return None
    squares = sum((cell.margin or 0) ** 2 for cell in shown)
    root = isqrt(squares)
    margin = root if root * root == squares else root + 1
    return Shown(value=sum(cell.value for cell in shown), margin=margin or None)


def _coverage(ground: SpanGround) -> Iterator[Bilingual]:
    """Which windows it is made of, and which days are in none."""
    names = sorted({table.figures.period for table in ground.tables}, key=Period.parse)
    labels = [phrases.span(Period.parse(name)) for name in names]
    yield Bilingual(
        nl="Dit rapport bestaat uit vrijgegeven perioden die er geheel in liggen: "
        + ", ".join(label.nl for label in labels)
        + ". Elke tabel zegt welke zij heeft.",
        en="This report is made of released periods that lie wholly in it: "
        + ", ".join(label.en for label in labels)
        + ". Each table says which it has.",
    )
    for first, last in uncovered(ground.period, [Period.parse(name) for name in names]):
        since, until = phrases.day(first), phrases.day(last)
        yield Bilingual(
            nl=f"Over {since.nl} tot en met {until.nl} zegt geen cijfer hier iets: die dagen liggen in een "
            "periode die over de grens van dit rapport heen loopt, of er is niets over vrijgegeven.",
            en=f"No figure here says anything of {since.en} up to and including {until.en}: those days "
            "lie in a period that crosses the bounds of this report, or nothing was released of them.",
        )


def uncovered(span: Span, windows: Sequence[Period]) -> Iterator[tuple[date, date]]:
    """First and last day of each stretch of the span that lies in none of the windows, in order."""
    reached = span.start
    for window in sorted(windows, key=lambda one: one.start):
        if window.start > reached:
            yield reached, window.start - timedelta(days=1)
        reached = max(reached, window.end)
    if reached < span.end:
        yield reached, span.end - timedelta(days=1)
