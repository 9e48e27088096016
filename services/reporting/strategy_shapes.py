"""Between the shapes of strategy on the bus and the domain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.contracts import reporting_strategy as shapes
from shared.taxonomy import current
from shared.taxonomy.themes import themes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from services.reporting.domain.chain import Goal, PolicyLink
    from services.reporting.domain.gap import Gap, Lived, PolicySaid
    from services.reporting.domain.loop import Recommendation
    from services.reporting.domain.strategy import Entry
    from services.reporting.domain.told import ToldSignal


def entry_to_bus(entry: Entry) -> shapes.ChainEntry:
    """An entry of the register."""
    return shapes.ChainEntry(
        code=entry.code, nl=entry.nl, en=entry.en, withdrawn_from=entry.withdrawn_from
    )


def goal_to_bus(goal: Goal, recommended: Sequence[Recommendation]) -> shapes.ChainGoal:
    """A goal and all below it; `recommended` are the recommendations that stand."""
    return shapes.ChainGoal(
        theme=None if goal.theme is None else entry_to_bus(goal.theme),
        policies=tuple(_link(one, recommended) for one in goal.policies),
    )


def _link(link: PolicyLink, recommended: Sequence[Recommendation]) -> shapes.ChainPolicy:
    signals = {one.signal_id for one in link.signals}
    return shapes.ChainPolicy(
        policy=None if link.policy is None else entry_to_bus(link.policy),
        values=tuple(entry_to_bus(one) for one in link.values),
        signals=tuple(str(one.signal_id) for one in link.signals),
        recommendations=tuple(
            str(one.made.recommendation_id)
            for one in recommended
            if link.policy is not None
            and link.policy.code in one.made.policies
            and signals.isdisjoint(cited.signal_id for cited in one.made.signals)
        ),
    )


def signal_to_bus(
    signal: ToldSignal, told_on: date, recommended: Sequence[Recommendation]
) -> shapes.ChainSignal:
    """A signal, told on a day, with the recommendations that refer to it."""
    of = themes(current().version).of
    return shapes.ChainSignal(
        id=str(signal.signal_id),
        told_on=told_on,
        theme=signal.theme,
        place=signal.place,
        period=signal.period,
        direction=signal.direction,
        judged=signal.judged,
        causes=signal.causes,
        aims=signal.aims,
        behaviour=tuple(code for code, theme in of.items() if theme == signal.theme),
        recommendations=tuple(
            str(one.made.recommendation_id)
            for one in recommended
            if any(cited.signal_id == signal.signal_id for cited in one.made.signals)
        ),
    )


def gap_to_bus(gap: Gap) -> shapes.PolicyGap:
    """A policy's figure and what it is made of."""
    return shapes.PolicyGap(
        policy=entry_to_bus(gap.policy),
        signals=len(gap.signals),
        contrary=gap.contrary,
        pressing=gap.pressing,
        judged=gap.judged,
        points=gap.points,
        band=gap.band,
    )


def lived_to_bus(lived: Lived) -> shapes.LivedFigure:
    """A value's figure of one half-year."""
    return shapes.LivedFigure(
        period=str(lived.period),
        signals=lived.signals,
        agreeing=lived.agreeing,
        contrary=lived.contrary,
        points=lived.points,
    )


def said_to_bus(said: PolicySaid) -> shapes.PolicySaid:
    """What employees answered to one question."""
    return shapes.PolicySaid(
        code=said.question.code,
        nl=said.question.nl,
        en=said.question.en,
        period=said.period,
        counts=said.counts,
        margin=said.margin,
        least=said.least,
    )
