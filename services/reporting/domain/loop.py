"""From a signal to a measure: what advisers recommended, what management answered, what was done.

One aggregate for each organisation. Numbers in it are copied from releases when a measure begins
(`cells.BaseLine`); all other content is words of advisers and leaders about their organisation.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Literal, assert_never
from uuid import UUID

from services.reporting.domain.cells import BaseLine, CellRef
from services.reporting.domain.words import Words

RecommendationKind = Literal["structural", "incident"]
"""Whether it is about causes, or about how incidents are dealt with."""

Answer = Literal["accepted", "partly", "declined"]

MeasureKind = Literal["structural", "incident", "policy"]
"""A change of causes, of how incidents are dealt with, or of a policy (which is structural too)."""

MeasureStatus = Literal["planned", "started", "done", "stopped"]

RESPONSE_WEEKS = 6
"""Within so many weeks management answers, unless the organisation decided otherwise."""

# Events -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class CitedSignal:
    """A released signal that a recommendation refers to, in the codes in which it was told."""

    signal_id: UUID
    theme: str
    place: str
    period: str
    told_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseTermDecided:
    """From now on management has so many weeks to answer a new recommendation."""

    weeks: int
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommended:
    """Advisers recommend something to management, for what was released. `period`: of the report in which
    it stands, None between reports; `due`: the last day on which an answer is in time.
    """

    recommendation_id: UUID
    title: Words
    text: Words
    kind: RecommendationKind
    period: str | None
    signals: tuple[CitedSignal, ...]
    figures: tuple[CellRef, ...]
    policies: tuple[str, ...]
    on: date
    due: date


@dataclass(frozen=True, slots=True, kw_only=True)
class RecommendationWithdrawn:
    """Advisers took it back before it was answered."""

    recommendation_id: UUID
    reasons: Words
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class RecommendationAnswered:
    """Management answered. `role` is that of who answered; no person stands in it."""

    recommendation_id: UUID
    answer: Answer
    reasons: Words | None
    role: str
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasurePlanned:
    """Management will do something about a recommendation. `owner` is a function or department; `words`
    are its own. A change of policy names the `policy` and the `signal_id` that changed it.
    """

    measure_id: UUID
    recommendation_id: UUID
    title: Words
    words: Words | None
    owner: str
    kind: MeasureKind
    planned_for: date
    policy: str | None
    signal_id: UUID | None
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureStarted:
    """It began. The base line is fixed from here on; None: there is no released cell for it."""

    measure_id: UUID
    base_line: BaseLine | None
    words: Words | None
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureMoved:
    """It is planned for another day, and the reason is told."""

    measure_id: UUID
    planned_for: date
    reasons: Words
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureDone:
    """It is done. `review_on`: when its effect is looked at."""

    measure_id: UUID
    words: Words | None
    review_on: date
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureStopped:
    """It will not be done, or no further; and why."""

    measure_id: UUID
    reasons: Words
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectReviewed:
    """Somebody looked at what came after, and says in words what they see. `next_on`: when it is looked at
    again; None: not any more.
    """

    measure_id: UUID
    words: Words
    role: str
    next_on: date | None
    on: date


Event = (
    ResponseTermDecided
    | Recommended
    | RecommendationWithdrawn
    | RecommendationAnswered
    | MeasurePlanned
    | MeasureStarted
    | MeasureMoved
    | MeasureDone
    | MeasureStopped
    | EffectReviewed
)

# Fold -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A measure as its events made it. `told` are the words of its owner in the order in which they came."""

    planned: MeasurePlanned
    planned_for: date
    status: MeasureStatus = "planned"
    started_on: date | None = None
    ended_on: date | None = None
    base_line: BaseLine | None = None
    review_on: date | None = None
    told: tuple[Words, ...] = ()
    reviews: tuple[EffectReviewed, ...] = ()

    @property
    def open(self) -> bool:
        """Whether something of it is still to be done."""
        return self.status in ("planned", "started")

    @property
    def structural(self) -> bool:
        """Whether it is about causes: a change of policy is."""
        return self.planned.kind != "incident"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """A recommendation, what was answered, and its measures in the order in which they were planned."""

    made: Recommended
    answered: RecommendationAnswered | None = None
    withdrawn: RecommendationWithdrawn | None = None
    measures: tuple[Measure, ...] = ()

    @property
    def accepted(self) -> bool:
        """Whether management will do something, at least in part."""
        return self.answered is not None and self.answered.answer != "declined"

    @property
    def executed(self) -> bool:
        """Whether a measure of it is done."""
        return any(measure.status == "done" for measure in self.measures)

    def late(self, today: date) -> bool:
        """Whether the answer came after its term, or has not come and the term is over."""
        if self.withdrawn is not None:
            return False
        return (today if self.answered is None else self.answered.on) > self.made.due


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    """All recommendations of an organisation, in the order in which they were made. `version` counts the
    events.
    """

    version: int = 0
    response_weeks: int = RESPONSE_WEEKS
    recommendations: tuple[Recommendation, ...] = ()

    @property
    def standing(self) -> tuple[Recommendation, ...]:
        """Those that were not taken back."""
        return tuple(one for one in self.recommendations if one.withdrawn is None)

    @property
    def measures(self) -> tuple[Measure, ...]:
        """All measures."""
        return tuple(measure for one in self.recommendations for measure in one.measures)

    def recommendation(self, recommendation_id: UUID) -> Recommendation | None:
        """The one with that id."""
        return next(
            (
                one
                for one in self.recommendations
                if one.made.recommendation_id == recommendation_id
            ),
            None,
        )

    def measure(self, measure_id: UUID) -> Measure | None:
        """The one with that id."""
        return next((one for one in self.measures if one.planned.measure_id == measure_id), None)


