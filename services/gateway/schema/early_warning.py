"""What the released figures tell early, and how early that was."""

# ruff: noqa: A002  arguments are called what the schema calls them
from __future__ import annotations

from enum import Enum
from typing import Annotated, Self

import strawberry

from services.gateway.grants import ADVISER, HR, INTEGRATION, LEADERS, MANAGER, grant, table
from services.gateway.schema.base import (
    Conflict,
    Info,
    InvalidInput,
    LanguageChoice,
    NotAllowed,
    NotFound,
    ask,
    change,
    command,
    described,
)
from services.gateway.schema.statistics import AS_OF
from shared.contracts import rpc


@strawberry.enum(description="How something rose.")
class WarningKind(Enum):
    """The detector's two rules."""

    JUMP = strawberry.enum_value("jump", description="One figure far above those before.")
    PERSISTENT = strawberry.enum_value(
        "persistent", description="Two figures or more that speak for twice the level before."
    )


@strawberry.enum(description="Why a cell has no automatic early warning.")
class UnwatchedReason(Enum):
    """The detector's reasons."""

    RELEASED_YEARLY = strawberry.enum_value("released_yearly", description="Too late to be early.")
    TOO_FEW_WINDOWS = strawberry.enum_value(
        "too_few_windows", description="Less than four figures before it that can be compared."
    )
    TOO_FEW_CASES = strawberry.enum_value("too_few_cases", description="Below one case a quarter.")
    TOO_MUCH_NOISE = strawberry.enum_value(
        "too_much_noise", description="The figure adds up too many draws."
    )
    UNKNOWN_DETECTOR = strawberry.enum_value(
        "unknown_detector", description="The grid names a rule that this version does not have."
    )


@strawberry.enum(description="What a cell does over time.")
class TrendKind(Enum):
    """The rule stands in docs/early-warning.md."""

    NEW = strawberry.enum_value("new", description="Shown now, and never before.")
    RETURNING = strawberry.enum_value("returning", description="Shown again after a while.")
    RISING = strawberry.enum_value("rising", description="More than chance and noise explain.")
    DECLINING = strawberry.enum_value(
        "declining", description="Less than chance and noise explain."
    )
    RECURRING = strawberry.enum_value(
        "recurring", description="Shown again and again, without rise or fall."
    )
    STEADY = strawberry.enum_value(
        "steady", description="No change that chance and noise do not explain."
    )
    UNKNOWN = strawberry.enum_value("unknown", description="Too few figures to compare.")


@strawberry.enum(description="The newest figure beside the one before.")
class ChangeKind(Enum):
    """Of two figures."""

    MORE = strawberry.enum_value("more", description="Higher, beyond the margin of the difference.")
    FEWER = strawberry.enum_value("fewer", description="Lower, beyond it.")
    SAME = strawberry.enum_value("same", description="Within it.")
    UNKNOWN = strawberry.enum_value("unknown", description="There is none to compare with.")


@strawberry.type(description="A released figure, as it is shown everywhere.")
class FigureSeen:
    """One window of a cell."""

    period: str
    count: int | None = strawberry.field(description="Null where it is below its threshold.")
    margin: int
    threshold: int

    @classmethod
    def of(cls, seen: rpc.FigureSeen) -> Self:
        """From signals' answer."""
        return cls(
            period=seen.period, count=seen.count, margin=seen.margin, threshold=seen.threshold
        )


@strawberry.type(description="A cell rose in a period by more than chance and noise explain.")
class WarningTold:
    """A warning of the detector."""

    cell: str
    label: str
    period: str
    kind: WarningKind
    seen: list[FigureSeen] = strawberry.field(description="From the first figure of the rise on.")
    expected: float = strawberry.field(description="The level before it, in cases per period.")
    history: int = strawberry.field(description="Of how many periods that is the level.")
    found: float = strawberry.field(
        description="How improbable the figure is (jump), or the log-likelihood ratio (persistent)."
    )
    bound: float = strawberry.field(description="What it reached.")
    sentence: str = strawberry.field(description="In the words of a works council.")

    @classmethod
    def of(cls, told: rpc.EarlyWarning) -> Self:
        """From signals' answer."""
        return cls(
            cell=told.cell,
            label=told.label,
            period=told.period,
            kind=WarningKind(told.kind),
            seen=[FigureSeen.of(one) for one in told.seen],
            expected=told.expected,
            history=told.history,
            found=told.found,
            bound=told.bound,
            sentence=told.sentence,
        )


@strawberry.type(description="A cell without automatic early warning, and why.")
class CellUnwatched:
    """Silence with a reason."""

    cell: str
    label: str
    reason: UnwatchedReason
    sentence: str

    @classmethod
    def of(cls, told: rpc.CellUnwatched) -> Self:
        """From signals' answer."""
        return cls(
            cell=told.cell,
            label=told.label,
            reason=UnwatchedReason(told.reason),
            sentence=told.sentence,
        )


@strawberry.type(description="What a cell of a table does over time.")
class Trend:
    """In its newest window."""

    dimension: str = strawberry.field(description="The table, see `Release.dimension`.")
    cell: str
    label: str
    period: str
    kind: TrendKind
    change: ChangeKind
    in_a_row: int = strawberry.field(description="In how many of the newest figures it is shown.")
    compared: int = strawberry.field(description="How many figures can be compared.")
    cut: bool = strawberry.field(description="Older ones exist and stand for other people.")
    sentence: str

    @classmethod
    def of(cls, told: rpc.TrendSeen) -> Self:
        """From signals' answer."""
        return cls(
            dimension=told.table,
            cell=told.cell,
            label=told.label,
            period=told.period,
            kind=TrendKind(told.kind),
            change=ChangeKind(told.change),
            in_a_row=told.in_a_row,
            compared=told.compared,
            cut=told.cut,
            sentence=told.sentence,
        )


