"""Recommendations, what management answers, what it does, and what came after."""

# ruff: noqa: A002  arguments are called what the schema calls them
from __future__ import annotations

from enum import Enum
from typing import Annotated, Self

import strawberry

from services.gateway.grants import ADVISER, LEADERS, MANAGEMENT, grant, table, title
from services.gateway.schema.base import (
    Conflict,
    Info,
    InvalidInput,
    NotAllowed,
    NotFound,
    ask,
    change,
    command,
    day_of,
    day_or_none,
    described,
    uuid_text,
    whole_or_none,
)
from services.gateway.schema.wording import (
    BaseLine,
    LaterWindow,
    ReleasedCellInput,
    ReleasedCellRef,
    Wording,
    WordingInput,
    iso,
)
from shared.contracts import reporting_loop as shapes
from shared.contracts import rpc


@strawberry.enum(description="What a recommendation is about.")
class RecommendationKind(Enum):
    """Causes, or how incidents are dealt with."""

    STRUCTURAL = "structural"
    INCIDENT = "incident"


@strawberry.enum(description="What management answers.")
class RecommendationAnswer(Enum):
    """All of it, some of it, or nothing."""

    ACCEPTED = "accepted"
    PARTLY = "partly"
    DECLINED = "declined"


@strawberry.enum(description="What a measure changes.")
class MeasureKind(Enum):
    """Causes, how incidents are dealt with, or a policy."""

    STRUCTURAL = "structural"
    INCIDENT = "incident"
    POLICY = "policy"


@strawberry.enum(description="How far a measure is.")
class MeasureStatus(Enum):
    """Its state."""

    PLANNED = "planned"
    STARTED = "started"
    DONE = "done"
    STOPPED = "stopped"


@strawberry.enum(description="A step of a measure.")
class MeasureStep(Enum):
    """It begins, goes to another day, is done, or stops."""

    START = "start"
    MOVE = "move"
    FINISH = "finish"
    STOP = "stop"


@strawberry.type(description="A released signal that a recommendation refers to, in codes.")
class CitedSignal:
    """A signal."""

    signal_id: strawberry.ID
    theme: str
    place: str
    period: str
    told_on: str

    @classmethod
    def of(cls, found: shapes.SignalCited) -> Self:
        """From reporting's answer."""
        return cls(
            signal_id=strawberry.ID(found.signal_id),
            theme=found.theme,
            place=found.place,
            period=found.period,
            told_on=found.told_on.isoformat(),
        )


@strawberry.type(description="What somebody saw after a measure, in words.")
class EffectReview:
    """Words, and whose role they are of."""

    words: Wording
    role: str
    on: str


@strawberry.type(description="Something that management does about a recommendation.")
class Measure:
    """A measure and what came after it."""

    id: strawberry.ID
    title: Wording
    owner: str = strawberry.field(description="A function or department.")
    kind: MeasureKind
    status: MeasureStatus
    planned_for: str
    late: bool
    words: list[Wording] = strawberry.field(description="Its owner's, in the order they came.")
    policy: str | None = strawberry.field(description="The policy that changes.")
    signal_id: strawberry.ID | None = strawberry.field(description="The signal that changed it.")
    started_on: str | None
    ended_on: str | None
    base_line: BaseLine | None = strawberry.field(description="Fixed when it began.")
    effect: list[LaterWindow] = strawberry.field(
        description="The base line's cell in later windows: what came after, not what it caused."
    )
    review_on: str | None
    reviews: list[EffectReview]

    @classmethod
    def of(cls, found: shapes.Measure) -> Self:
        """From reporting's answer."""
        return cls(
            id=strawberry.ID(found.id),
            title=Wording.of(found.title),
            owner=found.owner,
            kind=MeasureKind(found.kind),
            status=MeasureStatus(found.status),
            planned_for=found.planned_for.isoformat(),
            late=found.late,
            words=[Wording.of(one) for one in found.words],
            policy=found.policy,
            signal_id=None if found.signal_id is None else strawberry.ID(found.signal_id),
            started_on=iso(found.started_on),
            ended_on=iso(found.ended_on),
            base_line=BaseLine.of(found.base_line),
            effect=[LaterWindow.of(one) for one in found.effect],
            review_on=iso(found.review_on),
            reviews=[
                EffectReview(words=Wording.of(one.words), role=one.role, on=one.on.isoformat())
                for one in found.reviews
            ],
        )


