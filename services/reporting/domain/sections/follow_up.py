"""What became of earlier recommendations, and what came after measures, training and coaching."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.reporting.domain.cells import Known
from services.reporting.domain.following import Shares, cited, effect, shares
from services.reporting.domain.interventions import FEWEST_ATTENDED, came_after, theme_names
from services.reporting.domain.sections.phrases import day, paragraphs, same, span, text
from services.reporting.domain.sections.recommendations import of_period
from services.reporting.domain.series import WORDS, known_breaks
from services.reporting.domain.statistics import Verdict
from shared.contracts.report import (
    Absent,
    Bilingual,
    Column,
    Entries,
    Entry,
    Figures,
    KeyFigure,
    Row,
    Said,
    Shown,
    Table,
)
from shared.taxonomy.period import Period

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from services.reporting.domain.cells import BaseLine, Later
    from services.reporting.domain.ground import Ground
    from services.reporting.domain.interventions import Intervention
    from services.reporting.domain.loop import Measure, Recommendation
    from shared.contracts.report import Block, Cell, Unit

LOOKS_BACK: Final = 2
"""In years: what was over before is not told again."""


def build(ground: Ground) -> tuple[Block, ...]:
    """Shares, one entry for each earlier recommendation, and tables of what came after; nothing where
    nothing was recommended and nothing held before.
    """
    earlier = [one for one in ground.loop.standing if _is_earlier(ground, one)]
    held = [one for one in ground.interventions.items if _is_told(ground, one)]
    if not earlier and not held:
        return ()
    known = Known(breaks=known_breaks(ground.breaks, ground.people), people=ground.people)
    tables = (*ground.history, *ground.tables)
    measures = [
        (measure, measure.base_line, effect(tables, measure, known))
        for one in earlier
        for measure in one.measures
        if measure.base_line is not None
    ]
    blocks: list[Block] = []
    if earlier:
        counted = shares(ground.loop, cited(ground.signals), ground.today)
        blocks += [
            Figures(items=_shares(counted)),
            Entries(items=tuple(_entry(one, ground.today) for one in earlier)),
        ]
    if measures:
        blocks.append(
            Table(
                id="effect",
                title=text("Wat er na maatregelen kwam", "What came after measures"),
                columns=_COLUMNS,
                rows=tuple(
                    Row(
                        label=_label(measure.planned.title.bilingual, base, windows),
                        cells=_beside(base, windows),
                    )
                    for measure, base, windows in measures
                ),
                note=_NOT_CAUSED,
            )
        )
    if held:
        blocks.append(Entries(items=tuple(_intervention(ground, one) for one in held)))
    compared = [one for one in held if one.held is not None and one.held.base_line is not None]
    if compared:
        blocks.append(
            Table(
                id="interventions",
                title=text(
                    "Wat er na training, intervisie en coaching kwam",
                    "What came after training, peer consultation and coaching",
                ),
                columns=(*_COLUMNS, *_ELSEWHERE),
                rows=tuple(
                    row for one in compared if (row := _row(ground, known, one)) is not None
                ),
                note=_NOT_CAUSED,
            )
        )
    blocks.append(paragraphs(_READ_THIS))
    return tuple(blocks)


# What is told -------------------------------------------------------------------------------------


def _is_earlier(ground: Ground, one: Recommendation) -> bool:
    """Not of this period's own; made before it was over; and still open, or over not long ago."""
    if of_period(ground, one) or one.made.on > ground.today:
        return False
    about = one.made.period
    last = one.made.on if about is None else Period.parse(about).start
    if last >= ground.period.end:
        return False
    still = one.answered is None or any(measure.open for measure in one.measures)
    return still or _recent(ground, one.made.on)


def _is_told(ground: Ground, one: Intervention) -> bool:
    """Held or planned before the period was over, not cancelled, and not long ago."""
    on = one.planned.planned_for if one.held is None else one.held.held_on
    return one.cancelled is None and on < ground.period.end and _recent(ground, on)


def _recent(ground: Ground, on: date) -> bool:
    return on.year >= ground.period.start.year - LOOKS_BACK


# Shares -------------------------------------------------------------------------------------------


