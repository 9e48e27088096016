"""Minutes of a conversation that the reporter reads, corrects and signs off, in their own time.

What an adviser notes for themself is sealed to them alone (ConversationRecorded). These minutes are
drafted for the reporter too: they say what is wrong, the adviser drafts anew, and what was signed off
stays as it is. Nobody else sees them, and no step waits for them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, assert_never
from uuid import UUID

from services.intake.domain.reporter import How, decided_by
from services.intake.domain.sealing import sealed_for, signer_of
from services.intake.domain.words import SealedWords
from shared.contracts.errors import Code, Refusal, invalid

if TYPE_CHECKING:
    from services.intake.domain.case import Case
    from services.intake.domain.organisation import Organisation
    from services.intake.domain.statements import Verifies

State = Literal["drafted", "corrected", "signed_off"]

# Events ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class MinutesDrafted:
    """A draft of the minutes, for the reporter to read. `conversation` is the version of the case's
    event that recorded it; drafts are counted from 1.
    """

    minutes_id: UUID
    conversation: int
    draft: int
    words: tuple[SealedWords, ...]
    at: datetime
    signature: bytes | None = None
    signed_by: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MinutesCorrected:
    """The reporter says what is wrong in a draft, or missing."""

    minutes_id: UUID
    draft: int
    words: tuple[SealedWords, ...]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MinutesSignedOff:
    """The reporter agrees with a draft: it is what was said."""

    minutes_id: UUID
    draft: int
    how: How
    at: datetime


Event = MinutesDrafted | MinutesCorrected | MinutesSignedOff

# Fold -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Minutes:
    """What is known of the minutes of one conversation."""

    minutes_id: UUID
    conversation: int
    draft: int = 1
    state: State = "drafted"
    how: How | None = None


def evolve(state: tuple[Minutes, ...], event: Event) -> tuple[Minutes, ...]:
    """A case's minutes after one more event."""
    match event:
        case MinutesDrafted(draft=1):
            return (
                *state,
                Minutes(minutes_id=event.minutes_id, conversation=event.conversation),
            )
        case MinutesDrafted():
            return _changed(state, event, draft=event.draft, state="drafted")
        case MinutesCorrected():
            return _changed(state, event, state="corrected")
        case MinutesSignedOff():
            return _changed(state, event, state="signed_off", how=event.how)
        case _:
            assert_never(event)


def _changed(before: tuple[Minutes, ...], event: Event, **change: Any) -> tuple[Minutes, ...]:
    return tuple(
        replace(one, **change) if one.minutes_id == event.minutes_id else one for one in before
    )


# Decisions ------------------------------------------------------------------------------------


def draft(
    state: Case,
    organisation: Organisation,
    *,
    minutes_id: UUID,
    conversation: int,
    words: tuple[SealedWords, ...],
    at: datetime,
    verifies: Verifies,
    signature: bytes | None = None,
) -> MinutesDrafted:
    """Draft minutes of a recorded conversation, or draft them anew. A reporter with a code can read
    them. Raises Refusal ALREADY_EXISTS for a second set, ALREADY_DECIDED once they are signed off.
    """
    opened = state.running()
    if minutes_id.version != 4:
        raise invalid("minutesId", "it is not a random UUID (version 4)")
    if conversation not in state.talks:
        raise invalid("conversation", "the case has no such entry")
    before = next((one for one in state.minutes if one.minutes_id == minutes_id), None)
    if any(one.conversation == conversation and one is not before for one in state.minutes):
        raise Refusal(Code.ALREADY_EXISTS)
    if before is not None and before.conversation != conversation:
        raise Refusal(Code.ALREADY_EXISTS)
    if before is not None and before.state == "signed_off":
        raise Refusal(Code.ALREADY_DECIDED)
    sealed = sealed_for(
        words,
        organisation,
        adviser_id=state.adviser_id,
        reply_key=opened.reply_key,
        must_reply=True,
    )
    return MinutesDrafted(
        minutes_id=minutes_id,
        conversation=conversation,
        draft=1 if before is None else before.draft + 1,
        words=sealed,
        at=at,
        signature=signature,
        signed_by=signer_of(
            organisation, state.adviser_id, opened.case_id, sealed, signature, verifies=verifies
        ),
    )


def correct(
    state: Case,
    organisation: Organisation,
    *,
    minutes_id: UUID,
    draft: int,
    words: tuple[SealedWords, ...],
    at: datetime,
) -> MinutesCorrected:
    """The reporter, by their code, says what is wrong in the draft that they read.

    Raises Refusal NOT_FOUND, or ALREADY_DECIDED where it is not the last draft, or corrected already.
    """
    opened = state.running()
    _last(state, minutes_id, draft)
    return MinutesCorrected(
        minutes_id=minutes_id,
        draft=draft,
        words=sealed_for(
            words,
            organisation,
            adviser_id=state.adviser_id,
            reply_key=opened.reply_key,
            must_reply=True,
        ),
        at=at,
    )


def sign_off(
    state: Case,
    *,
    minutes_id: UUID,
    draft: int,
    by_reporter: bool,
    how: Literal["spoken", "written"] | None,
    at: datetime,
) -> MinutesSignedOff:
    """The reporter agrees with the draft that they read, and with no other. Raises Refusal as
    `correct` and `decided_by`.
    """
    state.running()
    _last(state, minutes_id, draft)
    agreed = decided_by(state, by_reporter=by_reporter, how=how)
    return MinutesSignedOff(minutes_id=minutes_id, draft=draft, how=agreed, at=at)


def _last(state: Case, minutes_id: UUID, draft: int) -> None:
    found = next((one for one in state.minutes if one.minutes_id == minutes_id), None)
    if found is None:
        raise Refusal(Code.NOT_FOUND)
    if found.draft != draft or found.state != "drafted":
        raise Refusal(Code.ALREADY_DECIDED)
