"""A complaint about how an adviser acted, heard by others than advisers.

It has a stream and a key of its own, and says nothing of the case it came from: not its id, not its
reporter. The adviser concerned is no reader and is told nothing of it here; whether the officers may
speak with them is the reporter's to say. Nobody finds anybody right or wrong in a code: what the
officers answer stands in words, sealed.

A complaints procedure for advisers belongs to their profession (code of conduct of the LVV); no law
sets its terms. The longest term here is that of the General Administrative Law Act for a complaint
that a committee hears: ten weeks after receipt (Awb 9:11, first paragraph). Who complains is heard
first (Awb 9:10).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal, assert_never
from uuid import UUID

from services.intake.domain.organisation import PUBLIC_KEY_BYTES
from services.intake.domain.sealing import signer_of
from services.intake.domain.words import SealedWords, check_sealed_to
from shared.contracts.errors import Code, Refusal, invalid
from shared.taxonomy import practice
from shared.taxonomy.working_days import day_of, months_later

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.intake.domain.organisation import Organisation
    from services.intake.domain.statements import Verifies

TERM_WEEKS: Final = 10
KEPT_MONTHS: Final = 24
"""So long a closed complaint is kept; then its key is destroyed."""

Party = Literal["reporter", "adviser"]
Hearing = Literal["spoken", "written", "waived"]
Status = Literal["received", "acknowledged", "heard", "answered", "closed"]

# Events ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplaintReceived:
    """Somebody with a code complains about an adviser. `reporter` is a pseudonym of their code,
    `readers` are the officers it is addressed to, `may_tell` whether the adviser may be told.
    """

    adviser_id: str
    codes_version: int
    ground: str
    readers: tuple[str, ...]
    may_tell: bool
    reporter: bytes
    reply_key: bytes
    words: tuple[SealedWords, ...]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplaintAcknowledged:
    """An officer confirms receipt, and says until when it is answered."""

    by: str
    answer_by: date
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplaintWordsSent:
    """Something said in it; `by` is the officer, None the reporter. An officer's words are signed."""

    by: str | None
    words: tuple[SealedWords, ...]
    signature: bytes | None
    signed_by: UUID | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplaintHeard:
    """An officer heard somebody, or the reporter did not want to be heard. `words` are the record of it:
    the officers', and the reporter's where it was them.
    """

    by: str
    party: Party
    how: Hearing
    words: tuple[SealedWords, ...]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AdviserTellingDecided:
    """The reporter says anew whether the adviser may be told."""

    may_tell: bool
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplaintAnswered:
    """The officers' answer to the reporter, signed."""

    by: str
    words: tuple[SealedWords, ...]
    signature: bytes | None
    signed_by: UUID | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplaintClosed:
    """An officer closed what was answered, or the reporter withdrew it."""

    reason: Literal["answered", "withdrawn"]
    at: datetime


Event = (
    ComplaintReceived
    | ComplaintAcknowledged
    | ComplaintWordsSent
    | ComplaintHeard
    | AdviserTellingDecided
    | ComplaintAnswered
    | ComplaintClosed
)

# Fold -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """What is known of one complaint."""

    version: int = 0
    received: ComplaintReceived | None = None
    may_tell: bool = False
    answer_by: date | None = None
    heard: frozenset[Party] = frozenset()
    answered: bool = False
    closed: ComplaintClosed | None = None

    @property
    def known(self) -> ComplaintReceived:
        """How it began. Raises Refusal NOT_FOUND when there is none."""
        if self.received is None:
            raise Refusal(Code.NOT_FOUND)
        return self.received

    @property
    def status(self) -> Status:
        """How far it is."""
        if self.closed is not None:
            return "closed"
        if self.answered:
            return "answered"
        if self.answer_by is None:
            return "received"
        return "heard" if "reporter" in self.heard else "acknowledged"

    def overdue(self, day: date) -> bool:
        """Whether an answer was promised for an earlier day, and is not there."""
        return (
            self.answer_by is not None
            and self.answer_by < day
            and not self.answered
            and self.closed is None
        )

    def of_reporter(self, reporter: bytes) -> None:
        """Raises Refusal NOT_FOUND for another code than the one it was made with."""
        if self.known.reporter != reporter:
            raise Refusal(Code.NOT_FOUND)

    def read_by(self, organisation: Organisation, officer_id: str) -> None:
        """Raises Refusal NOT_FOUND for who is no reader of it, or no officer any more."""
        if officer_id not in self.known.readers or not organisation.hears_complaints(officer_id):
            raise Refusal(Code.NOT_FOUND)

    def running(self) -> None:
        """Raises Refusal NOT_FOUND or COMPLAINT_CLOSED."""
        if self.received is None:
            raise Refusal(Code.NOT_FOUND)
        if self.closed is not None:
            raise Refusal(Code.COMPLAINT_CLOSED)


