"""Which directions released figures bear out, and what was told at each tick."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from services.signals.domain.borne_out import directions
from services.signals.domain.detector import told
from services.signals.domain.lattice import LatticeFrozen, Measure, Part, Table, cells_of
from services.signals.domain.series import series_of
from services.signals.domain.signal import Evidence
from shared.taxonomy.period import Period
from tests.series_lab import grid, unit

Draws = dict[tuple[str, str], Sequence[int]]

THEME = "bullying_intimidation"
QUARTERS = [str(one) for one in Period(2026, None, 1).until(Period(2029, None, 4))]


def grids(lattice: LatticeFrozen, until: int = 2028) -> list[LatticeFrozen]:
    """The same grid in each half-year from 2026 on."""
    return [
        replace(lattice, period=f"{year}-H{half}")
        for year in range(2026, until + 1)
        for half in (1, 2)
    ]


def draws(values: Sequence[int], measure: str = "theme", cells: int = 10) -> Draws:
    """Of the first cell; the others are nought."""
    return {
        (measure, quarter): [value, *([0] * (cells - 1))]
        for quarter, value in zip(QUARTERS, values, strict=False)
    }


def seen(period: str, cell: str = THEME, table: str = "theme", kind: str = "figure") -> Evidence:
    return Evidence(kind=kind, table=table, period=period, cell=cell)  # type: ignore[arg-type]


RISEN = [6, 5, 7, 6, 5, 24, 26, 25]
"""Until 2027-Q4; the rise begins in 2027-Q2."""


@pytest.mark.parametrize(
    ("evidence", "theme", "place", "period", "expected"),
    [
        ([seen("2027-Q3")], THEME, "all", "2027-Q3", {"rising"}),
        ([seen("2027-Q3")], THEME, "all", "2027-H2", {"rising"}),
        ([seen("2027-Q1")], THEME, "all", "2027-Q1", {"recurring"}),
        ([seen("2027-Q3"), seen("2027-Q1")], THEME, "all", "2027", {"rising", "recurring"}),
        ([seen("2027-Q3", kind="warning")], THEME, "all", "2027-Q3", {"rising"}),
        ([seen("2027-Q3", kind="warning")], THEME, "care", "2027-Q3", set()),
        ([seen("2027-Q3")], THEME, "all", "2027-Q1", set()),
        ([seen("2027-Q3")], "leadership", "all", "2027-Q3", set()),
        ([seen("2027-Q3")], THEME, "care", "2027-Q3", set()),
        ([seen("2028-Q2")], THEME, "all", "2028-Q2", set()),
        ([seen("2027-Q3", table="area", cell="conduct")], THEME, "all", "2027-Q3", set()),
        ([seen("2026-Q1")], THEME, "all", "2026-Q1", set()),
        ([], THEME, "all", "2027-Q3", set()),
    ],
)
def test_a_figure_bears_out_what_it_is_of(
    evidence: list[Evidence], theme: str, place: str, period: str, expected: set[str]
) -> None:
    """Exactly its theme, at its place, in its period, as it was then."""
    found = directions(
        grids(grid()), draws(RISEN), evidence, theme=theme, place=place, period=period
    )
    assert expected == found


@pytest.mark.parametrize(
    ("values", "period"), [([0, 1, 0], "2026-Q3"), ([30, 28, 31, 29, 30, 29, 1, 0], "2027-Q4")]
)
def test_a_figure_that_is_not_shown_bears_out_nothing(values: list[int], period: str) -> None:
    """Of noise around nought the trend would be steady; nobody has read of that theme."""
    found = directions(
        grids(grid()), draws(values), [seen(period)], theme=THEME, place="all", period=period
    )
    assert frozenset() == found


def test_a_figure_of_a_unit_bears_out_what_is_said_of_the_unit() -> None:
    """Where the grid has themes by unit."""
    lattice = grid(axes=("theme", "unit"), units=(unit("care"), unit("office")))
    cells = cells_of(lattice, ("theme", "unit"))
    released = draws(RISEN, "theme_unit", len(cells))
    evidence = [seen("2027-Q3", cells[0], "theme_unit")]
    theme, place = cells[0].split("/")

    def found(place: str) -> frozenset[str]:
        return directions(
            grids(lattice), released, evidence, theme=theme, place=place, period="2027-Q3"
        )

    assert {"rising"} == found(place)
    assert set() == found("office")
    assert set() == found("all")


# What was told ------------------------------------------------------------------------------------


def test_what_was_told_stays_told_when_people_move() -> None:
    """A warning belongs to the grid of its period; a later grid with other units begins anew."""
    units = (unit("north"), unit("south"))
    before = grids(grid(units=units), 2027)
    grown = grid(units=(unit("north", 300), unit("south")))
    after = [replace(grown, period="2028-H1", grid_id=UUID(int=9))]
    released = draws([6, 5, 7, 6, 5, 40, 6, 5, 6, 7])

    found = told([*before, *after], released)
    assert [("2027-Q2", "jump")] == [(one.period, one.kind) for _, one in found]
    assert "2027-H1" == found[0][0].period


def test_nothing_is_told_before_the_window_is_released() -> None:
    """Of the same draws up to a tick, the warnings up to that tick."""
    whole = draws(RISEN)
    periods = [one.period for _, one in told(grids(grid()), whole)]
    assert periods
    for many in range(len(RISEN) + 1):
        some = {key: whole[key] for key in list(whole)[:many]}
        assert [one for one in periods if one in QUARTERS[:many]] == [
            one.period for _, one in told(grids(grid()), some)
        ]


def test_a_quarter_in_the_middle_of_which_an_organisation_began_is_no_history() -> None:
    """Half a quarter has half the cases."""
    begun = replace(grid(), first_used=date(2026, 2, 10))
    at_once = replace(grid(), first_used=date(2026, 1, 1))
    released = draws([5, 6, 5, 7, 40])

    assert [] == [one.period for _, one in told(grids(begun), released)]
    assert ["2027-Q1"] == [one.period for _, one in told(grids(at_once), released)]


def test_a_year_that_stands_in_two_half_years_is_one_window() -> None:
    """Its draw is one, and so is its place in the series."""
    lattice = replace(
        grid(),
        measures=(Measure(id="total", axes=(), grain="year", epsilon=1.0),),
        tables=(Table(id="total", axes=(), grain="year", parts=(Part(measure="total"),)),),
    )
    released: Draws = {("total", "2026"): [30], ("total", "2027"): [33]}
    series = series_of(grids(lattice), lattice.tables[0], released)

    assert [("2026", 30), ("2027", 33)] == [(str(one.period), one.values["all"]) for one in series]


def test_registers_of_old_years_stand_before_what_is_live() -> None:
    """In the order of their periods."""
    lattice = grid(grain="half-year")
    old = [replace(lattice, period="2025-H2"), replace(lattice, period="2025-H1")]
    released: Draws = {
        ("theme", period): [n] * 10 for n, period in enumerate(("2025-H1", "2025-H2", "2026-H1"))
    }
    series = series_of([*grids(lattice, 2026), *old], lattice.tables[0], released)
    assert [0, 1, 2] == [one.values[THEME] for one in series]
