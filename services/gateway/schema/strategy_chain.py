"""From goal to measure in one path, how far policy is from practice, and how far values are lived."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Annotated, Self

import strawberry

from services.gateway.grants import ADVISER, LEADERS, grant, table
from services.gateway.schema.base import Info, LanguageChoice, ask, described, whole_or_none
from services.gateway.schema.loop import Recommendation
from shared.contracts import reporting_loop, rpc
from shared.contracts import reporting_strategy as shapes

_PERIOD = strawberry.argument(description="2026, 2026-H2 or 2026-Q3; none: all that was told.")


Recommended = Mapping[str, Recommendation]
"""Those that stand, by id."""


def _among(known: Recommended, ids: Sequence[str]) -> list[Recommendation]:
    return [known[one] for one in ids if one in known]


async def _recommended(info: Info, found: shapes.StrategyChain) -> Recommended:
    """The recommendations that the chain names; nobody is asked where it names none."""
    links = [link for goal in found.goals for link in goal.policies]
    named = [one.recommendations for one in found.signals]
    if not any((*named, *(link.recommendations for link in links))):
        return {}
    told = await whole_or_none(
        info, "reporting.follow_up", rpc.Part(), reporting_loop.FollowUp, "recommendations"
    )
    if told is None:
        return {}
    return {one.id: Recommendation.of(one) for one in told.recommendations}


@strawberry.enum(description="What a policy's gap is called.")
class GapBand(Enum):
    """See PolicyGap."""

    NONE = strawberry.enum_value("none", description="No signal touches it: there is no figure.")
    SMALL = strawberry.enum_value("small", description="Below 30 points.")
    MODERATE = strawberry.enum_value("moderate", description="From 30 points on.")
    WIDE = strawberry.enum_value("wide", description="From 60 points on.")


@strawberry.type(description="A strategic theme, policy or value in the chain.")
class ChainEntry:
    """One entry."""

    code: str
    label: str
    withdrawn_from: str | None = strawberry.field(
        description="The first day on which it does not hold; null: no end is known."
    )

    @classmethod
    def of(cls, found: shapes.ChainEntry, language: LanguageChoice) -> Self:
        """From reporting's answer."""
        gone = found.withdrawn_from
        return cls(
            code=found.code,
            label=found.nl if language is LanguageChoice.NL else found.en,
            withdrawn_from=None if gone is None else gone.isoformat(),
        )

    @classmethod
    def or_none(cls, found: shapes.ChainEntry | None, language: LanguageChoice) -> Self | None:
        """The same, of one that may not be there."""
        return None if found is None else cls.of(found, language)


@strawberry.type(description="A released signal in codes. Its text is in `signals`.")
class ChainSignal:
    """One signal."""

    id: strawberry.ID
    told_on: str = strawberry.field(description="The day of the tick.")
    theme: str
    place: str = strawberry.field(description="A unit of the grid, or `all`.")
    period: str
    direction: str
    judged: bool = strawberry.field(
        description="The direction is the advisers' judgement, and not that of released figures."
    )
    causes: list[str]
    aims: list[str]
    behaviour: list[str] = strawberry.field(
        description="The categories of conduct that its theme bundles; labels in `taxonomy`."
    )
    recommendations: list[Recommendation] = strawberry.field(
        description="That refer to it, with the measures that came of them."
    )

    @classmethod
    def of(cls, found: shapes.ChainSignal, known: Recommended) -> Self:
        """From reporting's answers."""
        return cls(
            id=strawberry.ID(found.id),
            told_on=found.told_on.isoformat(),
            theme=found.theme,
            place=found.place,
            period=found.period,
            direction=found.direction,
            judged=found.judged,
            causes=list(found.causes),
            aims=list(found.aims),
            behaviour=list(found.behaviour),
            recommendations=_among(known, found.recommendations),
        )


@strawberry.type(description="A policy below a goal, and what was told of it.")
class ChainPolicy:
    """One policy."""

    policy: ChainEntry | None = strawberry.field(
        description="Null: the signals touch the goal or a value of it, and no policy of it."
    )
    values: list[ChainEntry] = strawberry.field(description="The values that it serves.")
    signals: list[ChainSignal]
    recommendations: list[Recommendation] = strawberry.field(
        description="That name the policy and refer to none of its signals."
    )

    @classmethod
    def of(
        cls,
        found: shapes.ChainPolicy,
        signals: Mapping[str, ChainSignal],
        known: Recommended,
        language: LanguageChoice,
    ) -> Self:
        """From reporting's answers."""
        return cls(
            policy=ChainEntry.or_none(found.policy, language),
            values=[ChainEntry.of(one, language) for one in found.values],
            signals=[signals[one] for one in found.signals if one in signals],
            recommendations=_among(known, found.recommendations),
        )


@strawberry.type(description="A strategic theme and what serves it.")
class ChainGoal:
    """One goal."""

    theme: ChainEntry | None = strawberry.field(
        description="Null: what reaches no strategic theme."
    )
    policies: list[ChainPolicy]

    @classmethod
    def of(
        cls,
        found: shapes.ChainGoal,
        signals: Mapping[str, ChainSignal],
        known: Recommended,
        language: LanguageChoice,
    ) -> Self:
        """From reporting's answers."""
        return cls(
            theme=ChainEntry.or_none(found.theme, language),
            policies=[ChainPolicy.of(one, signals, known, language) for one in found.policies],
        )


