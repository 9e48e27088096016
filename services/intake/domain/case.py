"""A case: opened, spoken about, acted on, concluded, closed. Words stay sealed throughout."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Literal, assert_never
from uuid import UUID

from services.intake.domain import disclosure, subject_access
from services.intake.domain.statements import SIGNATURE_BYTES, Verifies, words_statement
from services.intake.domain.words import SealedWords, check_sealed, key_id_of
from shared import taxonomy
from shared.contracts.errors import Code, Refusal, invalid

if TYPE_CHECKING:
    from services.intake.domain.organisation import Organisation

Sender = Literal["reporter", "adviser"]

PUBLIC_KEY_BYTES = 32

# Events ---------------------------------------------------------------------------------------


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
    """Nothing is added to the file from here on; what is done about it still is."""

    at: datetime


Event = (
    CaseOpened
    | MessageSent
    | ConversationRecorded
    | InterventionRecorded
    | OutcomeRecorded
    | CaseClosed
    | disclosure.Event
    | subject_access.Event
)


# Fold -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is known of a case after its events."""

    version: int = 0
    opened: CaseOpened | None = None
    conversations: int = 0
    outcome: OutcomeRecorded | None = None
    closed: bool = False
    disclosures: tuple[disclosure.Disclosure, ...] = ()
    accesses: tuple[subject_access.SubjectAccess, ...] = ()


def evolve(state: Case, event: Event) -> Case:
    """The state after one more event."""
    state = replace(state, version=state.version + 1)
    match event:
        case CaseOpened():
            return replace(state, opened=event)
        case ConversationRecorded():
            return replace(state, conversations=state.conversations + 1)
        case InterventionRecorded() | MessageSent():
            return state
        case OutcomeRecorded():
            return replace(state, outcome=event)
        case CaseClosed():
            return replace(state, closed=True)
        case (
            disclosure.DisclosureRequested()
            | disclosure.DisclosureConfirmed()
            | disclosure.DisclosureRefused()
            | disclosure.ReporterInformed()
            | disclosure.ReporterNotInformed()
        ):
            return replace(state, disclosures=disclosure.evolve(state.disclosures, event))
        case (
            subject_access.SubjectAccessRequested()
            | subject_access.RedactionProposed()
            | subject_access.RedactionReturned()
            | subject_access.RedactionApproved()
        ):
            return replace(state, accesses=subject_access.evolve(state.accesses, event))
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
    by: Sender = "adviser",
    reply_key: bytes | None = None,
    signature: bytes | None = None,
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
    codes = taxonomy.current()
    codes.check("channels", channel)
    codes.check("anonymity", anonymity)
    codes.check("reporter_roles", reporter_role)
    codes.check("relations", relation)
    codes.check("categories", category)
    if unit_id is not None and all(unit.id != unit_id for unit in known.units):
        raise invalid("unitId", "the organisation has no such unit")
    sealed = _sealed_for(
        words, organisation, adviser_id=adviser_id, reply_key=reply_key, must_reply=False
    )
    signed_by = None
    if by == "adviser":
        signed_by = _signed_by(
            organisation, adviser_id, case_id, sealed, signature, verifies=verifies
        )
    elif signature is not None:
        raise invalid("signature", "only an adviser signs")
    return CaseOpened(
        case_id=case_id,
        organisation_id=known.organisation_id,
        facts_id=facts_id,
        adviser_id=adviser_id,
        taxonomy_version=codes.version,
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
    )


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
    opened = _running(state)
    if opened.reply_key is None:
        raise invalid("words", "this case has no reporter with a code who could read them")
    sealed = _sealed_for(
        words,
        organisation,
        adviser_id=opened.adviser_id,
        reply_key=opened.reply_key,
        must_reply=True,
    )
    signed_by = None
    if sender == "adviser":
        signed_by = _signed_by(
            organisation, opened.adviser_id, opened.case_id, sealed, signature, verifies=verifies
        )
    elif signature is not None:
        raise invalid("signature", "only an adviser signs")
    return MessageSent(sender=sender, words=sealed, at=at, signature=signature, signed_by=signed_by)


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
    opened = _running(state)
    taxonomy.current().check("conversation_modes", mode)
    sealed = _sealed_for(
        minutes,
        organisation,
        adviser_id=opened.adviser_id,
        reply_key=None,
        must_reply=False,
        field="minutes",
    )
    signed_by = _signed_by(
        organisation, opened.adviser_id, opened.case_id, sealed, signature, verifies=verifies
    )
    return ConversationRecorded(
        mode=mode, minutes=sealed, at=at, signature=signature, signed_by=signed_by
    )


