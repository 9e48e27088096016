"""Causes that signals name, and policies beside practice. Numbers here count signals, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.reporting.domain.gap import gaps, lived, said
from services.reporting.domain.sections.phrases import head
from shared.contracts.report import (
    Absent,
    Below,
    Bilingual,
    Column,
    Paragraphs,
    Row,
    Said,
    Shown,
    Table,
)
from shared.taxonomy import signal_codes
from shared.taxonomy.period import Period

if TYPE_CHECKING:
    from services.reporting.domain.gap import Gap
    from services.reporting.domain.ground import Ground
    from services.reporting.domain.told import ToldSignal
    from shared.contracts.report import Block, Cell

_SIGNALS = Column(label=Bilingual(nl="Signalen", en="Signals"), unit="number")
_COLUMNS: Final = (
    Column(label=Bilingual(nl="Kloof (0–100)", en="Gap (0–100)"), unit="points"),
    _SIGNALS,
    Column(label=Bilingual(nl="Sluit niet aan", en="Does not fit"), unit="number"),
    Column(label=Bilingual(nl="Nieuw of stijgend", en="New or rising"), unit="number"),
    Column(label=Bilingual(nl="Heet", en="Called"), unit=None),
)
_BANDS: Final = {
    "none": Bilingual(nl="niets gehoord", en="nothing heard"),
    "small": Bilingual(nl="klein", en="small"),
    "moderate": Bilingual(nl="matig", en="moderate"),
    "wide": Bilingual(nl="groot", en="wide"),
}
_COUNTED: Final = Bilingual(
    nl="Geteld zijn vrijgegeven signalen, geen mensen en geen meldingen. Een signaal kan meer dan één "
    "oorzaak noemen.",
    en="Released signals are counted, neither people nor cases. A signal may name more than one cause.",
)
_FORMULA: Final = Bilingual(
    nl="Elk signaal dat het beleid raakt telt voor 0 (gaat goed of daalt), 1 (bleef gelijk), 2 (nieuw, "
    "stijgend of terug) of 3 (beleid sluit niet aan op de praktijk). De kloof is 100 × de som gedeeld door "
    "3 × (aantal signalen + 2), zodat één signaal nooit een grote kloof maakt. Vanaf 30 heet zij matig, "
    "vanaf 60 groot. Waar niets over gehoord is, is geen kloof bekend; dat is iets anders dan een kleine. "
    "Signalen tonen samenloop en bewijzen geen oorzaak.",
    en="Each signal that touches the policy counts for 0 (goes well or declines), 1 (stayed as it was), 2 "
    "(new, rising or back again) or 3 (policy does not fit practice). The gap is 100 × the sum divided by "
    "3 × (number of signals + 2), so that one signal never makes a wide gap. From 30 on it is called "
    "moderate, from 60 on wide. Of what nothing is heard no gap is known, which is not a small one. Signals "
    "show what goes together and prove no cause.",
)
_LIVED: Final = Bilingual(
    nl="Van signalen die de waarde raken of beleid dat haar dient: 0 geheel tegen, 50 geen van beide, 100 "
    "geheel mee. Een leeg vak: er is niets over gehoord. Twee halfjaren naast elkaar zijn geen trend.",
    en="Of signals that touch the value or a policy that serves it: 0 wholly against, 50 neither, 100 wholly "
    "with it. An empty cell: nothing was heard of it. Two half-years beside each other are no trend.",
)
MOST_HALF_YEARS: Final = 6
"""Newest half-years of a series that a report shows."""


def build(ground: Ground) -> tuple[Block, ...]:
    """What was told of causes, policies and values; nothing where no signal of the period stands."""
    told = ground.signals.within(ground.period)
    gone = sum(
        one.withdrawn_on is not None and ground.period.start <= one.withdrawn_on
        for one in ground.signals.kept
    )
    blocks: list[Block] = []
    if told:
        blocks += [_causes(told), _policies(ground), *_values(ground)]
    blocks += _said(ground)
    if gone:
        blocks.append(Paragraphs(items=(_withdrawn(gone),)))
    return tuple(blocks)


def _causes(told: tuple[ToldSignal, ...]) -> Table:
    causes = signal_codes.current().causes
    counted = {code: sum(code in one.causes for one in told) for code in causes}
    return Table(
        id="causes",
        title=Bilingual(nl="Oorzaken die signalen noemen", en="Causes that signals name"),
        columns=(_SIGNALS,),
        rows=tuple(
            Row(
                label=Bilingual(nl=causes[code].nl, en=causes[code].en),
                cells=(Shown(value=counted[code]),),
            )
            for code in sorted(causes, key=lambda code: -counted[code])
        ),
        note=_COUNTED,
    )


def _policies(ground: Ground) -> Table:
    found = gaps(ground.strategy, ground.signals.standing, ground.period, ground.cut_off)
    return Table(
        id="policy_gaps",
        title=Bilingual(nl="Beleid en praktijk", en="Policy and practice"),
        columns=_COLUMNS,
        rows=tuple(Row(label=one.policy.label, cells=_gap(one)) for one in found),
        note=_FORMULA,
    )


def _gap(gap: Gap) -> tuple[Cell, ...]:
    called = Said(text=_BANDS[gap.band])
    if gap.points is None:
        return (Absent(), Shown(value=0), Absent(), Absent(), called)
    return (
        Shown(value=gap.points),
        Shown(value=len(gap.signals)),
        Shown(value=gap.contrary),
        Shown(value=gap.pressing),
        called,
    )


def _values(ground: Ground) -> tuple[Table, ...]:
    until = Period.containing(ground.cut_off)
    series = {
        value.label: lived(ground.strategy, ground.signals.standing, value, until)[
            -MOST_HALF_YEARS:
        ]
        for value in ground.strategy.of_kind("value")
    }
    periods = next((tuple(one.period for one in each) for each in series.values()), ())
    if not periods:
        return ()
    return (
        Table(
            id="values_lived",
            title=Bilingual(nl="Hoe waarden geleefd worden", en="How values are lived"),
            columns=tuple(Column(label=head(period), unit="points") for period in periods),
            rows=tuple(
                Row(
                    label=label,
                    cells=tuple(
                        Absent() if one.points is None else Shown(value=one.points) for one in each
                    ),
                )
                for label, each in series.items()
            ),
            chart="series",
            note=_LIVED,
        ),
    )


def _said(ground: Ground) -> list[Block]:
    """What employees say of values and policies themselves, as it was released."""
    found = said(ground.pulses, ground.period)
    if not found:
        return []
    return [
        Table(
            id="policy_said",
            title=Bilingual(
                nl="Wat medewerkers zelf zeggen van waarden en beleid",
                en="What employees say of values and policies themselves",
            ),
            columns=tuple(Column(label=one, unit="number") for one in _ANSWERS),
            rows=tuple(
                Row(
                    label=Bilingual(nl=one.question.nl, en=one.question.en),
                    cells=tuple(
                        Below(threshold=one.least)
                        if count is None
                        else Shown(value=count, margin=one.margin)
                        for count in one.counts
                    ),
                )
                for one in found
            ),
            note=_SAID,
        )
    ]


_ANSWERS: Final = tuple(
    Bilingual(nl=nl, en=en)
    for nl, en in (
        ("Helemaal niet", "Not at all"),
        ("Nauwelijks", "Hardly"),
        ("Een beetje", "Somewhat"),
        ("Grotendeels", "Largely"),
        ("Helemaal", "Entirely"),
    )
)
_SAID: Final = Bilingual(
    nl="Antwoorden in de peiling, naar beleid als geheel gevraagd en niet naar één beleid: zij tellen in "
    "geen kloof mee.",
    en="Answers in the pulse, asked of policy as a whole and not of one: they count in no gap.",
)


def _withdrawn(many: int) -> Bilingual:
    if many == 1:
        return Bilingual(
            nl="Eén signaal is teruggenomen. Wat het zei staat er niet meer.",
            en="One signal was taken back. What it said is not shown any more.",
        )
    return Bilingual(
        nl=f"{many} signalen zijn teruggenomen. Wat zij zeiden staat er niet meer.",
        en=f"{many} signals were taken back. What they said is not shown any more.",
    )
