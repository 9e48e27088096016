"""What advisers recommend now, for which signals and figures. All staff reads this chapter, so no part of the
organisation is named as the one that a signal or a figure is about.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.reporting.domain.interventions import theme_names
from services.reporting.domain.sections.phrases import A_PART, day, span, text
from services.reporting.domain.series import UNITS
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
    if not found:
        return ()
    names = _Names(ground)
    return (Entries(items=tuple(_entry(names, one) for one in found)),)


def of_period(ground: Ground, one: Recommendation) -> bool:
    """Whether a recommendation stands in this report as a new one: it was made for a report of this
    period or of a part of it; or between reports, in these days.
    """
    if one.made.period is None:
        return ground.period.start <= one.made.on < ground.period.end
    return Period.parse(one.made.period).lies_in(ground.period)


class _Names:
    """What the tables, the register and the taxonomy call what recommendations refer to."""

    def __init__(self, ground: Ground) -> None:
        self.policies = {entry.code: entry.label for entry in ground.strategy.entries}
        self.cells: dict[tuple[str, str, str], Bilingual] = {}
        self.codes: dict[str, Bilingual] = dict(theme_names())
        for table in (*ground.history, *ground.tables):
            figures = table.figures
            for code in figures.codes:
                label = text(table.labels_nl[code], table.labels_en[code])
                self.cells[figures.dimension, figures.period, code] = label
                if figures.dimension in ("theme", "area", "category"):
                    self.codes[code] = label


def _entry(names: _Names, one: Recommendation) -> Entry:
    made = one.made
    facts = [(text("Gaat over", "Is about"), _KINDS[made.kind])]
    facts += [
        (text("Naar aanleiding van signaal", "For the signal"), _signal(names, told))
        for told in made.signals
    ]
    for ref in made.figures:
        label = names.cells.get((ref.table, ref.period, ref.code), text(ref.code, ref.code))
        if ref.table in UNITS:
            label = A_PART
        facts.append(
            (text("Naar aanleiding van cijfer", "For the figure"), _within(label, ref.period))
        )
    facts += [
        (text("Beleid", "Policy"), names.policies.get(code, text(code, code)))
        for code in made.policies
    ]
    facts.append((text("Antwoord uiterlijk", "Answer at the latest"), day(made.due)))
    return Entry(title=made.title.bilingual, text=made.text.bilingual, facts=tuple(facts))


def _signal(names: _Names, told: CitedSignal) -> Bilingual:
    """Theme and period of a signal, and not its place."""
    return _within(names.codes.get(told.theme, text(told.theme, told.theme)), told.period)


def _within(what: Bilingual, period: str) -> Bilingual:
    window = span(Period.parse(period))
    return text(f"{what.nl}, {window.nl}", f"{what.en}, {window.en}")
