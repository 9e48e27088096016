"""A case: opened, spoken about, acted on, concluded, closed. Words stay sealed throughout."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal, assert_never, get_args
from uuid import UUID

from services.intake.domain import (
    aftercare,
    clock,
    consent,
    conversion,
    disclosure,
    ladder,
    minutes,
    protection,
    subject_access,
    time_spent,
    ways_in,
)
from services.intake.domain import (
    record as coded,
)
from services.intake.domain.attachment import CHUNK_BYTES, FileAttached
from services.intake.domain.sealing import sealed_for, signer_of
from services.intake.domain.statements import Verifies
from services.intake.domain.words import SealedWords, key_id_of
from shared import taxonomy
from shared.contracts.errors import Code, Refusal, invalid
from shared.frozen import replace
from shared.taxonomy.calendar import tick_of
from shared.taxonomy.period import Period
from shared.taxonomy.working_days import day_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import date

    from typing_extensions import TypeIs

    from services.intake.domain.organisation import Organisation

    Mark = Callable[[str, bytes], bytes]
    """Period, token → 16 bytes that stand for the token in this organisation and period."""

Sender = Literal["reporter", "adviser"]

Consent = Literal["reporter", "spoken", "written", "recovery"]
"""How the reporter agreed to a hand-over: by their own code, or as the adviser recorded it; or it was a
recovery, which they are shown.
"""

RecoveryReason = Literal["device_lost", "device_stolen", "adviser_left", "adviser_absent"]

PUBLIC_KEY_BYTES = 32

# Events ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyToken:
    """Stands for a person in a case: an HMAC (32 bytes) under a key that only the clients of advisers
    hold. The same person gives the same token in every case of the organisation.
    """

    role: Literal["reporter", "subject"]
    token: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseOpened:
    """A case was opened and coded. `facts_id` is what its facts are called outside intake.

    `reply_key` (raw X25519, 32 bytes) is the reporter's, if they opened it themself: answers are
    sealed to it. `signature` is the adviser's over the words (statements.py), made with the key
    `signed_by` of the directory; a reporter's words have none, nor has who has no signing key.
    """

    case_id: UUID
    organisation_id: UUID
    facts_id: UUID
    adviser_id: str
    taxonomy_version: int
    period: str
    channel: str
    anonymity: str
    reporter_role: str
    relation: str
    category: str
    unit_id: str | None
    words: tuple[SealedWords, ...]
    at: datetime
    by: Sender = "adviser"
    reply_key: bytes | None = None
    signature: bytes | None = None
    signed_by: UUID | None = None
    parties: tuple[PartyToken, ...] = ()
    subject_marks: tuple[bytes, ...] = ()
    """What leaves of `parties` (`subject_marks`)."""
    statement: ways_in.StatementGiven | None = None
    """What the reporter was told before these words."""
    avoids: tuple[str, ...] = ()
    """Advisers whom the reporter does not want."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageSent:
    """The reporter or the adviser said something; the words are sealed to both."""

    sender: Sender
    words: tuple[SealedWords, ...]
    at: datetime
    signature: bytes | None = None
    signed_by: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationRecorded:
    """A conversation took place; its minutes are sealed."""

    mode: str
    minutes: tuple[SealedWords, ...]
    at: datetime
    signature: bytes | None = None
    signed_by: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InterventionRecorded:
    """The adviser did something."""

    intervention: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeRecorded:
    """How it ended and by which route; a later one corrects an earlier one."""

    outcome: str
    route: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseClosed:
    """Nothing is added to the file from here on, unless it is reopened; what is done about it still is."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PartiesNamed:
    """The adviser named whom the case is about, by tokens that no server can make (PartyToken)."""

    parties: tuple[PartyToken, ...]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectsMarked:
    """Marks of the subjects that were named after the case was opened: what leaves of a PartiesNamed,
    which it is appended with.
    """

    organisation_id: UUID
    facts_id: UUID
    message_id: UUID
    marks: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResealedEntry:
    """The words of the case's `version`-th event (from 1), sealed anew by whoever signed them; no words
    for an entry that has none.
    """

    version: int
    words: tuple[SealedWords, ...]
    signature: bytes | None
    signed_by: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WordsResealed:
    """The case's adviser sealed words to their new key, since the device with the old one is gone."""

    entries: tuple[ResealedEntry, ...]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseKeyRenewed:
    """The adviser's device was stolen: what follows in this case goes under a new case key."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOverConsented:
    """The reporter, by their code, agrees that the case goes to this adviser."""

    adviser_id: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseHandedOver:
    """The case is another adviser's now, with the necessary parts of it, sealed to them."""

    from_adviser: str
    to_adviser: str
    entries: tuple[ResealedEntry, ...]
    consent: Consent
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryRequested:
    """Somebody asked to have the case's words opened with the recovery key, for `to_adviser`."""

    by: str
    role: str
    reason: RecoveryReason
    to_adviser: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryApproved:
    """Another person, of another role, agreed."""

    by: str
    role: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryUsed:
    """The adviser was given the sealed words, to open them with the recovery key's holders."""

    by: str
    at: datetime


