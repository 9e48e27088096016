"""Input for the risk inventory (RI&E) and its plan of action: psychosocial hazards by released themes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.reporting.domain.gap import strength
from services.reporting.domain.sections.goals import what
from services.reporting.domain.sections.phrases import same
from services.reporting.domain.sections.tables import cells
from shared.contracts.report import (
    Absent,
    Bilingual,
    Column,
    Entries,
    Entry,
    Paragraphs,
    Row,
    Said,
    Section,
    Table,
)
from shared.taxonomy import signal_codes

if TYPE_CHECKING:
    from services.reporting.domain.ground import Ground
    from services.reporting.domain.loop import Loop, Measure
    from services.reporting.domain.told import ToldSignal
    from shared.contracts.report import Cell

TITLE = Bilingual(
    nl="Invoer voor de RI&E en het plan van aanpak: psychosociale arbeidsbelasting",
    en="Input for the risk inventory and its plan of action: psychosocial load",
)

HAZARDS: Final = (
    ("bullying_intimidation", Bilingual(nl="Pesten", en="Bullying")),
    ("sexual_misconduct", Bilingual(nl="Seksuele intimidatie", en="Sexual intimidation")),
    ("discrimination", Bilingual(nl="Discriminatie", en="Discrimination")),
    ("aggression", Bilingual(nl="Agressie en geweld", en="Aggression and violence")),
    ("workload", Bilingual(nl="Werkdruk", en="Workload")),
)
"""Theme → the factor of psychosocial load that it is (Arbeidsomstandighedenwet, article 1(3)(e))."""

_LAW = Bilingual(
    nl="De werkgever voert beleid tegen psychosociale arbeidsbelasting (Arbeidsomstandighedenwet, "
    "artikel 3 lid 2), "
    "beoordeelt haar in de risico-inventarisatie en -evaluatie (artikel 5) en legt maatregelen vast in "
    "het plan "
    "van aanpak (Arbeidsomstandighedenbesluit, artikel 2.15).",
    en="The employer has a policy against psychosocial load (Dutch working conditions act, article "
    "3(2)), assesses it "
    "in the risk inventory and evaluation (article 5) and lays measures down in the plan of action (working "
    "conditions decree, article 2.15).",
)
_LIMIT = Bilingual(
    nl="Dit is invoer en geen oordeel. Een leeg vak zegt dat er niets is vrijgegeven, niet dat er geen "
    "gevaar is. "
    "Vul aan met eigen onderzoek.",
    en="This is input and no judgement. An empty cell says that nothing was released, not that there is "
    "no hazard. "
    "Complete it with an assessment of your own.",
)
_CASES = Column(label=Bilingual(nl="Meldingen", en="Cases"), unit="cases")
_SIGNALS = Column(label=Bilingual(nl="Signalen", en="Signals"), unit=None)
_CAUSES = Bilingual(nl="Genoemde oorzaken", en="Causes that were named")
_MEASURE = Bilingual(nl="Maatregel", en="Measure")
_OWNER = Bilingual(nl="Verantwoordelijke en datum", en="Responsible, and by when")
_TO_FILL = Bilingual(nl="door de werkgever in te vullen", en="for the employer to fill in")
_NONE = Bilingual(nl="geen", en="none")


def sections(ground: Ground) -> tuple[Section, ...]:
    """Hazards of `ground`'s period, and lines of a plan of action for those that signals press on."""
    told = ground.signals.within(ground.period)
    found = next((table for table in ground.tables if table.figures.dimension == "theme"), None)
    shown: dict[str, Cell] = {} if found is None else cells(found.figures)
    of = {theme: [one for one in told if one.theme == theme] for theme, _ in HAZARDS}
    lines = tuple(
        _line(label, of[theme], ground.loop)
        for theme, label in HAZARDS
        if any(strength(one) >= 2 for one in of[theme])
    )
    table = Table(
        id="psychosocial_load",
        title=Bilingual(
            nl="Factoren en wat ervan is vrijgegeven", en="Factors, and what was released"
        ),
        columns=(_CASES, _SIGNALS),
        rows=tuple(
            Row(label=label, cells=(shown.get(theme, Absent()), Said(text=_told(of[theme]))))
            for theme, label in HAZARDS
        ),
    )
    plan = Entries(items=lines) if lines else Paragraphs(items=(_NOTHING_PRESSES,))
    return (
        Section(
            code="purpose",
            title=Bilingual(nl="Waarvoor", en="What for"),
            blocks=(Paragraphs(items=(_LAW, _LIMIT)),),
        ),
        Section(code="hazards", title=Bilingual(nl="Gevaren", en="Hazards"), blocks=(table,)),
        Section(
            code="plan", title=Bilingual(nl="Plan van aanpak", en="Plan of action"), blocks=(plan,)
        ),
    )


_NOTHING_PRESSES = Bilingual(
    nl="Geen vrijgegeven signaal van deze periode dringt aan op een maatregel.",
    en="No released signal of this period presses for a measure.",
)


def _told(signals: list[ToldSignal]) -> Bilingual:
    if not signals:
        return _NONE
    texts = tuple(dict.fromkeys(what(one) for one in signals))
    return Bilingual(nl="; ".join(one.nl for one in texts), en="; ".join(one.en for one in texts))


def _measures(signals: list[ToldSignal], loop: Loop) -> list[Measure]:
    """What management does about recommendations that refer to one of the signals, and did not stop."""
    ids = {one.signal_id for one in signals}
    return [
        measure
        for one in loop.standing
        if not ids.isdisjoint(cited.signal_id for cited in one.made.signals)
        for measure in one.measures
        if measure.status != "stopped"
    ]


def _line(label: Bilingual, signals: list[ToldSignal], loop: Loop) -> Entry:
    known = signal_codes.current().causes
    codes = dict.fromkeys(code for one in signals for code in one.causes if code in known)
    causes = Bilingual(
        nl="; ".join(known[code].nl for code in codes),
        en="; ".join(known[code].en for code in codes),
    )
    facts = [(_CAUSES, causes if codes else _NONE)]
    for one in _measures(signals, loop):
        owner = f"{one.planned.owner}, {one.planned_for.isoformat()}"
        facts += [
            (_MEASURE, one.planned.title.bilingual),
            (_OWNER, same(owner)),
        ]
    if len(facts) == 1:
        facts += [(_MEASURE, _TO_FILL), (_OWNER, _TO_FILL)]
    return Entry(title=label, facts=tuple(facts))
