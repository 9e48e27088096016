"""An annex for the data protection impact assessment, made of what runs: messages, streams, keys, release."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.reporting.domain.sections.phrases import same
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
    Shown,
    Table,
)

if TYPE_CHECKING:
    from services.reporting.domain.ground import Ground

TITLE = Bilingual(
    nl="Bijlage bij de gegevensbeschermingseffectbeoordeling",
    en="Annex to the data protection impact assessment",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """A kind of message between programs: who writes it, the fields of its body, who reads it."""

    kind: str
    stream: str
    writer: str
    readers: tuple[str, ...]
    fields: tuple[str, ...]
    kept_days: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A service and how many questions and changes it answers."""

    service: str
    queries: int
    commands: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """What the running program says of itself; no address, no secret, no name of a person."""

    flows: tuple[Flow, ...]
    operations: tuple[Operation, ...]
    events: tuple[str, ...]
    key_ring: str
    mode: str


_LAW = Bilingual(
    nl="Een effectbeoordeling beschrijft de verwerking en beoordeelt noodzaak, risico's en maatregelen "
    "(Verordening "
    "(EU) 2016/679, artikel 35 lid 7). Deze bijlage beschrijft wat er draait en is daaruit gemaakt; het "
    "oordeel "
    "over noodzaak en risico's is aan de verwerkingsverantwoordelijke.",
    en="An impact assessment describes the processing and assesses necessity, risks and measures "
    "(Regulation (EU) "
    "2016/679, article 35(7)). This annex describes what runs, and is made of it; necessity and risks "
    "are for "
    "the controller to assess.",
)
_KEYS = Bilingual(
    nl="Woorden worden in de client verzegeld voor mensen (HPKE, RFC 9180); geen server kan ze openen. "
    "Gecodeerde "
    "gegevens staan versleuteld (AES-256-GCM) onder een sleutel per stroom, die onder de sleutel van de "
    "organisatie ligt. Een sleutel vernietigen wist wat eronder staat; het logboek behoudt alleen de hash.",
    en="Words are sealed in the client to people (HPKE, RFC 9180); no server can open them. Coded data "
    "lie encrypted "
    "(AES-256-GCM) under a key for each stream, which lies under the organisation's key. To destroy a "
    "key erases "
    "what lies under it; the log keeps only its hash.",
)
_RETENTION = Bilingual(
    nl="Hoe lang afgesloten zaken blijven, legt een beheerder vast in intake (`retention`). Berichten "
    "blijven zo lang "
    "als hierboven bij hun stroom staat; vrijgegeven cijfers en verslagen blijven.",
    en="How long closed cases are kept an administrator decides in intake (`retention`). Messages are "
    "kept as long as "
    "stands above with their stream; released figures and reports stay.",
)


def sections(ground: Ground, running: Running) -> tuple[Section, ...]:
    """The annex as of now."""
    return (
        Section(
            code="purpose",
            title=Bilingual(nl="Waarvoor", en="What for"),
            blocks=(Paragraphs(items=(_LAW,)),),
        ),
        Section(
            code="flows",
            title=Bilingual(nl="Gegevensstromen", en="Data flows"),
            blocks=(Entries(items=tuple(_flow(one) for one in running.flows)),),
        ),
        Section(
            code="operations",
            title=Bilingual(nl="Wat elk onderdeel beantwoordt", en="What each program answers"),
            blocks=(_operations(running.operations),),
        ),
        Section(
            code="keys",
            title=Bilingual(nl="Sleutels", en="Keys"),
            blocks=(
                Paragraphs(
                    items=(
                        _KEYS,
                        Bilingual(
                            nl=f"Sleutelbos van dit onderdeel: {running.key_ring}. Modus: {running.mode}.",
                            en=f"Key ring of this program: {running.key_ring}. Mode: {running.mode}.",
                        ),
                    )
                ),
            ),
        ),
        Section(
            code="release",
            title=Bilingual(nl="Vrijgave van cijfers", en="Release of figures"),
            blocks=(_release(ground),),
        ),
        Section(
            code="retention",
            title=Bilingual(nl="Bewaren", en="Retention"),
            blocks=(
                Paragraphs(
                    items=(
                        _RETENTION,
                        Bilingual(
                            nl="Het verslagonderdeel bewaart deze gebeurtenissen: "
                            + ", ".join(running.events),
                            en="The reporting program keeps these events: "
                            + ", ".join(running.events),
                        ),
                    )
                ),
            ),
        ),
    )


def _flow(flow: Flow) -> Entry:
    kept = (
        Bilingual(nl="zonder einde", en="without end")
        if flow.kept_days is None
        else Bilingual(nl=f"{flow.kept_days} dagen", en=f"{flow.kept_days} days")
    )
    return Entry(
        title=same(flow.kind),
        facts=(
            (Bilingual(nl="Van", en="From"), same(flow.writer)),
            (Bilingual(nl="Naar", en="To"), same(", ".join(flow.readers))),
            (Bilingual(nl="Velden", en="Fields"), same(", ".join(flow.fields))),
            (Bilingual(nl="Bewaard", en="Kept"), kept),
        ),
    )


def _operations(found: tuple[Operation, ...]) -> Table:
    return Table(
        id="operations",
        title=Bilingual(nl="Vragen en wijzigingen", en="Questions and changes"),
        columns=(
            Column(label=Bilingual(nl="Vragen", en="Questions"), unit="number"),
            Column(label=Bilingual(nl="Wijzigingen", en="Changes"), unit="number"),
        ),
        rows=tuple(
            Row(
                label=same(one.service),
                cells=(Shown(value=one.queries), Shown(value=one.commands)),
            )
            for one in found
        ),
        note=Bilingual(
            nl="Elke vraag en wijziging is bij de gateway en bij de dienst aan rollen gebonden; wie iets "
            "vertrouwelijks inziet, staat in het logboek.",
            en="Each question and change is bound to roles at the gateway and at the service; who looks "
            "at what "
            "is confidential stands in the log.",
        ),
    )


def _release(ground: Ground) -> Table | Paragraphs:
    if not ground.tables:
        return Paragraphs(
            items=(
                Bilingual(
                    nl="Voor deze periode is nog niets vrijgegeven.",
                    en="Nothing was released for this period yet.",
                ),
            )
        )
    return Table(
        id="release_policy",
        title=Bilingual(nl="Tabellen en hun regel", en="Tables and their rule"),
        columns=(
            Column(label=Bilingual(nl="Regel", en="Rule"), unit=None),
            Column(label=Bilingual(nl="Drempel", en="Threshold"), unit="number"),
            Column(label=Bilingual(nl="ε per melding", en="ε per case"), unit="number"),
        ),
        rows=tuple(
            Row(
                label=same(table.figures.dimension),
                cells=(
                    Said(text=same(table.figures.policy)),
                    Shown(value=table.figures.k),
                    Absent()
                    if table.figures.epsilon is None
                    else Shown(value=round(100 * table.figures.epsilon), decimals=2),
                ),
            )
            for table in ground.tables
        ),
    )
