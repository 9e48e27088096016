"""What it does to people, and how tenable work is: HR's own figures beside released ones, what they cost
as a range, and words where there is no figure.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Final

from services.reporting.domain.association import Association, Together
from services.reporting.domain.hr_figures import (
    MEASURES,
    SCALE,
    WHOLE,
    Cost,
    HrFigures,
    absence_rises,
    costs,
    year_before,
)
from services.reporting.domain.hr_joined import LEAST_PEOPLE, beside, compared, per_hundred, told
from services.reporting.domain.sections.phrases import same
from services.reporting.domain.sections.tables import cells
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
    Said,
    Shown,
    Table,
)
from shared.taxonomy.period import Period

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.reporting.domain.ground import Ground
    from shared.contracts.report import Block, Cell

_LONGEST: Final = 10
"""Half-years in a series: the newest."""

_STEADY: Final = Fraction(5, 100)
"""A difference of less than a twentieth from the year before is called about equal."""

NOT_CAUSAL: Final = Bilingual(
    nl="Dat twee reeksen samen bewegen, zegt niet dat de ene de andere veroorzaakt.",
    en="That two series move together does not say that one causes the other: this is not causal.",
)

_FROM_HR = Bilingual(
    nl="De cijfers over verzuim, vertrek, werkplezier en vacatures zijn van HR zelf. Zij zijn niet gemaakt"
    " uit meldingen, en zeggen niet waardoor iemand ziek werd of vertrok.",
    en="The figures of absence, leaving, pleasure of working and vacancies are HR's own. They are not made of"
    " cases, and do not say why anybody fell ill or left.",
)
_NO_FIGURES = Bilingual(
    nl="HR heeft over dit halfjaar geen cijfers over verzuim, vertrek of werkplezier geleverd; een getal is"
    " er dus niet.",
    en="HR gave no figures of absence, leaving or pleasure of working for this half-year; so there is no"
    " number.",
)
_NO_STRESS = Bilingual(
    nl="Over stress, angst, slecht slapen en verlies van motivatie is er geen cijfer: het raster van deze"
    " organisatie meet ze niet. De vertrouwenspersonen vertellen er in hun duiding over.",
    en="There is no figure of stress, fear, bad sleep and lost motivation: the grid of this organisation"
    " does not measure them. The advisers tell of them in their interpretation.",
)
_COST_NOTE = Bilingual(
    nl="Alle kosten van verzuim, vertrek en vacatures samen, wat ook de oorzaak was; geen schatting van wat"
    " onveiligheid kost. Van een slechte naam is alleen bekend wat vacatures kosten die lang openstaan.",
    en="All cost of absence, leaving and vacancies, whatever the cause; no estimate of what unsafety costs."
    " Of a bad name only the cost of vacancies that stay open for long is known.",
)


def build(ground: Ground) -> tuple[Block, ...]:
    """The series, the units, what goes together, what it costs, and how tenable work is."""
    figures, half = ground.hr, _half(ground.period)
    if not any(one == half for one in figures.periods(half)):
        return (Paragraphs(items=(_NO_FIGURES, _NO_STRESS)),) if figures.version else ()
    return (
        Paragraphs(items=(_FROM_HR, _NO_STRESS)),
        _series(figures, half),
        *_units(ground, half),
        *_together(ground, half),
        *_costs(figures, half),
        _tenability(ground, half),
    )


def _half(period: Period) -> Period:
    """The half-year with which the report's period ends."""
    return period if period.grain == "half-year" else period.parts("half-year")[-1]


def _shown(hundredths: int | None, measure: str) -> Cell:
    if hundredths is None:
        return Absent()
    decimals = MEASURES[measure].decimals
    return _rounded(Fraction(hundredths, SCALE), decimals)


def _rounded(value: Fraction, decimals: int) -> Shown:
    return Shown(value=round(value * 10**decimals), decimals=decimals)


def _measures(figures: HrFigures, half: Period) -> list[str]:
    given = {measure for period, unit, measure in figures.values if unit == WHOLE}
    return [code for code in MEASURES if code in given and figures.periods(half)]


def _series(figures: HrFigures, half: Period) -> Table:
    measures = _measures(figures, half)
    return Table(
        id="hr_series",
        title=Bilingual(
            nl="Verzuim, vertrek en werkplezier per halfjaar",
            en="Absence, leaving and pleasure of working, by half-year",
        ),
        columns=tuple(
            Column(label=MEASURES[code].label, unit=MEASURES[code].unit) for code in measures
        ),
        rows=tuple(
            Row(
                label=same(str(period)),
                cells=tuple(
                    _shown(figures.value(str(period), WHOLE, code), code) for code in measures
                ),
            )
            for period in figures.periods(half)[-_LONGEST:]
        ),
        note=Bilingual(
            nl="Bron: HR, hele organisatie. Lang open: langer dan drie maanden.",
            en="Source: HR, whole organisation. Long open: for more than three months.",
        ),
    )


