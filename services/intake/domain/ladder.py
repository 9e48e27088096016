"""The escalation ladder: the reporter decides on each step, and none is taken without them.

From a conversation of their own to somebody outside: an adviser thinks along and proposes, and does
nothing by themself. Mediation is a referral: an adviser does not mediate.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, assert_never
from uuid import UUID

from services.intake.domain.reporter import How, decided_by
from shared import taxonomy
from shared.contracts.errors import Code, Refusal, invalid

if TYPE_CHECKING:
    from services.intake.domain.case import Case

Decision = Literal["chosen", "not_now", "declined"]

# Events ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class StepProposed:
    """A step was put on the table, by the reporter or by the adviser who thinks along."""

    step_id: UUID
    step: str
    by: Literal["reporter", "adviser"]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StepDecided:
    """What the reporter decided. A later decision takes the place of an earlier one."""

    step_id: UUID
    decision: Decision
    how: How
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTaken:
    """The step that the reporter chose was taken."""

    step_id: UUID
    at: datetime


Event = StepProposed | StepDecided | StepTaken

# Fold -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What is known of one step."""

    step_id: UUID
    step: str
    by: Literal["reporter", "adviser"]
    decision: Decision | None = None
    how: How | None = None
    taken: bool = False


def evolve(state: tuple[Step, ...], event: Event) -> tuple[Step, ...]:
    """A case's steps after one more event, in the order in which they were proposed."""
    match event:
        case StepProposed():
            return (*state, Step(step_id=event.step_id, step=event.step, by=event.by))
        case StepDecided():
            return _changed(state, event, decision=event.decision, how=event.how)
        case StepTaken():
            return _changed(state, event, taken=True)
        case _:
            assert_never(event)


def _changed(before: tuple[Step, ...], event: Event, **change: Any) -> tuple[Step, ...]:
    return tuple(replace(one, **change) if one.step_id == event.step_id else one for one in before)


# Decisions ------------------------------------------------------------------------------------


def propose(
    state: Case, *, step_id: UUID, step: str, by_reporter: bool, at: datetime
) -> list[StepProposed | StepDecided]:
    """Put a step on the table. A reporter who proposes one by their code has chosen it.

    Raises Refusal UNKNOWN_CODE, and ALREADY_EXISTS for a step that is on the table already.
    """
    state.running()
    if step_id.version != 4:
        raise invalid("stepId", "it is not a random UUID (version 4)")
    taxonomy.current().check("ladder_steps", step, field="step")
    if any(one.step_id == step_id or (one.step == step and _open(one)) for one in state.steps):
        raise Refusal(Code.ALREADY_EXISTS)
    proposed = StepProposed(
        step_id=step_id, step=step, by="reporter" if by_reporter else "adviser", at=at
    )
    if not by_reporter:
        return [proposed]
    return [proposed, StepDecided(step_id=step_id, decision="chosen", how="code", at=at)]


def decide(
    state: Case,
    *,
    step_id: UUID,
    decision: Decision,
    by_reporter: bool,
    how: Literal["spoken", "written"] | None,
    at: datetime,
) -> StepDecided:
    """The reporter chooses a step, leaves it for now, or declines it; and may change their mind until
    it is taken. Raises Refusal NOT_FOUND, ALREADY_DECIDED, ALREADY_EXISTS where a declined step was
    proposed anew meanwhile, and as `decided_by`.
    """
    state.running()
    found = _found(state, step_id)
    if found.taken or found.decision == decision:
        raise Refusal(Code.ALREADY_DECIDED)
    others = (one for one in state.steps if one.step == found.step and one is not found)
    if decision != "declined" and any(_open(one) for one in others):
        raise Refusal(Code.ALREADY_EXISTS)
    decided = decided_by(state, by_reporter=by_reporter, how=how)
    return StepDecided(step_id=step_id, decision=decision, how=decided, at=at)


def take(state: Case, *, step_id: UUID, at: datetime) -> StepTaken:
    """A step was taken. Raises Refusal STEP_NOT_CHOSEN unless the reporter chose it, ALREADY_DECIDED
    for one that was taken.
    """
    state.running()
    found = _found(state, step_id)
    if found.taken:
        raise Refusal(Code.ALREADY_DECIDED)
    if found.decision != "chosen":
        raise Refusal(Code.STEP_NOT_CHOSEN)
    return StepTaken(step_id=step_id, at=at)


def _open(step: Step) -> bool:
    return not step.taken and step.decision != "declined"


def _found(state: Case, step_id: UUID) -> Step:
    for one in state.steps:
        if one.step_id == step_id:
            return one
    raise Refusal(Code.NOT_FOUND)