ReaderEvent = (
    PartiesNamed
    | WordsResealed
    | CaseKeyRenewed
    | HandOverConsented
    | CaseHandedOver
    | RecoveryRequested
    | RecoveryApproved
    | RecoveryUsed
)
"""Who reads the case, and who may: decided in hand_over.py and recovery.py."""

FirstEvent = (
    CaseOpened
    | MessageSent
    | ConversationRecorded
    | InterventionRecorded
    | OutcomeRecorded
    | CaseClosed
    | SubjectsMarked
    | FileAttached
    | disclosure.Event
    | subject_access.Event
    | ReaderEvent
)

WorkEvent = (
    coded.Event
    | clock.Event
    | minutes.Event
    | ladder.Event
    | consent.Event
    | aftercare.Event
    | ways_in.Event
    | conversion.Event
    | time_spent.CaseEvent
    | protection.Event
)
"""What is known of a case, and how it is worked on: decided in modules of their own."""

Event = FirstEvent | WorkEvent

_WORK_EVENTS = frozenset(get_args(WorkEvent))
_EVENTS = frozenset(get_args(Event))


def is_event(event: object) -> TypeIs[Event]:
    """Whether it is one of a case: a look, where `isinstance` would ask each of seventy classes."""
    return type(event) in _EVENTS


def is_work(event: Event) -> TypeIs[WorkEvent]:
    """Whether it says what is known of a case, or how it is worked on."""
    return type(event) in _WORK_EVENTS


# Fold -----------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)  # without slots: shared/frozen.py
class Case:
    """What is known of a case after its events."""

    version: int = 0
    opened: CaseOpened | None = None
    talks: tuple[int, ...] = ()
    """The versions of its conversations."""
    outcome: OutcomeRecorded | None = None
    closed: bool = False
    disclosures: tuple[disclosure.Disclosure, ...] = ()
    accesses: tuple[subject_access.SubjectAccess, ...] = ()
    files: tuple[FileAttached, ...] = ()
    handed_to: str | None = None
    parties: tuple[PartyToken, ...] = ()
    consent_to: str | None = None
    """The adviser to whom the reporter agreed to hand over."""
    recovery: RecoveryRequested | None = None
    recovery_approved: bool = False
    corrected: coded.FactsCorrected | None = None
    record: coded.CaseRecord = coded.NOTHING
    minutes: tuple[minutes.Minutes, ...] = ()
    steps: tuple[ladder.Step, ...] = ()
    consents: tuple[consent.Consent, ...] = ()
    satisfaction: aftercare.SatisfactionSaid | None = None
    aftercare: tuple[aftercare.Aftercare, ...] = ()
    statement: ways_in.StatementGiven | None = None
    avoided: frozenset[str] = frozenset()
    disadvantages: tuple[protection.DisadvantageReported, ...] = ()
    report_decided: bool = False
    converted: conversion.ConvertedToWhistleblowerReport | None = None

    @property
    def facts(self) -> CaseOpened | coded.FactsCorrected:
        """The facts as they were corrected last. Raises Refusal NOT_FOUND where there is no case."""
        if self.opened is None:
            raise Refusal(Code.NOT_FOUND)
        return self.corrected or self.opened

    @property
    def conversations(self) -> int:
        """How many there were."""
        return len(self.talks)

    def running(self) -> CaseOpened:
        """The opening of a case that is open. Raises Refusal NOT_FOUND or CASE_CLOSED."""
        if self.opened is None:
            raise Refusal(Code.NOT_FOUND)
        if self.closed:
            raise Refusal(Code.CASE_CLOSED)
        return self.opened

    terms: tuple[clock.Term, ...] = ()

    @property
    def adviser_id(self) -> str:
        """Whose case it is. Raises Refusal NOT_FOUND where there is none."""
        if self.opened is None:
            raise Refusal(Code.NOT_FOUND)
        return self.handed_to or self.opened.adviser_id


