"""A case goes to another adviser, or to its adviser's new key: with words that were sealed anew.

Who may: the case's adviser, with the reporter's consent; or the adviser for whom a recovery was
approved (recovery.py). Nobody else adds a reader, and never to anybody but an adviser.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from services.intake.domain.attachment import FileAttached
from services.intake.domain.case import (
    Case,
    CaseHandedOver,
    CaseKeyRenewed,
    CaseOpened,
    Consent,
    ConversationRecorded,
    Event,
    HandOverConsented,
    MessageSent,
    RecoveryApproved,
    RecoveryRequested,
    RecoveryUsed,
    ResealedEntry,
    WordsResealed,
    owned_by,
    reported_by,
    running,
)
from services.intake.domain.conversion import ConvertedToWhistleblowerReport
from services.intake.domain.minutes import MinutesCorrected, MinutesDrafted
from services.intake.domain.protection import DisadvantageReported
from services.intake.domain.recovery import approved_for
from services.intake.domain.sealing import sealed_for, signer_of
from services.intake.domain.statements import Verifies
from services.intake.domain.ways_in import check_not_avoided
from services.intake.domain.words import SealedWords
from shared.contracts.errors import Code, Refusal, invalid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.intake.domain.organisation import Organisation

# Of these every later adviser sees that they happened: they hold nobody's words.
_KEPT = (
    HandOverConsented
    | CaseHandedOver
    | CaseKeyRenewed
    | WordsResealed
    | RecoveryRequested
    | RecoveryApproved
    | RecoveryUsed
    | ConvertedToWhistleblowerReport
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An entry as the case's present adviser sees it: the event, and its words as they are sealed now."""

    version: int
    event: Event
    words: tuple[SealedWords, ...]
    signature: bytes | None
    signed_by: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resealed:
    """Words of an entry, sealed anew, as they come in."""

    version: int
    words: tuple[SealedWords, ...]
    signature: bytes | None


def shown_to_adviser(past: Sequence[Event]) -> tuple[Shown, ...]:
    """What the case's present adviser sees of `past`, all its events, oldest first.

    After a hand-over these are the coded opening, the entries that were handed over, and what came
    later: necessary parts only.
    """
    shown: dict[int, Shown] = {}
    for version, event in enumerate(past, start=1):
        if isinstance(event, WordsResealed):
            for entry in event.entries:
                shown[entry.version] = _with(shown[entry.version], entry)
        elif isinstance(event, CaseHandedOver):
            handed = {entry.version: entry for entry in event.entries}
            shown = {
                one.version: _with(one, handed.get(one.version))
                for one in shown.values()
                if one.version in handed or isinstance(one.event, CaseOpened | _KEPT)
            }
        shown[version] = _first_shown(version, event)
    return tuple(shown.values())


def _first_shown(version: int, event: Event) -> Shown:
    match event:
        case (
            CaseOpened()
            | MessageSent()
            | FileAttached()
            | MinutesDrafted()
            | DisadvantageReported()
        ):
            words = event.words
        case MinutesCorrected():
            return Shown(
                version=version, event=event, words=event.words, signature=None, signed_by=None
            )
        case ConversationRecorded():
            words = event.minutes
        case _:
            return Shown(version=version, event=event, words=(), signature=None, signed_by=None)
    return Shown(
        version=version,
        event=event,
        words=words,
        signature=event.signature,
        signed_by=event.signed_by,
    )


def _with(shown: Shown, entry: ResealedEntry | None) -> Shown:
    if entry is None:
        return replace(shown, words=(), signature=None, signed_by=None)
    return replace(shown, words=entry.words, signature=entry.signature, signed_by=entry.signed_by)


def must_reseal(past: Sequence[Event], organisation: Organisation, adviser_id: str) -> bool:
    """Whether words are sealed to a key of this adviser that was lost or stolen, and not anew yet."""
    gone = {
        key.key_id for key in organisation.keys_of(adviser_id) if key.state in ("lost", "stolen")
    }
    return any(gone & {one.key_id for one in shown.words} for shown in shown_to_adviser(past))


# Decisions ------------------------------------------------------------------------------------


