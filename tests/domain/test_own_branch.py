"""What a manager sees of a released table: the organisation, and their own branch of it."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from services.signals.domain.lattice import (
    Branch,
    GridUnit,
    LatticeFrozen,
    Table,
    cells_without_units,
)
from services.signals.queries.own_branch import OwnBranch
from shared.contracts.rpc import Release, ReleasedCell, WithheldBlock
from shared.identity.principal import Principal
from shared.identity.roles import Role

ORGANISATION = UUID(int=0xA1)
GRID = UUID(int=0xF1)
TREE = (
    Branch(id="house", name="Huis", headcount=0),
    Branch(id="south", name="Zuid", headcount=60, parent="house"),
    Branch(id="care", name="Zorg", headcount=90, parent="south"),
    Branch(id="kitchen", name="Keuken", headcount=20, parent="south"),
    Branch(id="office", name="Kantoor", headcount=60, parent="house"),
)
UNITS = (
    GridUnit(code="south+1", name="Zuid + Keuken", members=("south", "kitchen"), headcount=80),
    GridUnit(code="care", name="Zorg", members=("care",), headcount=90),
    GridUnit(code="office", name="Kantoor", members=("office",), headcount=60),
)
LATTICE = LatticeFrozen(
    grid_id=GRID,
    organisation_id=ORGANISATION,
    token="5d41402abc4b2a76",
    period="2026-H1",
    rule="noisy/1",
    profile="standard",
    taxonomy_version=1,
    detector="detector/1",
    yearly_total=None,
    units=UNITS,
    measures=(),
    tables=(
        Table(id="theme", axes=("theme",), grain="quarter", parts=()),
        Table(id="unit", axes=("unit",), grain="half-year", parts=()),
        Table(id="area_unit", axes=("area", "unit"), grain="half-year", parts=()),
    ),
    frozen_on=date(2026, 1, 1),
)


def seen_by(unit: str | None) -> OwnBranch:
    return OwnBranch(
        principal=Principal("m-1", Role.MANAGER, ORGANISATION, unit),
        tree=TREE,
        grids={str(GRID): LATTICE},
    )


def release(dimension: str, cells: dict[str, int], **changes: Any) -> Release:
    withheld: WithheldBlock | None = changes.pop("withheld", None)
    codes = [*cells, *(withheld.codes if withheld else ())]
    fields: dict[str, Any] = {
        "release_id": "r",
        "organisation_id": str(ORGANISATION),
        "organisation_token": "t",
        "period": "2026-H1",
        "policy": "noisy",
        "dimension": dimension,
        "k": 5,
        "taxonomy_version": 1,
        "cells": tuple(ReleasedCell(code=code, count=n, margin=3) for code, n in cells.items()),
        "withheld": withheld,
        "total": 40,
        "released_week": "2026-W29",
        "grid_id": str(GRID),
        "labels_en": {code: code.upper() for code in codes},
        "labels_nl": {code: code.title() for code in codes},
    }
    return Release(**(fields | changes))


BY_UNIT = release(
    "unit",
    {"south+1": 9, "office": 12},
    withheld=WithheldBlock(codes=("care", "not_said"), count=None, thresholds=(5, 7)),
)


def cells_of(found: Release) -> list[str]:
    return [cell.code for cell in found.cells]


def own(unit: str | None, table: Release) -> Release:
    """What is left of a table of which something is."""
    found = seen_by(unit).of(table)
    assert found is not None
    return found


def test_a_table_without_units_is_the_organisation_s() -> None:
    """Everybody who reads figures has it as it is."""
    by_theme = release("theme", {"workload": 12})
    assert by_theme == own("care", by_theme)
    exact = release("category", {"bullying": 12}, policy="exact", grid_id=None)
    assert exact == own(None, exact)


def test_cells_of_other_branches_are_left_out_with_their_names() -> None:
    """Shown or not shown: whoever does not have a unit is told neither. The total stays."""
    south = own("south", BY_UNIT)
    assert ["south+1"] == cells_of(south)
    assert WithheldBlock(codes=("care",), count=None, thresholds=(5,)) == south.withheld
    assert {"south+1": "SOUTH+1", "care": "CARE"} == south.labels_en
    assert {"south+1", "care"} == set(south.labels_nl)
    assert 40 == south.total
    office = own("office", BY_UNIT)
    assert (["office"], None) == (cells_of(office), office.withheld)


def test_a_unit_that_others_are_part_of_is_nobody_s_own() -> None:
    """The kitchen's manager has no figure of the kitchen with Zuid, and none of the organisation's root
    has less than everything.
    """
    kitchen = own("kitchen", BY_UNIT)
    assert ([], None) == (cells_of(kitchen), kitchen.withheld)
    house = own("house", BY_UNIT)
    assert (["south+1", "office"], ("care",)) == (
        cells_of(house),
        house.withheld and house.withheld.codes,
    )
    nobody = own(None, BY_UNIT)
    assert ([], None, {}) == (cells_of(nobody), nobody.withheld, nobody.labels_en)


def test_a_unit_is_found_wherever_it_stands_in_a_cell() -> None:
    """A table of areas and units has cells of both."""
    both = release("area_unit", {"work/care": 9, "conduct/office": 8, "work/not_said": 6})
    assert ["work/care"] == cells_of(own("south", both))


def test_the_sum_of_an_exact_block_is_told_to_who_has_all_of_it() -> None:
    """Of one that reaches into another branch the sum says nothing of one's own."""
    block = WithheldBlock(codes=("care", "kitchen"), count=14)
    exact = release(
        "unit", {"office": 20, "south": 11}, policy="exact", grid_id=None, withheld=block
    )
    assert (["south"], block) == (
        cells_of(own("south", exact)),
        own("south", exact).withheld,
    )
    care = own("care", exact)
    assert ([], WithheldBlock(codes=("care",), count=None)) == (cells_of(care), care.withheld)


def test_of_an_unknown_grid_only_what_has_surely_no_unit_is_left() -> None:
    """A table that a restore took over may name a grid that is lost: its units are in nobody's branch
    that could be told, whatever the table is called.
    """
    lost = {"grid_id": str(UUID(int=0xF2))}
    themes = release("theme", dict.fromkeys(cells_without_units(("theme",), 1), 9), **lost)
    whole = release("total", {"all": 90}, **lost)
    for unit in ("south", "care", None):
        assert (themes, whole) == (seen_by(unit).of(themes), seen_by(unit).of(whole))
        assert seen_by(unit).of(release("unit", {"south+1": 9, "office": 12}, **lost)) is None
        assert seen_by(unit).of(release("unit_area", {"care/conduct": 9}, **lost)) is None
        assert seen_by(unit).of(release("theme", {"care": 9, "workload": 9}, **lost)) is None
        assert seen_by(unit).of(release("made_up", {"all": 9}, **lost)) is None