def evolve(state: Case, event: Event) -> Case:
    """The state after one more event."""
    terms = _terms(state.terms, event)
    if terms is not state.terms:
        state = replace(state, terms=terms)
    version = state.version + 1  # one copy of the state for each event, not two
    if is_work(event):
        return _worked_on(replace(state, version=version), event)
    match event:
        case CaseOpened():
            return replace(
                state,
                version=version,
                opened=event,
                parties=event.parties,
                statement=event.statement,
                avoided=frozenset(event.avoids),
            )
        case ConversationRecorded():
            return replace(state, version=version, talks=(*state.talks, version))
        case InterventionRecorded() | MessageSent() | SubjectsMarked():
            return replace(state, version=version)
        case FileAttached():
            return replace(state, version=version, files=(*state.files, event))
        case OutcomeRecorded():
            return replace(state, version=version, outcome=event)
        case CaseClosed():
            return replace(state, version=version, closed=True)
        case (
            disclosure.DisclosureRequested()
            | disclosure.DisclosureConfirmed()
            | disclosure.DisclosureRefused()
            | disclosure.ReporterInformed()
            | disclosure.ReporterNotInformed()
        ):
            return replace(
                state, version=version, disclosures=disclosure.evolve(state.disclosures, event)
            )
        case (
            subject_access.SubjectAccessRequested()
            | subject_access.RedactionProposed()
            | subject_access.RedactionReturned()
            | subject_access.RedactionApproved()
        ):
            return replace(
                state, version=version, accesses=subject_access.evolve(state.accesses, event)
            )
        case (
            PartiesNamed()
            | WordsResealed()
            | CaseKeyRenewed()
            | HandOverConsented()
            | CaseHandedOver()
            | RecoveryRequested()
            | RecoveryApproved()
            | RecoveryUsed()
        ):
            return _other_readers(replace(state, version=version), event)
        case _:
            assert_never(event)


def _worked_on(state: Case, event: WorkEvent) -> Case:
    match event:
        case coded.RecordKept():
            return replace(state, record=event.record)
        case coded.FactsCorrected():
            return replace(state, corrected=event)
        case (
            coded.CorrectionTold() | time_spent.CaseTimeRecorded() | time_spent.CaseTimeWithdrawn()
        ):
            return state
        case minutes.MinutesDrafted() | minutes.MinutesCorrected() | minutes.MinutesSignedOff():
            return replace(state, minutes=minutes.evolve(state.minutes, event))
        case ladder.StepProposed() | ladder.StepDecided() | ladder.StepTaken():
            return replace(state, steps=ladder.evolve(state.steps, event))
        case consent.ConsentGiven() | consent.ConsentWithdrawn() | consent.ToldWithConsent():
            return replace(state, consents=consent.evolve(state.consents, event))
        case ways_in.StatementRecorded():
            return replace(state, statement=event.statement)
        case ways_in.AdviserAvoided():
            return replace(state, avoided=state.avoided | {event.adviser_id})
        case (
            aftercare.SatisfactionSaid()
            | aftercare.AftercarePlanned()
            | aftercare.AftercareGiven()
            | aftercare.CaseReopened()
            | protection.DisadvantageReported()
            | conversion.ReportDecided()
            | conversion.ConvertedToWhistleblowerReport()
        ):
            return _afterwards(state, event)
        case _:
            return replace(state, terms=clock.evolve(state.terms, event))


def _afterwards(state: Case, event: aftercare.Event | protection.Event | conversion.Event) -> Case:
    match event:
        case protection.DisadvantageReported():
            return replace(state, disadvantages=(*state.disadvantages, event))
        case conversion.ReportDecided():
            return replace(state, report_decided=True)
        case conversion.ConvertedToWhistleblowerReport():
            return replace(state, converted=event)
        case aftercare.SatisfactionSaid():
            return replace(state, satisfaction=event)
        case aftercare.AftercarePlanned():
            return replace(
                state,
                aftercare=aftercare.evolve(state.aftercare, event),
                terms=clock.planned(state.terms, event.on, day_of(event.at)),
            )
        case aftercare.AftercareGiven():
            return replace(
                state,
                aftercare=aftercare.evolve(state.aftercare, event),
                terms=clock.looked_after(state.terms),
            )
        case aftercare.CaseReopened():
            return replace(state, closed=False, outcome=None, terms=clock.reopened(state.terms))
        case _:
            assert_never(event)