def record_intervention(state: Case, *, intervention: str, at: datetime) -> InterventionRecorded:
    """Something the adviser did in an open case."""
    _running(state)
    taxonomy.current().check("interventions", intervention)
    return InterventionRecorded(intervention=intervention, at=at)


def record_outcome(state: Case, *, outcome: str, route: str, at: datetime) -> OutcomeRecorded:
    """How an open case ended."""
    _running(state)
    codes = taxonomy.current()
    codes.check("outcomes", outcome)
    codes.check("routes", route)
    return OutcomeRecorded(outcome=outcome, route=route, at=at)


def close_case(state: Case, *, at: datetime) -> CaseClosed:
    """Close a case that has an outcome, and whose reporter was told of every disclosure or is not
    told for a reason.
    """
    _running(state)
    if state.outcome is None:
        raise Refusal(Code.OUTCOME_MISSING)
    if disclosure.untold(state.disclosures):
        raise Refusal(Code.REPORTER_UNTOLD)
    return CaseClosed(at=at)


def owned_by(state: Case, adviser_id: str) -> CaseOpened:
    """The opening of a case that is this adviser's. Raises Refusal NOT_FOUND for any other."""
    if state.opened is None or state.opened.adviser_id != adviser_id:
        raise Refusal(Code.NOT_FOUND)
    return state.opened


def reported_by(state: Case) -> CaseOpened:
    """The opening of a case that a reporter opened with a code. Raises Refusal NOT_FOUND."""
    if state.opened is None or state.opened.by != "reporter":
        raise Refusal(Code.NOT_FOUND)
    return state.opened


def _running(state: Case) -> CaseOpened:
    if state.opened is None:
        raise Refusal(Code.NOT_FOUND)
    if state.closed:
        raise Refusal(Code.CASE_CLOSED)
    return state.opened


def _sealed_for(
    words: tuple[SealedWords, ...],
    organisation: Organisation,
    *,
    adviser_id: str,
    reply_key: bytes | None,
    must_reply: bool,
    field: str = "words",
) -> tuple[SealedWords, ...]:
    """`words`, if whom they are for can open them, and nobody else: words that nobody can read are
    lost words, and nobody but the case's adviser, the recovery key and the reporter is a reader.
    """
    current = organisation.current_key(adviser_id)
    recovery = organisation.recovery_key
    readers = set()
    if current is not None:
        readers.add(current.key_id)
    if recovery is not None:
        readers.add(recovery.key_id)
    if reply_key is not None:
        readers.add(key_id_of(reply_key))
    sealed = check_sealed(words, readers, field=field)
    keys = {one.key_id for one in sealed}
    if current is None or current.key_id not in keys:
        raise invalid(field, "they are not sealed to the adviser's current key")
    if recovery is not None and recovery.key_id not in keys:
        raise invalid(field, "they are not sealed to the recovery key")
    if must_reply and reply_key is not None and key_id_of(reply_key) not in keys:
        raise invalid(field, "they are not sealed to the reporter's key")
    return sealed


def _signed_by(
    organisation: Organisation,
    adviser_id: str,
    case_id: UUID,
    words: tuple[SealedWords, ...],
    signature: bytes | None,
    *,
    verifies: Verifies,
) -> UUID | None:
    """The id of the key pair with which the adviser signed these words; None where their current key
    cannot sign. Raises Refusal for words without their signature, or with one of something else.
    """
    current = organisation.current_key(adviser_id)
    if current is None or current.signing_key is None:
        if signature is not None:
            raise invalid("signature", "your current key cannot sign: publish one that can")
        return None
    if signature is None:
        raise invalid("signature", "it is missing")
    statement = words_statement(
        organisation_id=organisation.known.organisation_id, case_id=case_id, words=words
    )
    if len(signature) != SIGNATURE_BYTES or not verifies(current.signing_key, signature, statement):
        raise invalid(
            "signature", "this signature is not by the right key, or was made of other content"
        )
    return current.key_id