def _units(ground: Ground, half: Period) -> Iterator[Table]:
    figures = ground.hr
    units = told(beside(ground.tables, figures, ground.people), figures, half)
    if not units:
        return
    rows = []
    for one in units:
        left = per_hundred(figures, str(half), one.unit, "leavers")
        rows.append(
            Row(
                label=Bilingual(nl=one.label_nl, en=one.label_en),
                cells=(
                    _rounded(one.rate, 1),
                    _shown(
                        figures.value(str(half), one.unit, "absence_percent"), "absence_percent"
                    ),
                    Absent() if left is None else _rounded(left, 1),
                    _shown(figures.value(str(half), one.unit, "wellbeing"), "wellbeing"),
                ),
            )
        )
    yield Table(
        id="hr_units",
        title=Bilingual(nl="Naast de meldingen, per onderdeel", en="Beside the cases, by unit"),
        columns=(
            Column(label=Bilingual(nl="Meldingen", en="Cases"), unit="per_100"),
            Column(label=MEASURES["absence_percent"].label, unit="percent"),
            Column(label=MEASURES["leavers"].label, unit="per_100"),
            Column(label=MEASURES["wellbeing"].label, unit="number"),
        ),
        rows=tuple(rows),
        note=Bilingual(
            nl=f"Alleen onderdelen waarvan het aantal meldingen wordt getoond en waar volgens HR minstens"
            f" {LEAST_PEOPLE} mensen werken, en in de rest van de organisatie ook. {NOT_CAUSAL.nl}",
            en=f"Only units whose number of cases is shown, and where by HR's count at least"
            f" {LEAST_PEOPLE} people work, and in the rest of the organisation too. {NOT_CAUSAL.en}",
        ),
    )


def _together(ground: Ground, half: Period) -> Iterator[Block]:
    found = compared((*ground.history, *ground.tables), ground.hr, ground.people, half)
    if not found:
        return
    yield Entries(
        items=tuple(
            Entry(
                title=Bilingual(
                    nl=f"Meldingen per 100 mensen, en {MEASURES[one.measure].label.nl.lower()}"
                    f" {_later(one.lag).nl}",
                    en=f"Cases for each 100 people, and {MEASURES[one.measure].label.en.lower()}"
                    f" {_later(one.lag).en}",
                ),
                text=sentence(one.found),
            )
            for one in found
        )
    )


def _later(halves: int) -> Bilingual:
    return (
        Bilingual(nl="in hetzelfde halfjaar", en="in the same half-year"),
        Bilingual(nl="een halfjaar later", en="half a year later"),
        Bilingual(nl="een jaar later", en="a year later"),
    )[halves]


def sentence(found: Association) -> Bilingual:
    """What is said of a correlation, with its pairs and its interval."""
    if found.verdict is Together.TOO_FEW:
        return Bilingual(
            nl=f"Te weinig om iets te zeggen: {found.pairs} paren van {found.units} onderdelen.",
            en=f"Too few to say anything: {found.pairs} pairs of {found.units} units.",
        )
    numbers = _numbers(found)
    match found.verdict:
        case Together.SAME_WAY:
            words = Bilingual(nl="Zij stijgen en dalen samen", en="They rise and fall together")
        case Together.OPPOSITE_WAYS:
            words = Bilingual(
                nl="Stijgt het ene, dan daalt het andere", en="Where one rises the other falls"
            )
        case _:
            words = Bilingual(nl="Geen verband te zien", en="No relation can be seen")
    return Bilingual(
        nl=f"{words.nl} ({numbers.nl}). {NOT_CAUSAL.nl}",
        en=f"{words.en} ({numbers.en}). {NOT_CAUSAL.en}",
    )


def _numbers(found: Association) -> Bilingual:
    pairs = f"{found.pairs} paren", f"{found.pairs} pairs"
    if found.correlation is None or found.low is None or found.high is None:
        return Bilingual(
            nl=f"{pairs[0]}; een van beide veranderde niet",
            en=f"{pairs[1]}; one of the two did not change",
        )
    middle, low, high = (
        f"{value / 100:+.2f}" for value in (found.correlation, found.low, found.high)
    )
    return Bilingual(
        nl=f"rangcorrelatie {middle}, van {low} tot {high}, {pairs[0]}".replace(".", ","),
        en=f"rank correlation {middle}, from {low} to {high}, {pairs[1]}",
    )