@strawberry.type(description="Management's answer.")
class Answered:
    """What, why, and the role of who said it."""

    answer: RecommendationAnswer
    reasons: Wording | None
    role: str
    on: str

    @classmethod
    def of(cls, found: shapes.Answered | None) -> Self | None:
        """From reporting's answer."""
        if found is None:
            return None
        return cls(
            answer=RecommendationAnswer(found.answer),
            reasons=Wording.or_none(found.reasons),
            role=found.role,
            on=found.on.isoformat(),
        )


@strawberry.type(description="What advisers recommended, and what became of it.")
class Recommendation:
    """One recommendation."""

    id: strawberry.ID
    title: Wording
    text: Wording
    kind: RecommendationKind
    period: str | None = strawberry.field(description="Of its report; null: between reports.")
    signals: list[CitedSignal]
    figures: list[ReleasedCellRef]
    policies: list[str]
    made_on: str
    due: str = strawberry.field(description="The last day on which an answer is in time.")
    late: bool = strawberry.field(description="The answer came after it, or has not come.")
    answered: Answered | None
    withdrawn: Wording | None = strawberry.field(description="Why advisers took it back.")
    measures: list[Measure]

    @classmethod
    def of(cls, found: shapes.Recommendation) -> Self:
        """From reporting's answer."""
        return cls(
            id=strawberry.ID(found.id),
            title=Wording.of(found.title),
            text=Wording.of(found.text),
            kind=RecommendationKind(found.kind),
            period=found.period,
            signals=[CitedSignal.of(one) for one in found.signals],
            figures=[ReleasedCellRef.of(one) for one in found.figures],
            policies=list(found.policies),
            made_on=found.made_on.isoformat(),
            due=found.due.isoformat(),
            late=found.late,
            answered=Answered.of(found.answered),
            withdrawn=Wording.or_none(found.withdrawn),
            measures=[Measure.of(one) for one in found.measures],
        )


@strawberry.type(description="How the loop goes round: numbers of recommendations and measures.")
class LoopShares:
    """No number of cases."""

    made: int
    answered: int
    late: int
    accepted: int = strawberry.field(description="At least in part.")
    executed: int = strawberry.field(description="With a measure that is done.")
    measures: int
    structural: int = strawberry.field(description="Of the measures: about causes or a policy.")
    done: int
    begun: int
    days: int | None = strawberry.field(
        description="From the signal to the first measure: the median of those that are begun."
    )
    finished: int = strawberry.field(description="For a signal, and all measures are over.")
    returned: int = strawberry.field(description="Of these: after which such a signal came again.")


@strawberry.type(description="Recommendations, the newest first.")
class FollowUp:
    """The whole loop."""

    response_weeks: int = strawberry.field(
        description="Calendar weeks; a term ends on a working day."
    )
    shares: LoopShares
    recommendations: list[Recommendation]


@strawberry.type(description="Something that is late or due within four weeks.")
class DueFollowUp:
    """An answer, a measure, a look at an effect, or an intervention."""

    kind: str = strawberry.field(description="answer, measure, effect or intervention.")
    ref: strawberry.ID
    title: Wording
    due: str
    late: bool
    yours: bool = strawberry.field(description="Whether it is your role's to do.")


@strawberry.type
class LoopQuery:
    """Questions about what is done with signals."""

    @described("Recommendations, answers, measures and what came after; the newest first.")
    async def follow_up(self, info: Info) -> FollowUp | None:
        """Asks reporting."""
        found = await whole_or_none(
            info, "reporting.follow_up", rpc.Part(), shapes.FollowUp, "recommendations"
        )
        if found is None:
            return None
        return FollowUp(
            response_weeks=found.response_weeks,
            shares=LoopShares(
                **{
                    name: getattr(found.shares, name)
                    for name in shapes.LoopShares.__struct_fields__
                }
            ),
            recommendations=[Recommendation.of(one) for one in found.recommendations],
        )

    @described("What is late or due within four weeks, the longest due first.")
    async def due_follow_ups(self, info: Info) -> list[DueFollowUp] | None:
        """Asks reporting."""
        found = await ask(info, "reporting.due_follow_ups", rpc.Empty(), shapes.DueFollowUps)
        return [
            DueFollowUp(
                kind=one.kind,
                ref=strawberry.ID(one.ref),
                title=Wording.of(one.title),
                due=one.due.isoformat(),
                late=one.late,
                yours=one.yours,
            )
            for one in found.items
        ]


