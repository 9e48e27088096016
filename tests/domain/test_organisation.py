"""An organisation: set up once, with a tree, advisers and a release policy that can be kept."""

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
    evolve,
    set_up,
)
from services.intake.domain.units import UnitKept
from shared import taxonomy
from shared.contracts.errors import Code
from tests.gwt import given

ORGANISATION = UUID("6f1d2c3b-0000-4000-8000-000000000001")
ON = date(2026, 3, 2)
WHOLE = UnitKept(id="whole", name="Het geheel", headcount=10, parent=None)
CARE = UnitKept(id="care", name="Zorg", headcount=90, parent="whole")
OFFICE = UnitKept(id="office", name="Kantoor", headcount=40, parent="whole")
ANNA, BRAM = AdviserKept(id="anna", name="Anna"), AdviserKept(id="bram", name="Bram")
BY_UNIT = PolicyDecided(
    policy="exact", dimension="unit", k=5, merge_order=(), works_council_on=date(2026, 1, 20)
)
BY_CATEGORY = replace(BY_UNIT, dimension="category", k=10)
WITH_NOISE = PolicyDecided(policy="noisy", profile="strict")

GIVEN: dict[str, Any] = {
    "organisation_id": ORGANISATION,
    "token": "5d41402abc4b2a76",
    "name": "De Hoekstee",
    "language": "nl",
    "units": (WHOLE, CARE, OFFICE),
    "advisers": (ANNA, BRAM),
    "release": BY_UNIT,
    "on": ON,
}
# Smallest headcount first; a tie is broken by the id.
SET_UP = OrganisationSetUp(
    **GIVEN | {"release": replace(BY_UNIT, merge_order=("whole", "office", "care"))}
)


def setting_up(**changes: Any) -> Callable[[Organisation], OrganisationSetUp]:
    """The decision, with some of it given otherwise."""
    return lambda state: set_up(state, **(GIVEN | changes))


# Set up -----------------------------------------------------------------------------------------


def test_an_organisation_is_set_up() -> None:
    """What was given becomes the event; units not named in the order follow by headcount."""
    given(Organisation(), evolve).when(setting_up()).then(SET_UP)


def test_it_is_set_up_once() -> None:
    """A second set-up is refused, whatever it says."""
    given(Organisation(), evolve, [SET_UP]).when(setting_up()).then_refused(Code.ALREADY_EXISTS)


def test_noise_is_decided_for_by_its_profile() -> None:
    """There is nothing else to choose, and the event keeps nothing else."""
    given(Organisation(), evolve).when(setting_up(release=WITH_NOISE)).then(
        replace(SET_UP, release=WITH_NOISE)
    )


def test_without_a_k_it_is_ten() -> None:
    """The usual one, decided once and kept with the event."""
    unsaid = replace(BY_UNIT, k=None)
    given(Organisation(), evolve).when(setting_up(release=unsaid)).then(
        replace(SET_UP, release=replace(unsaid, k=10, merge_order=("whole", "office", "care")))
    )


def test_categories_follow_the_order_of_the_taxonomy() -> None:
    """By category, an order that was not given is the taxonomy's."""
    given(Organisation(), evolve).when(setting_up(release=BY_CATEGORY)).then(
        replace(SET_UP, release=replace(BY_CATEGORY, merge_order=taxonomy.current().merge_order))
    )


def test_an_order_that_names_some_cells_is_completed() -> None:
    """The cells that were named come first, the others behind them, each once."""
    named = replace(BY_UNIT, merge_order=("care",))
    given(Organisation(), evolve).when(setting_up(release=named)).then(
        replace(SET_UP, release=replace(named, merge_order=("care", "whole", "office")))
    )


