"""A released table beside the windows before it, with what may be said of each row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.reporting.domain import series
from services.reporting.domain.sections.phrases import head, joined, span, text
from services.reporting.domain.sections.tables import CASES, ordered
from services.reporting.domain.statistics import FEWEST_WINDOWS, Verdict
from shared.contracts.report import BREAK_MARK, Absent, Bilingual, Column, Row, Said, Table
from shared.taxonomy.period import Period

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from services.reporting.domain.ground import Ground, ReleasedTable
    from services.reporting.domain.series import Break, Point
    from shared.contracts.report import Cell

SAYS = Column(label=Bilingual(nl="Wat ervan te zeggen is", en="What may be said"), unit=None)


def compared(
    ground: Ground, dimension: str, *, title: Bilingual, note: Bilingual | None = None
) -> Table | None:
    """The newest window of that dimension, the one that it is compared with, and what may be said of each
    row; None where there is none. Its id is the dimension.
    """
    found = series.windows(ground, dimension)
    if not found:
        return None
    newest, known = found[-1], series.breaks(ground)
    against = series.earlier(_windows(found))
    last = Period.parse(newest.figures.period)
    periods = (last,) if against is None else (last, against.period)
    rows = []
    for code in ordered(newest):
        by_period = {one.period: one for one in points_of(ground, found, code)}
        cells = [_cell(by_period, period) for period in periods]
        if against is not None:
            before = by_period.get(against.period)
            cells.append(Said(text=series.said(known, before, by_period[last], code)))
        rows.append(Row(label=label(newest, code), cells=tuple(cells)))
    remarks: list[Bilingual | None] = [note, _together(newest)]
    if against is not None:
        remarks += [_against(against), by_chance(len(rows))]
        beside = [one for one in found if Period.parse(one.figures.period) in periods]
        remarks += broken(known, beside)
    return Table(
        id=dimension,
        title=title,
        columns=heads(known, found, periods) + (() if against is None else (SAYS,)),
        rows=tuple(rows),
        chart="bars",
        note=joined(remarks),
    )


def _together(table: ReleasedTable) -> Bilingual | None:
    """The sum of the rows that are withheld, where it is released."""
    block = table.figures.withheld
    if block is None or block.count is None:
        return None
    return text(
        f"De rijen die niet worden getoond, tellen samen {block.count} meldingen.",
        f"The rows that are not shown count {block.count} cases together.",
    )


def over_time(ground: Ground, dimension: str, *, title: Bilingual) -> Table | None:
    """The same over up to four windows, oldest first; None where there are no more than the two that
    stand beside each other already. Its id is that of the dimension with `_over_time` behind it.
    """
    found = series.windows(ground, dimension)
    periods = series.columns([Period.parse(table.figures.period) for table in found])
    if len(periods) < FEWEST_WINDOWS:
        return None
    newest, known = found[-1], series.breaks(ground)
    rows = []
    for code in ordered(newest):
        by_period = {one.period: one for one in points_of(ground, found, code)}
        cells = tuple(_cell(by_period, period) for period in periods)
        rows.append(Row(label=label(newest, code), cells=cells))
    return Table(
        id=f"{dimension}_over_time",
        title=text(f"{title.nl} door de tijd", f"{title.en} over time"),
        columns=heads(known, found, periods),
        rows=tuple(rows),
        chart="series" if len(rows) <= _LINES else "none",
        note=joined(broken(known, found)),
    )


_LINES = 5
"""More lines in one chart are told apart by nobody."""


def _cell(points: Mapping[Period, Point], period: Period) -> Cell:
    return points[period].cell if period in points else Absent()


MORE = frozenset({series.WORDS[Verdict.MORE], series.WORDS[Verdict.STRONGLY_MORE]})
"""What is said of a rise."""


def rises(table: Table | None) -> bool:
    """Whether a rise is told in a table."""
    return table is not None and any(
        isinstance(cell, Said) and cell.text in MORE for row in table.rows for cell in row.cells
    )


def points_of(ground: Ground, found: Sequence[ReleasedTable], code: str) -> tuple[Point, ...]:
    """A cell in each window in which it stands, oldest first; with the people behind it."""
    points = []
    for table in found:
        period = Period.parse(table.figures.period)
        unit = table.figures.dimension in series.UNITS
        people = (
            ground.people.unit(code.split("/", 1)[0], period)
            if unit
            else ground.people.whole(period)
        )
        made = series.point(table, code, people)
        if made is not None:
            points.append(made)
    return tuple(points)


def label(table: ReleasedTable, code: str) -> Bilingual:
    """What a code of the table is called."""
    return Bilingual(nl=table.labels_nl[code], en=table.labels_en[code])


def heads(
    known: Sequence[Break], found: Sequence[ReleasedTable], periods: Sequence[Period]
) -> tuple[Column, ...]:
    """A column of cases for each period; those across a break are marked. Of one period it is `CASES`."""
    if len(periods) == 1:
        return (CASES,)
    marked = _marked(known, found)
    return tuple(
        Column(label=_marked_span(period, period in marked), unit="cases") for period in periods
    )


def _marked_span(period: Period, marked: bool) -> Bilingual:  # noqa: FBT001
    plain = head(period)
    return text(f"{plain.nl} {BREAK_MARK}", f"{plain.en} {BREAK_MARK}") if marked else plain


def _marked(known: Sequence[Break], found: Sequence[ReleasedTable]) -> frozenset[Period]:
    newest = found[-1].figures
    return frozenset(
        Period.parse(table.figures.period)
        for table in found[:-1]
        if series.crossed(known, table.figures, newest)
    )


def broken(known: Sequence[Break], found: Sequence[ReleasedTable]) -> list[Bilingual]:
    """A remark for each break between the windows that stand beside each other."""
    periods = set(series.columns([Period.parse(table.figures.period) for table in found]))
    beside = [table for table in found if Period.parse(table.figures.period) in periods]
    crossed: list[Break] = []
    for table in beside[:-1]:
        for one in series.crossed(known, table.figures, beside[-1].figures):
            if one not in crossed:
                crossed.append(one)
    return [remark(one) for one in crossed]


def remark(one: Break) -> Bilingual:
    """A break, as it stands under a table."""
    on = f"{one.since.day:02d}-{one.since.month:02d}-{one.since.year}"
    return text(
        f"{BREAK_MARK} Breuk in de reeks op {on}: {one.text.nl.rstrip('.')}. Over een breuk heen wordt niet "
        "vergeleken.",
        f"{BREAK_MARK} Break in the series on {one.since.isoformat()}: {one.text.en.rstrip('.')}. Nothing is "
        "compared across a break.",
    )


def by_chance(rows: int) -> Bilingual | None:
    """What to expect of so many comparisons, of which each is tested by itself."""
    if rows < 2:
        return None
    return text(
        f"Elk van de {rows} rijen is op zichzelf getoetst: van twintig rijen waarin niets veranderde lijkt "
        "er door toeval hoogstens één veranderd.",
        f"Each of the {rows} rows was tested by itself: of twenty rows in which nothing changed, at most one "
        "looks changed by chance.",
    )


def _windows(found: Sequence[ReleasedTable]) -> tuple[Point, ...]:
    """The windows themselves, to see which is compared with which."""
    made = (series.point(table, code) for table in found for code in table.figures.codes[:1])
    return tuple(one for one in made if one is not None)


def _against(before: Point | None) -> Bilingual | None:
    if before is None:
        return None
    plain = span(before.period)
    return text(f"Vergeleken met: {plain.nl}.", f"Compared with: {plain.en}.")