def _shares(found: Shares) -> tuple[KeyFigure, ...]:
    of = (
        (found.made, found.answered, _ANSWERED),
        (found.made, found.late, _LATE),
        (found.made, found.executed, _EXECUTED),
        (found.measures, found.structural, _STRUCTURAL),
        (found.finished, found.returned, _RETURNED),
    )
    items = [_number(_MADE, found.made), _number(_MEASURES, found.measures)]
    items += [
        KeyFigure(
            label=label,
            unit="percent",
            cell=Shown(value=round(100 * part / whole)),
            note=text(f"{part} van {whole}", f"{part} of {whole}"),
        )
        for whole, part, label in of
        if whole
    ]
    if found.days is not None:
        note = text(f"mediaan van {found.begun}", f"median of {found.begun}")
        items.append(KeyFigure(label=_DAYS, unit="days", cell=Shown(value=found.days), note=note))
    return tuple(items)


def _number(label: Bilingual, value: int, unit: Unit = "number") -> KeyFigure:
    return KeyFigure(label=label, unit=unit, cell=Shown(value=value))


_MADE = text("Aanbevelingen tot nu toe", "Recommendations so far")
_MEASURES = text("Maatregelen", "Measures")
_ANSWERED = text("Aanbevelingen met een antwoord", "Recommendations with an answer")
_LATE = text("Antwoord te laat of uitgebleven", "Answer late or missing")
_EXECUTED = text(
    "Aanbevelingen met een uitgevoerde maatregel", "Recommendations with a measure that is done"
)
_STRUCTURAL = text(
    "Maatregelen die over oorzaken of beleid gaan", "Measures about causes or policy"
)
_RETURNED = text("Afgerond, en daarna weer zo’n signaal", "Finished, and such a signal came again")
_DAYS = text("Van signaal tot maatregel", "From signal to measure")


# Entries ------------------------------------------------------------------------------------------


def _entry(one: Recommendation, today: date) -> Entry:
    facts = [(text("Gedaan op", "Made on"), day(one.made.on)), (_ANSWER, _answer(one, today))]
    facts += [(_MEASURE, _measure(measure, today)) for measure in one.measures]
    reasons = None if one.answered is None else one.answered.reasons
    return Entry(
        title=one.made.title.bilingual,
        text=None if reasons is None else reasons.bilingual,
        facts=tuple(facts),
    )


_ANSWER = text("Antwoord", "Answer")
_MEASURE = text("Maatregel", "Measure")
_ANSWERS: Final[Mapping[str, Bilingual]] = {
    "accepted": text("aangenomen", "accepted"),
    "partly": text("deels aangenomen", "accepted in part"),
    "declined": text("afgewezen", "declined"),
}
_STATUS: Final[Mapping[str, Bilingual]] = {
    "planned": text("gepland", "planned"),
    "started": text("begonnen", "begun"),
    "done": text("klaar", "done"),
    "stopped": text("gestopt", "stopped"),
}


def _answer(one: Recommendation, today: date) -> Bilingual:
    due = day(one.made.due)
    if one.answered is None:
        if one.late(today):
            return text(f"nog niet, te laat sinds {due.nl}", f"not yet, late since {due.en}")
        return text(f"nog niet, termijn tot en met {due.nl}", f"not yet, term until {due.en}")
    said, on = _ANSWERS[one.answered.answer], day(one.answered.on)
    late = text(", te laat", ", late") if one.late(today) else text("", "")
    return text(f"{said.nl} op {on.nl}{late.nl}", f"{said.en} on {on.en}{late.en}")


def _measure(one: Measure, today: date) -> Bilingual:
    title, status = one.planned.title.bilingual, _STATUS[one.status]
    on = day(one.ended_on or one.planned_for)
    late = one.open and today > one.planned_for
    nl, en = (", te laat", ", late") if late else ("", "")
    return text(
        f"{title.nl} ({one.planned.owner}): {status.nl}, {on.nl}{nl}",
        f"{title.en} ({one.planned.owner}): {status.en}, {on.en}{en}",
    )


def _intervention(ground: Ground, one: Intervention) -> Entry:
    planned, attended = one.planned, one.attended(None)
    names = [theme_names()[theme] for theme in planned.themes]
    facts = [
        (text("Soort", "Kind"), _KINDS[planned.kind]),
        (text("Voor", "For"), _LAYERS[planned.layer]),
        (
            text("Over", "About"),
            text(", ".join(one.nl for one in names), ", ".join(one.en for one in names)),
        ),
    ]
    if planned.units:
        where = ", ".join(_unit(ground, unit) for unit in planned.units)
        facts.append((text("Waar", "Where"), text(where, where)))
    if one.held is None:
        facts.append((text("Gepland op", "Planned for"), day(planned.planned_for)))
    else:
        facts.append((text("Gehouden op", "Held on"), day(one.held.held_on)))
    if attended is not None:
        people = (
            same(str(attended.value))
            if isinstance(attended, Shown)
            else text(f"minder dan {FEWEST_ATTENDED}", f"fewer than {FEWEST_ATTENDED}")
        )
        facts.append((text("Aanwezig", "Attended"), people))
    return Entry(title=planned.title.bilingual, facts=tuple(facts))


