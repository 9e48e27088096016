"""What a sum of draws tells: no more than it must, and without bias."""

from __future__ import annotations

import math
from datetime import date
from uuid import UUID

import pytest

from services.signals.domain.answers import shown
from services.signals.domain.lattice import RULE, LatticeFrozen, Measure, Part, Table
from services.signals.domain.noise import settled
from shared.taxonomy.period import Period
from shared.taxonomy.taxonomy import current

THEME = Measure(id="theme", axes=("theme",), grain="quarter", epsilon=1.0)
HALF = Table(id="theme", axes=("theme",), grain="half-year", parts=(Part(measure="theme"),))
GRID = LatticeFrozen(
    grid_id=UUID(int=1),
    organisation_id=UUID(int=2),
    token="t",
    period="2026-H1",
    rule=RULE,
    profile="standard",
    taxonomy_version=current().version,
    detector="none",
    yearly_total=100,
    units=(),
    measures=(THEME,),
    tables=(HALF,),
    frozen_on=date(2026, 1, 1),
)


@pytest.mark.parametrize("epsilon", [0.6, 0.75, 1.0, 2.0])
@pytest.mark.parametrize("count", [0, 1, 4, 20])
def test_sums_stay_unbiased(epsilon: float, count: int) -> None:
    """Over the law of discrete Laplace noise, a settled value is on average the true count."""
    q = math.exp(-epsilon)
    mean = sum(
        (1 - q) / (1 + q) * q ** abs(noise) * settled(count + noise, epsilon)
        for noise in range(-200, 201)
    )
    assert count == pytest.approx(mean, abs=1e-9)


@pytest.mark.parametrize("second", [0, -1, -2, -7])
def test_a_half_year_less_a_quarter_does_not_tell_how_low_the_other_one_was(second: int) -> None:
    """A shown quarter of 9 beside a draw of zero or less gives the same half-year, however low."""
    nothing = [0] * 9
    draws = {("theme", "2026-Q1"): [9, *nothing], ("theme", "2026-Q2"): [second, *nothing]}
    table = shown(GRID, HALF, Period(2026, 1), draws)
    assert table is not None
    assert 8 == table.figures[0].value
