"""Between the shapes of strategy on the bus and the domain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.contracts import reporting_strategy as shapes
from shared.taxonomy import current
from shared.taxonomy.themes import themes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from uuid import UUID

    from services.reporting.domain.chain import Goal, PolicyLink
    from services.reporting.domain.gap import Gap, Lived
    from services.reporting.domain.strategy import Entry
    from services.reporting.domain.told import ToldSignal


def entry_to_bus(entry: Entry) -> shapes.ChainEntry:
    """An entry of the register."""
    return shapes.ChainEntry(
        code=entry.code, nl=entry.nl, en=entry.en, withdrawn_from=entry.withdrawn_from
    )


def goal_to_bus(goal: Goal, told_on: Mapping[UUID, date]) -> shapes.ChainGoal:
    """A goal and all below it; `told_on` are the days on which signals were told."""
    return shapes.ChainGoal(
        theme=None if goal.theme is None else entry_to_bus(goal.theme),
        policies=tuple(_link(one, told_on) for one in goal.policies),
    )


def _link(link: PolicyLink, told_on: Mapping[UUID, date]) -> shapes.ChainPolicy:
    return shapes.ChainPolicy(
        policy=None if link.policy is None else entry_to_bus(link.policy),
        values=tuple(entry_to_bus(one) for one in link.values),
        signals=tuple(_signal(one, told_on[one.signal_id]) for one in link.signals),
    )


def _signal(signal: ToldSignal, told_on: date) -> shapes.ChainSignal:
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