def consent_to_hand_over(
    state: Case, organisation: Organisation, *, adviser_id: str, at: datetime
) -> HandOverConsented:
    """The reporter agrees, by their code, that the case goes to this adviser. Raises Refusal NOT_FOUND,
    CASE_CLOSED, and INVALID_INPUT for who has no seat.
    """
    reported_by(state)
    running(state)
    if not organisation.has_seat(adviser_id):
        raise invalid("adviserId", "the organisation has no such adviser")
    return HandOverConsented(adviser_id=adviser_id, at=at)


def hand_over(
    state: Case,
    organisation: Organisation,
    past: Sequence[Event],
    *,
    by: str,
    to_adviser: str,
    entries: tuple[Resealed, ...],
    consent: Literal["spoken", "written"] | None,
    at: datetime,
    verifies: Verifies,
) -> CaseHandedOver:
    """A running case goes to another adviser. `past` are all its events.

    From its adviser: with the consent of the reporter, who gives it by their code if they have one.
    From a recovery: by the adviser for whom it was approved, to themself. Raises Refusal NOT_FOUND,
    CASE_CLOSED, RECOVERY_NOT_APPROVED, ADVISER_AVOIDED, CONSENT_MISSING, and INVALID_INPUT.
    """
    recovering = approved_for(state, by, at=at)
    if not recovering:
        owned_by(state, by)
    opened = running(state)
    before = state.adviser_id
    if recovering and to_adviser != by:
        raise Refusal(Code.RECOVERY_NOT_APPROVED)
    if to_adviser == before:
        raise invalid("toAdviser", "the case is theirs already")
    if not organisation.has_seat(to_adviser):
        raise invalid("toAdviser", "the organisation has no such adviser")
    check_not_avoided(state, to_adviser)
    agreed = _agreed(state, opened, to_adviser, consent, recovering=recovering)
    return CaseHandedOver(
        from_adviser=before,
        to_adviser=to_adviser,
        entries=_resealed(
            organisation, past, entries, opened=opened, reader=to_adviser, author=by,
            verifies=verifies,
        ),
        consent=agreed,
        at=at,
    )  # fmt: skip


def reseal(
    state: Case,
    organisation: Organisation,
    past: Sequence[Event],
    *,
    by: str,
    entries: tuple[Resealed, ...],
    at: datetime,
    verifies: Verifies,
) -> WordsResealed:
    """The case's adviser seals words of it to their own current key. `past` are all its events. Raises
    Refusal NOT_FOUND, CASE_CLOSED, INVALID_INPUT.
    """
    owned_by(state, by)
    opened = running(state)
    if not entries:
        raise invalid("entries", "it is empty")
    return WordsResealed(
        entries=_resealed(
            organisation, past, entries, opened=opened, reader=by, author=by, verifies=verifies
        ),
        at=at,
    )


def _agreed(
    state: Case,
    opened: CaseOpened,
    to_adviser: str,
    consent: Literal["spoken", "written"] | None,
    *,
    recovering: bool,
) -> Consent:
    if recovering:
        return "recovery"
    if opened.by == "reporter":
        if state.consent_to != to_adviser:
            raise Refusal(Code.CONSENT_MISSING)
        return "reporter"
    if consent is None:
        raise Refusal(Code.CONSENT_MISSING)
    return consent


def _resealed(
    organisation: Organisation,
    past: Sequence[Event],
    entries: tuple[Resealed, ...],
    *,
    opened: CaseOpened,
    reader: str,
    author: str,
    verifies: Verifies,
) -> tuple[ResealedEntry, ...]:
    """Checked: each is an entry that the case's adviser sees, sealed to `reader`'s key, signed by
    `author`.
    """
    shown = {one.version: one for one in shown_to_adviser(past)}
    if len({entry.version for entry in entries}) != len(entries):
        raise invalid("entries", "an entry stands there twice")
    done = []
    for entry in entries:
        if entry.version not in shown:
            raise invalid("entries", "the case has no such entry")
        words, signed_by = entry.words, None
        if shown[entry.version].words:
            words = sealed_for(
                entry.words,
                organisation,
                adviser_id=reader,
                reply_key=opened.reply_key,
                must_reply=False,
                field="entries",
            )
            signed_by = signer_of(
                organisation, author, opened.case_id, words, entry.signature, verifies=verifies
            )
        elif entry.words or entry.signature:
            raise invalid("entries", "there are no words in this entry")
        done.append(
            ResealedEntry(
                version=entry.version,
                words=words,
                signature=entry.signature,
                signed_by=signed_by,
            )
        )
    return tuple(done)
