"""The release policy `exact` against a reader who knows the rule, k, the merge order and the output."""

from __future__ import annotations

import itertools
from collections import defaultdict

import pytest

from services.signals.domain.exact import Table, release

DEFENCE_2018 = {
    "financial_violation": 46,
    "abuse_of_position": 10,
    "misuse_of_information": 37,
    "abuse_of_force": 2,
    "unwanted_conduct": 136,
    "private_misconduct": 103,
    "resources_or_internal_rules": 120,
    "whistleblower_wrongdoing": 0,
}


def consistent(cells: int, k: int, most: int) -> dict[Table, list[tuple[int, ...]]]:
    """Every output over all tables with counts up to `most`, with the tables that lead to it."""
    names = [f"c{n}" for n in range(cells)]
    found: dict[Table, list[tuple[int, ...]]] = defaultdict(list)
    for table in itertools.product(range(most + 1), repeat=cells):
        output = release(dict(zip(names, table, strict=True)), cells=names, k=k, merge_order=names)
        found[output].append(table)
    return found


@pytest.mark.parametrize(("cells", "k", "most"), [(1, 5, 30), (2, 5, 40), (3, 5, 24), (4, 3, 11)])
def test_no_withheld_cell_is_narrowed_below_its_guarantee(cells: int, k: int, most: int) -> None:
    """Enumerating all tables that give the same output leaves each withheld cell at least k - 1
    possible values, zero among them whenever any value below k is.
    """
    for output, tables in consistent(cells, k, most).items():
        withheld = () if output.withheld is None else output.withheld.cells
        total = sum(tables[0])
        if total > most:
            continue  # tables beyond `most` would be consistent too: the enumeration is cut off
        for cell in withheld:
            possible = {table[int(cell[1:])] for table in tables}
            assert len(possible) >= k - 1
            if min(possible) < k:
                assert 0 in possible


def test_an_attacker_on_naive_suppression_succeeds() -> None:
    """The positive control: hiding cells below k beside a printed total pins them exactly."""
    outputs = defaultdict(set)
    for table in itertools.product(range(13), repeat=3):
        shown = tuple(count if count >= 5 else None for count in table)
        outputs[shown, sum(table)].add(table)
    assert any(
        len(tables) == 1 and min(next(iter(tables))) in range(1, 5) for tables in outputs.values()
    )


def test_every_published_number_is_at_least_k() -> None:
    """Whatever is printed, alone or as a sum, stands for at least k cases."""
    for output in consistent(3, 5, 13):
        assert all(count >= 5 for _, count in output.shown)
        if output.withheld is not None and output.withheld.count is not None:
            assert output.withheld.count >= 5
            assert output.total is not None
            assert output.total == sum(n for _, n in output.shown) + output.withheld.count
        elif output.withheld is not None:
            assert output.total is None


def test_nothing_differs_where_only_a_withheld_cell_moved() -> None:
    """One case moved between two withheld cells leaves the whole output as it was."""
    names = list(DEFENCE_2018)
    moved = DEFENCE_2018 | {"abuse_of_force": 1, "abuse_of_position": 11}
    order = ["abuse_of_force", "whistleblower_wrongdoing", "abuse_of_position"]
    order += [name for name in names if name not in order]
    before = release(DEFENCE_2018, cells=names, k=5, merge_order=order)
    assert before == release(moved, cells=names, k=5, merge_order=order)


def test_the_ministry_of_defence_2018() -> None:
    """46, 37, 136, 103 and 120 are shown as published, with the total of 454; the 2 is withheld
    together with the 10 and the 0.
    """
    from shared import taxonomy

    codes = taxonomy.current()
    table = release(DEFENCE_2018, cells=tuple(codes.categories), k=5, merge_order=codes.merge_order)
    assert {46, 37, 136, 103, 120} == {count for _, count in table.shown}
    assert table.total == 454
    assert table.withheld is not None
    assert table.withheld.count == 12
    assert {"abuse_of_force", "abuse_of_position"} <= set(table.withheld.cells)


def test_avans_2013_by_city() -> None:
    """57 = 41 + 3 + 13: Breda is shown, Tilburg's 3 only together with Den Bosch."""
    table = release(
        {"Breda": 41, "Tilburg": 3, "Den Bosch": 13},
        cells=("Breda", "Tilburg", "Den Bosch"),
        k=5,
        merge_order=("Tilburg", "Den Bosch", "Breda"),
    )
    assert (("Breda", 41),) == table.shown
    assert table.total == 57
    assert table.withheld is not None
    assert (("Tilburg", "Den Bosch"), 16) == (table.withheld.cells, table.withheld.count)


@pytest.mark.parametrize(
    ("counts", "cells", "k", "order"),
    [
        ({"a": 1}, ("a", "b"), 1, ("a", "b")),
        ({"a": 1}, ("a", "b"), 5, ("a",)),
        ({"z": 1}, ("a", "b"), 5, ("a", "b")),
    ],
)
def test_a_structure_that_cannot_be_is_refused(
    counts: dict[str, int], cells: tuple[str, ...], k: int, order: tuple[str, ...]
) -> None:
    """K of 1, an order that misses a cell, or a count of no cell: nothing is computed."""
    with pytest.raises(ValueError, match=r"k must|merge order|no cell"):
        release(counts, cells=cells, k=k, merge_order=order)