# Commands ---------------------------------------------------------------------------------------


@strawberry.input
class DecideResponseTermInput:
    """How long an answer may take from now on."""

    idempotency_key: strawberry.ID
    weeks: int = strawberry.field(description="1 to 26. What runs keeps its day.")

    def request(self) -> shapes.DecideResponseTerm:
        """As reporting takes it."""
        return shapes.DecideResponseTerm(weeks=self.weeks)


@strawberry.input
class RecommendInput:
    """Something that advisers recommend, for what was released."""

    idempotency_key: strawberry.ID
    recommendation_id: strawberry.ID = strawberry.field(description="A UUID of your client's.")
    title: WordingInput
    text: WordingInput
    kind: RecommendationKind
    signals: list[strawberry.ID] = strawberry.field(
        default_factory=list, description="Released signals; one, or a figure, is needed."
    )
    figures: list[ReleasedCellInput] = strawberry.field(
        default_factory=list, description="Cells of released tables, shown or not."
    )
    policies: list[str] = strawberry.field(
        default_factory=list, description="Codes of policies of strategyRegister."
    )
    period: str | None = strawberry.field(
        default=None, description="Of the report in which it stands."
    )

    def request(self) -> shapes.Recommend:
        """As reporting takes it."""
        return shapes.Recommend(
            recommendation_id=uuid_text("recommendationId", self.recommendation_id),
            title=self.title.shape(),
            text=self.text.shape(),
            kind=self.kind.value,
            signals=tuple(uuid_text("signals", one) for one in self.signals),
            figures=tuple(one.shape() for one in self.figures),
            policies=tuple(self.policies),
            period=self.period,
        )


@strawberry.input
class WithdrawRecommendationInput:
    """It was not answered, and is taken back."""

    idempotency_key: strawberry.ID
    recommendation_id: strawberry.ID
    reasons: WordingInput

    def request(self) -> shapes.WithdrawRecommendation:
        """As reporting takes it."""
        return shapes.WithdrawRecommendation(
            recommendation_id=uuid_text("recommendationId", self.recommendation_id),
            reasons=self.reasons.shape(),
        )


@strawberry.input
class AnswerRecommendationInput:
    """Management's answer, once."""

    idempotency_key: strawberry.ID
    recommendation_id: strawberry.ID
    answer: RecommendationAnswer
    reasons: WordingInput | None = strawberry.field(
        default=None, description="Needed unless all of it is accepted."
    )

    def request(self) -> shapes.AnswerRecommendation:
        """As reporting takes it."""
        return shapes.AnswerRecommendation(
            recommendation_id=uuid_text("recommendationId", self.recommendation_id),
            answer=self.answer.value,
            reasons=None if self.reasons is None else self.reasons.shape(),
        )


@strawberry.input
class PlanMeasureInput:
    """What will be done for a recommendation that is accepted, at least in part."""

    idempotency_key: strawberry.ID
    measure_id: strawberry.ID = strawberry.field(description="A UUID of your client's.")
    recommendation_id: strawberry.ID
    title: WordingInput
    owner: str = strawberry.field(
        description="A function or department; no name is needed. At most 120 characters."
    )
    kind: MeasureKind
    planned_for: str = strawberry.field(description="2026-10-01.")
    words: WordingInput | None = None
    policy: str | None = strawberry.field(
        default=None, description="Of a change of policy: the code of the policy that changes."
    )
    signal_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="Of a change of policy: which of the recommendation's signals changed it.",
    )

    def request(self) -> shapes.PlanMeasure:
        """As reporting takes it."""
        return shapes.PlanMeasure(
            measure_id=uuid_text("measureId", self.measure_id),
            recommendation_id=uuid_text("recommendationId", self.recommendation_id),
            title=self.title.shape(),
            owner=self.owner,
            kind=self.kind.value,
            planned_for=day_of("plannedFor", self.planned_for),
            words=None if self.words is None else self.words.shape(),
            policy=self.policy,
            signal_id=None if self.signal_id is None else uuid_text("signalId", self.signal_id),
        )


