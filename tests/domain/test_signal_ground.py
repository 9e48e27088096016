"""What a signal can be about: what was frozen, and in whose branch each place lies."""

from __future__ import annotations

from datetime import date
from uuid import uuid4

from services.signals.domain.ground import ground_of_lattice, ground_of_structure
from services.signals.domain.lattice import Branch, LatticeFrozen, grid_units
from services.signals.domain.window import StructureFrozen

TREE = (
    Branch(id="house", name="Huis", headcount=0),
    Branch(id="south", name="Zuid", headcount=10, parent="house"),
    Branch(id="care", name="Zorg", headcount=90, parent="south"),
    Branch(id="kitchen", name="Keuken", headcount=30, parent="south"),
    Branch(id="garden", name="Tuin", headcount=25, parent="south"),
    Branch(id="office", name="Kantoor", headcount=60, parent="house"),
    Branch(id="desk", name="Balie", headcount=5, parent="office"),
)
LATTICE = LatticeFrozen(
    grid_id=uuid4(),
    organisation_id=uuid4(),
    token="5d41402abc4b2a76",
    period="2026-H2",
    rule="noisy/1",
    profile="standard",
    taxonomy_version=1,
    detector="none",
    yearly_total=None,
    units=grid_units(TREE),
    measures=(),
    tables=(),
    frozen_on=date(2026, 7, 1),
)


def structure(dimension: str, cells: tuple[str, ...]) -> StructureFrozen:
    return StructureFrozen(
        period="2026-H2",
        due=date(2027, 1, 15),
        policy="exact",
        rule="exact/1",
        dimension=dimension,  # type: ignore[arg-type]
        k=10,
        cells=cells,
        merge_order=cells,
        taxonomy_version=1,
    )


def test_a_grid_gives_its_half_year_and_quarters_its_themes_and_places() -> None:
    """And nothing else: no year, no other half, no small unit, no `not said`."""
    ground = ground_of_lattice(LATTICE, TREE)
    assert {"2026-H2", "2026-Q3", "2026-Q4"} == ground.periods
    assert {"workload", "leadership"} <= ground.themes
    assert {"Zorg", "Zuid + Keuken + Tuin", "Kantoor + Balie", ""} == {
        place.name for place in ground.places.values()
    }
    assert "desk" not in ground.places
    assert "not_said" not in ground.places


def test_a_place_lies_in_the_branches_that_have_all_of_it() -> None:
    """A manager of a small unit has no figure of a larger one, nor of a part of another branch."""
    scopes = {place.name: place.scope for place in ground_of_lattice(LATTICE, TREE).places.values()}
    assert ("care", "south", "house") == scopes["Zorg"]
    assert ("south", "house") == scopes["Zuid + Keuken + Tuin"]
    assert ("office", "house") == scopes["Kantoor + Balie"]
    assert () == scopes[""]


def test_exact_figures_give_places_where_they_are_by_unit() -> None:
    """By category there is the organisation alone; the period is the window's."""
    by_unit = ground_of_structure(structure("unit", ("care", "office", "not_said")), TREE)
    assert {"all", "care", "office"} == set(by_unit.places)
    assert ("care", "south", "house") == by_unit.places["care"].scope
    assert {"2026-H2"} == by_unit.periods
    by_category = ground_of_structure(structure("category", ("bullying",)), TREE)
    assert {"all"} == set(by_category.places)