def _terms(terms: tuple[clock.Term, ...], event: Event) -> tuple[clock.Term, ...]:
    """What of a case begins and ends its terms: the adviser's first message confirms the receipt."""
    match event:
        case CaseOpened(by="reporter", category=category) if ways_in.is_report(category):
            return clock.received(terms, day_of(event.at))
        case MessageSent(sender="adviser"):
            return clock.confirmed(terms, day_of(event.at))
        case subject_access.SubjectAccessRequested():
            return clock.access_asked(terms, event.access_id, event.received_on)
        case CaseClosed():
            return clock.closed(terms, day_of(event.at))
        case _:
            return terms


def _other_readers(state: Case, event: ReaderEvent) -> Case:
    match event:
        case CaseKeyRenewed() | RecoveryUsed():
            return state
        case PartiesNamed():
            return replace(state, parties=(*state.parties, *event.parties))
        case HandOverConsented():
            # Who agrees to an adviser wants them after all.
            return replace(
                state, consent_to=event.adviser_id, avoided=state.avoided - {event.adviser_id}
            )
        case RecoveryRequested():
            return replace(state, recovery=event, recovery_approved=False)
        case RecoveryApproved():
            return replace(state, recovery_approved=True)
        case WordsResealed():
            return replace(state, recovery=None, recovery_approved=False)
        case CaseHandedOver():
            return replace(
                state,
                handed_to=event.to_adviser,
                consent_to=None,
                recovery=None,
                recovery_approved=False,
            )
        case _:
            assert_never(event)


# Decisions ------------------------------------------------------------------------------------


def open_case(
    state: Case,
    organisation: Organisation,
    *,
    case_id: UUID,
    facts_id: UUID,
    adviser_id: str,
    period: str,
    channel: str,
    anonymity: str,
    reporter_role: str,
    relation: str,
    category: str,
    unit_id: str | None,
    words: tuple[SealedWords, ...],
    at: datetime,
    verifies: Verifies,
    mark: Mark,
    by: Sender = "adviser",
    reply_key: bytes | None = None,
    signature: bytes | None = None,
    parties: tuple[PartyToken, ...] = (),
    statement: ways_in.StatementGiven | None = None,
    avoids: tuple[str, ...] = (),
) -> CaseOpened:
    """Open a case. Raises Refusal for an unknown code or unit, or words sealed to nobody here."""
    if state.opened is not None:
        raise Refusal(Code.ALREADY_EXISTS)
    # The organisation's own streams have ids made from names (streams.py): a case that took the id
    # of the registers, or of a day to come, would stand in their way for ever.
    if case_id.version != 4:
        raise invalid("caseId", "it is not a random UUID (version 4)")
    known = organisation.known
    if all(adviser.id != adviser_id for adviser in known.advisers):
        raise invalid("adviserId", "the organisation has no such adviser")
    if (by == "reporter") != (reply_key is not None):
        raise invalid("replyKey", "a reporter gives one, and nobody else does")
    if reply_key is not None and len(reply_key) != PUBLIC_KEY_BYTES:
        raise invalid("replyKey", "it is not {bytes} bytes long", bytes=PUBLIC_KEY_BYTES)
    coded.check_facts(
        organisation,
        on=at.date(),
        channel=channel,
        anonymity=anonymity,
        reporter_role=reporter_role,
        relation=relation,
        category=category,
        unit_id=unit_id,
    )
    told = ways_in.checked_statement(statement, by_reporter=by == "reporter")
    unwanted = ways_in.checked_avoided(organisation, avoids, adviser_id=adviser_id)
    sealed = sealed_for(
        words, organisation, adviser_id=adviser_id, reply_key=reply_key, must_reply=False
    )
    signed_by = None
    if by == "adviser":
        signed_by = signer_of(
            organisation, adviser_id, case_id, sealed, signature, verifies=verifies
        )
    elif signature is not None:
        raise invalid("signature", "only an adviser signs")
    if parties and by == "reporter":
        raise invalid("parties", "only an adviser names them")
    checked_parties((), parties)
    return CaseOpened(
        case_id=case_id,
        organisation_id=known.organisation_id,
        facts_id=facts_id,
        adviser_id=adviser_id,
        taxonomy_version=taxonomy.current().version,
        period=period,
        channel=channel,
        anonymity=anonymity,
        reporter_role=reporter_role,
        relation=relation,
        category=category,
        unit_id=unit_id,
        words=sealed,
        at=at,
        by=by,
        reply_key=reply_key,
        signature=signature,
        signed_by=signed_by,
        parties=parties,
        subject_marks=subject_marks(organisation, parties, period=period, on=at.date(), mark=mark),
        statement=told,
        avoids=unwanted,
    )


