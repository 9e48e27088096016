"""The law of the noise: what is drawn, and what is known of it beforehand."""

from __future__ import annotations

import math
from collections import Counter
from itertools import combinations_with_replacement

import pytest

from services.signals.domain.noise import (
    EMPTY_SHOWN,
    MARGIN,
    Draws,
    draw,
    margin,
    reaches,
    settled,
    threshold,
    variance,
)

EPSILONS = (0.4, 0.61875, 0.71, 0.75, 0.825, 0.88125, 1.0, 1.175, 2.0)


def one(epsilon: float, count: int = 1) -> tuple[Draws, ...]:
    return (Draws(epsilon=epsilon, count=count),)


def density(x: int, epsilon: float) -> float:
    """The discrete Laplace law, from its formula (Inusah and Kozubowski 2006)."""
    q = math.exp(-epsilon)
    return (1 - q) / (1 + q) * q ** abs(x)


def estimated(counts: tuple[int, ...], epsilon: float) -> dict[int, float]:
    """Published figure → probability, for a sum of cells with these counts, by adding up all that
    can be drawn: how many were zero or less, and what the others add up to. One draw stays as it is.
    """
    if len(counts) == 1:
        return {counts[0] + x: density(x, epsilon) for x in range(-60, 61)}
    law = {(0, 0): 1.0}
    for count in counts:
        step: dict[tuple[int, int], float] = {}
        low = sum(density(x, epsilon) for x in range(-60, 1 - count))
        for (below, total), p in law.items():
            step[below + 1, total] = step.get((below + 1, total), 0.0) + p * low
            for value in range(1, count + 40):
                key = below, total + value
                step[key] = step.get(key, 0.0) + p * density(value - count, epsilon)
        law = {key: p for key, p in step.items() if p > 1e-11}
    figures: dict[int, float] = {}
    for (below, total), p in law.items():
        figure = math.floor(total + below * settled(0, epsilon) + 0.5)
        figures[figure] = figures.get(figure, 0.0) + p
    return figures


@pytest.mark.parametrize("epsilon", [0.825, 1.0, 1.175])
def test_what_is_drawn_has_the_law_that_margins_are_made_of(epsilon: float) -> None:
    """In 20,000 draws each value comes as often as its probability says, within 4.5 deviations."""
    n = 20_000
    seen = Counter(draw([7] * n, epsilon))
    for x in range(-4, 5):
        p = density(x, epsilon)
        assert abs(seen[7 + x] - n * p) < 4.5 * math.sqrt(n * p * (1 - p))


def test_every_cell_gets_a_draw_of_its_own() -> None:
    """Hundred equal counts do not come back equal."""
    assert len(set(draw([3] * 100, 1.0))) > 1


@pytest.mark.parametrize("epsilon", [0, -1, math.nan])
def test_without_a_positive_epsilon_nothing_is_drawn(epsilon: float) -> None:
    """There is no release without noise, not even of nothing."""
    with pytest.raises(ValueError, match="positive"):
        draw([], epsilon)


def test_no_cells_no_draws() -> None:
    """A table without cells has no noise."""
    assert [] == draw([], 1.0)


@pytest.mark.parametrize(("epsilon", "shown_from"), [(2.0, 5), (1.0, 5), (0.75, 7), (0.6, 9)])
def test_one_draw_is_shown_from_the_thresholds_that_were_put_to_works_councils(
    epsilon: float, shown_from: int
) -> None:
    """5 at ε = 1, 7 at 0.75, 9 at 0.6: P(noise >= t) = q^t/(1+q) is at most 1 in 200, never below 5."""
    assert shown_from == threshold(one(epsilon))


@pytest.mark.parametrize("epsilon", EPSILONS)
@pytest.mark.parametrize("count", [1, 2, 4])
def test_an_empty_figure_is_shown_once_in_two_hundred_at_most(epsilon: float, count: int) -> None:
    """And no threshold is higher than that needs."""
    law = estimated((0,) * count, epsilon)
    least = threshold(one(epsilon, count))

    def shown_from(t: int) -> float:
        return sum(p for figure, p in law.items() if figure >= t)

    assert shown_from(least) <= EMPTY_SHOWN
    assert least == 5 or shown_from(least - 1) > EMPTY_SHOWN - 1e-6


@pytest.mark.parametrize("epsilon", EPSILONS)
@pytest.mark.parametrize("count", [1, 2, 4])
def test_the_true_count_lies_within_the_margin_in_95_of_100(epsilon: float, count: int) -> None:
    """Whatever the counts in the cells that are added: none, few, or many."""
    within = margin(one(epsilon, count))
    for counts in combinations_with_replacement((0, 1, 2, 3, 4, 9), count):
        law = estimated(counts, epsilon)
        inside = sum(p for figure, p in law.items() if abs(figure - sum(counts)) <= within)
        assert inside >= MARGIN, counts


def test_a_weighted_sum_has_the_law_of_its_draws() -> None:
    """Two draws, one counted for three quarters and one for a quarter: by adding up all pairs."""
    draws = (Draws(epsilon=1.0, weight=0.75), Draws(epsilon=0.5, weight=0.25))
    within = margin(draws)

    def inside(m: int) -> float:
        return sum(
            density(x, 1.0) * density(y, 0.5)
            for x in range(-40, 41)
            for y in range(-80, 81)
            if abs(math.floor(0.75 * x + 0.25 * y + 0.5)) <= m
        )

    assert inside(within) >= MARGIN > inside(within - 1)


def test_a_weight_that_is_no_twentieth_is_refused() -> None:
    """Its law would be known only nearly."""
    with pytest.raises(ValueError, match="twentieths"):
        margin((Draws(epsilon=1.0, weight=1 / 3), Draws(epsilon=1.0, weight=2 / 3)))


@pytest.mark.parametrize("epsilon", [0.6, 1.0, 2.0])
def test_a_count_at_the_threshold_is_shown_if_its_noise_is_not_negative(epsilon: float) -> None:
    """P(noise >= 0) = 1/(1+q); one more case, and it may be -1 as well."""
    q = math.exp(-epsilon)
    least = threshold(one(epsilon))
    assert 1 / (1 + q) == pytest.approx(reaches(one(epsilon), least), abs=1e-9)
    assert 1 - q * q / (1 + q) == pytest.approx(reaches(one(epsilon), least + 1), abs=1e-9)
    assert pytest.approx(1) == reaches(one(epsilon), 10_000)


@pytest.mark.parametrize("epsilon", [0.6, 1.0, 2.0])
def test_the_variance_is_that_of_the_law(epsilon: float) -> None:
    """Of three draws, each counted half: three quarters of one's."""
    single = sum(density(x, epsilon) * x * x for x in range(-200, 201))
    found = variance((Draws(epsilon=epsilon, count=3, weight=0.5),))
    assert 0.75 * single == pytest.approx(found)