def evolve(state: Complaint, event: Event) -> Complaint:
    """The state after one more event."""
    state = replace(state, version=state.version + 1)
    match event:
        case ComplaintReceived():
            return replace(state, received=event, may_tell=event.may_tell)
        case ComplaintAcknowledged():
            return replace(state, answer_by=event.answer_by)
        case ComplaintWordsSent():
            return state
        case ComplaintHeard():
            return replace(state, heard=state.heard | {event.party})
        case AdviserTellingDecided():
            return replace(state, may_tell=event.may_tell)
        case ComplaintAnswered():
            return replace(state, answered=True)
        case ComplaintClosed():
            return replace(state, closed=event)
        case _:
            assert_never(event)


def kept_until(closed: ComplaintClosed) -> date:
    """The last day on which a closed complaint is kept."""
    return months_later(day_of(closed.at), KEPT_MONTHS)


# Decisions ------------------------------------------------------------------------------------


def receive(
    organisation: Organisation,
    *,
    complaint_id: UUID,
    adviser_id: str,
    ground: str,
    readers: Sequence[str],
    may_tell: bool,
    reporter: bytes,
    reply_key: bytes,
    words: Sequence[SealedWords],
    at: datetime,
) -> ComplaintReceived:
    """Somebody complains, by their code, of an adviser who may have left. Whether they ever had a case is
    not asked.

    Raises Refusal ADVISER_CONCERNED where it is addressed to the adviser it is about, UNKNOWN_CODE,
    INVALID_INPUT for who never was an adviser, for a reader who is no officer or has no key, and for
    words that not all of them, or others, can open.
    """
    if complaint_id.version != 4:
        raise invalid("complaintId", "it is not a random UUID (version 4)")
    if not organisation.had_seat(adviser_id):
        raise invalid("adviserId", "the organisation has no such adviser")
    codes = practice.current()
    codes.check("complaint_grounds", ground, field="ground")
    if len(reply_key) != PUBLIC_KEY_BYTES:
        raise invalid("replyKey", "it is not {bytes} bytes long", bytes=PUBLIC_KEY_BYTES)
    if adviser_id in readers:
        raise Refusal(Code.ADVISER_CONCERNED)
    if not readers:
        raise invalid("readers", "it is empty")
    if len(set(readers)) != len(readers):
        raise invalid("readers", "somebody stands there twice")
    for one in readers:
        if not organisation.hears_complaints(one):
            raise invalid("readers", "the organisation has no such complaints officer")
        if organisation.current_key(one) is None:
            raise invalid("readers", "this complaints officer has no key at present")
    return ComplaintReceived(
        adviser_id=adviser_id,
        codes_version=codes.version,
        ground=ground,
        readers=tuple(readers),
        may_tell=may_tell,
        reporter=reporter,
        reply_key=reply_key,
        words=_sealed(words, organisation, readers, reply_key),
        at=at,
    )


def acknowledge(
    state: Complaint, *, by: str, answer_by: date, at: datetime
) -> ComplaintAcknowledged:
    """Confirm receipt with a term: a day to come, at most ten weeks after receipt.

    Raises Refusal ALREADY_DECIDED where it was confirmed.
    """
    state.running()
    if state.answer_by is not None:
        raise Refusal(Code.ALREADY_DECIDED)
    if answer_by <= day_of(at):
        raise invalid("answerBy", "that day is past")
    if answer_by > day_of(state.known.at) + timedelta(weeks=TERM_WEEKS):
        raise invalid("answerBy", "it is longer than {weeks} weeks after receipt", weeks=TERM_WEEKS)
    return ComplaintAcknowledged(by=by, answer_by=answer_by, at=at)


def write(
    state: Complaint,
    organisation: Organisation,
    *,
    complaint_id: UUID,
    by: str | None,
    words: Sequence[SealedWords],
    signature: bytes | None,
    verifies: Verifies,
    at: datetime,
) -> ComplaintWordsSent:
    """The reporter (`by` None) or an officer says something, sealed to all who read it.

    Raises Refusal NOT_FOUND, COMPLAINT_CLOSED, INVALID_INPUT for words that not all of them, or others,
    can open, and for a signature that is missing, wrong, or a reporter's.
    """
    state.running()
    sealed = _to_all(state, organisation, words)
    return ComplaintWordsSent(
        by=by,
        words=sealed,
        signature=signature,
        signed_by=_signed(organisation, by, complaint_id, sealed, signature, verifies),
        at=at,
    )


