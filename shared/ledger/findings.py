"""What the verifier can find wrong, where, and how it says so in two languages."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uuid import UUID


class Kind(StrEnum):
    """What is wrong, for programs. Stable: a kind is never given another meaning."""

    LOG_UNREADABLE = "LOG_UNREADABLE"
    LOG_MISSING = "LOG_MISSING"
    LOG_SIZE_WRONG = "LOG_SIZE_WRONG"
    TAIL_CUT = "TAIL_CUT"
    HISTORY_CHANGED = "HISTORY_CHANGED"
    INDEX_GAP = "INDEX_GAP"
    LEAF_MALFORMED = "LEAF_MALFORMED"
    LEAF_CHANGED = "LEAF_CHANGED"
    VERSION_BROKEN = "VERSION_BROKEN"
    NONCE_REUSED = "NONCE_REUSED"
    SUITE_NOT_ALLOWED = "SUITE_NOT_ALLOWED"
    WEEK_BACKWARDS = "WEEK_BACKWARDS"
    CIPHERTEXT_CHANGED = "CIPHERTEXT_CHANGED"
    CIPHERTEXT_MISSING = "CIPHERTEXT_MISSING"
    CIPHERTEXT_UNEXPECTED = "CIPHERTEXT_UNEXPECTED"
    NO_CHECKPOINT = "NO_CHECKPOINT"
    NO_KEY = "NO_KEY"
    KEY_MALFORMED = "KEY_MALFORMED"
    CHECKPOINT_MALFORMED = "CHECKPOINT_MALFORMED"
    CHECKPOINT_FORGED = "CHECKPOINT_FORGED"
    CHECKPOINT_FOREIGN = "CHECKPOINT_FOREIGN"
    CHECKPOINT_CONTRADICTED = "CHECKPOINT_CONTRADICTED"
    HEAD_CONTRADICTED = "HEAD_CONTRADICTED"
    HEAD_MALFORMED = "HEAD_MALFORMED"
    HEAD_EVIDENCE = "HEAD_EVIDENCE"
    CHECKPOINT_SIZE = "CHECKPOINT_SIZE"
    CHECKPOINT_STALE = "CHECKPOINT_STALE"
    NOT_WITNESSED = "NOT_WITNESSED"
    COSIGNATURE_FORGED = "COSIGNATURE_FORGED"
    CLOCK_FORWARD = "CLOCK_FORWARD"
    CLOCK_BACK = "CLOCK_BACK"
    KEY_REUSED = "KEY_REUSED"
    KEY_REVIVED = "KEY_REVIVED"
    KEY_CHANGED = "KEY_CHANGED"
    CIPHERTEXT_REVIVED = "CIPHERTEXT_REVIVED"
    BLANK_MALFORMED = "BLANK_MALFORMED"
    ENTRY_NOT_AS_PUBLISHED = "ENTRY_NOT_AS_PUBLISHED"
    TILE_DAMAGED = "TILE_DAMAGED"
    ROLLED_BACK = "ROLLED_BACK"
    SPLIT_VIEW = "SPLIT_VIEW"
    MEMORY_DAMAGED = "MEMORY_DAMAGED"


@dataclass(frozen=True, slots=True)
class Place:
    """Where: a log, and in it one entry, a run of entries, or a file of the ledger folder."""

    service: str
    organisation: UUID
    first: int | None = None
    """Index of the first entry concerned, from 0."""
    last: int | None = None
    """Index of the last entry concerned; equal to `first` for one entry."""
    file: str | None = None
    """A file, relative to the ledger folder."""

    def sentence_part(self, language: str) -> str:
        """The entries or the file, as a reader looks for them; empty for the whole log."""
        if self.file is not None:
            return self.file
        if self.first is None:
            return ""
        one, run = ("regel", "regels") if language == "nl" else ("entry", "entries")
        if self.last in (None, self.first):
            return f"{one} {self.first}"
        joint = "tot en met" if language == "nl" else "to"
        return f"{run} {self.first} {joint} {self.last}"

    def describe(self, language: str) -> str:
        """Service, organisation and place, for a line of its own."""
        parts = (self.service, str(self.organisation), self.sentence_part(language))
        return ", ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, where, and in a sentence of each language."""

    kind: Kind
    place: Place
    sentence_en: str
    sentence_nl: str

    def sentence(self, language: str) -> str:
        """The sentence in `language`: "nl", or English."""
        return self.sentence_nl if language == "nl" else self.sentence_en


