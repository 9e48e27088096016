"""The register of reports: an entry for each report of wrongdoing, followed up by designated officers.

An entry is a stream of its own under its own key. It begins with what the adviser passed on, and knows
nothing else of the case. Its readers are the officers to whom it was sealed, as long as they are
designated; neither the adviser nor anybody who decides about people is one. Receipt is confirmed within
7 days, feedback given within 3 months after the confirmation was sent (Directive (EU) 2019/1937, article
9(1)(b) and (f); Dutch Whistleblower Protection Act, article 2). It is kept no longer than is necessary
and proportionate for what the law requires (the directive's article 18(1)): not with its case.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Literal, assert_never
from uuid import UUID

from services.intake.domain import clock
from services.intake.domain.sealing import signer_of
from services.intake.domain.words import SealedWords, check_sealed_to
from shared.contracts.errors import Code, Refusal, invalid
from shared.taxonomy import whistleblowing

if TYPE_CHECKING:
    from services.intake.domain.organisation import Organisation
    from services.intake.domain.statements import Verifies

State = Literal["received", "confirmed", "followed_up", "feedback_given", "closed"]

# Events ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class WhistleblowerReportReceived:
    """A report came in through an adviser. `matters`: what the reporter agreed to have passed on, by
    the codes of their consent. `reply_key` (raw X25519, 32 bytes) is the reporter's, if they hold a
    code: answers are sealed to it.
    """

    report_id: UUID
    organisation_id: UUID
    adviser_id: str
    officers: tuple[str, ...]
    matters: tuple[str, ...]
    received_on: date
    reply_key: bytes | None
    words: tuple[SealedWords, ...]
    signature: bytes | None
    signed_by: UUID | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WhistleblowerReportConfirmed:
    """The confirmation of receipt was sent on the day `on`; to a reporter with a code these words are
    it.
    """

    by: str
    on: date
    words: tuple[SealedWords, ...]
    signature: bytes | None
    signed_by: UUID | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WhistleblowerReportFollowedUp:
    """Something was done about it. The words are the officers' own."""

    by: str
    follow_up: str
    words: tuple[SealedWords, ...]
    signature: bytes | None
    signed_by: UUID | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WhistleblowerFeedbackGiven:
    """The reporter was told on the day `on` what was done; or they want no feedback."""

    by: str
    on: date
    how: clock.How
    words: tuple[SealedWords, ...]
    signature: bytes | None
    signed_by: UUID | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WhistleblowerReportClosed:
    """It is dealt with. Nothing is added to it."""

    by: str
    at: datetime


Answer = WhistleblowerReportConfirmed | WhistleblowerReportFollowedUp | WhistleblowerFeedbackGiven
Event = WhistleblowerReportReceived | Answer | WhistleblowerReportClosed

# Fold -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class WhistleblowerReport:
    """What is known of an entry after its events."""

    version: int = 0
    received: WhistleblowerReportReceived | None = None
    confirmed_on: date | None = None
    followed_up: bool = False
    feedback: WhistleblowerFeedbackGiven | None = None
    closed: bool = False
    terms: tuple[clock.Term, ...] = ()

    @property
    def state(self) -> State:
        """How far it is."""
        if self.closed:
            return "closed"
        if self.feedback is not None:
            return "feedback_given"
        if self.followed_up:
            return "followed_up"
        return "received" if self.confirmed_on is None else "confirmed"


def evolve(state: WhistleblowerReport, event: Event | clock.Event) -> WhistleblowerReport:
    """The state after one more event."""
    state = replace(state, version=state.version + 1)
    if isinstance(event, clock.Event):
        return replace(state, terms=clock.evolve(state.terms, event))
    match event:
        case WhistleblowerReportReceived():
            return replace(
                state, received=event, terms=clock.received(state.terms, event.received_on)
            )
        case WhistleblowerReportConfirmed():
            return replace(
                state, confirmed_on=event.on, terms=clock.confirmed(state.terms, event.on)
            )
        case WhistleblowerReportFollowedUp():
            return replace(state, followed_up=True)
        case WhistleblowerFeedbackGiven():
            met = clock.TermMet(term=clock.FEEDBACK, on=event.on, how=event.how, at=event.at)
            return replace(state, feedback=event, terms=clock.evolve(state.terms, met))
        case WhistleblowerReportClosed():
            return replace(state, closed=True)
        case _:
            assert_never(event)


# Decisions ------------------------------------------------------------------------------------


def read_by(
    state: WhistleblowerReport, organisation: Organisation, officer_id: str
) -> WhistleblowerReportReceived:
    """The first event of an entry that this officer may read. Raises Refusal NOT_FOUND for anybody
    else, also for who was an officer.
    """
    received = state.received
    if received is None or officer_id not in received.officers:
        raise Refusal(Code.NOT_FOUND)
    if not organisation.follows_up_reports(officer_id):
        raise Refusal(Code.NOT_FOUND)
    return received