def hear(
    state: Complaint,
    organisation: Organisation,
    *,
    by: str,
    party: Party,
    how: Hearing,
    words: Sequence[SealedWords],
    at: datetime,
) -> ComplaintHeard:
    """Record that somebody was heard. The adviser only where the reporter lets them be told, after the
    reporter, and never by waiver in their place.

    Raises Refusal ALREADY_DECIDED where it is not its turn, REPORTER_DECIDES, INVALID_INPUT.
    """
    state.running()
    if state.answer_by is None or state.answered:
        raise Refusal(Code.ALREADY_DECIDED)
    if party == "reporter":
        return ComplaintHeard(
            by=by, party=party, how=how, words=_to_all(state, organisation, words), at=at
        )
    if not state.may_tell:
        raise Refusal(Code.REPORTER_DECIDES)
    if how == "waived":
        raise invalid("how", "only the reporter waives a hearing")
    if "reporter" not in state.heard:
        raise Refusal(Code.ALREADY_DECIDED)
    readers = _reachable(state, organisation)
    return ComplaintHeard(
        by=by, party=party, how=how, words=_sealed(words, organisation, readers, None), at=at
    )


def decide_telling(state: Complaint, *, may_tell: bool, at: datetime) -> AdviserTellingDecided:
    """The reporter says otherwise. Raises Refusal ALREADY_DECIDED where that is what they said, or where
    the adviser was heard: what they know cannot be taken back.
    """
    state.running()
    if may_tell is state.may_tell or "adviser" in state.heard:
        raise Refusal(Code.ALREADY_DECIDED)
    return AdviserTellingDecided(may_tell=may_tell, at=at)


def answer(
    state: Complaint,
    organisation: Organisation,
    *,
    complaint_id: UUID,
    by: str,
    words: Sequence[SealedWords],
    signature: bytes | None,
    verifies: Verifies,
    at: datetime,
) -> ComplaintAnswered:
    """Answer the reporter, once, after they were heard. Raises Refusal ALREADY_DECIDED otherwise."""
    state.running()
    if state.answered or "reporter" not in state.heard:
        raise Refusal(Code.ALREADY_DECIDED)
    sealed = _to_all(state, organisation, words)
    return ComplaintAnswered(
        by=by,
        words=sealed,
        signature=signature,
        signed_by=_signed(organisation, by, complaint_id, sealed, signature, verifies),
        at=at,
    )


def close(state: Complaint, *, by_reporter: bool, at: datetime) -> ComplaintClosed:
    """An officer closes what was answered; the reporter withdraws it at any time.

    Raises Refusal ALREADY_DECIDED for an officer where there is no answer yet.
    """
    state.running()
    if not by_reporter and not state.answered:
        raise Refusal(Code.ALREADY_DECIDED)
    withdrawn = by_reporter and not state.answered
    return ComplaintClosed(reason="withdrawn" if withdrawn else "answered", at=at)


def _reachable(state: Complaint, organisation: Organisation) -> tuple[str, ...]:
    """The readers who can still open something."""
    return tuple(
        one
        for one in state.known.readers
        if organisation.hears_complaints(one) and organisation.current_key(one) is not None
    )


def _to_all(
    state: Complaint, organisation: Organisation, words: Sequence[SealedWords]
) -> tuple[SealedWords, ...]:
    readers = _reachable(state, organisation)
    return _sealed(words, organisation, readers, state.known.reply_key)


def _sealed(
    words: Sequence[SealedWords],
    organisation: Organisation,
    readers: Sequence[str],
    reply_key: bytes | None,
) -> tuple[SealedWords, ...]:
    """`words`, if each of these officers can open them, and the reporter where a key is given, and
    nobody else: no recovery key either, whose shares advisers may hold.
    """
    if not readers:
        raise invalid("words", "no complaints officer could read them")
    return check_sealed_to(
        words, organisation, readers, reply_key=reply_key, recoverable=False, field="words"
    )


def _signed(
    organisation: Organisation,
    by: str | None,
    complaint_id: UUID,
    words: tuple[SealedWords, ...],
    signature: bytes | None,
    verifies: Verifies,
) -> UUID | None:
    if by is None:
        if signature is not None:
            raise invalid("signature", "only an officer signs")
        return None
    return signer_of(organisation, by, complaint_id, words, signature, verifies=verifies)
