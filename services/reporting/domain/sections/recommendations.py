"""What advisers recommend now, for which signals and figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.reporting.domain.interventions import theme_names
from services.reporting.domain.sections.phrases import day, span, text
from shared.contracts.report import Bilingual, Entries, Entry
from shared.taxonomy.period import Period

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.reporting.domain.ground import Ground
    from services.reporting.domain.loop import CitedSignal, Recommendation
    from shared.contracts.report import Block

_KINDS: Final[Mapping[str, Bilingual]] = {
    "structural": text("oorzaken", "causes"),
    "incident": text("de omgang met incidenten", "how incidents are dealt with"),
}


def build(ground: Ground) -> tuple[Block, ...]:
    """One entry for each recommendation of this period; nothing where there is none."""
    found = [one for one in ground.loop.standing if of_period(ground, one)]
    return (Entries(items=tuple(_entry(ground, one) for one in found)),) if found else ()


def of_period(ground: Ground, one: Recommendation) -> bool:
    """Whether a recommendation stands in this report as a new one: it was made for a report of this
    period or of a part of it; or between reports, in these days.
    """
    if one.made.period is None:
        return ground.period.start <= one.made.on < ground.period.end
    about = Period.parse(one.made.period)
    return ground.period.start <= about.start and about.end <= ground.period.end


def _entry(ground: Ground, one: Recommendation) -> Entry:
    made = one.made
    facts = [(text("Gaat over", "Is about"), _KINDS[made.kind])]
    facts += [
        (text("Naar aanleiding van signaal", "For the signal"), _signal(ground, told))
        for told in made.signals
    ]
    labels = {
        (table.figures.dimension, table.figures.period, code): text(
            table.labels_nl[code], table.labels_en[code]
        )
        for table in (*ground.history, *ground.tables)
        for code in table.figures.codes
    }
    for ref in made.figures:
        label = labels.get((ref.table, ref.period, ref.code), text(ref.code, ref.code))
        window = span(Period.parse(ref.period))
        facts.append(
            (
                text("Naar aanleiding van cijfer", "For the figure"),
                text(f"{label.nl}, {window.nl}", f"{label.en}, {window.en}"),
            )
        )
    names = {entry.code: entry.label for entry in ground.strategy.entries}
    facts += [
        (text("Beleid", "Policy"), names.get(code, text(code, code))) for code in made.policies
    ]
    facts.append((text("Antwoord uiterlijk", "Answer at the latest"), day(made.due)))
    return Entry(title=made.title.bilingual, text=made.text.bilingual, facts=tuple(facts))


def _signal(ground: Ground, told: CitedSignal) -> Bilingual:
    """Theme, place and period of a signal, in the words of the tables where they have some."""
    names: dict[str, Bilingual] = dict(theme_names())
    for table in (*ground.history, *ground.tables):
        if table.figures.dimension in ("theme", "area", "unit", "category"):
            names |= {
                code: text(table.labels_nl[code], table.labels_en[code])
                for code in table.figures.codes
            }
    theme = names.get(told.theme, text(told.theme, told.theme))
    window = span(Period.parse(told.period))
    place = names.get(told.place)
    if place is None:
        return text(f"{theme.nl}, {window.nl}", f"{theme.en}, {window.en}")
    return text(f"{theme.nl}, {place.nl}, {window.nl}", f"{theme.en}, {place.en}, {window.en}")
