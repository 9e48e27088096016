"""Consent: what may be told to whom, as the reporter gave it, until they withdraw it or it ends.

Who reported, and what shows it, goes to nobody without the reporter's explicit consent (article 1a of
the Dutch Whistleblower Protection Act; for conduct, the code of the profession). Each telling stands
by itself, on one consent that holds on that day. Breaking confidentiality without consent is another
matter, with its own conditions (disclosure.py).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final, Literal, assert_never
from uuid import UUID

from services.intake.domain.reporter import How, decided_by
from services.intake.domain.ways_in import StatementGiven
from shared.contracts.errors import Code, Refusal, invalid
from shared.taxonomy import confidentiality, whistleblowing
from shared.taxonomy.working_days import day_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.intake.domain.case import Case

TO_OFFICER: Final = "to_report_officer"
"""The recipient to whom nothing is told but by making it a report of wrongdoing."""

# Events ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentGiven:
    """The reporter agrees that these matters are told to this recipient, up to and including `until`,
    or without an end.
    """

    consent_id: UUID
    matters: tuple[str, ...]
    recipient: str
    until: date | None
    how: How
    at: datetime
    statement: StatementGiven | None = None
    """To an officer for reports: which version of what a report means was read or told first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentWithdrawn:
    """The reporter agrees no longer. What was told before stays told."""

    consent_id: UUID
    how: How
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldWithConsent:
    """The adviser told what this consent covers."""

    consent_id: UUID
    at: datetime


Event = ConsentGiven | ConsentWithdrawn | ToldWithConsent

# Fold -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """What is known of one consent. `told`: how often something was told on it."""

    consent_id: UUID
    matters: tuple[str, ...]
    recipient: str
    until: date | None
    how: How
    withdrawn: bool = False
    told: int = 0

    def holds(self, day: date) -> Literal["given", "withdrawn", "expired"]:
        """Whether it holds on a day."""
        if self.withdrawn:
            return "withdrawn"
        return "expired" if self.until is not None and day > self.until else "given"


def evolve(state: tuple[Consent, ...], event: Event) -> tuple[Consent, ...]:
    """A case's consents after one more event, oldest first."""
    match event:
        case ConsentGiven():
            return (
                *state,
                Consent(
                    consent_id=event.consent_id,
                    matters=event.matters,
                    recipient=event.recipient,
                    until=event.until,
                    how=event.how,
                ),
            )
        case ConsentWithdrawn():
            return _changed(state, event, withdrawn=True)
        case ToldWithConsent():
            (found,) = (one for one in state if one.consent_id == event.consent_id)
            return _changed(state, event, told=found.told + 1)
        case _:
            assert_never(event)


def _changed(before: tuple[Consent, ...], event: Event, **change: Any) -> tuple[Consent, ...]:
    return tuple(
        replace(one, **change) if one.consent_id == event.consent_id else one for one in before
    )


# Decisions ------------------------------------------------------------------------------------


def give(
    state: Case,
    *,
    consent_id: UUID,
    matters: Sequence[str],
    recipient: str,
    until: date | None,
    by_reporter: bool,
    how: Literal["spoken", "written"] | None,
    at: datetime,
    statement: StatementGiven | None = None,
) -> ConsentGiven:
    """The reporter consents. To an officer for reports only after they read, or were told, what a report
    means. Raises Refusal NOT_FOUND, CASE_CLOSED, ALREADY_EXISTS, UNKNOWN_CODE, JUDGEMENT_WORD,
    INVALID_INPUT for an end that is past, and as `decided_by`.
    """
    state.running()
    if any(one.consent_id == consent_id for one in state.consents):
        raise Refusal(Code.ALREADY_EXISTS)
    if consent_id.version != 4:
        raise invalid("consentId", "it is not a random UUID (version 4)")
    codes = confidentiality.current()
    if not matters:
        raise invalid("matters", "it is empty")
    for matter in matters:
        codes.check("consent_matters", matter, field="matters")
    if len(set(matters)) != len(matters):
        raise invalid("matters", "a code stands there twice")
    codes.check("consent_recipients", recipient, field="recipient")
    if until is not None and until < day_of(at):
        raise invalid("until", "that day is past")
    _check_told_first(recipient, statement)
    return ConsentGiven(
        consent_id=consent_id,
        matters=tuple(matters),
        recipient=recipient,
        until=until,
        how=decided_by(state, by_reporter=by_reporter, how=how),
        at=at,
        statement=statement,
    )


def withdraw(
    state: Case,
    *,
    consent_id: UUID,
    by_reporter: bool,
    how: Literal["spoken", "written"] | None,
    at: datetime,
) -> ConsentWithdrawn:
    """The reporter withdraws a consent, at any time, of a closed case too. An adviser may record it of
    who holds a code as well: it only ever takes away. Raises Refusal NOT_FOUND, CONSENT_WITHDRAWN.
    """
    if find(state, consent_id).withdrawn:
        raise Refusal(Code.CONSENT_WITHDRAWN)
    said: How | None = "code" if by_reporter else how
    if said is None:
        raise invalid("how", "it is missing")
    return ConsentWithdrawn(consent_id=consent_id, how=said, at=at)


def tell(state: Case, *, consent_id: UUID, at: datetime) -> ToldWithConsent:
    """The adviser told what the consent covers. Raises Refusal NOT_FOUND where there is none, CASE_CLOSED,
    CONSENT_WITHDRAWN, CONSENT_EXPIRED, and INVALID_INPUT for one to an officer for reports: telling them
    makes it a report (conversion.py).
    """
    state.running()
    found = find(state, consent_id)
    if found.recipient == TO_OFFICER:
        raise invalid("consentId", "telling it to an officer for reports makes it a report")
    check_holds(found, at)
    return ToldWithConsent(consent_id=consent_id, at=at)


def check_holds(found: Consent, at: datetime) -> None:
    """Raises Refusal CONSENT_WITHDRAWN, or CONSENT_EXPIRED once its last day is over in Amsterdam."""
    match found.holds(day_of(at)):
        case "withdrawn":
            raise Refusal(Code.CONSENT_WITHDRAWN)
        case "expired":
            raise Refusal(Code.CONSENT_EXPIRED)
        case "given":
            return


def _check_told_first(recipient: str, statement: StatementGiven | None) -> None:
    if recipient != TO_OFFICER:
        if statement is not None:
            raise invalid("statement", "it belongs to a consent to a report")
    elif statement is None:
        raise invalid("statement", "it is missing")
    elif statement.version != whistleblowing.NEWEST:
        raise invalid("statement.version", "it is not the newest version")


def find(state: Case, consent_id: UUID) -> Consent:
    """The consent of that id. Raises Refusal NOT_FOUND."""
    for one in state.consents:
        if one.consent_id == consent_id:
            return one
    raise Refusal(Code.NOT_FOUND)
