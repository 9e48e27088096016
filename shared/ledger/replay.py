"""The skeleton of a log, read back: what kind of event, in which week, by which pseudonym.

No content: the auditor holds no key. Whether the entries are still what was recorded is the
verifier's question; verify first.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shared.ledger.leaf import BLANK, KEY_DESTROYED, LeafError, LeafRecord, leaf_hash
from shared.ledger.scan import NO_CONTENT, base_type
from shared.ledger.source import records
from shared.ledger.tiles import WIDTH

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from uuid import UUID

    from shared.ledger.source import LogSource

HEADINGS: Final[dict[str, tuple[str, ...]]] = {
    "en": ("Entry", "Week", "Event", "Stream", "Step", "Who (pseudonym)"),
    "nl": ("Regel", "Week", "Gebeurtenis", "Verhaal", "Stap", "Wie (pseudoniem)"),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as it is stored."""

    place: int
    """Where it stands; what it says of its own place is `leaf.index`."""
    record: bytes
    leaf: LeafRecord | None
    """None: these bytes are no record."""
    present: bool
    """Whether its content is there."""

    @property
    def leaf_hash(self) -> bytes:
        """Computed from the record, 32 bytes."""
        return leaf_hash(self.record)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which entries to show; what is None does not filter."""

    stream: UUID | None = None
    actor: bytes | None = None
    """16 bytes: the pseudonym."""
    type: str | None = None
    """A type of event; later versions of it too."""
    first_week: str | None = None
    """ISO week, as in `2026-W48`; this week and later ones."""
    last_week: str | None = None
    """This week and earlier ones."""
    blanks: bool = False
    """Whether blank entries are shown."""

    def lets_through(self, leaf: LeafRecord) -> bool:
        """Whether this entry is to be shown."""
        return (
            (self.stream is None or leaf.stream == self.stream)
            and (self.actor is None or leaf.actor == self.actor)
            and (self.type is None or self.type in (leaf.type, base_type(leaf.type)))
            # ISO weeks of four-digit years sort as text.
            and (self.first_week is None or leaf.week >= self.first_week)
            and (self.last_week is None or leaf.week <= self.last_week)
        )

    def hides(self, leaf: LeafRecord) -> bool:
        """Whether this entry passes, and is left out because it is blank."""
        return leaf.type == BLANK and not self.blanks and self.type != BLANK


@dataclass(slots=True)
class Counted:
    """What a replay came by."""

    shown: int = 0
    blanks: int = 0
    """Blank entries that were left out."""
    last: int = 0
    """Entries read."""


def replay(
    source: LogSource, *, position: int | None = None, where: Filter, counted: Counted | None = None
) -> Iterator[Entry]:
    """Entries in order, as the log was when it had `position` entries; streamed.

    An entry that is no record is shown whatever the filter: nobody knows what it was.
    """
    counted = counted or Counted()
    for entry in _entries(source, position):
        counted.last += 1
        if entry.leaf is not None:
            if not where.lets_through(entry.leaf):
                continue
            if where.hides(entry.leaf):
                counted.blanks += 1
                continue
        counted.shown += 1
        yield entry


def _entries(source: LogSource, position: int | None) -> Iterator[Entry]:
    stop = None if position is None else -(-position // WIDTH) * WIDTH
    for page in source.pages(0, stop):
        for place, record in enumerate(records(page.bundle)):
            try:
                leaf = LeafRecord.decode(record)
            except LeafError:
                leaf = None
            index = page.start + place if leaf is None else leaf.index
            if position is not None and index >= position:
                continue
            content = page.contents[32 * place : 32 * place + 32]
            yield Entry(index, record, leaf, content != NO_CONTENT)


def table_row(entry: Entry, language: str) -> tuple[str, ...]:
    """The cells under HEADINGS. Unprintable characters are shown as escapes."""
    leaf = entry.leaf
    if leaf is None:
        return (str(entry.place), "?", _NO_RECORD["nl" if language == "nl" else "en"], "", "", "")
    cells = (leaf.index, leaf.week, leaf.type, leaf.stream, leaf.version, leaf.actor.hex())
    return tuple(printable(str(cell)) for cell in cells)


def json_line(entry: Entry) -> str:
    """One entry as a line of JSON, byte fields in hex, with all that its leaf hash covers."""
    leaf = entry.leaf
    if leaf is None:
        document: dict[str, object] = {"index": entry.place, "record": entry.record.hex()}
    else:
        document = {
            "organisation": str(leaf.organisation),
            "index": leaf.index,
            "stream": str(leaf.stream),
            "version": leaf.version,
            "type": leaf.type,
            "week": leaf.week,
            "actor": leaf.actor.hex(),
            "suite": leaf.suite,
            "key_id": str(leaf.key_id),
            "nonce": leaf.nonce.hex(),
            "ciphertext_sha256": leaf.ciphertext_sha256.hex(),
        }
    return json.dumps(
        document | {"leaf_hash": entry.leaf_hash.hex(), "content_present": entry.present}
    )


def timeline(entries: Iterable[Entry], language: str) -> Iterator[str]:
    """One stream's whole life in sentences, a line per step and one at the end. No content."""
    words = _TIMELINE["nl" if language == "nl" else "en"]
    people: dict[bytes, int] = {}
    steps = gone = 0
    first = last = ""
    destroyed = False
    for entry in entries:
        leaf = entry.leaf
        if leaf is None:
            continue
        steps, first, last = steps + 1, first or leaf.week, leaf.week
        gone += not entry.present
        destroyed |= base_type(leaf.type) == KEY_DESTROYED
        person = people.setdefault(leaf.actor, len(people) + 1)
        yield printable(
            words["step"].format(
                version=leaf.version,
                week=leaf.week,
                what=_what(leaf.type, language),
                type=leaf.type,
                person=person,
                pseudonym=leaf.actor.hex()[:8],
                index=leaf.index,
            )
        )
    if not steps:
        yield words["none"]
        return
    yield words["end"].format(
        steps=words["one_step" if steps == 1 else "steps"].format(n=steps),
        people=words["one_person" if len(people) == 1 else "people"].format(n=len(people)),
        first=first,
        last=last,
    )
    if destroyed:
        yield words["erased"]
    elif gone:
        yield words["gone"].format(n=gone)


