"""Grids: frozen from headcounts and released totals alone, one a calendar year; when windows are due."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from services.signals.domain.grid import (
    freeze,
    freeze_register,
    is_live,
    released_total,
    table_periods,
    windows_in,
    windows_of,
)
from services.signals.domain.labels import labels_of
from services.signals.domain.lattice import (
    BUDGET,
    GridUnit,
    LatticeFrozen,
    Measure,
    Part,
    Table,
    epsilon_of,
)
from services.signals.domain.window import OrganisationAdopted, UnitKnown
from shared.taxonomy.period import Period

ADOPTED = OrganisationAdopted(
    organisation_id=UUID("6f1d2c3b-0000-4000-8000-000000000001"),
    token="5d41402abc4b2a76",
    language="nl",
    units=tuple(UnitKnown(id=f"unit-{n}", name=f"Afdeling {n}", headcount=900) for n in range(4)),
    policy="noisy",
    on=date(2026, 5, 2),
)
FIRST, SECOND = Period.parse("2026-H1"), Period.parse("2026-H2")
GRID = LatticeFrozen(
    grid_id=UUID(int=1),
    organisation_id=ADOPTED.organisation_id,
    token=ADOPTED.token,
    period="2026-H1",
    rule="noisy/1",
    profile="standard",
    taxonomy_version=1,
    detector="detector/1",
    yearly_total=None,
    units=(
        GridUnit(code="care", name="Zorg", members=("care",), headcount=90),
        GridUnit(code="office", name="Kantoor", members=("office",), headcount=80),
    ),
    measures=(
        Measure(id="theme", axes=("theme",), grain="quarter", epsilon=1.0),
        Measure(id="unit", axes=("unit",), grain="half-year", epsilon=0.6),
        Measure(id="relation", axes=("relation",), grain="year", epsilon=0.4),
    ),
    tables=(
        Table(id="theme", axes=("theme",), grain="quarter", parts=(Part(measure="theme"),)),
        Table(id="area", axes=("area",), grain="half-year", parts=(Part(measure="theme"),)),
        Table(id="relation", axes=("relation",), grain="year", parts=(Part(measure="relation"),)),
        Table(id="total", axes=(), grain="half-year", parts=(Part(measure="unit"),)),
    ),
    frozen_on=date(2026, 1, 1),
    first_used=date(2026, 1, 1),
)
"""By hand: what these tests say does not hang on which measures are chosen."""


def frozen(period: Period = FIRST, **more: object) -> LatticeFrozen:
    given: dict[str, object] = {"first_half": None, "yearly_total": None, "on": date(2026, 5, 2)}
    return freeze(ADOPTED, period=period, **(given | more))  # type: ignore[arg-type]


def test_a_second_half_year_has_the_grid_of_the_first() -> None:
    """Also where more was released meanwhile; only period and day differ."""
    first = frozen()
    second = frozen(SECOND, first_half=first, yearly_total=5_000, on=date(2026, 7, 1))
    assert replace(first, period="2026-H2", frozen_on=date(2026, 7, 1)) == second


def test_another_tree_counts_from_the_next_year_on() -> None:
    """A reorganisation changes no grid of this year: its second half-year keeps the units of the first,
    and what was released keeps the grid that it was released under.
    """
    first = frozen()
    anew = replace(ADOPTED, units=ADOPTED.units[:2])
    second = freeze(anew, period=SECOND, first_half=first, yearly_total=None, on=date(2026, 7, 1))
    assert (first.grid_id, first.units) == (second.grid_id, second.units)
    following = freeze(
        anew,
        period=Period.parse("2027-H1"),
        first_half=None,
        yearly_total=None,
        on=date(2027, 1, 1),
    )
    assert ["unit-0", "unit-1"] == [unit.code for unit in following.units]
    assert following.grid_id != first.grid_id


def test_the_same_grid_has_the_same_id_and_another_has_another() -> None:
    """Frozen again after a restore it is known by its id; another year's is another grid."""
    assert frozen().grid_id == frozen(on=date(2026, 6, 9)).grid_id
    others = [
        frozen(Period.parse("2027-H1")),
        freeze(
            replace(ADOPTED, profile="strict"),
            period=FIRST,
            first_half=None,
            yearly_total=None,
            on=ADOPTED.on,
        ),
        freeze_register(
            ADOPTED, period=Period.parse("2025-H1"), due=date(2026, 7, 15), on=ADOPTED.on
        ),
    ]
    assert 4 == len({frozen().grid_id, *(other.grid_id for other in others)})


def test_what_was_released_decides_how_much_is_asked_and_else_the_headcount() -> None:
    """3,600 people stand for 54 cases a year; where next to nothing was released, less is asked."""
    assert frozen().measures == frozen(yearly_total=54).measures
    assert frozen().measures != frozen(yearly_total=3).measures


@pytest.mark.parametrize("text", ["2018", "2018-H2", "2026-H1"])
def test_a_register_has_one_window_for_each_measure(text: str) -> None:
    """Its own period, whatever the grain elsewhere, at the tick that intake told; within the budget."""
    grid = freeze_register(
        ADOPTED, period=Period.parse(text), due=date(2026, 7, 15), on=date(2026, 7, 15)
    )
    windows = list(windows_of(grid))
    assert {(text, date(2026, 7, 15))} == {(str(one.period), one.due) for one in windows}
    assert len(grid.measures) == len(windows)
    assert {grid.measures[0].grain} == {table.grain for table in grid.tables}
    assert len(grid.tables) == len({table.id for table in grid.tables})
    assert epsilon_of(grid.measures) <= BUDGET["standard"]


