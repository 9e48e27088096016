"""The recovery key is used: two people with two roles, a reason, and the reporter is shown it.

The server holds no share of that key. What it can do is give the sealed words to the adviser who is to
have the case, when both have agreed, and keep that in the case's own log.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from services.intake.domain.case import (
    Case,
    RecoveryApproved,
    RecoveryReason,
    RecoveryRequested,
    RecoveryUsed,
    running,
)
from services.intake.domain.ways_in import check_not_avoided
from shared.contracts.errors import Code, Refusal, invalid

if TYPE_CHECKING:
    from services.intake.domain.organisation import Organisation

RECOVERY_DAYS = 30
"""A request lapses so long after it was made, approved or not."""

ADVISER = "adviser"


def pending(state: Case, *, at: datetime) -> RecoveryRequested | None:
    """The request that has neither lapsed nor led to a hand-over."""
    asked = state.recovery
    if asked is None or at - asked.at >= timedelta(days=RECOVERY_DAYS):
        return None
    return asked


def approved_for(state: Case, adviser_id: str, *, at: datetime) -> bool:
    """Whether this adviser has an approved recovery of the case."""
    asked = pending(state, at=at)
    return asked is not None and state.recovery_approved and asked.to_adviser == adviser_id


def request_recovery(
    state: Case,
    organisation: Organisation,
    *,
    by: str,
    role: str,
    reason: RecoveryReason,
    to_adviser: str,
    at: datetime,
) -> RecoveryRequested:
    """Ask for a running case's words: an adviser for themself, a coordinator for an adviser."""
    running(state)
    if organisation.has_seat(by) is not (role == ADVISER):
        raise Refusal(Code.SECOND_PERSON_NEEDED)
    if role == ADVISER and to_adviser != by:
        raise Refusal(Code.NOT_ALLOWED)
    check_not_avoided(state, to_adviser)
    if not organisation.has_seat(to_adviser):
        raise invalid("toAdviser", "the organisation has no such adviser")
    if organisation.current_key(to_adviser) is None:
        raise invalid("toAdviser", "this adviser has no key at present")
    if organisation.recovery_key is None:
        raise invalid("caseId", "the organisation has no recovery key")
    if pending(state, at=at) is not None:
        raise Refusal(Code.ALREADY_EXISTS)
    return RecoveryRequested(by=by, role=role, reason=reason, to_adviser=to_adviser, at=at)


def approve_recovery(
    state: Case, organisation: Organisation, *, by: str, role: str, at: datetime
) -> RecoveryApproved:
    """Another person, of another role, who holds no adviser's seat, agrees."""
    running(state)
    asked = pending(state, at=at)
    if asked is None:
        raise Refusal(Code.NOT_FOUND)
    if by == asked.by or role == asked.role or organisation.has_seat(by):
        raise Refusal(Code.SECOND_PERSON_NEEDED)
    if state.recovery_approved:
        raise Refusal(Code.ALREADY_EXISTS)
    return RecoveryApproved(by=by, role=role, at=at)


def use_recovery(state: Case, *, by: str, at: datetime) -> RecoveryUsed:
    """The adviser for whom it was approved gets the sealed words. To anybody else there is no case."""
    asked = pending(state, at=at)
    if asked is None or asked.to_adviser != by:
        raise Refusal(Code.NOT_FOUND)
    running(state)
    if not state.recovery_approved:
        raise Refusal(Code.RECOVERY_NOT_APPROVED)
    return RecoveryUsed(by=by, at=at)
