"""Released figures over time: which windows there are, where a series breaks, and what may be compared.

Two windows are compared only if they are equally long, count the same, and stand for the same parts of
the organisation. Everything here is made of what is shown: a figure that is not shown has no value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from services.reporting.domain.statistics import Reading, Tendency, Verdict, tendency, verdict
from shared.contracts.report import Below, Bilingual, Shown, Withheld
from shared.taxonomy.period import Period

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from services.reporting.domain.breaks import SeriesBreakRecorded
    from services.reporting.domain.figures import Figures
    from services.reporting.domain.ground import Ground, ReleasedTable
    from services.reporting.domain.people import People
    from shared.contracts.report import Cell

TOTAL: Final = "total"
"""The table of one cell, and the name of the series of totals."""

COLUMNS: Final = 4
"""Windows beside each other in a table."""

LONGEST: Final = 8
"""Windows in which something is looked for: four years of half-years."""

UNITS: Final = frozenset({"unit", "unit_area", "unit_theme"})
"""Tables whose codes begin with a unit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """From `since` on figures do not count what they counted before. `tables`: which dimensions, none for
    all; `units`: which parts of the organisation, None for all. `whole`: the window in which it lies is
    itself no whole one, so that it is compared with none.
    """

    since: date
    text: Bilingual
    tables: frozenset[str] = frozenset()
    units: frozenset[str] | None = None
    whole: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A figure of one window: as it is printed, and as it is compared; `reading` None: it cannot be."""

    period: Period
    cell: Cell
    reading: Reading | None
    figures: Figures


# Windows ------------------------------------------------------------------------------------------


def windows(ground: Ground, dimension: str) -> tuple[ReleasedTable, ...]:
    """The tables of that dimension that are as long as the newest of them, oldest first: the newest is the
    report's own, or else the last one that was released up to its end and not more than a year before.
    """
    own = [table for table in ground.tables if table.figures.dimension == dimension]
    past = [
        table
        for table in ground.history
        if table.figures.dimension == dimension
        and Period.parse(table.figures.period).end <= ground.period.end
    ]
    past.sort(key=lambda table: Period.parse(table.figures.period).end)
    if not own:
        recent = [
            table
            for table in past
            if (ground.period.end - Period.parse(table.figures.period).end).days < _YEAR
        ]
        # Of two that end on one day the longer one tells more.
        own = sorted(recent, key=lambda table: _length(table.figures))[-1:]
    if not own:
        return ()
    newest = own[-1]
    last, grain = Period.parse(newest.figures.period), Period.parse(newest.figures.period).grain
    found = {
        period: table
        for table in past
        if (period := Period.parse(table.figures.period)).grain == grain and period < last
    }
    found[last] = newest
    return tuple(found[period] for period in sorted(found))[-LONGEST:]


_YEAR: Final = 366


def _length(figures: Figures) -> tuple[date, int]:
    period = Period.parse(figures.period)
    return period.end, (period.end - period.start).days


def columns(periods: Sequence[Period]) -> tuple[Period, ...]:
    """The windows of a table over time, oldest first, with those in between that were not measured."""
    if not periods:
        return ()
    return tuple(periods[0].until(periods[-1]))[-COLUMNS:]


def point(table: ReleasedTable, code: str, people: float | None = None) -> Point | None:
    """A cell of a window; None where it has no such cell. `people` are those behind it, if known."""
    figures, exposure = table.figures, people or 1.0
    period = Period.parse(figures.period)
    for cell in figures.cells:
        if cell.code == code:
            return Point(
                period=period,
                cell=Shown(value=cell.count, margin=cell.margin),
                reading=Reading(cell.count, cell.margin, exposure),
                figures=figures,
            )
    block = figures.withheld
    if block is None or code not in block.codes:
        return None
    if figures.policy == "exact":
        return Point(period=period, cell=Withheld(), reading=None, figures=figures)
    least = block.thresholds[block.codes.index(code)]
    # No margin is told of a figure that is not shown; its threshold is never below it.
    widest = max((cell.margin or 0 for cell in figures.cells), default=least) or least
    return Point(
        period=period,
        cell=Below(threshold=least),
        reading=Reading(least - 1, widest, exposure, ceiling=True),
        figures=figures,
    )


def totals(ground: Ground) -> tuple[Point, ...]:
    """All cases of each window as long as the report's, oldest first. A total that is not shown stands
    among them; a window without any table does not.
    """
    found: dict[Period, Point] = {}
    for table in (*ground.history, *ground.tables):
        figures = table.figures
        period = Period.parse(figures.period)
        if period.grain != ground.period.grain or ground.period < period:
            continue
        made = _total(table, ground.people.whole(period))
        old = found.get(period)
        if made is not None and (old is None or isinstance(made.cell, Shown)):
            found[period] = made
    return tuple(found[period] for period in sorted(found))[-LONGEST:]


def _total(table: ReleasedTable, people: float | None) -> Point | None:
    figures = table.figures
    if figures.dimension == TOTAL:
        return next((point(table, code, people) for code in figures.codes), None)
    if figures.total is None:
        if figures.policy == "noisy":
            return None  # it has a table of its own
        period = Period.parse(figures.period)
        return Point(period=period, cell=Withheld(), reading=None, figures=figures)
    return Point(
        period=Period.parse(figures.period),
        cell=Shown(value=figures.total, margin=figures.total_margin),
        reading=Reading(figures.total, figures.total_margin, people or 1.0),
        figures=figures,
    )


def earlier(points: Sequence[Point]) -> Point | None:
    """With which window the newest of them is compared: the same part of the year before, or else the one
    that was before it, among those that stand beside it.
    """
    if len(points) < 2:
        return None
    shown = set(columns([one.period for one in points]))
    rest = [one for one in points[:-1] if one.period in shown]
    newest = points[-1].period
    for one in rest:
        if (one.period.half, one.period.quarter, one.period.year) == (
            newest.half,
            newest.quarter,
            newest.year - 1,
        ):
            return one
    return rest[-1] if rest else None


# Breaks -------------------------------------------------------------------------------------------


def breaks(ground: Ground) -> tuple[Break, ...]:
    """All that are known of the organisation, oldest first."""
    return known_breaks(ground.breaks, ground.people)


def known_breaks(recorded: Sequence[SeriesBreakRecorded], people: People) -> tuple[Break, ...]:
    """All that are known, oldest first: those that advisers recorded, the beginning here, and
    reorganisations. A changed taxonomy shows in the tables themselves (`crossed`).
    """
    found = [
        Break(
            since=Period.parse(one.since).start,
            text=Bilingual(nl=one.text_nl, en=one.text_en),
            tables=frozenset(one.tables),
        )
        for one in recorded
    ]
    since = people.since
    if since is not None:
        found.append(Break(since=since, text=_BEGUN, whole=False))
    found += [
        Break(since=one.since.start, text=_MOVED, tables=UNITS, units=one.units)
        for one in people.moved()
    ]
    return tuple(sorted(found, key=lambda one: one.since))


_BEGUN: Final = Bilingual(
    nl="vanaf die dag worden meldingen hier geregistreerd; wat ervoor was komt uit een ouder register, en de "
    "periode waarin die dag valt is niet heel",
    en="cases are registered here from that day on; what was before comes from an older register, and the "
    "period in which that day lies is not a whole one",
)
_MOVED: Final = Bilingual(
    nl="de organisatie is anders ingedeeld", en="the organisation is divided otherwise"
)
_TAXONOMY: Final = Bilingual(
    nl="een nieuwe versie van de indeling in categorieën",
    en="a new version of the list of categories",
)


def crossed(
    known: Sequence[Break], before: Figures, now: Figures, code: str | None = None
) -> tuple[Break, ...]:
    """The breaks between two windows of a table: for one cell of it, or for any."""
    first, last = Period.parse(before.period), Period.parse(now.period)
    found = [
        one
        for one in known
        if (not one.tables or now.dimension in one.tables)
        and _touches(one, now.dimension, code)
        and _between(one, first, last)
    ]
    if before.taxonomy_version != now.taxonomy_version and now.dimension not in (TOTAL, "unit"):
        found.append(Break(since=last.start, text=_TAXONOMY))
    return tuple(found)


def _between(one: Break, first: Period, last: Period) -> bool:
    if one.whole:
        return first.start < one.since < last.end
    # A window in the middle of which it began is compared with none.
    inside = any(period.start < one.since < period.end for period in (first, last))
    return inside or (first.end <= one.since <= last.start)


def _touches(one: Break, dimension: str, code: str | None) -> bool:
    if one.units is None or code is None or dimension not in UNITS:
        return True
    unit = code.split("/")[0]
    # Of several units that were put together, and of what is said of none, the members are not known.
    return unit in one.units or "+" in unit or unit == "not_said"


# What is said -------------------------------------------------------------------------------------


def said(known: Sequence[Break], before: Point | None, now: Point, code: str | None) -> Bilingual:
    """What is said of two windows, in a few cautious words."""
    if before is None:
        return NOT_MEASURED
    if crossed(known, before.figures, now.figures, code):
        return NOT_COMPARABLE
    if before.reading is None or now.reading is None:
        return NOT_SHOWN
    return WORDS[verdict(*alike(before.reading, now.reading))]


def lasting(known: Sequence[Break], points: Sequence[Point], code: str | None) -> Tendency:
    """What is said of the windows that can be compared with the newest and follow each other without a
    gap, all of them shown; never of fewer than three.
    """
    run: list[Point] = []
    for one in reversed(points):
        if not isinstance(one.cell, Shown) or one.reading is None:
            break
        if run and one.period.end != run[-1].period.start:
            break
        if run and crossed(known, one.figures, points[-1].figures, code):
            break
        run.append(one)
    return tendency(_evenly([one.reading for one in reversed(run) if one.reading is not None]))


def alike(before: Reading, now: Reading) -> tuple[Reading, Reading]:
    """Two readings with their headcounts, where both have one; else as if they were of equally many."""
    first, last = _evenly([before, now])
    return first, last


def _evenly(readings: list[Reading]) -> list[Reading]:
    """Headcounts count where each window has one; else all count alike."""
    if all(one.exposure != 1.0 for one in readings):
        return readings
    return [Reading(one.value, one.margin, 1.0, one.ceiling) for one in readings]


WORDS: Final[dict[Verdict, Bilingual]] = {
    Verdict.NO_CLEAR_CHANGE: Bilingual(nl="geen duidelijke verandering", en="no clear change"),
    Verdict.FEWER: Bilingual(nl="minder", en="fewer"),
    Verdict.MORE: Bilingual(nl="meer", en="more"),
    Verdict.STRONGLY_MORE: Bilingual(nl="veel meer", en="strongly more"),
    Verdict.TOO_FEW: Bilingual(nl="te weinig om iets te zeggen", en="too few to say"),
}
TENDENCIES: Final[dict[Tendency, Bilingual]] = {
    Tendency.RISING: Bilingual(nl="stijgt", en="rising"),
    Tendency.DECLINING: Bilingual(nl="daalt", en="declining"),
    Tendency.NO_CLEAR_TREND: Bilingual(nl="geen duidelijke lijn", en="no clear trend"),
    Tendency.TOO_SHORT: Bilingual(nl="te kort om een lijn te zien", en="too short to see a trend"),
}
NOT_MEASURED: Final = Bilingual(nl="niet gemeten", en="not measured")
NOT_COMPARABLE: Final = Bilingual(nl="niet te vergelijken", en="not comparable")
NOT_SHOWN: Final = Bilingual(nl="niet getoond", en="not shown")