def evolve(state: Loop, event: Event) -> Loop:
    """The state after one more event."""
    state = replace(state, version=state.version + 1)
    match event:
        case ResponseTermDecided():
            return replace(state, response_weeks=event.weeks)
        case Recommended():
            return replace(
                state, recommendations=(*state.recommendations, Recommendation(made=event))
            )
        case RecommendationWithdrawn() | RecommendationAnswered() | MeasurePlanned():
            return replace(
                state,
                recommendations=tuple(
                    _of_recommendation(one, event)
                    if one.made.recommendation_id == event.recommendation_id
                    else one
                    for one in state.recommendations
                ),
            )
        case (
            MeasureStarted() | MeasureMoved() | MeasureDone() | MeasureStopped() | EffectReviewed()
        ):
            return replace(
                state,
                recommendations=tuple(
                    replace(
                        one,
                        measures=tuple(
                            _of_measure(measure, event)
                            if measure.planned.measure_id == event.measure_id
                            else measure
                            for measure in one.measures
                        ),
                    )
                    for one in state.recommendations
                ),
            )
        case _:
            assert_never(event)


def _of_recommendation(
    one: Recommendation, event: RecommendationWithdrawn | RecommendationAnswered | MeasurePlanned
) -> Recommendation:
    match event:
        case RecommendationWithdrawn():
            return replace(one, withdrawn=event)
        case RecommendationAnswered():
            return replace(one, answered=event)
        case MeasurePlanned():
            measure = Measure(
                planned=event,
                planned_for=event.planned_for,
                told=() if event.words is None else (event.words,),
            )
            return replace(one, measures=(*one.measures, measure))
        case _:
            assert_never(event)


def _of_measure(
    measure: Measure,
    event: MeasureStarted | MeasureMoved | MeasureDone | MeasureStopped | EffectReviewed,
) -> Measure:
    match event:
        case MeasureStarted():
            measure = replace(
                measure, status="started", started_on=event.on, base_line=event.base_line
            )
            said = event.words
        case MeasureMoved():
            measure = replace(measure, planned_for=event.planned_for)
            said = event.reasons
        case MeasureDone():
            measure = replace(measure, status="done", ended_on=event.on, review_on=event.review_on)
            said = event.words
        case MeasureStopped():
            measure = replace(measure, status="stopped", ended_on=event.on)
            said = event.reasons
        case EffectReviewed():
            return replace(measure, review_on=event.next_on, reviews=(*measure.reviews, event))
        case _:
            assert_never(event)
    return measure if said is None else replace(measure, told=(*measure.told, said))