def confirm(
    state: WhistleblowerReport,
    organisation: Organisation,
    *,
    by: str,
    on: date,
    words: tuple[SealedWords, ...],
    signature: bytes | None,
    at: datetime,
    verifies: Verifies,
) -> WhistleblowerReportConfirmed:
    """The confirmation of receipt was sent. Raises Refusal NOT_FOUND, ALREADY_DECIDED, and
    INVALID_INPUT for a day before the report or after today, or no words for a reporter with a code.
    """
    received = _open(state, organisation, by)
    clock.meet(state.terms, term=clock.CONFIRMATION, on=on, how="done", at=at)
    sealed = _to_reporter(received, organisation, words)
    return WhistleblowerReportConfirmed(
        by=by,
        on=on,
        words=sealed,
        signature=signature,
        signed_by=_signer(received, organisation, by, sealed, signature, verifies=verifies),
        at=at,
    )


def follow_up(
    state: WhistleblowerReport,
    organisation: Organisation,
    *,
    by: str,
    follow_up: str,
    words: tuple[SealedWords, ...],
    signature: bytes | None,
    at: datetime,
    verifies: Verifies,
) -> WhistleblowerReportFollowedUp:
    """Something was done about it. Raises Refusal NOT_FOUND, ALREADY_DECIDED, UNKNOWN_CODE,
    JUDGEMENT_WORD, and INVALID_INPUT for words that are not the officers' alone.
    """
    received = _open(state, organisation, by)
    whistleblowing.current().check("follow_ups", follow_up, field="followUp")
    sealed = (
        check_sealed_to(words, organisation, _readers(received, organisation), field="words")
        if words
        else ()
    )
    return WhistleblowerReportFollowedUp(
        by=by,
        follow_up=follow_up,
        words=sealed,
        signature=signature,
        signed_by=_signer(received, organisation, by, sealed, signature, verifies=verifies),
        at=at,
    )


def give_feedback(
    state: WhistleblowerReport,
    organisation: Organisation,
    *,
    by: str,
    on: date,
    how: clock.How,
    words: tuple[SealedWords, ...],
    signature: bytes | None,
    at: datetime,
    verifies: Verifies,
) -> WhistleblowerFeedbackGiven:
    """The reporter is told what was done, or wants no feedback. Raises Refusal as `confirm`, and
    INVALID_INPUT before the confirmation.
    """
    received = _open(state, organisation, by)
    if state.confirmed_on is None:
        raise invalid("on", "the confirmation comes first")
    clock.meet(state.terms, term=clock.FEEDBACK, on=on, how=how, at=at)
    if how == "declined" and words:
        raise invalid("words", "who wants no feedback is sent none")
    sealed = () if how == "declined" else _to_reporter(received, organisation, words)
    return WhistleblowerFeedbackGiven(
        by=by,
        on=on,
        how=how,
        words=sealed,
        signature=signature,
        signed_by=_signer(received, organisation, by, sealed, signature, verifies=verifies),
        at=at,
    )


def close(
    state: WhistleblowerReport, organisation: Organisation, *, by: str, at: datetime
) -> WhistleblowerReportClosed:
    """It is dealt with. Raises Refusal NOT_FOUND, ALREADY_DECIDED, FEEDBACK_MISSING."""
    _open(state, organisation, by)
    if state.feedback is None:
        raise Refusal(Code.FEEDBACK_MISSING)
    return WhistleblowerReportClosed(by=by, at=at)


def due_on(state: WhistleblowerReport) -> date | None:
    """The last day of the feedback; None once it was given."""
    term = clock.find(state.terms, clock.FEEDBACK)
    return None if term is None or term.met else term.due


def _open(
    state: WhistleblowerReport, organisation: Organisation, by: str
) -> WhistleblowerReportReceived:
    received = read_by(state, organisation, by)
    if state.closed:
        raise Refusal(Code.ALREADY_DECIDED)
    return received


def _readers(received: WhistleblowerReportReceived, organisation: Organisation) -> tuple[str, ...]:
    """The officers who can still read it."""
    return tuple(
        one
        for one in received.officers
        if organisation.follows_up_reports(one) and organisation.current_key(one) is not None
    )


def _to_reporter(
    received: WhistleblowerReportReceived,
    organisation: Organisation,
    words: tuple[SealedWords, ...],
) -> tuple[SealedWords, ...]:
    """What a reporter with a code is sent; of one without, what the officers keep of it, or nothing."""
    if received.reply_key is None and not words:
        return ()
    return check_sealed_to(
        words,
        organisation,
        _readers(received, organisation),
        reply_key=received.reply_key,
        field="words",
    )


def _signer(
    received: WhistleblowerReportReceived,
    organisation: Organisation,
    by: str,
    words: tuple[SealedWords, ...],
    signature: bytes | None,
    *,
    verifies: Verifies,
) -> UUID | None:
    if words:
        return signer_of(organisation, by, received.report_id, words, signature, verifies=verifies)
    if signature is not None:
        raise invalid("signature", "there are no words in this entry")
    return None
