"""What reporting tells of strategy: the chain from goal to measure, and how far policy is from practice."""

from __future__ import annotations

from datetime import date
from typing import Literal

from shared.contracts.shape import InParts, Part, Shape


class StrategyQuery(Part, frozen=True, kw_only=True):
    """The signals of one period (a year, half-year or quarter), or of all."""

    period: str | None = None


class ChainEntry(Shape, frozen=True, kw_only=True):
    """A policy, value or strategic theme, also one that no longer holds."""

    code: str
    nl: str
    en: str
    withdrawn_from: date | None


class ChainSignal(Shape, frozen=True, kw_only=True):
    """A released signal in codes. `behaviour` are the categories of conduct that its theme bundles;
    `recommendations` the ids of those that refer to it and stand (reporting_loop.Recommendation).
    """

    id: str
    told_on: date
    theme: str
    place: str
    period: str
    direction: str
    judged: bool
    causes: tuple[str, ...]
    aims: tuple[str, ...]
    behaviour: tuple[str, ...]
    recommendations: tuple[str, ...]


class ChainPolicy(Shape, frozen=True, kw_only=True):
    """A policy, the values that it serves, and what was told of it. `policy` None: signals that touch the
    goal, or a value that belongs to it, and no policy of it. `signals` are ids; `recommendations` the ids
    of those that name the policy and refer to none of its signals.
    """

    policy: ChainEntry | None
    values: tuple[ChainEntry, ...]
    signals: tuple[str, ...]
    recommendations: tuple[str, ...]


class ChainGoal(Shape, frozen=True, kw_only=True):
    """A strategic theme and what serves it. `theme` None: what reaches no theme."""

    theme: ChainEntry | None
    policies: tuple[ChainPolicy, ...]


class StrategyChain(InParts, frozen=True, kw_only=True):
    """All goals; each signal that stands is somewhere below one, or below none. `signals` come part by part,
    each once; `goals` stand whole in every part. `withdrawn` counts those
    that were taken back: of them nothing else is told. `register_version` counts the changes of the
    register that are known here.
    """

    register_version: int
    goals: tuple[ChainGoal, ...]
    signals: tuple[ChainSignal, ...]
    withdrawn: int


class GapsQuery(Shape, frozen=True, kw_only=True):
    """A half-year; None: the one of the newest signal."""

    period: str | None = None


class PolicyGap(Shape, frozen=True, kw_only=True):
    """A policy in a half-year, from the signals that touch it: so many, of which `contrary` name a misfit,
    `pressing` are new, rise, came back or recur, and of `judged` the direction is the advisers' judgement.

    `points` from 0 to 100; None where no signal touches it: then there is no gap to speak of, small or
    wide. The formula stands in docs/strategy.md.
    """

    policy: ChainEntry
    signals: int
    contrary: int
    pressing: int
    judged: int
    points: int | None
    band: Literal["none", "small", "moderate", "wide"]


class LivedFigure(Shape, frozen=True, kw_only=True):
    """A value in a half-year. `points` from 0 to 100; None where no signal touches it."""

    period: str
    signals: int
    agreeing: int
    contrary: int
    points: int | None


class ValueLived(Shape, frozen=True, kw_only=True):
    """A value and its half-years, oldest first, from the first one that any signal was told of."""

    value: ChainEntry
    series: tuple[LivedFigure, ...]


class PolicySaid(Shape, frozen=True, kw_only=True):
    """What employees answered to a question of the pulse on policy as a whole: how often each of five
    answers, None where it is below `least`. In 95 of 100 releases the true number lies within `margin`.
    """

    code: str
    nl: str
    en: str
    period: str
    counts: tuple[int | None, ...]
    margin: int
    least: int


class PolicyGaps(Shape, frozen=True, kw_only=True):
    """Policies, the widest gap first, those that nothing is heard of last; how far values are lived; and what
    employees say of policy as a whole, which is in no gap.
    `period` None: no signal was ever told.
    """

    period: str | None
    gaps: tuple[PolicyGap, ...]
    values: tuple[ValueLived, ...]
    said: tuple[PolicySaid, ...] = ()
