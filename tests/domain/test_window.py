"""A window: its structure is frozen from the decision alone, and it is released once."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from services.signals.domain.window import (
    FactKept,
    FactsKept,
    OrganisationAdopted,
    StatisticsReleased,
    StructureFrozen,
    SubjectsKept,
    Tally,
    UnitKnown,
    Window,
    add,
    cell_of,
    evolve,
    freeze,
    release,
)
from shared import taxonomy
from shared.taxonomy.period import Period
from tests.gwt import given

ADOPTED = OrganisationAdopted(
    organisation_id=UUID("6f1d2c3b-0000-4000-8000-000000000001"),
    token="5d41402abc4b2a76",
    language="nl",
    units=(UnitKnown(id="care", name="Zorg"), UnitKnown(id="office", name="Kantoor")),
    policy="exact",
    dimension="unit",
    k=5,
    merge_order=("office", "care"),
    on=date(2026, 3, 2),
)
BY_CATEGORY = replace(ADOPTED, dimension="category", merge_order=("workload", "bullying"))
PERIOD = Period.parse("2026-H1")
DUE = date(2026, 7, 15)
FROZEN = StructureFrozen(
    period="2026-H1",
    due=DUE,
    policy="exact",
    rule="exact/2",
    dimension="unit",
    k=5,
    cells=("care", "office", "not_said"),
    merge_order=("office", "care", "not_said"),
    taxonomy_version=1,
    subjects=3,
)
RELEASE_ID = UUID("6f1d2c3b-0000-4000-8000-000000000002")
FACT = FactKept(
    category="bullying",
    unit_id="care",
    role=None,
    relation=None,
    route=None,
    outcome=None,
    count=1,
)


def freezing(adopted: OrganisationAdopted = ADOPTED, *others: str) -> StructureFrozen:
    return freeze(adopted, period=PERIOD, due=DUE, others=map(Period.parse, others))


def drawn(counts: dict[str, int], structure: StructureFrozen = FROZEN) -> StatisticsReleased:
    return release(ADOPTED, structure, Tally(counts=counts), release_id=RELEASE_ID)


# Frozen -----------------------------------------------------------------------------------------


def test_units_and_the_unsaid_become_cells() -> None:
    """Every unit, and one cell for cases without one, which joins the withheld block last."""
    given(Window(), evolve).when(lambda _window: freezing()).then(FROZEN)
    assert Window(version=1, structure=FROZEN) == given(Window(), evolve, [FROZEN]).state


def test_all_categories_become_cells() -> None:
    """Also those without a case; those that the decision does not order follow in their order."""
    codes = tuple(taxonomy.current().categories)
    frozen = freezing(BY_CATEGORY)
    assert codes == frozen.cells
    assert ("workload", "bullying") == frozen.merge_order[:2]
    assert sorted(codes) == sorted(frozen.merge_order)
    assert taxonomy.current().version == frozen.taxonomy_version


@pytest.mark.parametrize("other", ["2026", "2026-H1"])
def test_windows_never_overlap(other: str) -> None:
    """A case can stand in one release only; a window does not stand in its own way."""
    if other == str(PERIOD):
        assert FROZEN == freezing(ADOPTED, other)
    else:
        with pytest.raises(ValueError, match="overlap"):
            freezing(ADOPTED, "2025-H2", other)


def test_neighbours_do_not_overlap() -> None:
    """The half-years before and after, and the year before, are other windows."""
    assert FROZEN == freezing(ADOPTED, "2025", "2025-H2", "2026-H2", "2027")


# Cells ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fact", "frozen", "cell"),
    [
        pytest.param(FACT, FROZEN, "care", id="its unit"),
        pytest.param(replace(FACT, unit_id=None), FROZEN, "not_said", id="no unit"),
        pytest.param(FACT, freezing(BY_CATEGORY), "bullying", id="its category"),
    ],
)
def test_a_fact_counts_in_one_cell(fact: FactKept, frozen: StructureFrozen, cell: str) -> None:
    """In the dimension that was frozen, whatever else is known of it."""
    assert cell == cell_of(frozen, fact)


@pytest.mark.parametrize(
    ("changes", "frozen", "cell"),
    [
        ({"unit_id": "elsewhere"}, FROZEN, "not_said"),
        ({"category": "rudeness"}, freezing(BY_CATEGORY), "other_or_undetermined"),
        (
            {"category": "rudeness", "taxonomy_version": 99},
            freezing(BY_CATEGORY),
            "other_or_undetermined",
        ),
    ],
    ids=["unit", "category", "a newer program's"],
)
def test_a_fact_without_a_cell_of_its_own_counts_in_the_remainder(
    changes: dict[str, Any], frozen: StructureFrozen, cell: str
) -> None:
    """A cell that was not frozen cannot come into being afterwards, and no fact is lost or stops a tick."""
    fact = replace(FACT, **changes)
    assert cell == cell_of(frozen, fact)
    tally = Tally()
    add(tally, frozen, FactsKept(period="2026-H1", facts=(fact, fact)))
    assert {cell: 2} == tally.counts


# Counted ----------------------------------------------------------------------------------------

M, N, P = b"m" * 16, b"n" * 16, b"o" * 16


def counted(*facts: FactKept, later: tuple[bytes, ...] = ()) -> Tally:
    tally = Tally()
    kept = FactsKept(period="2026-H1", facts=facts)
    add(tally, FROZEN, kept, [SubjectsKept(subjects=(mark,)) for mark in later])
    return tally


def test_cases_are_counted_by_cell_with_whom_they_are_about() -> None:
    """A register's row stands for many cases, and names nobody."""
    about = replace(FACT, subjects=(M, N))
    assert Tally(counts={"care": 8}, named={"care": [frozenset({M, N})]}) == counted(
        about, replace(FACT, count=7)
    )


