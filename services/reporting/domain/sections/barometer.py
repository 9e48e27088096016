"""The barometer of the culture: index, parts, history and how to read it; and how far three norms are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.reporting.domain.barometer import (
    LEAST_COVERAGE,
    VERSION,
    Change,
    Reason,
    over_time,
)
from services.reporting.domain.maturity import LEVELS, NORMS, SIDES
from services.reporting.domain.sections.phrases import A_PART, same, span
from services.reporting.domain.series import UNITS
from shared.contracts.report import (
    Absent,
    Bilingual,
    Column,
    Entries,
    Entry,
    Figures,
    KeyFigure,
    Paragraphs,
    Row,
    Shown,
    Table,
)
from shared.taxonomy.period import Period

if TYPE_CHECKING:
    from services.reporting.domain.barometer import Barometer, Measured, Point
    from services.reporting.domain.ground import Ground
    from services.reporting.domain.maturity import MaturityAssessed, MaturityEvidence
    from shared.contracts.report import Block, Cell

REASONS: Final = {
    Reason.NOT_RELEASED: Bilingual(
        nl="hiervan is niets vrijgegeven", en="nothing of this was released"
    ),
    Reason.NO_PULSE: Bilingual(nl="er was geen peiling", en="there was no pulse"),
    Reason.NOT_ASKED: Bilingual(nl="niet gevraagd in de peiling", en="not asked in the pulse"),
    Reason.TOO_FEW_ANSWERS: Bilingual(
        nl="te weinig antwoorden om te tonen", en="too few answers to show"
    ),
    Reason.NO_HEADCOUNT: Bilingual(
        nl="niet bekend hoeveel mensen er werkten", en="not known how many people worked here"
    ),
    Reason.TOO_LITTLE_COVERED: Bilingual(
        nl=f"minder dan {LEAST_COVERAGE} van de 100 gewichtspunten is gemeten",
        en=f"less than {LEAST_COVERAGE} of the 100 points of weight was measured",
    ),
    Reason.TOO_INEXACT: Bilingual(
        nl="de grenzen liggen te ver uiteen", en="the bounds lie too far apart"
    ),
}
"""Why there is no number."""

CHANGES: Final = {
    Change.HIGHER: Bilingual(
        nl="Hoger dan de vorige keer: de grenzen raken elkaar niet.",
        en="Higher than the time before: the bounds do not meet.",
    ),
    Change.LOWER: Bilingual(
        nl="Lager dan de vorige keer: de grenzen raken elkaar niet.",
        en="Lower than the time before: the bounds do not meet.",
    ),
    Change.NO_CLEAR_CHANGE: Bilingual(
        nl="Geen duidelijk verschil met de vorige keer: de grenzen overlappen.",
        en="No clear difference from the time before: the bounds overlap.",
    ),
    Change.NOT_COMPARABLE: Bilingual(
        nl="Niet te vergelijken met de vorige keer: er zijn andere onderdelen gemeten, of er is anders "
        "geteld.",
        en="Not to be compared with the time before: other parts were measured, or counted otherwise.",
    ),
}
"""What is said of an index beside the one before it."""

_READ: Final = (
    Bilingual(
        nl="Dit ene getal, van 0 tot 100, vat samen of mensen zich gehoord voelen, iets durven zeggen, en "
        "zaken samen oplossen. Het is het gewogen gemiddelde van de onderdelen die zijn gemeten. Lees altijd "
        "de grenzen mee, en de onderdelen: daar begint het gesprek.",
        en="This one number, from 0 to 100, sums up whether people feel heard, dare to speak, and solve "
        "things together. It is the weighted mean of the parts that were measured. Always read its bounds, "
        "and the parts: the talk begins there.",
    ),
    Bilingual(
        nl="Meer meldingen verlagen de barometer nooit. Wie zich meldt vertrouwt dat het zin heeft.",
        en="More cases never lower the barometer. Who comes trusts that it is of use.",
    ),
    Bilingual(
        nl="De grenzen rekenen alsof elk cijfer zijn hele marge mis is, steeds in de slechtste of de beste "
        "richting. Over wie niet antwoordde zeggen zij niets. Het getal is geen oordeel over iemand.",
        en="The bounds count as if each figure were off by its whole margin, always in the worst or the best "
        "direction. Of who did not answer they say nothing. The number is no judgement of anybody.",
    ),
)


def build(ground: Ground) -> tuple[Block, ...]:
    """Index, parts and history where enough was measured; else why there is no number. Then the norms."""
    points = over_time(
        until=ground.period,
        tables=[one.figures for one in (*ground.history, *ground.tables)],
        pulses=ground.pulses,
        people=ground.people.whole,
        breaks=ground.breaks,
    )
    blocks = [*_barometer(points), *_norms(ground)]
    return tuple(blocks)


def _barometer(points: tuple[Point, ...]) -> list[Block]:
    now = points[-1].barometer
    measured = [one for one in now.parts if one.score is not None]
    if not measured:
        return []
    if now.index is None or now.low is None or now.high is None:
        return [Paragraphs(items=_without(now, measured))]
    change = points[-1].change
    bounds = Bilingual(
        nl=f"Tussen {now.low} en {now.high}. Gemeten is {now.coverage} van de 100 gewichtspunten "
        f"({VERSION}).",
        en=f"Between {now.low} and {now.high}. Measured are {now.coverage} of the 100 points of weight "
        f"({VERSION}).",
    )
    blocks: list[Block] = [
        Figures(
            items=(
                KeyFigure(
                    label=Bilingual(nl="Barometer", en="Barometer"),
                    unit="points",
                    cell=Shown(value=now.index),
                    note=bounds,
                ),
            )
        ),
        _parts(now),
    ]
    said = [_missing(now), None if change is None else CHANGES[change]]
    if told := tuple(one for one in said if one is not None):
        blocks.append(Paragraphs(items=told))
    with_index = [one for one in points if one.barometer.index is not None]
    if len(with_index) > 1:
        blocks.append(_history(points))
    blocks.append(Paragraphs(items=_READ))
    return blocks


def _without(now: Barometer, measured: list[Measured]) -> tuple[Bilingual, ...]:
    why = REASONS[now.reason or Reason.TOO_LITTLE_COVERED]
    nl = ", ".join(f"{one.part.name.nl.lower()} ({one.low} tot {one.high})" for one in measured)
    en = ", ".join(f"{one.part.name.en.lower()} ({one.low} to {one.high})" for one in measured)
    return (
        Bilingual(
            nl=f"Er is geen barometer: {why.nl}. Wat wel is gemeten, in punten van 0 tot 100: {nl}.",
            en=f"There is no barometer: {why.en}. What was measured, in points from 0 to 100: {en}.",
        ),
    )


def _parts(now: Barometer) -> Table:
    return Table(
        id="barometer_parts",
        title=Bilingual(nl="Onderdelen van de barometer", en="Parts of the barometer"),
        columns=(*_POINTS, Column(label=Bilingual(nl="Gewicht", en="Weight"), unit="number")),
        rows=tuple(
            Row(
                label=one.part.name,
                cells=(*_cells(one.score, one.low, one.high), Shown(value=one.part.weight)),
            )
            for one in now.parts
            if one.score is not None
        ),
        chart="bars",
        note=Bilingual(
            nl="De barometer is de som van punten maal gewicht, gedeeld door de som van de gewichten.",
            en="The barometer is the sum of points times weight, divided by the sum of the weights.",
        ),
    )


_POINTS: Final = (
    Column(label=Bilingual(nl="Punten", en="Points"), unit="points"),
    Column(label=Bilingual(nl="Ondergrens", en="Lower bound"), unit="points"),
    Column(label=Bilingual(nl="Bovengrens", en="Upper bound"), unit="points"),
)


def _cells(*values: int | None) -> tuple[Cell, ...]:
    return tuple(Absent() if value is None else Shown(value=value) for value in values)


def _missing(now: Barometer) -> Bilingual | None:
    """The parts that were not measured, by reason; None where there are none."""
    by_reason: dict[Reason, list[Bilingual]] = {}
    for one in now.parts:
        if one.reason is not None:
            by_reason.setdefault(one.reason, []).append(one.part.name)
    if not by_reason:
        return None
    told = [
        (
            ", ".join(name.nl.lower() for name in names),
            ", ".join(name.en.lower() for name in names),
            REASONS[reason],
        )
        for reason, names in by_reason.items()
    ]
    return Bilingual(
        nl="Niet gemeten: " + "; ".join(f"{nl} ({why.nl})" for nl, _, why in told) + ".",
        en="Not measured: " + "; ".join(f"{en} ({why.en})" for _, en, why in told) + ".",
    )


def _history(points: tuple[Point, ...]) -> Table:
    """A row for each period. No line is drawn from one to the next: they may not be comparable."""
    broken = any(one.change is Change.NOT_COMPARABLE for one in points)
    return Table(
        id="barometer_history",
        title=Bilingual(nl="De barometer door de tijd", en="The barometer over time"),
        columns=(
            *_POINTS,
            Column(label=Bilingual(nl="Gemeten gewicht", en="Weight measured"), unit="number"),
        ),
        rows=tuple(
            Row(
                label=_when(one),
                cells=(
                    *_cells(one.barometer.index, one.barometer.low, one.barometer.high),
                    Shown(value=one.barometer.coverage),
                ),
            )
            for one in points
        ),
        chart="bars",
        note=Bilingual(
            nl="*: breuk in de reeks, er zijn andere onderdelen gemeten dan de keer ervoor, of er is anders "
            "geteld.",
            en="*: a break in the series, other parts were measured than the time before, or counted "
            "otherwise.",
        )
        if broken
        else None,
    )


def _when(one: Point) -> Bilingual:
    name = span(Period.parse(one.barometer.period))
    if one.change is not Change.NOT_COMPARABLE:
        return name
    return Bilingual(nl=f"{name.nl} *", en=f"{name.en} *")


# Maturity -----------------------------------------------------------------------------------------


def _norms(ground: Ground) -> list[Block]:
    if not ground.maturity:
        return []
    return [
        Paragraphs(
            items=(
                Bilingual(
                    nl="Hoe ver zijn drie normen? Wie een trap noemt (1 tot 5), zegt waarom en wijst aan wat "
                    "het laat zien. Er wordt niets uitgerekend; waar de een iets anders ziet dan de ander, "
                    "is er iets te bespreken.",
                    en="How far are three norms? Who names a level (1 to 5) says why and points at what "
                    "shows it. Nothing is computed; where one sees it otherwise than another, there is "
                    "something to talk about.",
                ),
            )
        ),
        Entries(items=tuple(_claim(one, ground) for one in ground.maturity)),
    ]


def _claim(one: MaturityAssessed, ground: Ground) -> Entry:
    norm, level, side = NORMS[one.norm], LEVELS[one.level - 1], SIDES[one.side]
    return Entry(
        title=Bilingual(
            nl=f"{norm.nl}: trap {one.level}, {level.nl}",
            en=f"{norm.en}: level {one.level}, {level.en}",
        ),
        text=Bilingual(nl=one.words, en=one.words),
        facts=(
            (Bilingual(nl="Volgens", en="According to"), side),
            (Bilingual(nl="Periode", en="Period"), span(Period.parse(one.period))),
            *(
                (Bilingual(nl="Wat het laat zien", en="What shows it"), _evidence(each, ground))
                for each in one.evidence
            ),
        ),
    )


def _evidence(one: MaturityEvidence, ground: Ground) -> Bilingual:
    if one.measure_id is not None or one.period is None:
        return _measure(one, ground)
    when, what = span(Period.parse(one.period)), _called(one, ground)
    if one.kind == "pulse":
        return Bilingual(nl=f"peiling, {when.nl}: {what.nl}", en=f"pulse, {when.en}: {what.en}")
    return Bilingual(
        nl=f"vrijgegeven cijfer, {when.nl}: {what.nl}", en=f"released figure, {when.en}: {what.en}"
    )


def _measure(one: MaturityEvidence, ground: Ground) -> Bilingual:
    """By its title, where its recommendation was not taken back."""
    done = Bilingual(nl="maatregel die is uitgevoerd", en="measure that was carried out")
    found = None if one.measure_id is None else ground.loop.measure(one.measure_id)
    if found is None:
        return done
    title = found.planned.title.bilingual
    return Bilingual(nl=f"{done.nl}: {title.nl}", en=f"{done.en}: {title.en}")


def _called(one: MaturityEvidence, ground: Ground) -> Bilingual:
    """The words of a question or a cell; its code where they are not known any more. All staff reads this
    chapter, so no part of the organisation is named.
    """
    if one.table in UNITS:
        return A_PART
    code = one.cell or ""
    for kept in ground.pulses if one.kind == "pulse" else ():
        for asked in kept.questions:
            if (kept.period, asked.code) == (one.period, code):
                return Bilingual(nl=asked.nl, en=asked.en)
    for table in (*ground.tables, *ground.history):
        if (table.figures.dimension, table.figures.period) == (one.table, one.period):
            return Bilingual(nl=table.labels_nl.get(code, code), en=table.labels_en.get(code, code))
    return same(code)
