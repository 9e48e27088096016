"""The grid: what is measured, what it costs, what readers see of it."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date
from random import Random
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.signals.domain.answers import estimates, shown
from services.signals.domain.lattice import (
    BUDGET,
    RULE,
    SMALLEST_UNIT,
    WHOLE,
    Axis,
    Branch,
    GridUnit,
    LatticeFrozen,
    Measure,
    Part,
    Profile,
    Table,
    cells_of,
    choose,
    codes_of,
    draws_of,
    epsilon_of,
    grid_units,
    limits_of,
    margin_of,
    part_of,
    places_of,
    threshold_of,
)
from services.signals.domain.noise import draw
from services.signals.domain.noisy import count
from services.signals.domain.window import FactKept
from shared.contracts.rpc import NOT_SAID
from shared.taxonomy.period import Grain, Period
from shared.taxonomy.taxonomy import current

if TYPE_CHECKING:
    from collections.abc import Sequence

SIZES = (0, 10, 15, 24, 25, 39, 40, 149, 150, 499, 500, 20_000)
LENGTH: dict[Grain, int] = {"quarter": 1, "half-year": 2, "year": 4}

PROFILES = st.sampled_from(["standard", "strict"])
TOTALS = st.one_of(st.sampled_from(SIZES), st.floats(0, 5000))


def units(number: int) -> tuple[GridUnit, ...]:
    return tuple(
        GridUnit(code=f"u{n}", name=f"Unit {n}", members=(f"u{n}",), headcount=60)
        for n in range(number)
    )


def grid(total: float, number: int, profile: Profile = "standard") -> LatticeFrozen:
    measures, tables = choose(yearly_total=total, units=units(number), profile=profile)
    return LatticeFrozen(
        grid_id=UUID(int=1),
        organisation_id=UUID(int=2),
        token="t",
        period="2027-H1",
        rule=RULE,
        profile=profile,
        taxonomy_version=current().version,
        detector="none",
        yearly_total=round(total),
        units=units(number),
        measures=measures,
        tables=tables,
        frozen_on=date(2027, 1, 1),
    )


GRIDS = st.builds(grid, TOTALS, st.sampled_from([0, 2, 3, 7, 12]), PROFILES)


def maybe(codes: Sequence[str]) -> st.SearchStrategy[str | None]:
    return st.one_of(st.none(), st.sampled_from(list(codes)))


FACTS = st.builds(
    FactKept,
    category=st.sampled_from(list(current().categories)),
    unit_id=maybe(["u0", "u1", "u6", "gone"]),
    role=maybe(list(current().reporter_roles)),
    relation=maybe(list(current().relations)),
    route=maybe(list(current().routes)),
    outcome=st.none(),
    count=st.just(1),
)


# What it costs ---------------------------------------------------------------------------------


@given(TOTALS, st.sampled_from([0, 2, 3, 12, 60]), PROFILES)
def test_no_grid_spends_more_than_the_budget_of_its_profile(
    total: float, number: int, profile: Profile
) -> None:
    """ε of all measures together is at most 2 for a case, 1.5 in the strict profile."""
    measures, _ = choose(yearly_total=total, units=units(number), profile=profile)
    assert epsilon_of(measures) <= BUDGET[profile] + 1e-9
    assert all(measure.epsilon > 0 for measure in measures)


@given(GRIDS, FACTS)
def test_a_case_counts_in_exactly_one_cell_of_each_measure(
    lattice: LatticeFrozen, fact: FactKept
) -> None:
    """Also a case of a unit that is not in the grid, or of which little is said."""
    for measure in lattice.measures:
        counts = count(lattice, measure, [fact])
        assert len(cells_of(lattice, measure.axes)) == len(counts)
        assert [1] == [each for each in counts if each]


@given(GRIDS, st.lists(FACTS, max_size=12), FACTS)
@settings(max_examples=50)
def test_one_case_more_changes_each_measure_by_one(
    lattice: LatticeFrozen, facts: list[FactKept], one_more: FactKept
) -> None:
    """In one cell, by one: the sensitivity for which the noise is made."""
    for measure in lattice.measures:
        before = count(lattice, measure, facts)
        after = count(lattice, measure, [*facts, one_more])
        assert 1 == sum(abs(x - y) for x, y in zip(before, after, strict=True))


@pytest.mark.parametrize("axis", ["theme", "relation"])
def test_a_case_with_a_code_that_the_grid_does_not_know_counts_in_the_remainder(axis: Axis) -> None:
    """Once: nowhere would be too little, and would tell that there was such a code."""
    lattice = grid(80, 0)
    measure = next(measure for measure in lattice.measures if measure.axes == (axis,))
    (fact,) = facts_of(1, Random(1))  # noqa: S311  no secret
    odd = replace(fact, category="no_such_code", relation="no_such_code")
    remainder = {"theme": "dilemma_or_strength", "relation": NOT_SAID}[axis]
    counts = count(lattice, measure, [odd])
    assert {remainder: 1} == {
        cell: counted
        for cell, counted in zip(cells_of(lattice, (axis,)), counts, strict=True)
        if counted
    }


@pytest.mark.parametrize("profile", ["standard", "strict"])
def test_below_fifteen_cases_one_figure_does_not_spend_the_whole_budget(profile: Profile) -> None:
    """ε 1 is enough for it, in either profile; what nobody would learn from is not spent."""
    measures, tables = choose(yearly_total=14, units=units(4), profile=profile)
    assert 1.0 == epsilon_of(measures) < BUDGET[profile]
    assert [("total", "year")] == [(table.id, table.grain) for table in tables]


# What it gives ---------------------------------------------------------------------------------

AREAS = {("unit", "year"), ("area", "year"), ("total", "year")}
YEAR = {*AREAS, ("theme", "year")}
HALF = {(table, "half-year") for table, _ in YEAR}
QUARTER = {*HALF, ("theme", "quarter"), ("unit_area", "half-year")}


@pytest.mark.parametrize(
    ("total", "expected"),
    [
        (14.9, {("total", "year")}),
        (15, AREAS),
        (24, AREAS),
        (25, YEAR),
        (39, YEAR),
        (40, HALF),
        (149, HALF),
        (150, QUARTER),
        (499, QUARTER),
        (500, {*QUARTER, ("relation", "year")}),
    ],
)
def test_more_cases_are_told_in_smaller_cells_and_shorter_windows(
    total: float, expected: set[tuple[str, Grain]]
) -> None:
    """Areas from 15 cases on, themes from 25; by the year, from 40 on by the half-year, themes by the
    quarter from 150; relations from 500.
    """
    _, tables = choose(yearly_total=total, units=units(5))
    assert expected == {(table.id, table.grain) for table in tables}


@pytest.mark.parametrize("total", SIZES)
def test_an_organisation_that_is_not_divided_has_no_table_of_units(total: float) -> None:
    """What units would spend goes to relations, which are told by the year."""
    _, tables = choose(yearly_total=total, units=())
    assert not any("unit" in table.axes for table in tables)
    assert (total >= 15) == any(("relation", "year") == (t.id, t.grain) for t in tables)


@given(GRIDS)
def test_every_table_is_a_mean_of_what_is_measured(lattice: LatticeFrozen) -> None:
    """Weights are positive twentieths that add up to 1; a part's windows fill the table's."""
    measures = {measure.id: measure for measure in lattice.measures}
    assert len(lattice.tables) == len({(table.id, table.grain) for table in lattice.tables})
    for table in lattice.tables:
        assert 1 == pytest.approx(sum(part.weight for part in table.parts))
        for part in table.parts:
            assert part.weight > 0
            assert 20 * part.weight == pytest.approx(round(20 * part.weight))
            assert LENGTH[measures[part.measure].grain] <= LENGTH[table.grain]


@given(GRIDS)
@settings(max_examples=30, deadline=None)
def test_a_table_takes_each_draw_of_its_windows_once(lattice: LatticeFrozen) -> None:
    """Over its cells the draws of a part are all cells of the measure in all of the windows; and each
    lies in the cell of which `part_of` tells by its codes.
    """
    measures = {measure.id: measure for measure in lattice.measures}
    for table in lattice.tables:
        cells = cells_of(lattice, table.axes)
        for number, part in enumerate(table.parts):
            measure = measures[part.measure]
            inside = cells_of(lattice, measure.axes)
            windows = LENGTH[table.grain] // LENGTH[measure.grain]
            taken = sum(draws_of(lattice, table, cell)[number].count for cell in cells)
            assert len(inside) * windows == taken
            assert [part_of(lattice, table, measure, cell) for cell in inside] == [
                cells[place] for place in places_of(lattice, table, measure)
            ]
        assert [
            (threshold_of(lattice, table, cell), margin_of(lattice, table, cell)) for cell in cells
        ] == list(limits_of(lattice, table))


@pytest.mark.parametrize("total", [25, 100, 300])
@pytest.mark.parametrize("number", [2, 5, 12])
def test_the_total_is_told_more_closely_than_by_themes_alone(total: float, number: int) -> None:
    """Two ways to count the whole, weighted, have a smaller margin than either."""
    lattice = grid(total, number)
    table = next(table for table in lattice.tables if table.id == "total")
    for part in table.parts:
        alone = replace(table, parts=(Part(measure=part.measure),))
        assert margin_of(lattice, table) <= margin_of(lattice, alone)
    themes = replace(table, parts=(Part(measure="theme"),))
    assert margin_of(lattice, table) < margin_of(lattice, themes)


def test_cells_are_named_by_their_codes_and_not_said_comes_last() -> None:
    """As they are published, in the order of the grid."""
    lattice = grid(200, 2)
    assert ("u0", "u1", NOT_SAID) == codes_of(lattice, "unit")
    assert (WHOLE,) == cells_of(lattice, ())
    assert ("u0/conduct", "u0/integrity") == cells_of(lattice, ("unit", "area"))[:2]
    assert NOT_SAID == codes_of(lattice, "role")[-1]


# What is shown, with draws of the real mechanism ------------------------------------------------


def facts_of(cases: int, chance: Random) -> list[FactKept]:
    """Cases of which two in three are of one theme or of one unit."""
    categories = list(current().categories)
    return [
        FactKept(
            category=chance.choice([*categories, *["bullying"] * 20]),
            unit_id=chance.choice(["u0", "u0", "u1", "u2", None]),
            role=None,
            relation=chance.choice(list(current().relations)),
            route=None,
            outcome=None,
            count=1,
        )
        for _ in range(cases)
    ]


@pytest.mark.parametrize(
    ("total", "number"), [(20, 3), (30, 3), (80, 3), (80, 0), (250, 3), (600, 3)]
)
def test_margins_and_thresholds_keep_their_word_over_two_hundred_releases(
    total: int, number: int
) -> None:
    """In each table at least 95 of 100 true counts lie within the margin, at most 1 in 200 empty
    cells are shown, and nothing is shown that is below its threshold.
    """
    chance = Random(total)  # noqa: S311  the same facts in every run, no secret
    lattice = grid(total, number)
    facts = {str(q): facts_of(total // 4, chance) for q in Period(2027).parts("quarter")}

    def true(measure: Measure | Table, window: Period) -> list[int]:
        booked = [fact for quarter in window.parts("quarter") for fact in facts[str(quarter)]]
        axes = Measure(id="", axes=measure.axes, grain=window.grain, epsilon=1)
        return count(lattice, axes, booked)

    seen: dict[str, list[int]] = {table.id + table.grain: [0] * 4 for table in lattice.tables}
    for _ in range(200):
        draws = {
            (measure.id, str(window)): draw(true(measure, window), measure.epsilon)
            for measure in lattice.measures
            for window in Period(2027).parts(measure.grain)
        }
        for table in lattice.tables:
            window = Period(2027).parts(table.grain)[0]
            answer = shown(lattice, table, window, draws)
            everything = estimates(lattice, table, window, draws)
            assert answer is not None
            assert everything is not None
            tally = seen[table.id + table.grain]
            for figure, value, n in zip(
                answer.figures, everything.values(), true(table, window), strict=True
            ):
                assert figure.value is None or figure.value >= figure.threshold >= 5
                tally[0] += 1
                tally[1] += abs(value - n) <= figure.margin
                tally[2] += n == 0
                tally[3] += n == 0 and figure.value is not None
    for name, (cells, within, empty, empty_shown) in seen.items():
        assert within >= 0.95 * cells - 4.5 * math.sqrt(0.0475 * cells), name
        assert chance_of_more(empty_shown, empty, 0.005) > 1e-6, name


def chance_of_more(seen: int, of: int, p: float) -> float:
    """That at least `seen` of so many, each with the chance `p`, come out."""
    one = (1 - p) ** of
    fewer = 0.0
    for number in range(seen):
        fewer += one
        one *= (of - number) / (number + 1) * p / (1 - p)
    return 1 - fewer


# Units -----------------------------------------------------------------------------------------


@st.composite
def trees(draw_from: st.DrawFn) -> tuple[Branch, ...]:
    """Up to 14 branches, each under an earlier one or at the top."""
    number = draw_from(st.integers(1, 14))
    return tuple(
        Branch(
            id=f"b{n}",
            name=f"Branch {n}",
            headcount=draw_from(st.integers(0, 130)),
            parent=draw_from(st.sampled_from([None, *(f"b{m}" for m in range(n))])),
        )
        for n in range(number)
    )


@given(trees())
@settings(max_examples=200)
def test_units_have_fifty_people_and_nobody_is_lost(tree: tuple[Branch, ...]) -> None:
    """Every branch is in one unit, its people with it; or the organisation is not divided at all."""
    found = grid_units(tree)
    if not found:
        return
    assert len(found) >= 2
    assert all(unit.headcount >= SMALLEST_UNIT for unit in found)
    assert sorted(branch.id for branch in tree) == sorted(
        member for unit in found for member in unit.members
    )
    assert sum(branch.headcount for branch in tree) == sum(unit.headcount for unit in found)
    assert len(found) == len({unit.code for unit in found})


@given(trees())
def test_an_organisation_is_divided_where_two_branches_are_large_enough(
    tree: tuple[Branch, ...],
) -> None:
    """Two branches of fifty people of their own stay apart, whatever stands around them."""
    large = [branch for branch in tree if branch.headcount >= SMALLEST_UNIT]
    assert bool(grid_units(tree)) or len(large) < 2


def test_a_small_branch_joins_its_smallest_sibling_that_is_too_small_as_well() -> None:
    """And what is still too small goes up, to whom stands above it."""
    tree = (
        Branch(id="board", name="Board", headcount=10),
        Branch(id="care", name="Care", headcount=200, parent="board"),
        Branch(id="night", name="Night", headcount=30, parent="board"),
        Branch(id="day", name="Day", headcount=25, parent="board"),
    )
    found = {unit.members: unit.headcount for unit in grid_units(tree)}
    assert {("care",): 200, ("board", "night", "day"): 65} == found