@strawberry.enum(description="What warnings are compared with.")
class LaggingIndicator(Enum):
    """What the organisation tells of."""

    FORMAL_COMPLAINT = strawberry.enum_value(
        "formal_complaint", description="A formal complaint came in."
    )
    ABSENCE_RISE = strawberry.enum_value("absence_rise", description="Absence rose.")


@strawberry.enum(description="Why there is no lead time.")
class NoLeadTime(Enum):
    """Nothing is made up."""

    NO_WARNING = strawberry.enum_value("no_warning", description="Nothing was warned of.")
    NOT_TOLD = strawberry.enum_value("not_told", description="The organisation told of none.")


@strawberry.type(
    description="How many days the first warning came before the first of its kind; negative where later."
)
class LeadTime:
    """Two bounds, since only a period is told."""

    what: LaggingIndicator
    at_least: int | None
    at_most: int | None
    reason: NoLeadTime | None = strawberry.field(description="Where there are no days.")
    sentence: str = strawberry.field(description="In the words of a works council.")

    @classmethod
    def of(cls, told: rpc.LeadTime) -> Self:
        """From signals' answer."""
        return cls(
            what=LaggingIndicator(told.what),
            at_least=told.at_least,
            at_most=told.at_most,
            reason=None if told.reason is None else NoLeadTime(told.reason),
            sentence=told.sentence,
        )


@strawberry.input
class TellLaggingIndicatorInput:
    """That it was in this period, and no more."""

    idempotency_key: strawberry.ID
    what: LaggingIndicator
    period: str = strawberry.field(description='Quarter, half-year or year: "2027-Q3".')
    happened: bool = strawberry.field(default=True, description="False takes it back.")

    def request(self) -> rpc.TellLaggingIndicator:
        """As signals takes it."""
        return rpc.TellLaggingIndicator(
            what=str(self.what.value), period=self.period, happened=self.happened
        )


@strawberry.type
class TellLaggingIndicatorPayload:
    """It is told."""

    period: str

    @classmethod
    def of(cls, done: rpc.Done) -> Self:
        """From signals' answer, without the place in the ledger, which would say how much goes on."""
        return cls(period=done.id)


TellLaggingIndicatorResult = Annotated[
    TellLaggingIndicatorPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("TellLaggingIndicatorResult"),
]


@strawberry.type(
    description="What the released figures tell early; computed from nothing else."
    " Empty under `EXACT`, and before anything is released."
)
class EarlyWarning:
    """Of one organisation."""

    detector: str | None = strawberry.field(description="Name and version of the rule.")
    dimension: str | None = strawberry.field(
        description="The one table of which warnings are made; null where all are released yearly."
    )
    warnings: list[WarningTold] = strawberry.field(description="All so far, oldest first.")
    unwatched: list[CellUnwatched]
    trends: list[Trend]
    lead_times: list[LeadTime] = strawberry.field(
        description="How early the warnings were, of each kind that can be told."
    )

    @classmethod
    def of(cls, found: rpc.EarlyWarnings) -> Self:
        """From signals' answer."""
        return cls(
            detector=found.detector,
            dimension=found.table,
            warnings=[WarningTold.of(one) for one in found.warnings],
            unwatched=[CellUnwatched.of(one) for one in found.unwatched],
            trends=[Trend.of(one) for one in found.trends],
            lead_times=[LeadTime.of(one) for one in found.lead_times],
        )


@strawberry.type
class EarlyWarningQuery:
    """Questions about what figures tell early."""

    @described("Warnings and trends, made of the released figures.")
    async def early_warning(
        self,
        info: Info,
        language: LanguageChoice = LanguageChoice.EN,
        as_of: Annotated[int | None, AS_OF] = None,
    ) -> EarlyWarning | None:
        """Asks signals."""
        request = rpc.EarlyWarningQuery(language=language.value, as_of=as_of)
        return EarlyWarning.of(await ask(info, "signals.early_warning", request, rpc.EarlyWarnings))


@strawberry.type
class EarlyWarningMutation:
    """Telling what came after warnings."""

    @change("Tell in which period a formal complaint came or absence rose, or take that back.")
    async def tell_lagging_indicator(
        self, info: Info, input: TellLaggingIndicatorInput
    ) -> TellLaggingIndicatorResult:
        """Asks signals."""
        return await command(
            info, "signals.tell_lagging_indicator", input, rpc.Done, TellLaggingIndicatorPayload.of
        )


_TELLERS = ADVISER | HR
_READERS = ADVISER | LEADERS | INTEGRATION | MANAGER

ACCESS = table(
    grant("Query", _READERS, "earlyWarning earlyWarning(language:) earlyWarning(asOf:)"),
    grant("EarlyWarning", _READERS, "detector dimension warnings unwatched trends leadTimes"),
    grant(
        "WarningTold",
        _READERS,
        "cell label period kind seen expected history found bound sentence",
    ),
    grant("LeadTime", _READERS, "what atLeast atMost reason sentence"),
    grant("Mutation", _TELLERS, "tellLaggingIndicator tellLaggingIndicator(input:)"),
    grant("TellLaggingIndicatorInput", _TELLERS, "idempotencyKey what period happened"),
    grant("TellLaggingIndicatorPayload", _TELLERS, "period"),
    grant("FigureSeen", _READERS, "period count margin threshold"),
    grant("CellUnwatched", _READERS, "cell label reason sentence"),
    grant(
        "Trend",
        _READERS,
        "dimension cell label period kind change inARow compared cut sentence",
    ),
)
