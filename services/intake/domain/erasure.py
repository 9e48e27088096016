"""Erasing a case: asked for, approved by others, done. Four eyes, and never those of an employer's.

The events stand in a stream of their own, beside the case and under another key: what was decided
about an erasure outlives the case, and nothing of the case stands in it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Literal, assert_never
from uuid import UUID

from services.intake.domain import retention
from shared.contracts.errors import Code, Refusal, invalid

if TYPE_CHECKING:
    from datetime import date

Ground = Literal["reporter", "retention", "court_order"]
Role = Literal["reporter", "adviser", "coordinator", "works_council", "rule"]
"""Who asked or approved. `rule`: the organisation's retention, which is nobody's pair of eyes."""

PEOPLE = 2

# Events ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureRequested:
    """Somebody, or the retention rule, asked that a case be erased. `by` is a token's subject."""

    case_id: UUID
    ground: Ground
    by: str
    role: Role
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureApproved:
    """One person approved, and one more is needed."""

    by: str
    role: Role
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseErased:
    """The last person approved; in the same transaction the case's KeyDestroyed was recorded.

    `facts_id` is what the case's facts are called outside intake, so that signals can let go of
    them.
    """

    case_id: UUID
    organisation_id: UUID
    facts_id: UUID
    message_id: UUID
    ground: Ground
    by: str
    role: Role
    at: datetime


Event = ErasureRequested | ErasureApproved | CaseErased


# Fold -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """What is known of the erasure of one case."""

    version: int = 0
    requested: ErasureRequested | None = None
    approvals: tuple[ErasureApproved | CaseErased, ...] = ()

    @property
    def erased(self) -> CaseErased | None:
        """The end of it."""
        last = self.approvals[-1] if self.approvals else None
        return last if isinstance(last, CaseErased) else None

    @property
    def people(self) -> tuple[str, ...]:
        """Who took part, by subject; a rule is nobody."""
        asked = self.requested
        first = () if asked is None or asked.role == "rule" else (asked.by,)
        return (*first, *(approval.by for approval in self.approvals))


def evolve(state: Erasure, event: Event) -> Erasure:
    """The state after one more event."""
    state = replace(state, version=state.version + 1)
    match event:
        case ErasureRequested():
            return replace(state, requested=event)
        case ErasureApproved() | CaseErased():
            return replace(state, approvals=(*state.approvals, event))
        case _:
            assert_never(event)


# Decisions ------------------------------------------------------------------------------------


def request(
    state: Erasure,
    *,
    case_id: UUID,
    ground: Ground,
    by: str,
    role: Role,
    due: date | None,
    at: datetime,
) -> ErasureRequested:
    """Ask for a case's erasure. `due` is the day from which its retention has passed; None: never.

    A reporter asks on the ground `reporter` alone, the retention rule on its own, coordinator and
    works council on a court's order alone: that a case be erased is otherwise for its reporter and
    its adviser to ask. A person may ask where the rule did before. Raises Refusal.
    """
    if state.erased is not None:
        raise Refusal(Code.KEY_DESTROYED)
    if state.requested is not None and (state.requested.role != "rule" or role == "rule"):
        raise Refusal(Code.ALREADY_EXISTS)
    if role == "reporter" and ground != "reporter":
        raise invalid("ground", "a reporter asks for it on this ground alone")
    if role in ("coordinator", "works_council") and ground != "court_order":
        raise invalid(
            "ground", "coordinators and works councils ask for it by order of a court alone"
        )
    if ground == "retention" and (due is None or at.date() < due):
        raise Refusal(Code.NOT_DUE)
    return ErasureRequested(case_id=case_id, ground=ground, by=by, role=role, at=at)


def approve(
    state: Erasure,
    *,
    organisation_id: UUID,
    facts_id: UUID,
    message_id: UUID,
    by: str,
    role: Role,
    at: datetime,
) -> ErasureApproved | CaseErased:
    """Approve it: the second person's approval is the end of the case.

    Where a rule asked, two people approve, in two roles. Raises Refusal NOT_FOUND where nobody
    asked, KEY_DESTROYED when it is done, SECOND_PERSON_NEEDED.
    """
    asked = state.requested
    if asked is None:
        raise Refusal(Code.NOT_FOUND)
    if state.erased is not None:
        raise Refusal(Code.KEY_DESTROYED)
    roles = {one.role for one in (asked, *state.approvals)}
    if by in state.people or role in roles:
        raise Refusal(Code.SECOND_PERSON_NEEDED)
    if len(state.people) + 1 < PEOPLE:
        return ErasureApproved(by=by, role=role, at=at)
    return CaseErased(
        case_id=asked.case_id,
        organisation_id=organisation_id,
        facts_id=facts_id,
        message_id=message_id,
        ground=asked.ground,
        by=by,
        role=role,
        at=at,
    )


def due_of(*, closed: date | None, period: str, months: int | None) -> date | None:
    """The day from which a case's retention has passed; None: it runs, or nothing was decided."""
    if closed is None or months is None:
        return None
    return retention.due_on(closed=closed, period=period, months=months)