# `{at}` is the place within the log. The other values are numbers, file names, weeks and names of
# services; what a row holds otherwise is not repeated, because somebody may have put it there.
SENTENCES: dict[Kind, tuple[str, str]] = {
    Kind.LOG_UNREADABLE: (
        "The database does not give this log: its table is missing or damaged, or the auditor's "
        "right to read it was taken away.",
        "De database geeft dit logboek niet: de tabel ontbreekt of is beschadigd, of het leesrecht "
        "van de auditor is weggenomen.",
    ),
    Kind.LOG_MISSING: (
        "The whole log is gone: the database holds nothing of it, but at least {expected} entries "
        "are known to have been there.",
        "Het hele logboek is weg: de database bevat er niets van, terwijl er zeker {expected} "
        "regels waren.",
    ),
    Kind.LOG_SIZE_WRONG: (
        "The log says that it has {stated} entries, but {found} are there.",
        "Het logboek zegt dat het {stated} regels heeft, maar er zijn er {found}.",
    ),
    Kind.TAIL_CUT: (
        "The end of the log was cut off ({at}): {witness} proves {expected} entries, and only "
        "{found} are there.",
        "Het einde van het logboek is afgeknipt ({at}): {witness} bewijst {expected} regels, en "
        "er zijn er nog maar {found}.",
    ),
    Kind.HISTORY_CHANGED: (
        "Something in {at} was changed, removed or put in another order after {witness} was made.",
        "In {at} is iets gewijzigd, verwijderd of verplaatst nadat {witness} was gemaakt.",
    ),
    Kind.INDEX_GAP: (
        "Where {at} should stand, the log goes on with entry {found}: something was removed, "
        "added or renumbered.",
        "Waar {at} moet staan, gaat het logboek verder met regel {found}: er is iets verwijderd, "
        "toegevoegd of hernummerd.",
    ),
    Kind.LEAF_MALFORMED: (
        "What stands at {at} cannot have been written by this program: {reason}.",
        "Wat bij {at} staat, kan niet door dit programma zijn geschreven ({reason}).",
    ),
    Kind.LEAF_CHANGED: (
        "Somebody changed {at}: it no longer matches its own fingerprint.",
        "Iemand heeft {at} gewijzigd: het past niet meer bij zijn eigen vingerafdruk.",
    ),
    Kind.VERSION_BROKEN: (
        "The story to which {at} belongs has a hole or was put in another order: step {expected} "
        "was expected, step {found} is there.",
        "Het verhaal waar {at} bij hoort heeft een gat of een andere volgorde gekregen: stap "
        "{expected} werd verwacht, stap {found} staat er.",
    ),
    Kind.NONCE_REUSED: (
        "Two entries carry the same key and number ({at}): one is a copy of the other, or the "
        "encryption was done wrongly.",
        "Twee regels dragen dezelfde sleutel en hetzelfde nummer ({at}): de ene is een kopie van "
        "de andere, of er is verkeerd versleuteld.",
    ),
    Kind.SUITE_NOT_ALLOWED: (
        "The entry at {at} claims a way of encryption ({found}) that is not allowed.",
        "Bij {at} staat een manier van versleutelen ({found}) die niet is toegestaan.",
    ),
    Kind.WEEK_BACKWARDS: (
        "Time runs backwards at {at}: week {found} after week {expected}.",
        "De tijd loopt terug bij {at}: week {found} na week {expected}.",
    ),
    Kind.CIPHERTEXT_CHANGED: (
        "The encrypted content of {at} was changed or swapped for another.",
        "De versleutelde inhoud van {at} is gewijzigd of verwisseld met een andere.",
    ),
    Kind.CIPHERTEXT_MISSING: (
        "The encrypted content of {at} is gone, and no destroyed key explains it.",
        "De versleutelde inhoud van {at} is weg, zonder dat een vernietigde sleutel dat verklaart.",
    ),
    Kind.CIPHERTEXT_UNEXPECTED: (
        "There is encrypted content for {at}, but no such entry.",
        "Er is versleutelde inhoud voor {at}, maar zo'n regel is er niet.",
    ),
    Kind.NO_CHECKPOINT: (
        "The log has {found} entries and no valid signed checkpoint: nothing outside the database "
        "proves what it was. It was never signed, or its checkpoints were removed.",
        "Het logboek heeft {found} regels en geen geldig getekend controlepunt: niets buiten de "
        "database bewijst wat erin stond. Het is nooit getekend, of de controlepunten zijn weg.",
    ),
    Kind.NO_KEY: (
        "The log's public key ({at}) is missing, so no signature can be checked.",
        "De openbare sleutel van het logboek ({at}) ontbreekt; geen handtekening is te controleren.",
    ),
    Kind.KEY_MALFORMED: (
        "A line of {at} is not a public key of this log.",
        "Een regel van {at} is geen openbare sleutel van dit logboek.",
    ),
    Kind.CHECKPOINT_MALFORMED: (
        "The file {at} is not a checkpoint, or not the one that its name says.",
        "Het bestand {at} is geen controlepunt, of niet het controlepunt dat zijn naam belooft.",
    ),
    Kind.CHECKPOINT_FORGED: (
        "The checkpoint {at} is forged or damaged: its signature is not the log's.",
        "Het controlepunt {at} is vervalst of beschadigd: de handtekening is niet van dit logboek.",
    ),
    Kind.CHECKPOINT_FOREIGN: (
        "The checkpoint {at} is signed with a key that is not this log's, or belongs to another log.",
        "Het controlepunt {at} is getekend met een sleutel die niet van dit logboek is, of hoort "
        "bij een ander logboek.",
    ),
    Kind.CHECKPOINT_CONTRADICTED: (
        "The checkpoint {at} carries the log's signature and tells another history than a larger "
        "checkpoint that is right: the log was shown in two versions.",
        "Het controlepunt {at} draagt de handtekening van het logboek en vertelt een andere "
        "geschiedenis dan een groter controlepunt dat klopt: er zijn twee versies getoond.",
    ),
    Kind.HEAD_CONTRADICTED: (
        "The service {by} remembers the log at {size} entries ({at}) with other content than it "
        "has now.",
        "De dienst {by} herinnert zich het logboek bij {size} regels ({at}) met een andere inhoud "
        "dan het nu heeft.",
    ),
    Kind.HEAD_MALFORMED: (
        "What another service remembers of this log ({at}) is damaged.",
        "Wat een andere dienst van dit logboek heeft onthouden ({at}) is beschadigd.",
    ),
    Kind.HEAD_EVIDENCE: (
        "The service {by} was once told another history of this log, at {size} entries, and kept "
        "that as evidence ({at}).",
        "De dienst {by} kreeg ooit een andere geschiedenis van dit logboek te horen, bij {size} "
        "regels, en bewaarde dat als bewijs ({at}).",
    ),
    Kind.CHECKPOINT_SIZE: (
        "The checkpoint {at} is at {size} entries, which is no whole number of tiles of 256: "
        "its size tells how much happened.",
        "Het controlepunt {at} staat bij {size} regels; dat is geen heel aantal tegels van 256, "
        "en verraadt dus hoeveel er gebeurde.",
    ),
    Kind.CHECKPOINT_STALE: (
        "The newest checkpoint that witnesses saw is of {found}, more than two days ago: what came "
        "later is not shown, or an old copy was put back, or the service stands still.",
        "Het nieuwste controlepunt dat getuigen zagen is van {found}, meer dan twee dagen geleden: "
        "wat later kwam wordt niet getoond, er is een oude kopie teruggezet, of de dienst staat "
        "stil.",
    ),
    Kind.NOT_WITNESSED: (
        "The newest checkpoint ({at}) is not cosigned by enough owners outside the operator; still "
        "wanted: {missing}.",
        "Het nieuwste controlepunt ({at}) is niet meegetekend door genoeg eigenaren buiten de "
        "beheerder; er ontbreekt nog: {missing}.",
    ),
    Kind.COSIGNATURE_FORGED: (
        "A cosignature under {at} is forged or damaged: it is not that of the witness whose name "
        "it bears.",
        "Een medeondertekening onder {at} is vervalst of beschadigd: zij is niet van de getuige "
        "wiens naam erbij staat.",
    ),
    Kind.CLOCK_FORWARD: (
        "The clock ran ahead at {at}: it says week {found}, but it was there by week {expected} "
        "at the latest.",
        "De klok liep voor bij {at}: er staat week {found}, maar het kan niet later zijn dan week "
        "{expected}.",
    ),
    Kind.CLOCK_BACK: (
        "The clock ran behind at {at}: it says week {found}, but it came in week {expected} at the "
        "soonest.",
        "De klok liep achter bij {at}: er staat week {found}, maar het kan niet eerder zijn dan "
        "week {expected}.",
    ),
    Kind.KEY_REUSED: (
        "The key of {at} was made for another story or another organisation.",
        "De sleutel van {at} is gemaakt voor een ander verhaal of een andere organisatie.",
    ),
    Kind.KEY_REVIVED: (
        "The key that was destroyed at {at} is there again, or was never destroyed: what should be "
        "erased can be read.",
        "De sleutel die bij {at} is vernietigd is er weer, of is nooit vernietigd: wat gewist moet "
        "zijn, is leesbaar.",
    ),
    Kind.KEY_CHANGED: (
        "The log shows another public key ({at}) than the one that you kept at your first visit.",
        "Het logboek toont een andere openbare sleutel ({at}) dan u bij uw eerste bezoek bewaarde.",
    ),
    Kind.CIPHERTEXT_REVIVED: (
        "The encrypted content of {at} is there, although its key was destroyed at entry {expected}.",
        "De versleutelde inhoud van {at} is er, terwijl de sleutel bij regel {expected} is "
        "vernietigd.",
    ),
    Kind.BLANK_MALFORMED: (
        "Blank {at} is not blank: it has a key or a content.",
        "De lege {at} is niet leeg: er hoort een sleutel of inhoud bij.",
    ),
    Kind.ENTRY_NOT_AS_PUBLISHED: (
        "Somebody changed {at} after its fingerprint was published.",
        "Iemand heeft {at} gewijzigd nadat de vingerafdruk was gepubliceerd.",
    ),
    Kind.TILE_DAMAGED: (
        "The published fingerprints in {at} do not lead to the checkpoint: they are missing, "
        "damaged or changed.",
        "De gepubliceerde vingerafdrukken in {at} leiden niet naar het controlepunt: zij "
        "ontbreken, of zijn beschadigd of gewijzigd.",
    ),
    Kind.ROLLED_BACK: (
        "The log was set back: at your last visit it had a checkpoint at {expected} entries, now "
        "the newest one is at {found}.",
        "Het logboek is teruggezet: bij uw vorige bezoek had het een controlepunt bij {expected} "
        "regels, nu staat het nieuwste bij {found}.",
    ),
    Kind.SPLIT_VIEW: (
        "The log signed two histories that cannot both be true: {at} shows another one than the "
        "log shows here. Somebody was shown another version.",
        "Het logboek heeft twee geschiedenissen getekend die niet allebei waar zijn: {at} toont een "
        "andere dan hier te zien is. Iemand kreeg een andere versie te zien.",
    ),
    Kind.MEMORY_DAMAGED: (
        "Your own memory of this log ({at}) is damaged, so growth since your last visit cannot be "
        "proven. It was left as it is.",
        "Uw eigen geheugen van dit logboek ({at}) is beschadigd; de groei sinds uw vorige bezoek "
        "is dus niet te bewijzen. Het is gelaten zoals het is.",
    ),
}

MORE: tuple[str, str] = (
    "{count} further places show the same.",
    "Op nog {count} plaatsen is hetzelfde aan de hand.",
)


def finding(kind: Kind, place: Place, **values: str | int | tuple[str, str]) -> Finding:
    """A finding with its sentences. A value may be a pair: in English, in Dutch."""
    english, dutch = SENTENCES[kind]
    en = {key: value[0] if isinstance(value, tuple) else value for key, value in values.items()}
    nl = {key: value[1] if isinstance(value, tuple) else value for key, value in values.items()}
    return Finding(
        kind,
        place,
        english.format(at=place.sentence_part("en"), **en),
        dutch.format(at=place.sentence_part("nl"), **nl),
    )