def _what(type_: str, language: str) -> str:
    known = _EVENTS.get(base_type(type_))
    if known is not None:
        return known[1 if language == "nl" else 0]
    return " ".join(re.findall(r"[A-Z][a-z0-9]*|[^A-Z]+", base_type(type_))).lower()


def printable(text: str) -> str:
    """`text` without what could move a terminal's cursor: somebody may have changed the entry."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


_NO_RECORD: Final = {"en": "(no record of this program)", "nl": "(niet door dit programma)"}

_TIMELINE: Final[dict[str, dict[str, str]]] = {
    "en": {
        "step": "Step {version}, week {week}: {what} ({type}), by person {person} "
        "(pseudonym {pseudonym}…). Entry {index}.",
        "end": "That is the whole story: {steps} by {people}, from week {first} to week {last}. "
        "What was said or written is not in it; nobody can read that without the key.",
        "one_step": "1 step",
        "steps": "{n} steps",
        "one_person": "1 person",
        "people": "{n} people",
        "erased": "Its key was destroyed, so that nobody can read its content any more.",
        "gone": "The content of {n} of these steps is gone, and no destroyed key explains it.",
        "none": "There is no entry of this stream.",
    },
    "nl": {
        "step": "Stap {version}, week {week}: {what} ({type}), door persoon {person} "
        "(pseudoniem {pseudonym}…). Regel {index}.",
        "end": "Dat is het hele verhaal: {steps} door {people}, van week {first} tot en met week "
        "{last}. Wat er is gezegd of geschreven staat er niet in; dat kan niemand lezen zonder de "
        "sleutel.",
        "one_step": "1 stap",
        "steps": "{n} stappen",
        "one_person": "1 persoon",
        "people": "{n} personen",
        "erased": "De sleutel ervan is vernietigd; niemand kan de inhoud nog lezen.",
        "gone": "De inhoud van {n} van deze stappen is weg, zonder vernietigde sleutel.",
        "none": "Er is geen regel van dit verhaal.",
    },
}
"""A pseudonym is one per person and year: the same person has another one in another year."""

_EVENTS: Final[dict[str, tuple[str, str]]] = {
    "AccessRecorded": ("somebody looked", "iemand heeft gekeken"),
    "Blank": ("a blank entry", "een lege regel"),
    "MessageAdopted": (
        "a message was found on the bus whose origin was lost with an older database",
        "op de bus is een bericht gevonden waarvan de herkomst met een oudere database verloren ging",
    ),
    "KeyDestroyed": ("the key was destroyed", "de sleutel is vernietigd"),
    "OrganisationSetUp": ("the organisation was set up", "de organisatie is ingericht"),
    "UnitsPlanned": ("coming units were planned", "komende onderdelen zijn gepland"),
    "UnitsAnnounced": ("coming units were announced", "komende onderdelen zijn aangekondigd"),
    "AdviserDescribed": (
        "what an adviser can do was kept",
        "wat een vertrouwenspersoon kan, is vastgelegd",
    ),
    "AbsenceRecorded": ("an adviser's absence was recorded", "afwezigheid is vastgelegd"),
    "AbsenceEnded": ("an adviser's absence got another end", "het einde van afwezigheid is verzet"),
    "StrategyEntryKept": (
        "a policy, value or theme was kept",
        "beleid, een waarde of een thema is vastgelegd",
    ),
    "StrategyEntryWithdrawn": (
        "a policy, value or theme was withdrawn",
        "beleid, een waarde of een thema is ingetrokken",
    ),
    "StrategyEntryLinked": (
        "what a policy or value serves was kept",
        "waar beleid of een waarde voor is, is vastgelegd",
    ),
    "StrategyAnnounced": (
        "what the organisation stands for was announced",
        "waar de organisatie voor staat, is aangekondigd",
    ),
    "AdviserKeyPublished": (
        "an adviser's public key was published",
        "de openbare sleutel van een vertrouwenspersoon is gepubliceerd",
    ),
    "CaseOpened": ("a case was opened", "een melding is geopend"),
    "MessageSent": ("a message was sent", "een bericht is verstuurd"),
    "ConversationRecorded": ("a conversation was recorded", "een gesprek is vastgelegd"),
    "InterventionRecorded": ("an intervention was recorded", "een interventie is vastgelegd"),
    "OutcomeRecorded": ("an outcome was recorded", "een uitkomst is vastgelegd"),
    "CaseClosed": ("the case was closed", "de melding is afgesloten"),
    "MinutesDrafted": ("minutes were drafted", "een verslag is opgesteld"),
    "MinutesCorrected": ("minutes were corrected", "een verslag is verbeterd"),
    "MinutesSignedOff": ("minutes were signed off", "een verslag is akkoord bevonden"),
    "StepProposed": ("a step was proposed", "een stap is voorgesteld"),
    "StepDecided": ("a step was decided on", "over een stap is besloten"),
    "StepTaken": ("a step was taken", "een stap is gezet"),
    "ConsentGiven": ("consent was given", "toestemming is gegeven"),
    "ConsentWithdrawn": ("consent was withdrawn", "toestemming is ingetrokken"),
    "ToldWithConsent": ("something was told with consent", "met toestemming is iets verteld"),
    "TermStarted": ("a term began", "een termijn begon"),
    "TermWarned": ("a term was nearly over", "een termijn was bijna voorbij"),
    "TermOverdue": ("a term was over", "een termijn was voorbij"),
    "TermEscalated": (
        "the coordinator was told that a term was missed",
        "de coördinator hoorde dat een termijn is gemist",
    ),
    "TermMet": ("a term was met", "aan een termijn is voldaan"),
    "TermPaused": ("a term was paused", "een termijn is gepauzeerd"),
    "TermResumed": ("a term ran again", "een termijn liep weer"),
    "TermExtended": ("a term was extended", "een termijn is verlengd"),
    "CalendarShared": ("a calendar of weeks was shared", "een agenda met weken is gedeeld"),
    "CalendarRevoked": (
        "the sharing of a calendar was ended",
        "het delen van een agenda is beëindigd",
    ),
    "SatisfactionSaid": (
        "it was said whether somebody was heard",
        "gezegd is of iemand is gehoord",
    ),
    "AftercarePlanned": ("aftercare was planned", "nazorg is afgesproken"),
    "AftercareGiven": ("aftercare was given", "nazorg is gegeven"),
    "CaseReopened": ("the case was opened again", "de melding is heropend"),
    "StatementRecorded": ("the opening statement was told", "de openingsverklaring is verteld"),
    "AdviserAvoided": ("an adviser is to be avoided", "iemand wil een vertrouwenspersoon niet"),
    "ComplaintReceived": ("a complaint was received", "een klacht is ontvangen"),
    "ComplaintAcknowledged": ("a complaint was confirmed", "een klacht is bevestigd"),
    "ComplaintWordsSent": ("something was said in a complaint", "in een klacht is iets gezegd"),
    "ComplaintHeard": (
        "somebody was heard on a complaint",
        "iemand is over een klacht gehoord",
    ),
    "AdviserTellingDecided": (
        "it was said whether an adviser may be told",
        "gezegd is of een vertrouwenspersoon het mag weten",
    ),
    "ComplaintAnswered": ("a complaint was answered", "een klacht is beantwoord"),
    "ComplaintClosed": ("a complaint was closed", "een klacht is afgesloten"),
    "ComplaintsOfficerDesignated": (
        "a complaints officer was designated",
        "een klachtenfunctionaris is aangewezen",
    ),
    "ComplaintsOfficerReleased": (
        "a complaints officer was released",
        "een klachtenfunctionaris is ontheven",
    ),
    "NoteWritten": ("a private note was written", "een eigen aantekening is gemaakt"),
    "PeerConsultationShared": ("colleagues were consulted", "collega's zijn geraadpleegd"),
    "PeerConsultationAnswered": ("a colleague answered", "een collega heeft geantwoord"),
    "TimeRecorded": ("an adviser recorded time", "een vertrouwenspersoon heeft tijd vastgelegd"),
    "TimeWithdrawn": ("time was withdrawn", "tijd is ingetrokken"),
    "CaseTimeRecorded": ("time was spent on the case", "aan de melding is tijd besteed"),
    "CaseTimeWithdrawn": (
        "time spent on the case was withdrawn",
        "aan de melding bestede tijd is ingetrokken",
    ),
    "RecordKept": ("what is known was kept in codes", "wat bekend is, is in codes vastgelegd"),
    "FactsCorrected": ("facts were corrected", "feiten zijn verbeterd"),
    "CorrectionTold": ("a correction was sent on", "een verbetering is doorgegeven"),
    "RegisterRowsImported": (
        "rows of an earlier register were taken over",
        "regels van een eerder register zijn overgenomen",
    ),
    "RegisterImported": (
        "an earlier register was taken over",
        "een eerder register is overgenomen",
    ),
    "DayClosed": ("the facts of a day were sent on", "de feiten van een dag zijn doorgegeven"),
    "OrganisationAdopted": ("the organisation was adopted", "de organisatie is overgenomen"),
    "StructureFrozen": (
        "the structure of a half-year was fixed",
        "de indeling van een halfjaar is vastgezet",
    ),
    "FactsKept": ("facts were taken in", "feiten zijn opgenomen"),
    "FactsAmended": ("facts were amended", "feiten zijn verbeterd"),
    "DayReached": ("the facts of a day are complete", "de feiten van een dag zijn compleet"),
    "PublishedTableImported": (
        "a table published elsewhere was taken over",
        "een elders gepubliceerde tabel is overgenomen",
    ),
    "StatisticsReleased": ("statistics were released", "cijfers zijn vrijgegeven"),
    "LatticeFrozen": (
        "what will be counted and shown was fixed",
        "wat wordt geteld en getoond is vastgezet",
    ),
    "NoisyStatisticsReleased": (
        "counts were given their noise, once and for ever",
        "aantallen kregen hun ruis, eens en voorgoed",
    ),
    "PrivacyBudgetDebited": (
        "what that spent of the privacy budget was noted",
        "wat dat van het privacybudget kostte is genoteerd",
    ),
    "TableReleased": ("a table was released", "een tabel is vrijgegeven"),
    "WindowClosed": (
        "it was noted that a figure will never be drawn here",
        "vastgelegd is dat een cijfer hier nooit wordt getrokken",
    ),
    "ReleaseTick": (
        "all that was due on a day was released",
        "alles wat op een dag aan de beurt was is vrijgegeven",
    ),
    "OrganisationKnown": ("the organisation became known", "de organisatie is bekend gemaakt"),
    "UnitsKnown": (
        "the organisation's units and headcounts became known",
        "de onderdelen van de organisatie en hun aantallen medewerkers zijn bekend gemaakt",
    ),
    "ReportDrafted": ("a report was drafted", "een rapport is opgesteld"),
    "InterpretationSaved": ("an interpretation was saved", "een duiding is bewaard"),
    "ReportApproved": ("a report was approved", "een rapport is goedgekeurd"),
    "SeriesBreakRecorded": (
        "it was recorded from when on figures count otherwise",
        "vastgelegd is vanaf wanneer cijfers anders tellen",
    ),
    "SeriesBreakWithdrawn": (
        "a break in series was taken back",
        "een breuk in de reeks is teruggenomen",
    ),
    "ReportPublished": ("a report was published", "een rapport is gepubliceerd"),
}
"""What a works council member reads; other types are told by their name."""