def name_parties(
    state: Case,
    organisation: Organisation,
    *,
    parties: tuple[PartyToken, ...],
    at: datetime,
    message_id: UUID,
    mark: Mark,
) -> list[PartiesNamed | SubjectsMarked]:
    """Whom a running case is about, as far as that was not said yet; and what leaves of it, if
    anything does.
    """
    opened = running(state)
    if not parties:
        raise invalid("parties", "it is empty")
    named = PartiesNamed(parties=checked_parties(state.parties, parties), at=at)
    marks = subject_marks(organisation, parties, period=opened.period, on=at.date(), mark=mark)
    if not marks:
        return [named]
    marked = SubjectsMarked(
        organisation_id=opened.organisation_id,
        facts_id=opened.facts_id,
        message_id=message_id,
        marks=marks,
    )
    return [named, marked]


def subject_marks(
    organisation: Organisation,
    parties: Iterable[PartyToken],
    *,
    period: str,
    on: date,
    mark: Mark,
) -> tuple[bytes, ...]:
    """What leaves of the parties of a case: a mark for each subject, in an order of their own.

    Nothing leaves where the release policy does not count subjects, nor after the period's tick, when
    it would come too late.
    """
    subjects = [one.token for one in parties if one.role == "subject"]
    if not subjects or organisation.known.release.policy != "exact":
        return ()
    booked = Period.parse(period)
    if on > tick_of(booked, booked.start):
        return ()
    return tuple(sorted(mark(period, token) for token in subjects))


def send_message(
    state: Case,
    organisation: Organisation,
    *,
    sender: Sender,
    words: tuple[SealedWords, ...],
    at: datetime,
    verifies: Verifies,
    signature: bytes | None = None,
) -> MessageSent:
    """Something said in an open case. Only where the reporter can read it: they hold a code."""
    opened = running(state)
    if opened.reply_key is None:
        raise invalid("words", "this case has no reporter with a code who could read them")
    sealed = sealed_for(
        words,
        organisation,
        adviser_id=state.adviser_id,
        reply_key=opened.reply_key,
        must_reply=True,
    )
    signed_by = None
    if sender == "adviser":
        signed_by = signer_of(
            organisation, state.adviser_id, opened.case_id, sealed, signature, verifies=verifies
        )
    elif signature is not None:
        raise invalid("signature", "only an adviser signs")
    return MessageSent(sender=sender, words=sealed, at=at, signature=signature, signed_by=signed_by)


def attach_file(
    state: Case,
    organisation: Organisation,
    *,
    attachment_id: UUID,
    sender: Sender,
    chunks: int,
    digest: bytes,
    words: tuple[SealedWords, ...],
    at: datetime,
    verifies: Verifies,
    signature: bytes | None = None,
) -> FileAttached:
    """A file becomes part of an open case. What an adviser keeps for themself is not sealed to the
    reporter. Raises Refusal ALREADY_EXISTS for one that is attached.
    """
    opened = running(state)
    if any(file.attachment_id == attachment_id for file in state.files):
        raise Refusal(Code.ALREADY_EXISTS)
    sealed = sealed_for(
        words,
        organisation,
        adviser_id=state.adviser_id,
        reply_key=opened.reply_key,
        must_reply=sender == "reporter",
    )
    signed_by = None
    if sender == "adviser":
        signed_by = signer_of(
            organisation, state.adviser_id, opened.case_id, sealed, signature, verifies=verifies
        )
    elif signature is not None:
        raise invalid("signature", "only an adviser signs")
    return FileAttached(
        attachment_id=attachment_id,
        sender=sender,
        chunks=chunks,
        total_bytes=chunks * CHUNK_BYTES,
        digest=digest,
        words=sealed,
        at=at,
        signature=signature,
        signed_by=signed_by,
    )