def test_subjects_named_later_are_those_of_the_same_case() -> None:
    """Whether they were known when it was booked makes no difference."""
    expected = counted(replace(FACT, subjects=(M, N, P)))
    assert expected == counted(replace(FACT, subjects=(M,)), later=(P, N))
    assert expected == counted(FACT, later=(M, N, P, M))


def test_many_cases_about_one_person_are_withheld_where_the_structure_says_so() -> None:
    """A structure that was frozen under `exact/1` asks for no number of people, and keeps that."""
    tally = Tally(counts={"care": 12, "office": 30}, named={"care": [frozenset({M})] * 12})
    earlier = replace(FROZEN, rule="exact/1", subjects=1)
    assert (("care", 12),) == release(ADOPTED, earlier, tally, release_id=RELEASE_ID).shown
    event = release(ADOPTED, FROZEN, tally, release_id=RELEASE_ID)
    assert ((), 42) == (event.shown, event.withheld_count)


# Released ---------------------------------------------------------------------------------------


def test_a_release_shows_cells_of_at_least_k_and_hides_the_rest_in_a_block() -> None:
    """13 is shown; 2 and nothing leave only with the 9, in the frozen order; all add up."""
    assert StatisticsReleased(
        release_id=RELEASE_ID,
        organisation_id=ADOPTED.organisation_id,
        token="5d41402abc4b2a76",
        period="2026-H1",
        policy="exact",
        rule="exact/2",
        dimension="unit",
        k=5,
        taxonomy_version=1,
        shown=(("care", 13),),
        withheld_cells=("office", "not_said"),
        withheld_count=11,
        total=24,
        labels_en={"care": "Zorg", "office": "Kantoor", "not_said": "Not said"},
        labels_nl={"care": "Zorg", "office": "Kantoor", "not_said": "Niet gezegd"},
    ) == drawn({"care": 13, "office": 9, "not_said": 2})


def test_a_release_of_nothing_says_nothing() -> None:
    """Without a case every cell is in the block, and neither its sum nor the total is given."""
    event = drawn({})
    assert ((), None, None) == (event.shown, event.withheld_count, event.total)
    assert FROZEN.cells == event.withheld_cells


def test_a_release_that_hides_nothing_gives_its_total() -> None:
    """All cells at k or above are shown, and there is no block."""
    event = drawn({"care": 5, "office": 6, "not_said": 7})
    assert (("care", 5), ("office", 6), ("not_said", 7)) == event.shown
    assert ((), None, 18) == (event.withheld_cells, event.withheld_count, event.total)


def test_categories_are_named_in_both_languages() -> None:
    """The labels are those of the taxonomy's version that was frozen."""
    event = drawn({"bullying": 9}, freezing(BY_CATEGORY))
    assert ("Bullying", "Pesten") == (event.labels_en["bullying"], event.labels_nl["bullying"])
    assert set(event.labels_en) == set(event.labels_nl) == set(taxonomy.version(1).categories)


@pytest.mark.parametrize(
    ("counts", "shown"), [({"care": 4, "office": 30}, ()), ({"care": 5, "office": 30}, ("care",))]
)
def test_the_frozen_k_decides(counts: dict[str, int], shown: tuple[str, ...]) -> None:
    """What the organisation decides later changes nothing in a window that is frozen."""
    later = replace(ADOPTED, k=50, merge_order=("care", "office"))
    event = release(later, FROZEN, Tally(counts=counts), release_id=RELEASE_ID)
    assert shown == tuple(code for code, _ in event.shown)


# Of one policy ----------------------------------------------------------------------------------


def test_no_block_is_published_of_an_organisation_with_noise() -> None:
    """Neither is a structure frozen for it, nor is one that was there released."""
    noisy = replace(ADOPTED, policy="noisy", dimension=None, k=None, merge_order=())
    with pytest.raises(ValueError, match="not exact"):
        freezing(noisy)
    with pytest.raises(ValueError, match="not that of the structure"):
        release(noisy, FROZEN, Tally(counts={"care": 12}), release_id=RELEASE_ID)