@strawberry.input
class AdvanceMeasureInput:
    """A step of a measure that is not over."""

    idempotency_key: strawberry.ID
    measure_id: strawberry.ID
    step: MeasureStep
    words: WordingInput | None = strawberry.field(
        default=None, description="Needed where it is moved or stops: why."
    )
    base_line: ReleasedCellInput | None = strawberry.field(
        default=None, description="Where it begins: the released cell that it is about."
    )
    day: str | None = strawberry.field(
        default=None,
        description="Of a move: the new day. Of the end: when its effect is looked at; none: "
        "half a year later.",
    )

    def request(self) -> shapes.AdvanceMeasure:
        """As reporting takes it."""
        return shapes.AdvanceMeasure(
            measure_id=uuid_text("measureId", self.measure_id),
            step=self.step.value,
            words=None if self.words is None else self.words.shape(),
            base_line=None if self.base_line is None else self.base_line.shape(),
            day=day_or_none("day", self.day),
        )


@strawberry.input
class ReviewEffectInput:
    """What you see after a measure that is done."""

    idempotency_key: strawberry.ID
    measure_id: strawberry.ID
    words: WordingInput
    next_on: str | None = strawberry.field(
        default=None, description="When it is looked at again; none: not any more."
    )

    def request(self) -> shapes.ReviewEffect:
        """As reporting takes it."""
        return shapes.ReviewEffect(
            measure_id=uuid_text("measureId", self.measure_id),
            words=self.words.shape(),
            next_on=day_or_none("nextOn", self.next_on),
        )


@strawberry.type
class _LoopPayload:
    """What every change in the loop gives back. No place in the ledger: leaders are told none."""

    id: strawberry.ID

    @classmethod
    def of(cls, done: rpc.Done) -> Self:
        """From reporting's answer."""
        return cls(id=strawberry.ID(done.id))


@strawberry.type
class DecideResponseTermPayload(_LoopPayload):
    """It holds from now on."""


@strawberry.type
class RecommendPayload(_LoopPayload):
    """Management can read it, and its term runs."""


@strawberry.type
class WithdrawRecommendationPayload(_LoopPayload):
    """It is taken back."""


@strawberry.type
class AnswerRecommendationPayload(_LoopPayload):
    """The answer stands."""


@strawberry.type
class PlanMeasurePayload(_LoopPayload):
    """The measure is planned."""


@strawberry.type
class AdvanceMeasurePayload(_LoopPayload):
    """The step is kept."""


@strawberry.type
class ReviewEffectPayload(_LoopPayload):
    """The words are kept."""


DecideResponseTermResult = Annotated[
    DecideResponseTermPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("DecideResponseTermResult"),
]
RecommendResult = Annotated[
    RecommendPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("RecommendResult"),
]
WithdrawRecommendationResult = Annotated[
    WithdrawRecommendationPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("WithdrawRecommendationResult"),
]
AnswerRecommendationResult = Annotated[
    AnswerRecommendationPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("AnswerRecommendationResult"),
]
PlanMeasureResult = Annotated[
    PlanMeasurePayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("PlanMeasureResult"),
]
AdvanceMeasureResult = Annotated[
    AdvanceMeasurePayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("AdvanceMeasureResult"),
]
ReviewEffectResult = Annotated[
    ReviewEffectPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("ReviewEffectResult"),
]