@strawberry.type(
    description="A policy in a half-year, by the released signals that touch it alone."
)
class PolicyGap:
    """One policy."""

    policy: ChainEntry
    signals: int
    contrary: int = strawberry.field(description="That name as a cause that it does not fit.")
    pressing: int = strawberry.field(description="That are new, rise, came back or recur.")
    judged: int = strawberry.field(
        description="Whose direction is the advisers' judgement, and not that of figures."
    )
    points: int | None = strawberry.field(
        description="0 to 100; null where no signal touches it, which is no small gap."
    )
    band: GapBand

    @classmethod
    def of(cls, found: shapes.PolicyGap, language: LanguageChoice) -> Self:
        """From reporting's answer."""
        return cls(
            policy=ChainEntry.of(found.policy, language),
            signals=found.signals,
            contrary=found.contrary,
            pressing=found.pressing,
            judged=found.judged,
            points=found.points,
            band=GapBand(found.band),
        )


@strawberry.type(description="A value in a half-year, by the released signals that touch it.")
class LivedFigure:
    """One half-year."""

    period: str
    signals: int
    agreeing: int = strawberry.field(description="That go well or decline.")
    contrary: int = strawberry.field(description="That press, or name a misfit.")
    points: int | None = strawberry.field(
        description="0 to 100, 50 says neither; null where no signal touches it."
    )

    @classmethod
    def of(cls, found: shapes.LivedFigure) -> Self:
        """From reporting's answer."""
        return cls(
            period=found.period,
            signals=found.signals,
            agreeing=found.agreeing,
            contrary=found.contrary,
            points=found.points,
        )


@strawberry.type(description="How far a value is lived, half-year by half-year.")
class ValueLived:
    """One value."""

    value: ChainEntry
    series: list[LivedFigure] = strawberry.field(
        description="Oldest first. Two half-years are no trend."
    )


@strawberry.type(description="What employees answered on policy as a whole, in the pulse.")
class PolicySaid:
    """One question."""

    code: str
    question: str
    period: str
    counts: list[int | None] = strawberry.field(
        description="How often 1 to 5; null: below `least`."
    )
    margin: int
    least: int = strawberry.field(description="The smallest number that is shown.")

    @classmethod
    def of(cls, found: shapes.PolicySaid, language: LanguageChoice) -> Self:
        """From reporting's answer."""
        return cls(
            code=found.code,
            question=found.nl if language is LanguageChoice.NL else found.en,
            period=found.period,
            counts=list(found.counts),
            margin=found.margin,
            least=found.least,
        )


@strawberry.type(description="Policies beside practice, and values as they are lived.")
class PolicyGaps:
    """A half-year."""

    period: str | None = strawberry.field(description="Null: no signal was ever told.")
    gaps: list[PolicyGap] = strawberry.field(
        description="The widest first; last those that nothing is heard of."
    )
    values: list[ValueLived]
    said: list[PolicySaid] = strawberry.field(
        description="What employees say of policy as a whole, which is in no gap."
    )


@strawberry.type
class StrategyChainQuery:
    """Questions about strategy and what was told of it."""

    @described(
        "From each strategic theme to its policies, the signals that touch them, the conduct they "
        "are about, and what was recommended and done. Every signal is below a goal, or below none."
    )
    async def strategy_chain(
        self,
        info: Info,
        period: Annotated[str | None, _PERIOD] = None,
        language: LanguageChoice = LanguageChoice.EN,
    ) -> list[ChainGoal] | None:
        """Asks reporting."""
        found = await whole_or_none(
            info,
            "reporting.strategy_chain",
            shapes.StrategyQuery(period=period),
            shapes.StrategyChain,
            "signals",
        )
        if found is None:
            return None
        known = await _recommended(info, found)
        signals = {one.id: ChainSignal.of(one, known) for one in found.signals}
        return [ChainGoal.of(one, signals, known, language) for one in found.goals]

    @described("How far each policy is from practice in a half-year, and how far values are lived.")
    async def policy_gaps(
        self,
        info: Info,
        period: Annotated[
            str | None,
            strawberry.argument(description="2026-H2; none: the half-year of the newest signal."),
        ] = None,
        language: LanguageChoice = LanguageChoice.EN,
    ) -> PolicyGaps | None:
        """Asks reporting."""
        request = shapes.GapsQuery(period=period)
        found = await ask(info, "reporting.policy_gaps", request, shapes.PolicyGaps)
        return PolicyGaps(
            period=found.period,
            gaps=[PolicyGap.of(one, language) for one in found.gaps],
            values=[
                ValueLived(
                    value=ChainEntry.of(one.value, language),
                    series=[LivedFigure.of(each) for each in one.series],
                )
                for one in found.values
            ],
            said=[PolicySaid.of(one, language) for one in found.said],
        )


_READERS = ADVISER | LEADERS

ACCESS = table(
    grant("Query", _READERS, "strategyChain strategyChain(period:) strategyChain(language:)"),
    grant("Query", _READERS, "policyGaps policyGaps(period:) policyGaps(language:)"),
    grant("ChainEntry", _READERS, "code label withdrawnFrom"),
    grant(
        "ChainSignal",
        _READERS,
        "id toldOn theme place period direction judged causes aims behaviour recommendations",
    ),
    grant("ChainPolicy", _READERS, "policy values signals recommendations"),
    grant("ChainGoal", _READERS, "theme policies"),
    grant("PolicyGap", _READERS, "policy signals contrary pressing judged points band"),
    grant("LivedFigure", _READERS, "period signals agreeing contrary points"),
    grant("ValueLived", _READERS, "value series"),
    grant("PolicyGaps", _READERS, "period gaps values said"),
    grant("PolicySaid", _READERS, "code question period counts margin least"),
)