def _unit(ground: Ground, unit_id: str) -> str:
    trees = (ground.people.first, *(plan.units for plan in reversed(ground.people.plans)))
    return next((unit.name for tree in trees for unit in tree if unit.id == unit_id), unit_id)


_KINDS: Final[Mapping[str, Bilingual]] = {
    "training": text("training", "training"),
    "peer_consultation": text("intervisie", "peer consultation"),
    "coaching": text("coaching", "coaching"),
}
_LAYERS: Final[Mapping[str, Bilingual]] = {
    "staff": text("medewerkers", "staff"),
    "team_leaders": text("teamleiders", "team leaders"),
    "middle_management": text("middenkader", "middle management"),
    "senior_management": text("hoger management", "senior management"),
    "board": text("bestuur", "board"),
}


# What came after ----------------------------------------------------------------------------------

_COLUMNS = (
    Column(label=text("Ervoor", "Before"), unit="cases"),
    Column(label=text("Erna", "After"), unit="cases"),
    Column(label=text("Wat ervan te zeggen is", "What may be said"), unit=None),
)
_ELSEWHERE = (
    Column(label=text("Elders ervoor", "Elsewhere before"), unit="cases"),
    Column(label=text("Elders erna", "Elsewhere after"), unit="cases"),
    Column(label=text("Wat daarvan te zeggen is", "What may be said of that"), unit=None),
)
_NOT_YET = text("nog geen periode erna", "no period after it yet")
_UNCOMPARED = text("niet te vergelijken", "not comparable")
_NOT_CAUSED = text(
    "Ervoor is wat was vrijgegeven toen het begon; erna is de nieuwste periode die begon nadat het klaar "
    "was. Dat het een op het ander volgde, zegt niet dat het erdoor kwam.",
    "Before is what had been released when it began; after is the newest period that began after it was "
    "done. That one followed the other does not say that it caused it.",
)
_READ_THIS = text(
    "De aantallen in dit hoofdstuk zijn aanbevelingen en maatregelen. Een antwoord is te laat na het einde "
    "van de termijn: kalenderweken, tot het einde van een werkdag. Minder meldingen zijn niet altijd "
    "beter nieuws, en meer niet altijd slechter.",
    "The numbers in this chapter are recommendations and measures. An answer is late after the end of its "
    "term: calendar weeks, to the end of a working day. Fewer cases are not always better news, and more "
    "not always worse.",
)


def _beside(base: BaseLine, windows: tuple[Later, ...]) -> tuple[Cell, ...]:
    """The base line, the newest window after it, and what may be said."""
    after = _newest(windows)
    if after is None:
        return (base.cell, Absent(), Said(text=_NOT_YET))
    words = _UNCOMPARED if after.compared == "not_comparable" else WORDS[Verdict(after.compared)]
    return (base.cell, after.cell, Said(text=words))


def _newest(windows: tuple[Later, ...]) -> Later | None:
    return next((one for one in reversed(windows) if one.after), None)


def _label(title: Bilingual, base: BaseLine, windows: tuple[Later, ...]) -> Bilingual:
    """What was done, of which cell, and which periods stand beside each other."""
    first, after = span(Period.parse(base.period)), _newest(windows)
    nl, en = (
        f"{title.nl} – {base.label_nl}, {first.nl}",
        f"{title.en} – {base.label_en}, {first.en}",
    )
    if after is None:
        return text(nl, en)
    last = span(Period.parse(after.period))
    return text(f"{nl} en {last.nl}", f"{en} and {last.en}")


def _row(ground: Ground, known: Known, one: Intervention) -> Row | None:
    held = one.held
    if held is None or held.base_line is None:
        return None
    with_it, without = came_after((*ground.history, *ground.tables), one, known)
    none: tuple[Cell, ...] = (
        Absent(),
        Absent(),
        Said(text=text("geen plek zonder", "no place without it")),
    )
    elsewhere = none if held.comparison is None else _beside(held.comparison, without)
    return Row(
        label=_label(one.planned.title.bilingual, held.base_line, with_it),
        cells=(*_beside(held.base_line, with_it), *elsewhere),
    )
