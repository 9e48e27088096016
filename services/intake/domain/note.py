"""Private notes of an adviser: sealed to themself alone, in no case, for a time, and erased at will.

Purely personal notes are no part of a file until they are shared. So a note names no case and no
reporter, goes with no hand-over and into no answer to a request for access, and not even the recovery
key opens it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from services.intake.domain.words import SealedWords, check_sealed
from shared.contracts.errors import Code, Refusal, invalid
from shared.taxonomy.working_days import day_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.intake.domain.organisation import Organisation

LONGEST: Final = timedelta(days=366)
"""So long a note is kept at most. Who needs it longer writes it anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteWritten:
    """An adviser noted something for themself, until the end of `expires_on`."""

    adviser_id: str
    expires_on: date
    words: tuple[SealedWords, ...]
    at: datetime


def write(
    organisation: Organisation,
    *,
    note_id: UUID,
    adviser_id: str,
    expires_on: date,
    words: Sequence[SealedWords],
    at: datetime,
) -> NoteWritten:
    """Write one. Raises Refusal INVALID_INPUT for words that anybody else could open, or not even the
    adviser, and for a last day that is past or more than a year ahead; TOO_LARGE.
    """
    if note_id.version != 4:
        raise invalid("noteId", "it is not a random UUID (version 4)")
    today = day_of(at)
    if expires_on < today:
        raise invalid("expiresOn", "that day is past")
    if expires_on > today + LONGEST:
        raise invalid("expiresOn", "it is more than {days} days ahead", days=LONGEST.days)
    own = organisation.current_key(adviser_id)
    if own is None:
        raise invalid("words", "this adviser has no key at present")
    return NoteWritten(
        adviser_id=adviser_id,
        expires_on=expires_on,
        words=check_sealed(words, {own.key_id}, field="words"),
        at=at,
    )


def shown_to(written: NoteWritten | None, adviser_id: str, day: date) -> NoteWritten:
    """The note, for who wrote it, until its last day. Raises Refusal NOT_FOUND otherwise."""
    if written is None or written.adviser_id != adviser_id or written.expires_on < day:
        raise Refusal(Code.NOT_FOUND)
    return written
