"""Access by the person a case is about (GDPR article 15), with a ground for each passage withheld.

The adviser reads, the adviser redacts, a second adviser reviews and makes the resulting document:
so nobody can hand over anything else than what two persons saw. The words stay sealed to the two;
the server sees how many passages there are and which ground stands at each.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Literal, assert_never
from uuid import UUID

from services.intake.domain.disclosure import check_reviewer
from services.intake.domain.ways_in import check_not_avoided
from services.intake.domain.words import SealedWords, check_sealed_to
from shared.contracts.errors import Code, Refusal, invalid
from shared.taxonomy import confidentiality
from shared.taxonomy.working_days import day_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.intake.domain.case import Case
    from services.intake.domain.organisation import Organisation

KEPT = "kept"
"""What stands in the place of a ground where the passage is shown."""

MOST_PASSAGES = 500
MOST_PARTS = 3
"""Parts of a document, each one sealed text of at most 60 KiB, with a copy for each adviser and the
recovery key: redaction and document together still fit into one answer on the bus (2 MiB)."""

# Events ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedPart:
    """One part of a document, sealed to each of its readers."""

    copies: tuple[SealedWords, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectAccessRequested:
    """Somebody asked to see what the case holds about them; `note` says who, sealed."""

    access_id: UUID
    adviser_id: str
    reviewer_id: str
    received_on: date
    note: tuple[SealedWords, ...]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RedactionProposed:
    """The passages in order: `kept`, or the ground on which one is withheld. `parts` hold the text."""

    access_id: UUID
    codes_version: int
    passages: tuple[str, ...]
    parts: tuple[SealedPart, ...]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RedactionReturned:
    """The second adviser does not agree, and says why. Another redaction may follow."""

    access_id: UUID
    remarks: tuple[SealedWords, ...]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RedactionApproved:
    """The second adviser agrees. `document` is what the person gets, made by the second adviser."""

    access_id: UUID
    document: tuple[SealedPart, ...]
    at: datetime


Event = SubjectAccessRequested | RedactionProposed | RedactionReturned | RedactionApproved

# Fold -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectAccess:
    """What is known of one request for access."""

    access_id: UUID
    adviser_id: str
    reviewer_id: str
    step: Literal["requested", "proposed", "returned", "approved"] = "requested"


def evolve(state: tuple[SubjectAccess, ...], event: Event) -> tuple[SubjectAccess, ...]:
    """A case's requests for access after one more event."""
    match event:
        case SubjectAccessRequested():
            return (
                *state,
                SubjectAccess(
                    access_id=event.access_id,
                    adviser_id=event.adviser_id,
                    reviewer_id=event.reviewer_id,
                ),
            )
        case RedactionProposed():
            step: Literal["proposed", "returned", "approved"] = "proposed"
        case RedactionReturned():
            step = "returned"
        case RedactionApproved():
            step = "approved"
        case _:
            assert_never(event)
    return tuple(
        replace(one, step=step) if one.access_id == event.access_id else one for one in state
    )


# Decisions ------------------------------------------------------------------------------------


def request(
    state: Case,
    organisation: Organisation,
    *,
    access_id: UUID,
    adviser_id: str,
    reviewer_id: str,
    received_on: date,
    note: tuple[SealedWords, ...],
    at: datetime,
) -> SubjectAccessRequested:
    """Record that somebody asked. Raises Refusal."""
    if any(one.access_id == access_id for one in state.accesses):
        raise Refusal(Code.ALREADY_EXISTS)
    if access_id.version != 4:
        raise invalid("accessId", "it is not a random UUID (version 4)")
    check_reviewer(organisation, adviser_id, reviewer_id)
    check_not_avoided(state, reviewer_id)
    if received_on > day_of(at):
        raise invalid("receivedOn", "that day is still to come")
    return SubjectAccessRequested(
        access_id=access_id,
        adviser_id=adviser_id,
        reviewer_id=reviewer_id,
        received_on=received_on,
        note=check_sealed_to(note, organisation, (adviser_id, reviewer_id), field="note"),
        at=at,
    )


def propose(
    state: Case,
    organisation: Organisation,
    *,
    access_id: UUID,
    adviser_id: str,
    passages: Sequence[str],
    parts: Sequence[SealedPart],
    at: datetime,
) -> RedactionProposed:
    """Lay a redaction before the second adviser: a decision for each passage. Raises Refusal."""
    found = _found(state, access_id)
    if found.reviewer_id == adviser_id:  # the case was handed over to the second adviser
        raise invalid("reviewerId", "the second person is another adviser")
    if found.step not in ("requested", "returned"):
        raise Refusal(Code.ALREADY_DECIDED)
    if not passages:
        raise invalid("passages", "it is empty")
    if len(passages) > MOST_PASSAGES:
        raise Refusal(Code.TOO_LARGE, limit=MOST_PASSAGES, unit="passages")
    codes = confidentiality.current()
    for passage in passages:
        if passage != KEPT:
            codes.check("redaction_grounds", passage, field="passages")
    return RedactionProposed(
        access_id=access_id,
        codes_version=codes.version,
        passages=tuple(passages),
        parts=_checked(parts, organisation, (adviser_id, found.reviewer_id), "parts"),
        at=at,
    )


def review(
    state: Case,
    organisation: Organisation,
    *,
    access_id: UUID,
    reviewer_id: str,
    document: Sequence[SealedPart],
    remarks: tuple[SealedWords, ...],
    at: datetime,
) -> RedactionApproved | RedactionReturned:
    """The second adviser agrees by giving the resulting document, or gives remarks instead.

    Raises Refusal: NOT_FOUND for anybody else, ALREADY_DECIDED where nothing waits.
    """
    found = _found(state, access_id)
    if found.reviewer_id != reviewer_id:
        raise Refusal(Code.NOT_FOUND)
    if found.step != "proposed":
        raise Refusal(Code.ALREADY_DECIDED)
    if bool(document) is bool(remarks):
        raise invalid("document", "either the document or remarks are given")
    if remarks:
        sealed = check_sealed_to(remarks, organisation, (state.adviser_id,), field="remarks")
        return RedactionReturned(access_id=access_id, remarks=sealed, at=at)
    readers = (state.adviser_id, reviewer_id)
    return RedactionApproved(
        access_id=access_id,
        document=_checked(document, organisation, readers, "document"),
        at=at,
    )


def _checked(
    parts: Sequence[SealedPart], organisation: Organisation, readers: tuple[str, ...], field: str
) -> tuple[SealedPart, ...]:
    if not parts:
        raise invalid(field, "it is empty")
    if len(parts) > MOST_PARTS:
        raise Refusal(Code.TOO_LARGE, limit=MOST_PARTS, unit="parts")
    return tuple(
        SealedPart(copies=check_sealed_to(part.copies, organisation, readers, field=field))
        for part in parts
    )


def _found(state: Case, access_id: UUID) -> SubjectAccess:
    for one in state.accesses:
        if one.access_id == access_id:
            return one
    raise Refusal(Code.NOT_FOUND)