@strawberry.type
class LoopMutation:
    """Steps from a signal to a measure and its effect."""

    @change("Decide how many weeks an answer to a recommendation may take from now on.")
    async def decide_response_term(
        self, info: Info, input: DecideResponseTermInput
    ) -> DecideResponseTermResult:
        """Asks reporting."""
        return await command(
            info,
            "reporting.decide_response_term",
            input,
            rpc.Done,
            DecideResponseTermPayload.of,
        )

    @change("Recommend something to management, for released signals or figures.")
    async def recommend(self, info: Info, input: RecommendInput) -> RecommendResult:
        """Asks reporting."""
        return await command(info, "reporting.recommend", input, rpc.Done, RecommendPayload.of)

    @change("Take back a recommendation that was not answered.")
    async def withdraw_recommendation(
        self, info: Info, input: WithdrawRecommendationInput
    ) -> WithdrawRecommendationResult:
        """Asks reporting."""
        return await command(
            info,
            "reporting.withdraw_recommendation",
            input,
            rpc.Done,
            WithdrawRecommendationPayload.of,
        )

    @change("Answer a recommendation for management, once.")
    async def answer_recommendation(
        self, info: Info, input: AnswerRecommendationInput
    ) -> AnswerRecommendationResult:
        """Asks reporting."""
        return await command(
            info,
            "reporting.answer_recommendation",
            input,
            rpc.Done,
            AnswerRecommendationPayload.of,
        )

    @change("Plan what will be done for a recommendation that is accepted.")
    async def plan_measure(self, info: Info, input: PlanMeasureInput) -> PlanMeasureResult:
        """Asks reporting."""
        return await command(info, "reporting.plan_measure", input, rpc.Done, PlanMeasurePayload.of)

    @change("A measure begins, with its base line; goes to another day; is done; or stops.")
    async def advance_measure(self, info: Info, input: AdvanceMeasureInput) -> AdvanceMeasureResult:
        """Asks reporting."""
        return await command(
            info, "reporting.advance_measure", input, rpc.Done, AdvanceMeasurePayload.of
        )

    @change("Say what you see after a measure that is done.")
    async def review_effect(self, info: Info, input: ReviewEffectInput) -> ReviewEffectResult:
        """Asks reporting."""
        return await command(
            info, "reporting.review_effect", input, rpc.Done, ReviewEffectPayload.of
        )


_READERS = ADVISER | LEADERS

_COMMANDS = {
    "decideResponseTerm": (MANAGEMENT, "weeks"),
    "recommend": (
        ADVISER,
        "recommendationId title text kind signals figures policies period",
    ),
    "withdrawRecommendation": (ADVISER, "recommendationId reasons"),
    "answerRecommendation": (MANAGEMENT, "recommendationId answer reasons"),
    "planMeasure": (
        MANAGEMENT,
        "measureId recommendationId title owner kind plannedFor words policy signalId",
    ),
    "advanceMeasure": (MANAGEMENT, "measureId step words baseLine day"),
    "reviewEffect": (ADVISER | MANAGEMENT, "measureId words nextOn"),
}


ACCESS = table(
    grant("Query", _READERS, "followUp dueFollowUps"),
    grant("FollowUp", _READERS, "responseWeeks shares recommendations"),
    grant(
        "LoopShares",
        _READERS,
        "made answered late accepted executed measures structural done begun days finished "
        "returned",
    ),
    grant(
        "Recommendation",
        _READERS,
        "id title text kind period signals figures policies madeOn due late answered withdrawn "
        "measures",
    ),
    grant("CitedSignal", _READERS, "signalId theme place period toldOn"),
    grant("Answered", _READERS, "answer reasons role on"),
    grant(
        "Measure",
        _READERS,
        "id title owner kind status plannedFor late words policy signalId startedOn endedOn "
        "baseLine effect reviewOn reviews",
    ),
    grant("EffectReview", _READERS, "words role on"),
    grant("DueFollowUp", _READERS, "kind ref title due late yours"),
    *(grant("Mutation", roles, f"{name} {name}(input:)") for name, (roles, _) in _COMMANDS.items()),
    *(
        grant(f"{title(name)}Input", roles, f"idempotencyKey {fields}")
        for name, (roles, fields) in _COMMANDS.items()
    ),
    *(grant(f"{title(name)}Payload", roles, "id") for name, (roles, _) in _COMMANDS.items()),
)