@pytest.mark.parametrize(
    ("text", "live"),
    [("2026-H1", True), ("2026-H2", True), ("2025-H2", False), ("2026", False), ("2027", False)],
)
def test_cases_are_booked_in_half_years_from_the_set_up_on(text: str, live: bool) -> None:
    """Other periods are those of registers."""
    assert live is is_live(ADOPTED, Period.parse(text))


def test_each_window_is_due_at_the_tick_of_its_grain() -> None:
    """Quarters at four ticks a year, half-years at two, years in January."""
    assert [
        ("theme", "2026-Q1", date(2026, 4, 15)),
        ("theme", "2026-Q2", date(2026, 7, 15)),
        ("unit", "2026-H1", date(2026, 7, 15)),
        ("relation", "2026", date(2027, 1, 15)),
    ] == [(one.measure.id, str(one.period), one.due) for one in windows_of(GRID)]


def test_a_window_that_had_ended_before_the_set_up_waits_for_the_next_tick() -> None:
    """Nothing is ever released between ticks."""
    late = replace(GRID, first_used=date(2026, 5, 2))
    assert date(2026, 7, 15) == next(windows_of(late)).due


def test_a_table_is_made_of_the_windows_inside_its_own() -> None:
    """A half-year by area of two quarters by theme."""
    area = GRID.tables[1]
    assert (("theme", "2026-Q1"), ("theme", "2026-Q2")) == windows_in(area, FIRST, GRID)
    both = [GRID, replace(GRID, period="2026-H2")]
    assert (FIRST, SECOND) == table_periods(both, area)
    assert (Period.parse("2026"),) == table_periods(both, GRID.tables[2])


# What was released of a year --------------------------------------------------------------------


def half_years(*values: int) -> tuple[list[LatticeFrozen], dict[tuple[str, str], tuple[int, ...]]]:
    """Grids from 2026-H1 on, of which so many cases were released."""
    periods = [Period(2026 + n // 2, 1 + n % 2) for n in range(len(values))]  # type: ignore[arg-type]
    draws: dict[tuple[str, str], tuple[int, ...]] = {
        ("unit", str(period)): (value, 0, 0) for period, value in zip(periods, values, strict=True)
    }
    return [replace(GRID, period=str(period)) for period in periods], draws


def test_the_last_year_is_two_half_years_that_follow_each_other() -> None:
    """The newest that are released before the period; one alone is not doubled."""
    grids, draws = half_years(10, 20, 40)
    empty = 2 * round(2 * 0.5)  # two cells of zero in each half-year: settled, about one below
    later = Period.parse("2027-H2")
    total = released_total(grids, draws, before=later)
    assert total is not None
    assert 60 - empty - 2 <= total <= 60
    earlier = released_total(grids, draws, before=Period.parse("2027-H1"))
    assert earlier is not None
    assert 30 - empty - 2 <= earlier <= 30
    assert released_total(grids, draws, before=SECOND) is None
    del draws["unit", "2026-H2"]
    assert released_total(grids, draws, before=later) is None


def test_a_released_year_is_a_year_too() -> None:
    """Of a register, or of an organisation that is only told by the year; never below zero."""
    grid = replace(
        GRID,
        period="2025",
        measures=(Measure(id="total", axes=(), grain="year", epsilon=1.0),),
        tables=(Table(id="total", axes=(), grain="year", parts=(Part(measure="total"),)),),
    )
    assert 70 == released_total([grid], {("total", "2025"): (70,)}, before=FIRST)
    assert 0 == released_total([grid], {("total", "2025"): (-9,)}, before=FIRST)


# Labels -----------------------------------------------------------------------------------------


def test_each_cell_has_a_label_in_both_languages() -> None:
    """Of one axis, of two and of none; units by their name."""
    assert {"care": "Zorg", "office": "Kantoor", "not_said": "Not said"} == labels_of(
        GRID, ("unit",), "en"
    )
    both = labels_of(GRID, ("unit", "area"), "nl")
    assert "Kantoor – Integriteit" == both["office/integrity"]
    assert "Niet gezegd – Integriteit" == both["not_said/integrity"]
    assert {"all": "De hele organisatie"} == labels_of(GRID, (), "nl")
    assert "Niet gezegd" == labels_of(GRID, ("relation",), "nl")["not_said"]
    assert set(labels_of(GRID, ("role",), "en")) == set(labels_of(GRID, ("role",), "nl"))


# Of one policy ------------------------------------------------------------------------------------


def test_no_grid_is_frozen_for_an_organisation_of_exact_figures() -> None:
    """Neither for a half-year nor for a register: without a grid nothing is ever drawn."""
    exact = replace(ADOPTED, policy="exact", dimension="category", k=5)
    with pytest.raises(ValueError, match="not noisy"):
        freeze(exact, period=FIRST, first_half=None, yearly_total=None, on=date(2026, 5, 2))
    with pytest.raises(ValueError, match="not noisy"):
        freeze_register(
            exact, period=Period.parse("2018"), due=date(2026, 7, 15), on=date(2026, 5, 2)
        )
