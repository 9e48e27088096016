"""From what the organisation stands for to what was told of it: theme, policy, signal.

Every signal that stands is somewhere in the chain: below the goals that it reaches, or below none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from services.reporting.domain.strategy import Entry, Strategy
    from services.reporting.domain.told import ToldSignal


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyLink:
    """A policy, the values that it serves, and the signals that touch it.

    `policy` None: the signals touch the goal itself, or a value that belongs to it, and no policy that
    serves it.
    """

    policy: Entry | None
    values: tuple[Entry, ...]
    signals: tuple[ToldSignal, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """A strategic theme and what serves it. `theme` None: policies that serve none, and signals that
    touch nothing which serves one.
    """

    theme: Entry | None
    policies: tuple[PolicyLink, ...]

    @property
    def signals(self) -> tuple[ToldSignal, ...]:
        """All that reach it, each once."""
        return tuple(dict.fromkeys(one for link in self.policies for one in link.signals))


def chain(strategy: Strategy, signals: Iterable[ToldSignal], day: date) -> tuple[Goal, ...]:
    """The goals in the order of the register, each with its policies in that order; last what reaches no
    goal. An entry that does not hold on `day` is there only where a signal touches it.
    """
    told = tuple(signals)
    touched = {aim for one in told for aim in one.aims}
    entries = [one for one in strategy.entries if one.holds(day) or one.code in touched]
    reach = {one.code: strategy.themes_of(one.code) for one in strategy.entries}
    policies = [one for one in entries if one.kind == "policy"]
    reached = {theme for one in told for aim in one.aims for theme in reach.get(aim, ())}
    goals = [
        _goal(
            strategy, entry, [one for one in policies if entry.code in reach[one.code]], told, reach
        )
        for entry in strategy.entries
        if entry.kind == "theme" and (entry in entries or entry.code in reached)
    ]
    below = {signal.signal_id for goal in goals for signal in goal.signals}
    loose = [one for one in policies if not reach[one.code]]
    links = [_link(strategy, one, told) for one in loose]
    seen = below | {signal.signal_id for link in links for signal in link.signals}
    rest = tuple(one for one in told if one.signal_id not in seen)
    if rest:
        links.append(PolicyLink(policy=None, values=(), signals=rest))
    if links:
        goals.append(Goal(theme=None, policies=tuple(links)))
    return tuple(goals)


def _goal(
    strategy: Strategy,
    theme: Entry,
    policies: list[Entry],
    told: tuple[ToldSignal, ...],
    reach: dict[str, frozenset[str]],
) -> Goal:
    links = [_link(strategy, one, told) for one in policies]
    seen = {signal.signal_id for link in links for signal in link.signals}
    direct = tuple(
        one
        for one in told
        if one.signal_id not in seen and any(theme.code in reach.get(aim, ()) for aim in one.aims)
    )
    if direct:
        values = tuple(
            one
            for one in strategy.of_kind("value")
            if theme.code in reach[one.code] and any(one.code in each.aims for each in direct)
        )
        links.append(PolicyLink(policy=None, values=values, signals=direct))
    return Goal(theme=theme, policies=tuple(links))


def _link(strategy: Strategy, policy: Entry, told: tuple[ToldSignal, ...]) -> PolicyLink:
    return PolicyLink(
        policy=policy,
        values=tuple(one for one in strategy.of_kind("value") if one.code in policy.serves),
        signals=tuple(one for one in told if policy.code in one.aims),
    )