def shown_to_reporter(opened: CaseOpened, file: FileAttached) -> bool:
    """Whether a file is sealed to the reporter: one that is not is the adviser's own."""
    if opened.reply_key is None:
        return False
    mine = key_id_of(opened.reply_key)
    return any(one.key_id == mine for one in file.words)


def record_conversation(
    state: Case,
    organisation: Organisation,
    *,
    mode: str,
    minutes: tuple[SealedWords, ...],
    at: datetime,
    verifies: Verifies,
    signature: bytes | None = None,
) -> ConversationRecorded:
    """A conversation in an open case. The reporter does not read its minutes."""
    opened = running(state)
    taxonomy.current().check("conversation_modes", mode, field="mode")
    sealed = sealed_for(
        minutes,
        organisation,
        adviser_id=state.adviser_id,
        reply_key=None,
        must_reply=False,
        field="minutes",
    )
    signed_by = signer_of(
        organisation, state.adviser_id, opened.case_id, sealed, signature, verifies=verifies
    )
    return ConversationRecorded(
        mode=mode, minutes=sealed, at=at, signature=signature, signed_by=signed_by
    )


def record_intervention(state: Case, *, intervention: str, at: datetime) -> InterventionRecorded:
    """Something the adviser did in an open case."""
    running(state)
    taxonomy.current().check("interventions", intervention, field="intervention")
    return InterventionRecorded(intervention=intervention, at=at)


def record_outcome(state: Case, *, outcome: str, route: str, at: datetime) -> OutcomeRecorded:
    """How an open case ended."""
    running(state)
    codes = taxonomy.current()
    codes.check("outcomes", outcome, field="outcome")
    codes.check("routes", route, field="route")
    return OutcomeRecorded(outcome=outcome, route=route, at=at)


def close_case(state: Case, *, at: datetime) -> CaseClosed:
    """Close a case that has an outcome, and whose reporter was told of every disclosure or is not
    told for a reason.
    """
    running(state)
    if state.outcome is None:
        raise Refusal(Code.OUTCOME_MISSING)
    if disclosure.untold(state.disclosures):
        raise Refusal(Code.REPORTER_UNTOLD)
    return CaseClosed(at=at)


def owned_by(state: Case, adviser_id: str) -> CaseOpened:
    """The opening of a case that is this adviser's. Raises Refusal NOT_FOUND for any other."""
    if state.opened is None or state.adviser_id != adviser_id:
        raise Refusal(Code.NOT_FOUND)
    return state.opened


def reported_by(state: Case) -> CaseOpened:
    """The opening of a case that a reporter opened with a code. Raises Refusal NOT_FOUND."""
    if state.opened is None or state.opened.by != "reporter":
        raise Refusal(Code.NOT_FOUND)
    return state.opened


def running(state: Case) -> CaseOpened:
    """See Case.running."""
    return state.running()


MOST_PARTIES = 20
TOKEN_BYTES = 32


def checked_parties(
    before: tuple[PartyToken, ...], parties: tuple[PartyToken, ...]
) -> tuple[PartyToken, ...]:
    """`parties`, if they are tokens and none of them is the case's other side at the same time."""
    if len(before) + len(parties) > MOST_PARTIES:
        raise Refusal(Code.TOO_LARGE, limit=MOST_PARTIES, unit="parties")
    for party in parties:
        if len(party.token) != TOKEN_BYTES:
            raise invalid("parties", "it is not {bytes} bytes long", bytes=TOKEN_BYTES)
    everybody = (*before, *parties)
    if len({party.token for party in everybody}) != len(everybody):
        raise invalid("parties", "somebody stands there twice")
    return parties


def check_sides(parties: tuple[PartyToken, ...], held: Iterable[PartyToken]) -> None:
    """Refuse an adviser who would support both sides: `held` are the parties of their other cases."""
    opposite = {(party.token, party.role) for party in held}
    for party in parties:
        if (party.token, "subject" if party.role == "reporter" else "reporter") in opposite:
            raise Refusal(Code.CONFLICT_OF_INTEREST)
