"""What a report says of figures: oracles of published registers, exact tests, and how often it errs."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reporting.domain.statistics import (
    LEVEL,
    Reading,
    Tendency,
    Verdict,
    binomial_p,
    change_p,
    count_interval,
    formal_share,
    per_hundred,
    poisson_interval,
    share_interval,
    tendency,
    verdict,
)
from services.signals.domain.noise import Draws, law, margin, threshold

# Pairs of years of published registers (tests/data/SOURCES.md), with their two-sided exact p-value.
ORACLE = [
    (64, 145, 2e-8, Verdict.STRONGLY_MORE),
    (56, 103, 2.4e-4, Verdict.STRONGLY_MORE),
    (118, 82, 0.013, Verdict.FEWER),
    (145, 136, 0.63, Verdict.NO_CLEAR_CHANGE),
    (71, 110, 0.0046, Verdict.MORE),
    (144, 171, 0.14, Verdict.NO_CLEAR_CHANGE),
    (10, 20, 0.099, Verdict.NO_CLEAR_CHANGE),
    (45, 58, 0.24, Verdict.NO_CLEAR_CHANGE),
    (92, 281, 2.3e-23, Verdict.STRONGLY_MORE),
]


@pytest.mark.parametrize(("before", "now", "p", "word"), ORACLE)
def test_published_pairs_have_their_p_value_and_a_cautious_word(
    before: int, now: int, p: float, word: Verdict
) -> None:
    """On equal exposure."""
    found = change_p(Reading(before), Reading(now))
    digits = 1 - math.floor(math.log10(p))
    assert p == pytest.approx(found, abs=0.5 * 10 ** -(digits - 1))
    assert word is verdict(Reading(before), Reading(now))


@given(
    trials=st.integers(0, 40),
    share=st.floats(0.02, 0.98),
    part=st.floats(0, 1),
)
def test_the_test_is_the_sum_over_outcomes_that_are_no_more_probable(
    trials: int, share: float, part: float
) -> None:
    """By adding up every outcome."""
    successes = round(part * trials)
    chances = [
        math.comb(trials, n) * share**n * (1 - share) ** (trials - n) for n in range(trials + 1)
    ]
    summed = sum(p for p in chances if p <= chances[successes] * (1 + 1e-7))
    assert binomial_p(successes, trials, share) == pytest.approx(min(1, summed), abs=1e-9)


def test_twice_as_many_people_explain_twice_as_many_cases() -> None:
    """The share of exposure stands in the place of one half."""
    before, now = Reading(40, exposure=500), Reading(80, exposure=1000)
    assert 1 == pytest.approx(change_p(before, now))
    assert Verdict.NO_CLEAR_CHANGE is verdict(before, now)
    assert Verdict.STRONGLY_MORE is verdict(Reading(40), Reading(80))
    assert Verdict.FEWER is verdict(Reading(80, exposure=500), Reading(80, exposure=1000))


def test_what_the_margins_explain_is_no_change() -> None:
    """Exactly it would be one."""
    assert Verdict.MORE is verdict(Reading(20), Reading(40))
    assert Verdict.NO_CLEAR_CHANGE is verdict(Reading(20, 8), Reading(40, 8))
    assert Verdict.MORE is verdict(Reading(20, 8), Reading(52, 8))
    assert Verdict.TOO_FEW is verdict(Reading(6, 6), Reading(7, 6))


def test_a_handful_is_too_few_to_say_however_it_falls() -> None:
    """Five to none happens by chance."""
    assert Verdict.TOO_FEW is verdict(Reading(0), Reading(5))
    assert Verdict.FEWER is verdict(Reading(6), Reading(0))


def test_a_figure_that_is_not_shown_counts_as_the_largest_it_could_be() -> None:
    """It can rise from there, or fall to it, and two of them say nothing."""
    hidden = Reading(6, 3, ceiling=True)
    assert Verdict.STRONGLY_MORE is verdict(hidden, Reading(40, 3))
    assert Verdict.NO_CLEAR_CHANGE is verdict(hidden, Reading(12, 3))
    assert Verdict.FEWER is verdict(Reading(40, 3), hidden)
    assert Verdict.NO_CLEAR_CHANGE is verdict(Reading(5, 3), Reading(60, 3, ceiling=True))
    assert Verdict.TOO_FEW is verdict(hidden, hidden)


@pytest.mark.parametrize(
    ("draws", "mean"),
    [
        (None, 60),
        ((Draws(epsilon=2.0),), 40),
        ((Draws(epsilon=0.7, count=2),), 30),
        ((Draws(epsilon=0.4),), 20),
    ],
)
def test_of_twenty_figures_in_which_nothing_changed_at_most_one_is_called_changed(
    draws: tuple[Draws, ...] | None, mean: int
) -> None:
    """Chance and noise together, of figures that are shown: every outcome, with its probability."""
    noise, width, least = (
        ({0: 1.0}, None, 0) if draws is None else (law(draws), margin(draws), threshold(draws))
    )
    shown: dict[int, float] = {}
    for count in range(3 * mean):
        chance = math.exp(count * math.log(mean) - mean - math.lgamma(count + 1))
        for off, often in noise.items():
            if count + off >= least:
                shown[count + off] = shown.get(count + off, 0.0) + chance * often
    rare = 2e-4
    likely = {value: p for value, p in shown.items() if p > rare}
    changed = sum(
        p * q
        for before, p in likely.items()
        for now, q in likely.items()
        if p * q > rare**2
        and verdict(Reading(before, width), Reading(now, width))
        not in (Verdict.NO_CLEAR_CHANGE, Verdict.TOO_FEW)
    )
    assert 0 < changed / sum(likely.values()) ** 2 < LEVEL


def test_two_points_are_never_a_trend_and_three_may_be_one() -> None:
    """Noise makes it less sure."""
    rise = [Reading(20), Reading(35), Reading(50)]
    assert Tendency.TOO_SHORT is tendency(rise[1:])
    assert Tendency.RISING is tendency(rise)
    assert Tendency.DECLINING is tendency(rise[::-1])
    assert Tendency.NO_CLEAR_TREND is tendency([Reading(one.value, 20) for one in rise])
    assert Tendency.NO_CLEAR_TREND is tendency([Reading(30), Reading(29), Reading(32)])
    grown = [Reading(20, exposure=200), Reading(35, exposure=350), Reading(50, exposure=500)]
    assert Tendency.NO_CLEAR_TREND is tendency(grown)
    assert Tendency.NO_CLEAR_TREND is tendency([Reading(0), Reading(0), Reading(0)])


@pytest.mark.parametrize(
    ("count", "low", "high"), [(0, 0, 3.689), (1, 0.0253, 5.572), (10, 4.795, 18.39)]
)
def test_intervals_of_a_count_are_those_of_the_tables(count: int, low: float, high: float) -> None:
    """Garwood's limits at 95 %."""
    assert (low, high) == pytest.approx(poisson_interval(count), abs=5e-3)


