"""Early warning: what is found, what is not, and that nothing but the cell's own figures goes in."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.detector import trial
from bench.detector_lab import Likelihoods, look, told
from services.signals.domain.detector import (
    CELLS,
    DISPERSION,
    LEVELS,
    LIMITS,
    PER_YEAR,
    PERSISTENT_AFTER,
    VERSION,
    Step,
    at_least,
    bound_of,
    limits_of,
    log_likelihood,
    scan,
    unwatched,
    warnings,
    watched,
)
from services.signals.domain.lattice import LatticeFrozen, Part, Table, cells_of, choose
from services.signals.domain.noise import Draws
from services.signals.domain.series import Point
from shared.taxonomy.period import Grain, Period
from tests.series_lab import first_cell, grid, one_cell, unit, windows

ONE = (Draws(epsilon=1.0),)
patient = settings(deadline=None, max_examples=25)
ALONE = grid(axes=())
"""A grid of one cell, which is quicker to look at than one of ten."""
QUIET = [2, 3, 1, 2, 4, 2, 1, 3]
VALUES = st.lists(st.integers(-6, 40), min_size=1, max_size=20)
EPSILONS = [2.0, 1.5, 1.0, 0.8, 0.75, 0.6, 0.5]
GRAINS: list[Grain] = ["quarter", "half-year"]


def points_of(values: Sequence[int], draws: tuple[Draws, ...] = ONE) -> list[Point]:
    periods = Period(2020, None, 1).until(Period(2040, None, 4))
    return [Point(period=next(periods), value=value, draws=draws) for value in values]


def last(values: Sequence[int], grain: Grain = "quarter", cells: int = CELLS) -> Step:
    step = scan(points_of(values), grain, cells)[-1]
    assert step is not None
    return step


# What is found -----------------------------------------------------------------------------------


def test_a_level_that_triples_is_told_as_a_rise_that_persists() -> None:
    """Two a quarter become six: told after some quarters, from the first of the rise on."""
    lattice = grid()
    found = warnings(lattice, lattice.tables[0], one_cell(lattice, [*QUIET, 6, 7, 5, 8]))

    assert ["persistent"] == [warning.kind for warning in found]
    assert first_cell(lattice) == found[0].cell
    assert "2022-Q1" == found[0].evidence.seen[0].period
    assert found[0].period == found[0].evidence.seen[-1].period
    assert 2.0 <= found[0].evidence.expected <= 3.0
    assert found[0].evidence.found >= found[0].evidence.bound
    assert VERSION == found[0].detector


def test_one_figure_far_above_the_others_is_told_at_once_as_a_jump() -> None:
    """The evidence is how improbable it was."""
    lattice = grid()
    found = warnings(lattice, lattice.tables[0], one_cell(lattice, [*QUIET, 15]))

    assert [("jump", "2022-Q1")] == [(warning.kind, warning.period) for warning in found]
    assert [15] == [seen.value for seen in found[0].evidence.seen]
    assert found[0].evidence.found <= found[0].evidence.bound


def test_a_jump_that_stays_is_told_once_more_as_a_rise_that_persists() -> None:
    """A jump, then quarters as high: two warnings, and no third while the evidence stands."""
    lattice = grid()
    found = warnings(lattice, lattice.tables[0], one_cell(lattice, [*QUIET, 15, 14, 15, 14, 15]))

    assert ["jump", "persistent"] == [warning.kind for warning in found]


def test_a_rise_that_was_told_is_not_told_again_within_a_year() -> None:
    """Also not as a jump; after a year without evidence it is."""
    rise = [*QUIET, 7, 8, 7]

    def kinds(values: list[int]) -> list[str]:
        return [step.told for step in scan(points_of(values), "quarter") if step and step.told]

    assert ["persistent"] == kinds(rise)
    assert ["persistent"] == kinds([*rise, 40])
    assert ["persistent", "jump"] == kinds([*rise, 1, 1, 0, 0, 1, 40])


def test_a_jump_that_comes_back_within_a_year_is_not_told_again() -> None:
    """Where it is too little for a rise that persists."""
    values = [10, 9, 11, 10, 12, 8, 10, 11, 34, 4, 34]
    steps = [step for step in scan(points_of(values), "quarter") if step]

    assert steps[-1].jump <= steps[-1].limits.jump
    assert ["jump"] == [step.told for step in steps if step.told]


def test_a_figure_that_fell_back_is_no_rise_that_persists() -> None:
    """The newest window must speak for it, whatever those before say."""
    told = [step.told for step in scan(points_of([*QUIET, 15, 2]), "quarter") if step]

    assert ["jump", None] == told[-2:]


def test_nothing_is_told_where_nothing_changes() -> None:
    """Of a level series, whatever the level."""
    for level in (0, 1, 2, 5, 10, 40, 200):
        assert not any(step and step.told for step in scan(points_of([level] * 20), "quarter"))


def test_a_warning_is_about_figures_that_are_shown() -> None:
    """Two windows that together are below their threshold are no warning, however improbable."""
    lattice = grid(epsilon=0.5)
    found = warnings(lattice, lattice.tables[0], one_cell(lattice, [0, 0, 0, 0, 0, 0, 0, 0, 6, 6]))

    assert () == found


@given(values=VALUES)
@patient
def test_evidence_never_has_a_figure_below_its_threshold(values: list[int]) -> None:
    """Whatever was released, what a warning carries is what everybody sees."""
    for warning in warnings(ALONE, ALONE.tables[0], one_cell(ALONE, values)):
        for seen in warning.evidence.seen:
            assert seen.value is None or seen.value >= seen.threshold


# On what it depends ------------------------------------------------------------------------------


@given(values=VALUES, others=st.lists(st.integers(-6, 60), min_size=9, max_size=9))
@patient
def test_other_cells_change_nothing(values: list[int], others: list[int]) -> None:
    """The same cell beside other figures, in any order, gives the same warnings."""
    lattice = grid()
    table, cell = lattice.tables[0], first_cell(lattice)
    names = [name for name in windows(lattice, [{}])[0].values if name != cell]

    def about(order: Sequence[int]) -> list[object]:
        rows = [{cell: value} | dict(zip(names, order, strict=True)) for value in values]
        return [one for one in warnings(lattice, table, windows(lattice, rows)) if one.cell == cell]

    assert about([0] * 9) == about(others) == about(list(reversed(others)))


@given(values=VALUES, more=VALUES)
@patient
def test_later_windows_change_no_earlier_warning(values: list[int], more: list[int]) -> None:
    """A replay of the first windows alone finds what was found then."""
    table = ALONE.tables[0]
    then = warnings(ALONE, table, one_cell(ALONE, values))
    now = warnings(ALONE, table, one_cell(ALONE, values + more))

    assert then == now[: len(then)]


@given(values=VALUES)
@patient
def test_the_same_series_gives_the_same_warnings(values: list[int]) -> None:
    """Also where nothing is remembered from before."""
    series = one_cell(ALONE, values)
    once = warnings(ALONE, ALONE.tables[0], series)
    log_likelihood.cache_clear()
    at_least.cache_clear()

    assert once == warnings(ALONE, ALONE.tables[0], series)


@given(values=st.lists(st.integers(-6, 40), min_size=9, max_size=20), more=st.integers(1, 60))
@patient
def test_a_higher_figure_is_never_less_evidence(values: list[int], more: int) -> None:
    """Of the newest window, for both rules."""
    lower, higher = last(values), last([*values[:-1], values[-1] + more])

    assert higher.jump <= lower.jump + 1e-12
    assert higher.persistent >= lower.persistent - 1e-9


@given(values=st.lists(st.integers(-6, 40), min_size=9, max_size=20), low=st.integers(-7, 0))
@patient
def test_how_far_below_nought_a_figure_fell_tells_nothing(values: list[int], low: int) -> None:
    """All figures of zero or less weigh alike, as in sums (noise.settled)."""
    settled = last([max(0, value) for value in [*values, 5]])
    fallen = last([low if value <= 0 else value for value in [*values, 5]])

    # As far as the tails of the law reach that are left out (noise.py).
    assert settled.level == pytest.approx(fallen.level, rel=1e-3)
    assert settled.jump == pytest.approx(fallen.jump, rel=1e-3)
    assert settled.persistent == pytest.approx(fallen.persistent, abs=1e-3)


def test_more_noise_makes_less_sure() -> None:
    """The same figures, drawn at a smaller ε, are weaker evidence."""
    found = [scan(points_of([*QUIET, 15], (Draws(epsilon=e),)), "quarter")[-1] for e in EPSILONS]
    jumps = [step.jump for step in found if step is not None]

    assert sorted(jumps) == jumps
    assert len(EPSILONS) == len(set(jumps))


def test_a_grid_that_was_frozen_for_another_detector_is_refused() -> None:
    """Another version is another function."""
    lattice = grid(detector="detector/0")
    with pytest.raises(ValueError, match="another detector"):
        warnings(lattice, lattice.tables[0], ())
    unknown = unwatched(lattice, lattice.tables[0], ())
    assert {"unknown_detector"} == set(unknown.values())
    assert cells_of(lattice, lattice.tables[0].axes) == tuple(unknown)


# Where it is silent, and says so -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([], "too_few_windows"),
        ([2, 2, 2, 2], "too_few_windows"),
        ([0, 1, 0, 0, 1, 0], "too_few_cases"),
        ([3, 4, 3, 3, 4, 3], None),
    ],
)
def test_a_cell_without_early_warning_has_a_reason(values: list[int], reason: str | None) -> None:
    """Less than one case a quarter, or too short a history."""
    lattice = grid()
    found = unwatched(lattice, lattice.tables[0], one_cell(lattice, values))

    assert reason == found.get(first_cell(lattice))


def test_below_one_case_a_quarter_nothing_is_told() -> None:
    """Even of a figure that stands out: it says beforehand that it does not look."""
    assert last([0, 0, 1, 0, 0, 0, 1, 0, 30]).jump < LIMITS["quarter"][0].jump
    assert last([0, 0, 1, 0, 0, 0, 1, 0, 30]).told is None


def test_yearly_tables_have_no_early_warning() -> None:
    """Once a year is too late to be early."""
    lattice = grid(grain="year", axes=())
    series = one_cell(lattice, [10, 10, 10, 10, 10, 90])

    assert () == warnings(lattice, lattice.tables[0], series)
    assert {"all": "released_yearly"} == unwatched(lattice, lattice.tables[0], series)


def test_noise_beyond_what_bounds_were_made_for_is_named() -> None:
    """No bound, no warning."""
    lattice = grid(epsilon=0.04)
    series = one_cell(lattice, [90] * 8)

    assert limits_of((Draws(epsilon=0.04),), "quarter") is None
    assert "too_much_noise" == unwatched(lattice, lattice.tables[0], series)[first_cell(lattice)]


def test_a_unit_whose_people_changed_begins_anew() -> None:
    """What was released of other people is no history."""
    before = grid(axes=("unit",), units=(unit("north"), unit("south")))
    moved = grid(axes=("unit",), units=(unit("north", members=("north", "west")), unit("south")))
    rows = [{"north": value, "south": value} for value in QUIET]
    old = windows(before, rows)
    new = windows(moved, [{"north": 15, "south": 15}], first=Period(2022, None, 1))
    found = warnings(moved, moved.tables[0], [*old, *new])

    assert ["south"] == [warning.cell for warning in found]
    assert "too_few_windows" == unwatched(moved, moved.tables[0], [*old, *new])["north"]


# The table that an organisation's warnings are made of -------------------------------------------


@pytest.mark.parametrize(
    ("yearly_total", "expected"), [(10, None), (20, None), (60, "half-year"), (200, "quarter")]
)
def test_an_organisations_warnings_are_made_of_its_themes(
    yearly_total: float, expected: Grain | None
) -> None:
    """As often as they are released; once a year is too seldom."""
    lattice = grid()
    measures, tables = choose(yearly_total=yearly_total, units=())
    table = watched(_with(lattice, tables))
    assert expected == (None if table is None else table.grain)
    if table is not None:
        assert ("theme",) == table.axes
        assert measures[0].axes == table.axes


def test_without_themes_they_are_made_of_the_total() -> None:
    """If that is released more than once a year."""
    table = Table(id="total", axes=(), grain="half-year", parts=(Part(measure="total"),))
    assert table == watched(_with(grid(), (table,)))


def _with(lattice: LatticeFrozen, tables: tuple[Table, ...]) -> LatticeFrozen:
    return replace(lattice, tables=tables)


# The law, and the bounds --------------------------------------------------------------------------


@pytest.mark.parametrize("value", [-4, 0, 1, 7, 15])
@pytest.mark.parametrize("place", [0, 12, 24])
def test_the_likelihood_is_that_of_a_clumped_count_plus_the_noise(value: int, place: int) -> None:
    """Against the closed forms of both laws, summed here."""
    level, q = LEVELS[place], math.exp(-1.0)

    def law(released: int) -> float:
        return sum(
            math.exp(
                math.lgamma(count + DISPERSION)
                - math.lgamma(DISPERSION)
                - math.lgamma(count + 1)
                + DISPERSION * math.log(DISPERSION / (DISPERSION + level))
                + count * math.log(level / (DISPERSION + level))
            )
            * (1 - q)
            / (1 + q)
            * q ** abs(released - count)
            for count in range(400)
        )

    assert log_likelihood(ONE, value)[place] == pytest.approx(math.log(law(value)), abs=1e-6)
    below = sum(law(released) for released in range(-60, value))
    assert at_least(ONE, value)[place] == pytest.approx(1 - below, abs=1e-9)


def test_every_noise_in_use_has_bounds_and_more_noise_never_stricter_ones_by_much() -> None:
    """Bounds go down with the noise, but for a tenth or two of chance."""
    for grain in GRAINS:
        for epsilon in EPSILONS:
            assert limits_of((Draws(epsilon=epsilon),), grain) is not None
        rows = LIMITS[grain]
        assert sorted(rows, key=lambda row: row.variance) == list(rows)
        for less, more in pairwise(rows):
            assert more.persistent <= less.persistent + 0.2


def test_a_larger_table_has_stricter_bounds() -> None:
    """So that the promise holds for the table, not for each cell."""
    few, many = limits_of(ONE, "quarter", 10), limits_of(ONE, "quarter", 40)
    assert few is not None
    assert many is not None
    assert few.jump / 4 == pytest.approx(many.jump)
    assert bound_of(many, 2.0) > bound_of(few, 2.0)
    assert bound_of(few, 3.0) < bound_of(few, 4.5) < bound_of(few, 6.0)
    assert bound_of(few, 6.0) == bound_of(few, 60.0)


# Simulations --------------------------------------------------------------------------------------


@pytest.mark.parametrize("grain", GRAINS)
@pytest.mark.parametrize(
    "draws", [ONE, (Draws(epsilon=0.5),), (Draws(epsilon=1.0, count=2, weight=0.7),)]
)
def test_the_measured_detector_is_the_one_in_use(grain: Grain, draws: tuple[Draws, ...]) -> None:
    """bench/detector.py measures arrays; on random series they are `scan`, step by step."""
    random = np.random.default_rng(11)
    known = Likelihoods(draws, 400)
    level = random.choice([0.5, 1.0, 2.0, 4.0, 9.0, 30.0], size=(60, 1))
    values = random.poisson(level * random.choice([1, 3], size=(60, 20))) - random.integers(0, 4)
    looked = look(values, known, grain)
    limits = limits_of(draws, grain)
    assert limits is not None
    marks = told(looked, known, grain, limits)
    kinds = {None: 0, "jump": 1, "persistent": 2}
    for row, series in enumerate(values):
        for place, step in enumerate(scan(points_of([int(v) for v in series], draws), grain)):
            if step is None:
                continue
            assert step.level == pytest.approx(looked.level[row, place])
            assert step.jump == pytest.approx(looked.jump[row, place], abs=1e-9)
            assert step.persistent == pytest.approx(looked.persistent[row, place], abs=1e-6)
            assert kinds[step.told] == marks[row, place]
    assert {1, 2} <= set(marks.ravel().tolist())


@pytest.mark.parametrize("grain", GRAINS)
@pytest.mark.parametrize("epsilon", [1.0, 0.5])
def test_organisations_in_which_nothing_changes_are_seldom_warned(
    grain: Grain, epsilon: float
) -> None:
    """At most 0.35 false alarms a year of 500 organisations with clumped cases, and some."""
    limits = limits_of((Draws(epsilon=epsilon),), grain)
    assert limits is not None
    tried = trial((Draws(epsilon=epsilon),), grain, DISPERSION, seed=5, count=500)
    rate, _ = tried.per_year(limits)

    assert 0.05 < rate <= 0.35


@pytest.mark.parametrize("grain", GRAINS)
def test_two_years_stand_before_a_rise_that_persists(grain: Grain) -> None:
    """Before, only a jump can be told."""
    after = 2 * PER_YEAR[grain]
    steps = scan(points_of([3, 3, 3, 3, 3, 3, 3, 3, 30, 30, 30]), grain)

    assert after == PERSISTENT_AFTER[grain]
    assert all(step is None or step.persistent == 0 for step in steps[:after])
    assert "persistent" in {step.told for step in steps if step}
