"""All cases, for each hundred people, and what may be said of it beside the same period before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.reporting.domain import series
from services.reporting.domain.reasons import why_not
from services.reporting.domain.sections.over_time import MORE, remark
from services.reporting.domain.sections.phrases import (
    MORE_IS_NOT_WORSE,
    head,
    number,
    paragraphs,
    span,
    text,
)
from services.reporting.domain.series import TENDENCIES
from services.reporting.domain.statistics import Tendency, per_hundred
from shared.contracts.report import (
    Absent,
    Column,
    Figures,
    KeyFigure,
    Row,
    Said,
    Shown,
    Table,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.reporting.domain.ground import Ground
    from services.reporting.domain.series import Break, Point
    from shared.contracts.report import Bilingual, Block, Cell


def build(ground: Ground) -> tuple[Block, ...]:
    """The total and its rate, the series of both, and sentences on what may be said of them."""
    points = series.totals(ground)
    if not points or points[-1].period != ground.period:
        return (paragraphs(why_not(ground, "total")),)
    newest, before = points[-1], series.earlier(points)
    known = series.breaks(ground)
    items = [KeyFigure(label=_CASES, unit="cases", cell=newest.cell, note=_COUNTED)]
    rate = _rate(newest)
    if rate is not None:
        items.append(rate)
    words = None
    if before is not None:
        words = series.said(known, before, newest, None)
        items.append(_change(before, words))
    blocks: list[Block] = [Figures(items=tuple(items))]
    blocks += _over_time(points)
    remarks = _remarks(known, points, words)
    if remarks:
        blocks.append(paragraphs(*remarks))
    return tuple(blocks)


_CASES = text("Meldingen", "Cases")
_COUNTED = text(
    "Meldingen die in deze periode zijn geboekt. Eén persoon kan er meer hebben.",
    "Cases that were booked in this period. One person may have several.",
)


def _rate(one: Point) -> KeyFigure | None:
    cell = rate_cell(one)
    if cell is None or one.reading is None:
        return None
    people = one.reading.exposure
    _, low, high = per_hundred(one.reading, people)
    staff, least, most = number(round(people)), number(low, 1), number(high, 1)
    return KeyFigure(
        label=text("Meldingen op elke 100 medewerkers", "Cases for each 100 staff"),
        unit="per_100",
        cell=cell,
        note=text(
            f"Op {staff.nl} medewerkers in deze periode. Wordt ook toeval meegeteld, dan past het bij "
            f"{least.nl} tot {most.nl}.",
            f"Of {staff.en} staff in this period. Where chance is counted too, it agrees with {least.en} to "
            f"{most.en}.",
        ),
    )


def rate_cell(one: Point | None) -> Cell | None:
    """The rate of a figure that is shown, with its margin; None where either number is not known."""
    if one is None or not isinstance(one.cell, Shown) or one.reading is None:
        return None
    people = one.reading.exposure
    if people == 1.0:
        return None
    margin = one.cell.margin
    return Shown(
        value=round(1000 * one.cell.value / people),
        margin=None if margin is None else round(1000 * margin / people),
        decimals=1,
    )


def _change(before: Point, words: Bilingual) -> KeyFigure:
    plain = span(before.period)
    return KeyFigure(
        label=text(f"Vergeleken met {plain.nl}", f"Compared with {plain.en}"),
        unit="cases",
        cell=Said(text=words),
    )


def _over_time(points: Sequence[Point]) -> list[Block]:
    if len(points) < 2:
        return []
    by_period = {one.period: one for one in points}
    periods = series.columns([one.period for one in points])
    rates = [rate_cell(by_period.get(period)) for period in periods]
    tables: list[Block] = [
        Table(
            id="total",
            title=text("Meldingen door de tijd", "Cases over time"),
            columns=tuple(Column(label=head(period), unit="cases") for period in periods),
            rows=(
                Row(
                    label=_CASES,
                    cells=tuple(
                        by_period[period].cell if period in by_period else Absent()
                        for period in periods
                    ),
                ),
            ),
            chart="series",
        )
    ]
    if sum(rate is not None for rate in rates) > 1:
        tables.append(
            Table(
                id="total_per_100",
                title=text(
                    "Meldingen op elke 100 medewerkers door de tijd",
                    "Cases for each 100 staff over time",
                ),
                columns=tuple(Column(label=head(period), unit="per_100") for period in periods),
                rows=(
                    Row(
                        label=text("Op elke 100 medewerkers", "For each 100 staff"),
                        cells=tuple(Absent() if rate is None else rate for rate in rates),
                    ),
                ),
                chart="series",
            )
        )
    return tables


def _remarks(
    known: Sequence[Break], points: Sequence[Point], words: Bilingual | None
) -> list[Bilingual]:
    found = []
    tendency = series.lasting(known, points, None)
    if tendency is not Tendency.TOO_SHORT:
        plain = TENDENCIES[tendency]
        found.append(
            text(
                f"Over alle perioden die te vergelijken zijn: {plain.nl}.",
                f"Over all periods that can be compared: {plain.en}.",
            )
        )
    elif words is not None:
        found.append(_NO_TREND)
    newest = points[-1]
    crossed: list[Break] = []
    for one in points[:-1]:
        for each in series.crossed(known, one.figures, newest.figures):
            if each not in crossed:
                crossed.append(each)
    found += [remark(one) for one in crossed]
    if tendency is Tendency.RISING or words in MORE:
        found.append(MORE_IS_NOT_WORSE)
    return found


_NO_TREND = text(
    "Er zijn nog geen drie perioden na elkaar die te vergelijken zijn. Van minder heet niets een trend.",
    "There are no three periods in a row yet that can be compared. Of fewer nothing is called a trend.",
)
