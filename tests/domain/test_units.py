"""Units over time: planned at intake, and what figures are made of at signals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from services.intake.domain.organisation import (
    AdviserKept,
    Organisation,
    OrganisationSetUp,
    PolicyDecided,
    check_units,
    evolve,
)
from services.intake.domain.units import UnitKept, UnitMapped, UnitsPlanned, plan, units_on
from services.signals.domain.grid import freeze
from services.signals.domain.lattice import LatticeFrozen
from services.signals.domain.noisy import units_of
from services.signals.domain.series import Window, points
from services.signals.domain.units import UnitsAnnounced, UnitWent, in_period, over_time
from services.signals.domain.window import OrganisationAdopted, UnitKnown
from services.signals.domain.window import freeze as freeze_structure
from shared.contracts.errors import Code
from shared.taxonomy.calendar import tick_of
from shared.taxonomy.period import Period
from tests.gwt import given

ON = date(2026, 3, 2)
ORGANISATION = UUID("6f1d2c3b-0000-4000-8000-000000000001")
TREE = (
    UnitKept(id="whole", name="Geheel", headcount=0, parent=None),
    UnitKept(id="care", name="Zorg", headcount=200, parent="whole"),
    UnitKept(id="ward", name="Afdeling", headcount=90, parent="whole"),
    UnitKept(id="office", name="Kantoor", headcount=80, parent="whole"),
)
SET_UP = OrganisationSetUp(
    organisation_id=ORGANISATION,
    token="5d41402abc4b2a76",
    name="De Hoekstee",
    language="nl",
    units=TREE,
    advisers=(AdviserKept(id="anna", name="Anna"),),
    release=PolicyDecided(policy="noisy"),
    on=ON,
)
NEW = (
    TREE[0],
    UnitKept(id="home", name="Thuiszorg", headcount=100, parent="whole"),
    UnitKept(id="clinic", name="Kliniek", headcount=100, parent="whole"),
    UnitKept(id="wards", name="Afdelingen", headcount=170, parent="whole"),
)
MAPPING = (
    UnitMapped(old="care", new="home"),
    UnitMapped(old="care", new="clinic"),
    UnitMapped(old="ward", new="wards"),
    UnitMapped(old="office", new="wards"),
)
ITSELF = UnitMapped(old="whole", new="whole")
PLANNED = UnitsPlanned(
    message_id=UUID(int=9),
    organisation_id=ORGANISATION,
    effective="2026-H2",
    units=NEW,
    mapping=(*MAPPING, ITSELF),
    on=ON,
)


def planning(**changes: Any) -> Callable[[Organisation], UnitsPlanned]:
    fields: dict[str, Any] = {
        "message_id": PLANNED.message_id,
        "organisation_id": ORGANISATION,
        "effective": "2026-H2",
        "units": NEW,
        "mapping": MAPPING,
        "on": ON,
        "check": check_units,
    }
    return lambda state: plan(state.known.units, state.plans, **(fields | changes))


# At intake --------------------------------------------------------------------------------------


def test_a_reorganisation_takes_effect_with_its_half_year() -> None:
    """Not the day before; and a unit that keeps its id goes on as itself without being named."""
    given(Organisation(), evolve, [SET_UP]).when(planning()).then(PLANNED)
    state = given(Organisation(), evolve, [SET_UP, PLANNED]).state

    assert (True, False) == tuple(state.has_unit("care", day) for day in days())
    assert (False, True) == tuple(state.has_unit("home", day) for day in days())
    assert {"care", "ward", "office", "whole", "home", "clinic", "wards"} == state.unit_ids(
        days()[1]
    )
    assert "home" not in state.unit_ids(days()[0])


def days() -> tuple[date, date]:
    """The last day of the old tree, and the first of the new one."""
    return date(2026, 6, 30), date(2026, 7, 1)


def test_headcounts_alone_need_no_mapping() -> None:
    """All units go on as themselves."""
    counted = tuple(replace(unit, headcount=unit.headcount + 1) for unit in TREE)
    event = planning(units=counted, mapping=())(given(Organisation(), evolve, [SET_UP]).state)

    assert [(unit.id, unit.id) for unit in TREE] == [(row.old, row.new) for row in event.mapping]


def test_a_later_plan_for_the_same_half_year_takes_its_place() -> None:
    """It is measured against what was before both, not against the one that it replaces."""
    again = replace(PLANNED, message_id=UUID(int=10), units=TREE, mapping=())
    state = given(Organisation(), evolve, [SET_UP, PLANNED])
    event = planning(units=TREE, mapping=(), message_id=UUID(int=10))(state.state)

    assert again.units == event.units
    assert given(Organisation(), evolve, [SET_UP, PLANNED, event]).state.has_unit("care", days()[1])


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"effective": "2026-H1"}, Code.INVALID_INPUT, "effective"),
        ({"effective": "2025-H2"}, Code.INVALID_INPUT, "effective"),
        ({"effective": "2026"}, Code.INVALID_INPUT, "effective"),
        ({"effective": "2027-H2"}, Code.INVALID_INPUT, "effective"),
        ({"effective": "soon"}, Code.INVALID_PERIOD, None),
        ({"units": ()}, Code.INVALID_INPUT, "units"),
        ({"mapping": MAPPING[:2]}, Code.INVALID_INPUT, "mapping"),
        ({"mapping": (*MAPPING, MAPPING[0])}, Code.INVALID_INPUT, "mapping"),
        (
            {"mapping": (*MAPPING, UnitMapped(old="moon", new="home"))},
            Code.INVALID_INPUT,
            "mapping",
        ),
        (
            {"mapping": (*MAPPING, UnitMapped(old="ward", new="moon"))},
            Code.INVALID_INPUT,
            "mapping",
        ),
        ({"mapping": (*MAPPING, UnitMapped(old="ward", new=None))}, Code.INVALID_INPUT, "mapping"),
    ],
)
def test_a_plan_that_cannot_be_is_refused_in_both_languages(
    changes: dict[str, Any], code: Code, field: str | None
) -> None:
    """What has begun, is no half-year, lies too far ahead, is no tree, or leaves a unit without an end."""
    state = given(Organisation(), evolve, [SET_UP])
    refused = state.when(planning(**changes)).then_refused(code)

    assert field == refused.values.get("field")
    assert refused.sentence("nl") != refused.sentence("en")


def test_a_closed_unit_is_named() -> None:
    """It goes on as nothing, and that has to be said."""
    left = tuple(unit for unit in TREE if unit.id != "office")
    state = given(Organisation(), evolve, [SET_UP])

    state.when(planning(units=left, mapping=())).then_refused(Code.INVALID_INPUT, field="mapping")
    closed = planning(units=left, mapping=(UnitMapped(old="office", new=None),))(state.state)
    assert UnitMapped(old="office", new=None) in closed.mapping


def test_the_units_of_a_day_are_those_of_the_last_plan_that_has_begun() -> None:
    """In whatever order the plans were made; of two for one half-year those of the later one."""
    later = replace(PLANNED, effective="2027-H1", units=TREE[:2])
    again = replace(PLANNED, units=TREE[:3])
    for plans in ([PLANNED, later], [later, PLANNED]):
        assert NEW == units_on(TREE, plans, date(2026, 12, 31))
        assert TREE[:2] == units_on(TREE, plans, date(2027, 1, 1))
    assert TREE[:3] == units_on(TREE, [PLANNED, again, later], date(2026, 7, 1))
    assert TREE[:3] == units_on(TREE, [PLANNED, again], date(2027, 7, 1))
    assert TREE == units_on(TREE, [PLANNED], date(2026, 6, 30))
    both = given(Organisation(), evolve, [SET_UP, PLANNED, later]).state
    assert (PLANNED, later) == both.plans


def test_two_half_years_ahead_can_be_planned_and_no_more() -> None:
    """From the first day of a half-year on it has begun."""
    there = given(Organisation(), evolve, [SET_UP])
    there.when(planning(effective="2027-H1")).then(replace(PLANNED, effective="2027-H1"))
    first = date(2026, 7, 1)
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"effective": "2027-H2"}, "it lies too far ahead"),
        ({"on": first}, "it has begun already"),
        ({"effective": "2027"}, "it is no half-year"),
    ]
    for changes, reason in wrong:
        refused = there.when(planning(**changes))
        assert (
            reason == refused.then_refused(Code.INVALID_INPUT, field="effective").values["reason"]
        )


def test_nothing_is_planned_before_what_is_planned_already() -> None:
    """What comes later was measured against what is now before it."""
    later = replace(PLANNED, effective="2027-H1")
    given(Organisation(), evolve, [SET_UP, later]).when(planning()).then_refused(
        Code.INVALID_INPUT, field="effective"
    )


def test_a_unit_that_keeps_its_id_may_be_named_all_the_same() -> None:
    """Then it goes on as was said, and only so."""
    left = TREE[:3]
    said = (UnitMapped(old="ward", new="ward"), UnitMapped(old="office", new="ward"))
    given(Organisation(), evolve, [SET_UP]).when(planning(units=left, mapping=said)).then(
        replace(
            PLANNED,
            units=left,
            mapping=(*said, ITSELF, UnitMapped(old="care", new="care")),
        )
    )


# At signals -------------------------------------------------------------------------------------


def known(units: tuple[UnitKept, ...]) -> tuple[UnitKnown, ...]:
    return tuple(
        UnitKnown(id=unit.id, name=unit.name, headcount=unit.headcount, parent=unit.parent)
        for unit in units
    )


ADOPTED = OrganisationAdopted(
    organisation_id=ORGANISATION,
    token="5d41402abc4b2a76",
    language="nl",
    units=known(TREE),
    policy="noisy",
    on=ON,
)
ANNOUNCED = UnitsAnnounced(
    effective="2026-H2",
    units=known(NEW),
    mapping=tuple(UnitWent(old=row.old, new=row.new) for row in PLANNED.mapping),
)
H1, H2 = Period(2026, 1), Period(2026, 2)


def grid(
    period: Period, total: int, first: LatticeFrozen | None, *plans: UnitsAnnounced
) -> LatticeFrozen:
    return freeze(
        in_period(ADOPTED, plans, period),
        period=period,
        first_half=first,
        yearly_total=total,
        on=period.start,
        plans=plans,
    )


def test_the_next_grid_is_made_of_the_new_units() -> None:
    """Where no window is as long as a year: H2 has a grid of its own, which spends no more."""
    before = grid(H1, 100, None)
    after = grid(H2, 5, before, ANNOUNCED)

    assert {"care", "ward", "office", "whole"} == set(units_of(before))
    assert {"home", "clinic", "wards"} <= set(units_of(after))
    assert before.grid_id != after.grid_id
    assert [one.epsilon for one in before.measures] == [one.epsilon for one in after.measures]
    assert "2026-H2" == after.period


@pytest.mark.parametrize("total", [10, 20, 30, 600])
def test_a_years_grid_stays_until_january(total: int) -> None:
    """A window of a year has one grid. What is booked in a new unit that lies in an old one as a whole
    counts there, and in January the new tree has its grid.
    """
    before = grid(H1, total, None)
    after = grid(H2, total, before, ANNOUNCED)
    january = grid(Period(2027, 1), total, None, ANNOUNCED)

    assert before.grid_id == after.grid_id
    assert before.measures == after.measures
    assert [unit.members for unit in before.units] == [unit.members for unit in after.units]
    if before.units:
        cells = units_of(after)
        assert cells["care"] == cells["home"] == cells["clinic"]
        assert "wards" not in cells  # of two units
        assert "home" in units_of(january)
    assert january.grid_id != before.grid_id


def test_what_is_booked_late_under_an_old_id_counts_where_it_went() -> None:
    """Of merged ones in the unit that they are now; of a split one nobody knows in which part."""
    cells = units_of(grid(H2, 100, grid(H1, 100, None), ANNOUNCED))

    assert cells["ward"] == cells["office"] == cells["wards"]
    assert "care" not in cells


def test_ids_go_through_several_reorganisations() -> None:
    """Ward to wards, wards to nursing: ward counts in nursing."""
    nursing = (*NEW[:3], UnitKept(id="nursing", name="Verpleging", headcount=170, parent="whole"))
    later = UnitsAnnounced(
        effective="2027-H1",
        units=known(nursing),
        mapping=(
            UnitWent(old="wards", new="nursing"),
            *(UnitWent(old=name, new=name) for name in ("whole", "home", "clinic")),
        ),
    )
    cells = units_of(grid(Period(2027, 1), 100, None, ANNOUNCED, later))

    assert cells["nursing"] == cells["wards"] == cells["ward"] == cells["office"]
    assert "care" not in cells


def test_a_grid_of_an_organisation_that_stays_as_it_is_keeps_its_id() -> None:
    """What it does not have is in no content: so grids from before there were ids of other times, of
    which this is the id that one had, are frozen again as the same.
    """
    first = grid(H1, 100, None)

    assert first.grid_id == grid(H2, 5, first).grid_id
    assert UUID("9574f164-c645-5f3b-9e08-864b4a0709a8") == first.grid_id


def test_a_series_of_units_breaks_where_they_are_others() -> None:
    """Of the unit that was divided anew nothing is compared; the whole is compared on."""
    before = grid(H1, 100, None)
    after = grid(H2, 5, before, ANNOUNCED)
    for name, expected in (("unit", 1), ("total", 2)):
        windows = []
        for one in (before, after):
            table = next(
                table for table in one.tables if (table.id, table.grain) == (name, "half-year")
            )
            cells = dict.fromkeys([*(unit.code for unit in one.units), "not_said", "all"], 20)
            windows.append(
                Window(lattice=one, table=table, period=Period.parse(one.period), values=cells)
            )
        cell = "all" if name == "total" else after.units[0].code
        # The organisation did not begin in the middle of the first one.
        windows[0] = replace(windows[0], lattice=replace(before, first_used=None))
        found = points(after, windows[1].table, cell, windows)
        assert expected == len(found), name


def test_exact_figures_by_unit_have_the_cells_of_their_half_year() -> None:
    """Those on whose order the organisation decided come first; new ones follow, the smallest first."""
    exact = replace(
        ADOPTED,
        policy="exact",
        dimension="unit",
        k=5,
        merge_order=("office", "ward", "care", "whole"),
    )
    before, after = (
        freeze_structure(
            in_period(exact, [ANNOUNCED], period),
            period=period,
            due=tick_of(period, period.start),
            others=[],
        )
        for period in (H1, H2)
    )

    assert [*(unit.id for unit in TREE), "not_said"] == list(before.cells)
    assert [*(unit.id for unit in NEW), "not_said"] == list(after.cells)
    assert ("whole", "clinic", "home", "wards", "not_said") == after.merge_order


def test_every_unit_of_any_time_keeps_its_place_in_the_tree() -> None:
    """With people only where it is of the newest one."""
    tree = {unit.id: unit for unit in over_time(ADOPTED, [ANNOUNCED]).units}

    assert {unit.id for unit in (*TREE, *NEW)} == set(tree)
    assert (0, 100, "whole") == (
        tree["care"].headcount,
        tree["home"].headcount,
        tree["care"].parent,
    )
