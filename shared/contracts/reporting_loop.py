"""Shapes of reporting's loop: recommendations, answers, measures and effects, what is told to staff,
interventions, and the advisers' own work.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

from shared.contracts.report import Cell
from shared.contracts.shape import InParts, Shape

RecommendationKind = Literal["structural", "incident"]
Answer = Literal["accepted", "partly", "declined"]
MeasureKind = Literal["structural", "incident", "policy"]
MeasureStep = Literal["start", "move", "finish", "stop"]
MeasureStatus = Literal["planned", "started", "done", "stopped"]
Compared = Literal["no_clear_change", "fewer", "more", "strongly_more", "too_few", "not_comparable"]
Way = Literal["report", "intranet", "newsletter", "meeting", "team_talk", "works_council"]
InterventionKind = Literal["training", "peer_consultation", "coaching"]
Layer = Literal["staff", "team_leaders", "middle_management", "senior_management", "board"]
FirstTalk = Literal["within_two_days", "within_a_week", "within_two_weeks", "longer"]


class InWords(Shape, frozen=True, kw_only=True):
    """A text in Dutch, in English, or in both."""

    nl: str | None = None
    en: str | None = None


class FigureRef(Shape, frozen=True, kw_only=True):
    """A cell of a released table: the table's dimension, the code of the cell, the period."""

    table: str
    code: str
    period: str


# Commands -------------------------------------------------------------------------------------


class DecideResponseTerm(Shape, frozen=True, kw_only=True):
    """HR or board: how many weeks an answer to a new recommendation may take from now on, from 1 to 26."""

    weeks: int


class Recommend(Shape, frozen=True, kw_only=True):
    """Adviser: recommend something for released signals or figures, at least one. `policies` are codes of
    the register of strategy; `period`: of the report in which it stands, None between reports. The client
    makes the id.
    """

    recommendation_id: str
    title: InWords
    text: InWords
    kind: RecommendationKind
    signals: tuple[str, ...] = ()
    figures: tuple[FigureRef, ...] = ()
    policies: tuple[str, ...] = ()
    period: str | None = None


class WithdrawRecommendation(Shape, frozen=True, kw_only=True):
    """Adviser: take back a recommendation that was not answered."""

    recommendation_id: str
    reasons: InWords


class AnswerRecommendation(Shape, frozen=True, kw_only=True):
    """HR or board: management's answer, once. Who does not accept all of it gives reasons."""

    recommendation_id: str
    answer: Answer
    reasons: InWords | None = None


class PlanMeasure(Shape, frozen=True, kw_only=True):
    """HR or board: what will be done for a recommendation that was accepted, at least in part. `owner` is a
    function or department; a change of policy names the policy and the signal that changed it.
    """

    measure_id: str
    recommendation_id: str
    title: InWords
    owner: str
    kind: MeasureKind
    planned_for: date
    words: InWords | None = None
    policy: str | None = None
    signal_id: str | None = None


class AdvanceMeasure(Shape, frozen=True, kw_only=True):
    """HR or board: a measure begins, is moved to another day, is done, or stops. `base_line` belongs to the
    beginning; `day` to a move and to the end (when its effect is looked at); words are the reasons where
    it is moved or stops.
    """

    measure_id: str
    step: MeasureStep
    words: InWords | None = None
    base_line: FigureRef | None = None
    day: date | None = None


class ReviewEffect(Shape, frozen=True, kw_only=True):
    """Adviser, HR or board: say what is seen after a measure that is done, and when to look again."""

    measure_id: str
    words: InWords
    next_on: date | None = None


class TellStaff(Shape, frozen=True, kw_only=True):
    """Adviser: tell all staff what was heard and what was done, in both languages, about recommendations
    that were answered. The same id again replaces the words.
    """

    telling_id: str
    heard: InWords
    did: InWords
    recommendations: tuple[str, ...]
    ways: tuple[Way, ...]


class PassOnTelling(Shape, frozen=True, kw_only=True):
    """HR, board or works council: it passed this on. Each once."""

    telling_id: str


class PlanIntervention(Shape, frozen=True, kw_only=True):
    """Adviser or HR: plan a training, peer consultation or coaching for a layer, in these units (none: in
    the whole organisation).
    """

    intervention_id: str
    kind: InterventionKind
    title: InWords
    themes: tuple[str, ...]
    layer: Layer
    planned_for: date
    units: tuple[str, ...] = ()


class HoldIntervention(Shape, frozen=True, kw_only=True):
    """Adviser or HR: it was held, and so many came. `comparison` is another cell of the table and period of
    the base line: a place without it.
    """

    intervention_id: str
    held_on: date
    attended: int
    base_line: FigureRef | None = None
    comparison: FigureRef | None = None


class CancelIntervention(Shape, frozen=True, kw_only=True):
    """Adviser or HR: it will not be held."""

    intervention_id: str
    reasons: InWords


class KeepActivities(Shape, frozen=True, kw_only=True):
    """Adviser: what the advisers did together in a half-year or year that is over; the newest counts. Hours
    are rounded up before they are kept: on cases to 20 and never below, other work to 5.
    """

    period: str
    information_sessions: int = 0
    peer_consultations: int = 0
    trainings: int = 0
    case_hours: int | None = None
    other_hours: int | None = None
    reach: InWords | None = None
    first_talk: FirstTalk | None = None