def test_units_of_one_size_stand_in_the_order_of_their_ids() -> None:
    """The order is the same on every machine, also where headcounts say nothing."""
    units = tuple(replace(unit, headcount=7) for unit in (WHOLE, OFFICE, CARE))
    given(Organisation(), evolve).when(setting_up(units=units)).then(
        replace(
            SET_UP,
            units=units,
            release=replace(BY_UNIT, merge_order=("care", "office", "whole")),
        )
    )


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        pytest.param({"name": "   "}, "name", id="no name"),
        pytest.param({"name": "x" * 201}, "name", id="name too long"),
        pytest.param({"name": "De\nHoekstee"}, "name", id="name of two lines"),
        pytest.param({"units": ()}, "units", id="no unit"),
        pytest.param(
            {"units": tuple(replace(WHOLE, id=f"u{n}") for n in range(501))},
            "units",
            id="too many units",
        ),
        pytest.param({"units": (replace(WHOLE, id=""),)}, "units.id", id="unit without id"),
        pytest.param({"units": (replace(WHOLE, name=""),)}, "units.name", id="unit without name"),
        pytest.param({"units": (WHOLE, WHOLE)}, "units", id="two units with one id"),
        pytest.param(
            {"units": (replace(WHOLE, id="not_said"),)}, "units.id", id="id of the cell not said"
        ),
        pytest.param(
            {"units": (replace(WHOLE, headcount=-1),)}, "units.headcount", id="headcount below zero"
        ),
        pytest.param({"units": (CARE, WHOLE)}, "units.parent", id="parent behind its child"),
        pytest.param({"units": (CARE,)}, "units.parent", id="unknown parent"),
        pytest.param(
            {"units": (replace(WHOLE, parent="whole"),)}, "units.parent", id="its own parent"
        ),
        pytest.param({"advisers": ()}, "advisers", id="no adviser"),
        pytest.param({"advisers": (ANNA, replace(BRAM, id="anna"))}, "advisers", id="one id twice"),
        pytest.param(
            {"advisers": (replace(ANNA, id=" "),)}, "advisers.id", id="adviser without id"
        ),
        pytest.param(
            {"advisers": (replace(ANNA, name=""),)}, "advisers.name", id="adviser without name"
        ),
        pytest.param({"release": replace(BY_UNIT, k=4)}, "release.k", id="k below five"),
        pytest.param(
            {"release": replace(BY_UNIT, merge_order=("care", "elsewhere"))},
            "release.mergeOrder",
            id="order with an unknown unit",
        ),
        pytest.param(
            {"release": replace(BY_CATEGORY, merge_order=("care",))},
            "release.mergeOrder",
            id="order by category with a unit",
        ),
        pytest.param(
            {"release": replace(BY_UNIT, merge_order=("care", "care"))},
            "release.mergeOrder",
            id="order with a unit twice",
        ),
        pytest.param(
            {"release": replace(BY_UNIT, dimension=None)},
            "release.dimension",
            id="exact without dimension",
        ),
        pytest.param(
            {"release": replace(BY_UNIT, profile="strict")}, "release.profile", id="exact, strict"
        ),
        pytest.param(
            {"release": replace(BY_UNIT, works_council_on=None)},
            "release.worksCouncilOn",
            id="exact without the works council",
        ),
        pytest.param(
            {"release": replace(BY_UNIT, works_council_on=date(2026, 3, 3))},
            "release.worksCouncilOn",
            id="exact before the works council decided",
        ),
        pytest.param(
            {"release": replace(WITH_NOISE, dimension="unit")},
            "release.dimension",
            id="noise with a dimension",
        ),
        pytest.param({"release": replace(WITH_NOISE, k=5)}, "release.k", id="noise with a k"),
        pytest.param(
            {"release": replace(WITH_NOISE, merge_order=("care",))},
            "release.mergeOrder",
            id="noise with an order",
        ),
        pytest.param(
            {"release": replace(WITH_NOISE, works_council_on=date(2026, 1, 20))},
            "release.worksCouncilOn",
            id="noise with a works council's decision",
        ),
    ],
)
def test_what_cannot_be_is_refused(changes: dict[str, Any], field: str) -> None:
    """The refusal names the field."""
    refusal = given(Organisation(), evolve).when(setting_up(**changes))
    assert field == refusal.then_refused(Code.INVALID_INPUT).values["field"]


def test_exact_figures_without_the_works_council_are_refused_in_a_sentence() -> None:
    """In English and Dutch, with what is missing."""
    alone = replace(BY_UNIT, works_council_on=None)
    refusal = given(Organisation(), evolve).when(setting_up(release=alone))
    told = refusal.then_refused(Code.INVALID_INPUT, field="release.worksCouncilOn")
    assert (
        "The field 'release.worksCouncilOn' is not filled in correctly: exact figures are decided on"
        " with the works council, and the day of that decision is missing."
    ) == told.sentence("en")
    assert (
        "Het veld 'release.worksCouncilOn' is niet goed ingevuld: over exacte cijfers wordt met de"
        " ondernemingsraad besloten, en de dag van dat besluit ontbreekt."
    ) == told.sentence("nl")


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"name": "x" * 200}, id="longest name"),
        pytest.param({"release": replace(BY_UNIT, k=5)}, id="smallest k"),
        pytest.param({"release": replace(BY_UNIT, works_council_on=ON)}, id="decided today"),
        pytest.param({"units": (replace(WHOLE, headcount=0),)}, id="unit without own people"),
        pytest.param(
            {"units": tuple(replace(WHOLE, id=f"u{n}") for n in range(500))}, id="most units"
        ),
    ],
)
def test_what_lies_on_the_bound_is_taken(changes: dict[str, Any]) -> None:
    """The bounds themselves are allowed."""
    event = setting_up(**changes)(Organisation())
    assert {name: getattr(event, name) for name in changes if name != "release"} == {
        name: value for name, value in changes.items() if name != "release"
    }
    assert 5 == event.release.k
