"""How leaders see it beside what employees answered and what came in: seen alike, more favourably, less so,
or not to be said. Pure functions.

Leaders answer what most people would answer, from 1 to 5. Employees' side is the mean of a pulse as it was
released, from the lowest to the highest that it can be: counts that are not shown may be anything below the
smallest that is, and all have noise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from services.reporting.domain.pulse import WHOLE
from shared.taxonomy.period import Period
from shared.taxonomy.themes import themes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from services.reporting.domain.ground import ReleasedTable
    from services.reporting.domain.pulse import PulsePlaceCounts
    from services.reporting.domain.told import ToldSignal

NARROW: Final = 100
"""Hundredths: only with a range this narrow, or narrower, two views are called alike."""

HALF: Final = 50
"""Hundredths: a whole answer stands for half a point to either side."""

_NORMAL_95: Final = 1.959964
_LAPLACE_95: Final = math.log(20)
"""A margin of 95 % of Laplace noise is so many times its scale; its deviation is sqrt(2) times the scale."""


class View(StrEnum):
    """The leaders' own view beside the others'."""

    ALIKE = "alike"
    MORE_FAVOURABLE = "more_favourable"
    LESS_FAVOURABLE = "less_favourable"
    CANNOT_BE_SAID = "cannot_be_said"


class ThemeView(StrEnum):
    """A theme that leaders expected, beside released figures. That one is not shown says nothing."""

    EXPECTED = "expected"
    NOT_EXPECTED = "not_expected"
    CANNOT_BE_SAID = "cannot_be_said"


class Change(StrEnum):
    """Employees' side of two rounds."""

    HIGHER = "higher"
    LOWER = "lower"
    NOT_CLEAR = "not_clear"
    CANNOT_BE_SAID = "cannot_be_said"


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemSeen:
    """One item. `own` from 1 to 5, None: the leaders did not agree, or were not asked. `low` and `high` are
    of employees' mean, in hundredths; None: it is not released.
    """

    item: str
    own: int | None
    low: int | None
    high: int | None
    view: View


@dataclass(frozen=True, slots=True, kw_only=True)
class ThemeSeen:
    """One theme."""

    theme: str
    view: ThemeView


def mean_between(place: PulsePlaceCounts | None, question: str) -> tuple[int, int] | None:
    """The lowest and the highest that employees' mean can be, in hundredths; None where there is none."""
    if place is None or place.answers is None or place.margin is None:
        return None
    counts = next((one.counts for one in place.figures if one.question == question), None)
    if counts is None or all(count is None for count in counts):
        return None
    most = max(place.least - 1, 0)
    # What is not shown makes the mean extreme where all of it lies below some answer, or all above.
    means = [
        _mean(
            [most * (below is (at < cut)) if one is None else one for at, one in enumerate(counts)]
        )
        for below in (True, False)
        for cut in range(len(counts) + 1)
    ]
    low, high = min(means), max(means)
    noise = _noise(sum(count or 0 for count in counts), place.margin, low, high)
    return (
        max(100, math.floor((float(low) - noise) * 100)),
        min(500, math.ceil((float(high) + noise) * 100)),
    )


def _mean(counts: Sequence[int]) -> Fraction:
    return Fraction(sum(value * one for value, one in enumerate(counts, start=1)), sum(counts))


def _noise(total: int, margin: int, low: Fraction, high: Fraction) -> float:
    """95 % margin of a mean of counts that each have noise of this margin."""
    deviation = margin / _LAPLACE_95 * math.sqrt(2)
    spread = max(
        math.sqrt(sum((value - float(mean)) ** 2 for value in range(1, 6))) for mean in (low, high)
    )
    return _NORMAL_95 * deviation * spread / total


def compare(item: str, own: int | None, outside: tuple[int, int] | None) -> ItemSeen:
    """An item of the leaders' view beside employees' mean."""
    low, high = (None, None) if outside is None else outside
    view = View.CANNOT_BE_SAID
    if own is not None and low is not None and high is not None:
        if own * 100 - HALF > high:
            view = View.MORE_FAVOURABLE
        elif own * 100 + HALF < low:
            view = View.LESS_FAVOURABLE
        elif high - low <= NARROW:
            view = View.ALIKE
    return ItemSeen(item=item, own=own, low=low, high=high, view=view)


def change(then: ItemSeen, now: ItemSeen) -> Change:
    """How employees' side moved between two rounds: only where their ranges do not touch."""
    if then.low is None or then.high is None or now.low is None or now.high is None:
        return Change.CANNOT_BE_SAID
    if now.low > then.high:
        return Change.HIGHER
    return Change.LOWER if now.high < then.low else Change.NOT_CLEAR


def shown_themes(
    tables: Iterable[ReleasedTable], period: Period, signals: Iterable[ToldSignal] = ()
) -> frozenset[str]:
    """The themes of which a released table of that half-year, a quarter of it, or its year shows a cell, or
    that a released signal about the whole organisation is of.
    """
    found = {
        one.theme
        for one in signals
        if one.place == WHOLE and Period.parse(one.period).overlaps(period)
    }
    for table in tables:
        figures = table.figures
        if not Period.parse(figures.period).overlaps(period):
            continue
        codes = [cell.code for cell in figures.cells]
        if figures.dimension == "theme":
            found.update(codes)
        elif figures.dimension == "category":
            of = themes(figures.taxonomy_version).of
            found.update(of[code] for code in codes if code in of)
    return frozenset(found)


def compare_themes(expected: Iterable[str], shown: frozenset[str]) -> tuple[ThemeSeen, ...]:
    """What leaders expected beside what is shown, in alphabetical order."""
    asked = frozenset(expected)
    return tuple(
        ThemeSeen(
            theme=theme,
            view=ThemeView.CANNOT_BE_SAID
            if theme not in shown
            else ThemeView.EXPECTED
            if theme in asked
            else ThemeView.NOT_EXPECTED,
        )
        for theme in sorted(asked | shown)
    )