# Answers --------------------------------------------------------------------------------------


class SignalCited(Shape, frozen=True, kw_only=True):
    """A signal that a recommendation refers to, in codes."""

    signal_id: str
    theme: str
    place: str
    period: str
    told_on: date


class CellSeen(Shape, frozen=True, kw_only=True):
    """A released cell, as readers saw it."""

    table: str
    code: str
    period: str
    label: InWords
    cell: Cell


class LaterWindow(Shape, frozen=True, kw_only=True):
    """The same cell in a later window. `after`: it began after what was done; only then it is compared."""

    period: str
    cell: Cell
    after: bool
    compared: Compared


class EffectWords(Shape, frozen=True, kw_only=True):
    """What somebody saw after a measure, in their words; `role` is that of who said it."""

    words: InWords
    role: str
    on: date


class Measure(Shape, frozen=True, kw_only=True):
    """A measure and what came after it. `words` are its owner's, in the order in which they came."""

    id: str
    title: InWords
    owner: str
    kind: MeasureKind
    status: MeasureStatus
    planned_for: date
    late: bool
    words: tuple[InWords, ...]
    policy: str | None
    signal_id: str | None
    started_on: date | None
    ended_on: date | None
    base_line: CellSeen | None
    effect: tuple[LaterWindow, ...]
    review_on: date | None
    reviews: tuple[EffectWords, ...]


class Answered(Shape, frozen=True, kw_only=True):
    """Management's answer."""

    answer: Answer
    reasons: InWords | None
    role: str
    on: date


class Recommendation(Shape, frozen=True, kw_only=True):
    """A recommendation and what became of it. `late`: the answer came after its term, or has not come."""

    id: str
    title: InWords
    text: InWords
    kind: RecommendationKind
    period: str | None
    signals: tuple[SignalCited, ...]
    figures: tuple[FigureRef, ...]
    policies: tuple[str, ...]
    made_on: date
    due: date
    late: bool
    answered: Answered | None
    withdrawn: InWords | None
    measures: tuple[Measure, ...]


class LoopShares(Shape, frozen=True, kw_only=True):
    """How the loop goes round, in numbers of recommendations and measures.

    `days`: from the day a signal was told to the beginning of the first measure for it, the median of
    `begun` recommendations; None where there is none. `finished` are recommendations for a signal whose
    measures are over, one of them done; `returned` those of them after which such a signal came again.
    """

    made: int
    answered: int
    late: int
    accepted: int
    executed: int
    measures: int
    structural: int
    done: int
    begun: int
    days: int | None
    finished: int
    returned: int


class FollowUp(InParts, frozen=True, kw_only=True):
    """Recommendations of the organisation, the newest first, and how the loop goes round."""

    response_weeks: int
    shares: LoopShares
    recommendations: tuple[Recommendation, ...]


class DueFollowUp(Shape, frozen=True, kw_only=True):
    """Something that is late, or due within four weeks: an answer, a measure, a look at an effect, or
    something that is to be held. `yours`: it is the asker's to do.
    """

    kind: Literal["answer", "measure", "effect", "intervention"]
    ref: str
    title: InWords
    due: date
    late: bool
    yours: bool


class DueFollowUps(Shape, frozen=True, kw_only=True):
    """What is due, the longest due first; at most 200."""

    items: tuple[DueFollowUp, ...]


class Telling(Shape, frozen=True, kw_only=True):
    """What was heard and what was done. Reach is the ways in which it was told and who passed it on: nobody
    counts who read it.
    """

    id: str
    heard: InWords
    did: InWords
    told_on: date
    edition: int
    ways: tuple[Way, ...]
    passed_on: tuple[str, ...]
    reach: int


class Tellings(InParts, frozen=True, kw_only=True):
    """What was told to all staff, the newest first."""

    items: tuple[Telling, ...]


class Intervention(Shape, frozen=True, kw_only=True):
    """A training, peer consultation or coaching. `attended`: a number, or that it is below 5."""

    id: str
    kind: InterventionKind
    title: InWords
    themes: tuple[str, ...]
    theme_names: tuple[InWords, ...]
    layer: Layer
    units: tuple[str, ...]
    planned_for: date
    held_on: date | None
    attended: Cell | None
    cancelled: InWords | None
    base_line: CellSeen | None
    effect: tuple[LaterWindow, ...]
    comparison: CellSeen | None
    elsewhere: tuple[LaterWindow, ...]


class Interventions(InParts, frozen=True, kw_only=True):
    """All of them, the newest first."""

    items: tuple[Intervention, ...]


class PeriodActivities(Shape, frozen=True, kw_only=True):
    """What advisers did in a period. Hours are rounded up: on cases to 20, other work to 5."""

    period: str
    information_sessions: int
    peer_consultations: int
    trainings: int
    case_hours: int | None
    other_hours: int | None
    reach: InWords | None
    first_talk: FirstTalk | None
    kept_on: date


class Activities(Shape, frozen=True, kw_only=True):
    """By period, the newest first; at most 100."""

    items: tuple[PeriodActivities, ...]