def _costs(figures: HrFigures, half: Period) -> Iterator[Block]:
    found = costs(figures, half)
    kept = figures.costs
    if not found or kept is None:
        return
    yield Figures(items=tuple(item for one in found for item in _range(one)))
    yield Paragraphs(
        items=(
            _COST_NOTE,
            Bilingual(
                nl=f"Waar HR van uitgaat: {kept.source}", en=f"What HR assumes: {kept.source}"
            ),
        )
    )


def _range(cost: Cost) -> tuple[KeyFigure, KeyFigure]:
    label = MEASURES[cost.measure].label
    return (
        KeyFigure(
            label=Bilingual(
                nl=f"{label.nl}: kosten, minstens (euro)", en=f"{label.en}: cost, at least (euro)"
            ),
            unit="number",
            cell=Shown(value=cost.low),
        ),
        KeyFigure(
            label=Bilingual(
                nl=f"{label.nl}: kosten, hoogstens (euro)", en=f"{label.en}: cost, at most (euro)"
            ),
            unit="number",
            cell=Shown(value=cost.high),
        ),
    )


def _tenability(ground: Ground, half: Period) -> Table:
    figures, then = ground.hr, year_before(half)
    columns: list[Column] = []
    cells_of: list[tuple[Cell, Cell, Cell]] = []
    for code in _measures(figures, half):
        measure = MEASURES[code]
        if measure.higher is None:
            continue
        values = tuple(figures.value(str(period), WHOLE, code) for period in (half, then))
        says = Said(text=_verdict(*values, higher=measure.higher))
        columns.append(Column(label=measure.label, unit=measure.unit))
        cells_of.append((_shown(values[0], code), _shown(values[1], code), says))
    column, workload = _workload(ground)
    columns.append(column)
    cells_of.append(workload)
    labels = (
        same(str(half)),
        same(str(then)),
        Bilingual(nl="Wat dat zegt", en="What that says"),
    )
    return Table(
        id="tenability",
        title=Bilingual(nl="Hoe houdbaar het werk is", en="How tenable work is"),
        columns=tuple(columns),
        rows=tuple(
            Row(label=label, cells=tuple(one[place] for one in cells_of))
            for place, label in enumerate(labels)
        ),
        note=_note(figures, half),
    )


def _verdict(now: int | None, then: int | None, *, higher: bool) -> Bilingual:
    if now is None or then is None:
        return Bilingual(
            nl="Niet te zeggen: een van beide ontbreekt.",
            en="Cannot be said: one of the two is missing.",
        )
    if abs(now - then) < _STEADY * max(then, 1):
        return Bilingual(nl="Ongeveer als een jaar eerder.", en="About what it was a year before.")
    if (now > then) is higher:
        return Bilingual(nl="Gunstiger dan een jaar eerder.", en="Better than a year before.")
    return Bilingual(
        nl="Minder gunstig dan een jaar eerder.", en="Less favourable than a year before."
    )


def _workload(ground: Ground) -> tuple[Column, tuple[Cell, Cell, Cell]]:
    """Released cases of the theme of workload; where it is no cell, words and no number."""
    for table in ground.tables:
        found = cells(table.figures).get("workload")
        if table.figures.dimension == "theme" and found is not None:
            label = Bilingual(nl=table.labels_nl["workload"], en=table.labels_en["workload"])
            see = Bilingual(nl="Zie de duiding.", en="See the interpretation.")
            return Column(label=label, unit="cases"), (found, Absent(), Said(text=see))
    nothing = Bilingual(
        nl="Geen getal: dit raster toont het niet.", en="No number: this grid does not show it."
    )
    label = Bilingual(nl="Werkdruk in meldingen", en="Workload in cases")
    return Column(label=label, unit="cases"), (Absent(), Absent(), Said(text=nothing))


def _note(figures: HrFigures, half: Period) -> Bilingual:
    two = Bilingual(nl="Twee halfjaren zijn nog geen trend.", en="Two half-years are no trend yet.")
    found = absence_rises(figures, half)
    if not found:
        return two
    periods = ", ".join(map(str, found))
    return Bilingual(
        nl=f"{two.nl} Verzuim lag minstens een half procentpunt hoger dan een jaar eerder in: {periods}.",
        en=f"{two.en} Absence was at least half a percent point higher than a year before in: {periods}.",
    )
