"""How far a policy is from practice, and how far a value is lived: one figure for each half-year.

Both are made of released signals alone, each of which two advisers stand for and a threshold stands
behind; never of cases, and never of what is not told. What no signal touches has no figure: that nothing
is heard is no small gap.

Each signal that touches the policy or value has a strength, an order and not a measurement:

| strength | the signal |
|---|---|
| 0 | goes well or declines, and names no misfit |
| 1 | stays as it was, and names no misfit |
| 2 | is new, rises, came back or recurs, and names no misfit |
| 3 | names as a cause that policy does not fit practice |

The gap of n signals is 100 times the sum of their strengths over 3 (n + 2): as if there were two more of
strength 0, so that one signal alone never makes a wide gap. How far a value is lived is 100 times the sum
of (3 - strength), with 3 more, over 3 (n + 2): without evidence it would lie in the middle, at 50.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from shared.taxonomy.period import Period

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from services.reporting.domain.pulse import PulseAsked, PulseKept
    from services.reporting.domain.strategy import Entry, Strategy
    from services.reporting.domain.told import ToldSignal

MISFIT: Final = "policy_misfit"
"""The cause: policy does not fit practice."""

ASKED: Final = ("policy_felt", "policy_understood", "policy_carried")
"""Questions of the pulse on values and policies as a whole."""

MODERATE: Final = 30
WIDE: Final = 60
"""From so many points on a gap is called that."""

_STRONGEST: Final = 3
_PRIOR: Final = 2
_AGREES: Final = frozenset({"positive", "declining"})
_PRESSES: Final = frozenset({"new", "rising", "returning", "recurring"})

Band = Literal["none", "small", "moderate", "wide"]
"""`none`: nothing was told, so there is no gap to speak of, small or wide."""


def strength(signal: ToldSignal) -> int:
    """How strongly a signal speaks against what it touches, 0 to 3."""
    if MISFIT in signal.causes:
        return _STRONGEST
    if signal.direction in _PRESSES:
        return 2
    return 0 if signal.direction in _AGREES else 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A policy in a half-year. `points` 0 to 100, None without evidence; of `signals` that touch it
    `contrary` name a misfit, `pressing` have strength 2, and of `judged` the direction is the advisers' own
    judgement.
    """

    policy: Entry
    period: Period
    signals: tuple[ToldSignal, ...]
    points: int | None

    @property
    def contrary(self) -> int:
        """How many name a misfit between policy and practice."""
        return sum(MISFIT in one.causes for one in self.signals)

    @property
    def pressing(self) -> int:
        """How many are new, rise, came back or recur without naming one."""
        return sum(strength(one) == 2 for one in self.signals)

    @property
    def judged(self) -> int:
        """Of how many the direction is the advisers' own judgement."""
        return sum(one.judged for one in self.signals)

    @property
    def band(self) -> Band:
        """What the figure is called."""
        if self.points is None:
            return "none"
        if self.points >= WIDE:
            return "wide"
        return "moderate" if self.points >= MODERATE else "small"


def gaps(
    strategy: Strategy, signals: Iterable[ToldSignal], period: Period, day: date
) -> tuple[Gap, ...]:
    """The policies that hold on `day` or are touched, the widest gap first; those that nothing is heard of
    come last, in the order of the register.
    """
    told = tuple(one for one in signals if one.within(period))
    found = []
    for policy in strategy.of_kind("policy"):
        touching = tuple(one for one in told if policy.code in one.aims)
        if touching or policy.holds(day):
            found.append(Gap(policy=policy, period=period, signals=touching, points=_gap(touching)))
    return tuple(
        sorted(
            found,
            key=lambda one: (-1 if one.points is None else one.points, len(one.signals)),
            reverse=True,
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Lived:
    """How far a value is lived in a half-year. `points` 0 to 100, None without evidence; of `signals` that
    touch it, or a policy that serves it, so many are `agreeing` (strength 0) and `contrary` (2 or 3).
    """

    period: Period
    signals: int
    agreeing: int
    contrary: int
    points: int | None


def lived(
    strategy: Strategy, signals: Iterable[ToldSignal], value: Entry, until: Period
) -> tuple[Lived, ...]:
    """A value's half-years, oldest first, from the first one that anything was told of to `until`."""
    codes = {value.code, *(one.code for one in strategy.entries if value.code in one.serves)}
    told = tuple(signals)
    begun = [Period.containing(Period.parse(one.period).start) for one in told]
    if not begun:
        return ()
    return tuple(
        _lived(period, tuple(one for one in told if one.within(period) and codes & set(one.aims)))
        for period in min(begun).until(until)
    )


def _gap(signals: tuple[ToldSignal, ...]) -> int | None:
    if not signals:
        return None
    return _share(sum(map(strength, signals)), len(signals))


def _lived(period: Period, signals: tuple[ToldSignal, ...]) -> Lived:
    strengths = [strength(one) for one in signals]
    good = sum(_STRONGEST - one for one in strengths)
    return Lived(
        period=period,
        signals=len(signals),
        agreeing=sum(one == 0 for one in strengths),
        contrary=sum(one >= 2 for one in strengths),
        points=_share(good + _STRONGEST, len(signals)) if signals else None,
    )


def _share(points: int, signals: int) -> int:
    """Of what so many signals and the two that are added could give at the most, in 100; halves up."""
    most = _STRONGEST * (signals + _PRIOR)
    return (200 * points + most) // (2 * most)


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySaid:
    """What employees answered in a pulse to a question on policy as a whole: how often 1 to 5, None where it
    is not shown (below `least`). In 95 of 100 releases the true number lies within `margin`.
    """

    question: PulseAsked
    period: str
    counts: tuple[int | None, ...]
    margin: int
    least: int


def said(rounds: Iterable[PulseKept], period: Period) -> tuple[PolicySaid, ...]:
    """The answers of the newest round in `period`, of the organisation as a whole; nothing where there was no
    round, or too few answered. They stand beside the gap of a policy, and in no figure of one.
    """
    found = [one for one in rounds if Period.parse(one.period).lies_in(period)]
    if not found:
        return ()
    newest = max(found, key=lambda one: Period.parse(one.period).start)
    whole = newest.at()
    if whole is None or whole.margin is None:
        return ()
    counts = {one.question: one.counts for one in whole.figures}
    return tuple(
        PolicySaid(
            question=one,
            period=newest.period,
            counts=counts[one.code],
            margin=whole.margin,
            least=whole.least,
        )
        for one in newest.questions
        if one.code in ASKED and one.code in counts
    )