def test_intervals_of_rates_take_headcount_and_noise() -> None:
    """Noise widens them to both sides."""
    rate, low, high = per_hundred(Reading(24), 1200)
    assert (2.0, 1.28, 2.98) == pytest.approx((rate, low, high), abs=0.01)
    _, noisy_low, noisy_high = per_hundred(Reading(24, 9), 1200)
    assert noisy_low < low < high < noisy_high
    assert (0.0, 3.689) == pytest.approx(count_interval(Reading(0)), abs=1e-3)


def test_five_complaints_beside_248_reports_are_two_in_a_hundred() -> None:
    """With the exact interval of a share, wider where the cases have a margin."""
    share, low, high = formal_share(Reading(248), 5)
    assert (2.02, 0.66, 4.64) == pytest.approx((share, low, high), abs=0.01)
    _, wider_low, wider_high = formal_share(Reading(248, 30), 5)
    assert wider_low < low < high < wider_high
    assert (0.0, 1.0) == (share_interval(0, 3)[0], share_interval(3, 3)[1])


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (lambda: binomial_p(3, 2), "no such trials"),
        (lambda: poisson_interval(-1), "not negative"),
        (lambda: per_hundred(Reading(1), 0), "nobody"),
        (lambda: share_interval(2, 1), "no part"),
        (lambda: formal_share(Reading(1), 2), "more is formal"),
    ],
)
def test_what_was_never_counted_is_refused(wrong: Callable[[], object], sentence: str) -> None:
    """A mistake of ours, not of a person's."""
    with pytest.raises(ValueError, match=sentence):
        wrong()
