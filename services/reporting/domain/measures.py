"""Decisions on measures: planned, moved, started with a base line, done, stopped, their effect reviewed."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final, Literal, assert_never

from services.reporting.domain.cells import CellRef, base_line
from services.reporting.domain.loop import (
    EffectReviewed,
    Loop,
    Measure,
    MeasureDone,
    MeasureKind,
    MeasureMoved,
    MeasurePlanned,
    MeasureStarted,
    MeasureStopped,
)
from services.reporting.domain.recommending import REASONS, TEXT, TITLE, check_policy, standing
from services.reporting.domain.words import line, words, words_or_none
from shared.contracts.errors import Code, Refusal, invalid
from shared.taxonomy.working_days import months_later

if TYPE_CHECKING:
    from uuid import UUID

    from services.reporting.domain.ground import ReleasedTable
    from services.reporting.domain.words import Words

Step = Literal["start", "move", "finish", "stop"]

OWNER: Final = 120
"""Longest name of an owner, in characters."""

MOST_MEASURES: Final = 50
"""Of one recommendation."""

AHEAD: Final = 5 * 366
"""In days: nothing is planned further ahead."""

REVIEW_MONTHS: Final = 6
"""After so many months its effect is looked at, when nobody says otherwise: then another half-year is
released."""


def plan(
    state: Loop,
    *,
    policies: frozenset[str],
    measure_id: UUID,
    recommendation_id: UUID,
    title: Words,
    said: Words | None,
    owner: str,
    kind: MeasureKind,
    planned_for: date,
    policy: str | None,
    signal_id: UUID | None,
    on: date,
) -> MeasurePlanned:
    """Plan a measure for a recommendation that is accepted, at least in part.

    A change of policy names the policy and, of the signals that the recommendation refers to, the one
    that changed it; other measures name neither. Raises Refusal NOT_FOUND, ALREADY_EXISTS,
    ALREADY_DECIDED (it is declined, taken back, or not answered yet), INVALID_INPUT, TOO_LARGE.
    """
    found = standing(state, recommendation_id)
    if not found.accepted:
        raise Refusal(Code.ALREADY_DECIDED)
    if state.measure(measure_id) is not None:
        raise Refusal(Code.ALREADY_EXISTS)
    if len(found.measures) >= MOST_MEASURES:
        raise Refusal(Code.TOO_LARGE, limit=MOST_MEASURES, unit="entries")
    _check_day(planned_for, on)
    if kind == "policy":
        if policy is None:
            raise invalid("policy", "it is missing")
        check_policy(policies, policy, field="policy")
        if signal_id not in {one.signal_id for one in found.made.signals}:
            raise invalid("signalId", "it is no signal that the recommendation refers to")
    else:
        for field, value in (("policy", policy), ("signalId", signal_id)):
            if value is not None:
                raise invalid(field, "it belongs to a change of policy")
    return MeasurePlanned(
        measure_id=measure_id,
        recommendation_id=recommendation_id,
        title=words(title, field="title", most=TITLE),
        words=words_or_none(said, field="words", most=TEXT),
        owner=line(owner, field="owner", most=OWNER),
        kind=kind,
        planned_for=planned_for,
        policy=policy,
        signal_id=signal_id,
        on=on,
    )


def advance(
    state: Loop,
    tables: tuple[ReleasedTable, ...],
    *,
    measure_id: UUID,
    step: Step,
    said: Words | None,
    base: CellRef | None,
    day: date | None,
    on: date,
) -> MeasureStarted | MeasureMoved | MeasureDone | MeasureStopped:
    """One step of a measure that is not over. It begins before it is done; who moves or stops it says
    why. `base` belongs to the beginning; `day` to a move (the new one) and to the end (when its effect
    is looked at; half a year later, unless another is named).

    Raises Refusal NOT_FOUND, ALREADY_DECIDED (it is over, or has begun already, or has not),
    INVALID_INPUT, INVALID_PERIOD, TOO_LARGE.
    """
    measure = _measure(state, measure_id)
    if not measure.open:
        raise Refusal(Code.ALREADY_DECIDED)
    if base is not None and step != "start":
        raise invalid("baseLine", "it is fixed when a measure begins")
    if day is not None and step not in ("move", "finish"):
        raise invalid("day", "it belongs to another step")
    match step:
        case "start":
            if measure.status != "planned":
                raise Refusal(Code.ALREADY_DECIDED)
            return MeasureStarted(
                measure_id=measure_id,
                base_line=None if base is None else base_line(tables, base, field="baseLine"),
                words=words_or_none(said, field="words", most=TEXT),
                on=on,
            )
        case "move":
            if day is None:
                raise invalid("day", "it is missing")
            _check_day(day, on, field="day")
            return MeasureMoved(
                measure_id=measure_id, planned_for=day, reasons=_reasons(said), on=on
            )
        case "finish":
            if measure.status != "started":
                raise Refusal(Code.ALREADY_DECIDED)
            if day is not None:
                _check_day(day, on, field="day")
            return MeasureDone(
                measure_id=measure_id,
                words=words_or_none(said, field="words", most=TEXT),
                review_on=months_later(on, REVIEW_MONTHS) if day is None else day,
                on=on,
            )
        case "stop":
            return MeasureStopped(measure_id=measure_id, reasons=_reasons(said), on=on)
        case _:
            assert_never(step)


def review(
    state: Loop,
    *,
    measure_id: UUID,
    said: Words,
    role: str,
    next_on: date | None,
    on: date,
) -> EffectReviewed:
    """Say what is seen after a measure that is done. Raises Refusal NOT_FOUND, ALREADY_DECIDED (it is not
    done), INVALID_INPUT, TOO_LARGE.
    """
    if _measure(state, measure_id).status != "done":
        raise Refusal(Code.ALREADY_DECIDED)
    if next_on is not None:
        _check_day(next_on, on, field="nextOn")
    return EffectReviewed(
        measure_id=measure_id,
        words=words(said, field="words", most=TEXT),
        role=role,
        next_on=next_on,
        on=on,
    )


def _measure(state: Loop, measure_id: UUID) -> Measure:
    found = state.measure(measure_id)
    if found is None:
        raise Refusal(Code.NOT_FOUND)
    return found


def _reasons(said: Words | None) -> Words:
    found = words_or_none(said, field="words", most=REASONS)
    if found is None:
        raise invalid("words", "it is missing")
    return found


def _check_day(day: date, on: date, *, field: str = "plannedFor") -> None:
    if day < on:
        raise invalid(field, "that day is past")
    if (day - on).days > AHEAD:
        raise invalid(field, "it lies too far ahead")
