"""What comes after: whether the reporter was heard, aftercare, and a case that is opened again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Literal, assert_never
from uuid import UUID

from services.intake.domain.reporter import How, decided_by
from shared import taxonomy
from shared.contracts.errors import Code, Refusal, invalid
from shared.taxonomy.working_days import day_of

if TYPE_CHECKING:
    from services.intake.domain.case import Case

# Events ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SatisfactionSaid:
    """Whether the reporter was heard, and whether it is solved, as they say. A later one takes the place
    of an earlier one.
    """

    heard: str
    solved: str
    how: How
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AftercarePlanned:
    """A moment of aftercare was agreed."""

    aftercare_id: UUID
    on: date
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AftercareGiven:
    """How it was at that moment."""

    aftercare_id: UUID
    result: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseReopened:
    """A closed case is open again; it is closed with a new outcome."""

    reason: str
    by: Literal["reporter", "adviser"]
    at: datetime


Event = SatisfactionSaid | AftercarePlanned | AftercareGiven | CaseReopened

# Fold -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Aftercare:
    """What is known of one moment."""

    aftercare_id: UUID
    on: date
    result: str | None = None


def evolve(
    state: tuple[Aftercare, ...], event: AftercarePlanned | AftercareGiven
) -> tuple[Aftercare, ...]:
    """A case's moments of aftercare after one more event, in the order in which they were planned."""
    match event:
        case AftercarePlanned():
            return (*state, Aftercare(aftercare_id=event.aftercare_id, on=event.on))
        case AftercareGiven():
            return tuple(
                replace(one, result=event.result) if one.aftercare_id == event.aftercare_id else one
                for one in state
            )
        case _:
            assert_never(event)


# Decisions ------------------------------------------------------------------------------------


def say_satisfaction(
    state: Case,
    *,
    heard: str,
    solved: str,
    by_reporter: bool,
    how: Literal["spoken", "written"] | None,
    at: datetime,
) -> SatisfactionSaid:
    """The reporter says whether they were heard, of an open case or a closed one. Raises Refusal for
    unknown codes, and as `decided_by`.
    """
    codes = taxonomy.current()
    codes.check("heard_answers", heard, field="heard")
    codes.check("solved_answers", solved, field="solved")
    said = decided_by(state, by_reporter=by_reporter, how=how)
    return SatisfactionSaid(heard=heard, solved=solved, how=said, at=at)


def plan_aftercare(state: Case, *, aftercare_id: UUID, on: date, at: datetime) -> AftercarePlanned:
    """Agree on a moment of aftercare, of an open case or a closed one. Raises Refusal for a day that is
    past, or an id that is there.
    """
    if state.opened is None:
        raise Refusal(Code.NOT_FOUND)
    if any(one.aftercare_id == aftercare_id for one in state.aftercare):
        raise Refusal(Code.ALREADY_EXISTS)
    if aftercare_id.version != 4:
        raise invalid("aftercareId", "it is not a random UUID (version 4)")
    if on < day_of(at):
        raise invalid("on", "that day is past")
    return AftercarePlanned(aftercare_id=aftercare_id, on=on, at=at)


def give_aftercare(state: Case, *, aftercare_id: UUID, result: str, at: datetime) -> AftercareGiven:
    """Record how it was. A later result corrects an earlier one. Raises Refusal NOT_FOUND, UNKNOWN_CODE."""
    if all(one.aftercare_id != aftercare_id for one in state.aftercare):
        raise Refusal(Code.NOT_FOUND)
    taxonomy.current().check("aftercare_results", result, field="result")
    return AftercareGiven(aftercare_id=aftercare_id, result=result, at=at)


def reopen(state: Case, *, reason: str, by_reporter: bool, at: datetime) -> CaseReopened:
    """Open a closed case again: its adviser, or its reporter by their code. Raises Refusal NOT_FOUND,
    and ALREADY_DECIDED for one that is open.
    """
    if state.opened is None:
        raise Refusal(Code.NOT_FOUND)
    if not state.closed:
        raise Refusal(Code.ALREADY_DECIDED)
    taxonomy.current().check("reopening_reasons", reason, field="reason")
    return CaseReopened(reason=reason, by="reporter" if by_reporter else "adviser", at=at)
