"""The release policy `exact` against a reader who knows the rule, k, the merge order and the output."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pytest

from services.signals.domain.exact import SUBJECTS, Marks, Table, fewest, release

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


# Subjects ---------------------------------------------------------------------------------------

M, N = frozenset({b"M"}), frozenset({b"N"})
UNNAMED: tuple[Marks, ...] = ()


@dataclass(frozen=True)
class Cell:
    """The cases of a cell: so many, about nobody who is named, or about `people` in turn."""

    count: int
    people: tuple[Marks, ...] = UNNAMED

    @property
    def named(self) -> list[Marks]:
        """Whom each case is about, where somebody is named."""
        return [self.people[n % len(self.people)] for n in range(self.count)] if self.people else []


def cells_of(count: int, kinds: Iterable[tuple[Marks, ...]]) -> Iterator[Cell]:
    """The ways in which so many cases can be about people."""
    yield Cell(count)
    for people in kinds:
        if count >= len(people):
            yield Cell(count, people)


def published(cells: tuple[Cell, ...], k: int, subjects: int = SUBJECTS) -> Table:
    """The output of the rule, cells in their own order."""
    names = [f"c{n}" for n in range(len(cells))]
    return release(
        {name: cell.count for name, cell in zip(names, cells, strict=True)},
        cells=names,
        k=k,
        merge_order=names,
        subjects=subjects,
        named={name: cell.named for name, cell in zip(names, cells, strict=True)},
    )


def people_behind(cells: Iterable[Cell]) -> int:
    """The fewest people of whom every case is about one, by trying all groups of them."""
    cells = tuple(cells)
    cases = [marks for cell in cells for marks in cell.named]
    unnamed = sum(cell.count for cell in cells) - len(cases)
    people = frozenset[bytes]().union(*cases)
    return unnamed + next(
        size
        for size in range(len(people) + 1)
        for group in itertools.combinations(people, size)
        if all(marks & set(group) for marks in cases)
    )


def readings(
    cells: int, k: int, most: int, kinds: tuple[tuple[Marks, ...], ...]
) -> dict[Table, list[tuple[Cell, ...]]]:
    """Every output over all tables of at most so many cases, about whomever, with those tables."""
    found: dict[Table, list[tuple[Cell, ...]]] = defaultdict(list)
    for counts in itertools.product(range(most + 1), repeat=cells):
        if sum(counts) <= most:
            for table in itertools.product(*(tuple(cells_of(count, kinds)) for count in counts)):
                found[published(table, k)].append(table)
    return found


SIZES = [
    pytest.param(1, 5, 30, ((M,), (N,), (M, N), (M | N,)), id="one cell"),
    pytest.param(2, 5, 26, ((M,), (N,), (M, N), (M | N, M)), id="two cells"),
    pytest.param(3, 5, 17, ((M,), (N,), (M, N)), id="three cells"),
    pytest.param(4, 3, 11, ((M,),), id="four cells"),
]


@pytest.mark.parametrize(("cells", "k", "most", "kinds"), SIZES)
def test_many_cases_about_few_people_are_like_few_cases(
    cells: int, k: int, most: int, kinds: tuple[tuple[Marks, ...], ...]
) -> None:
    """Of a small cell, whether it has few cases or many about few people, every count from 0 to
    k - 2 remains possible; so does, of every output, that no two cases are about the same person.
    Every published number stands for k cases about three people.
    """
    for output, tables in readings(cells, k, most, kinds).items():
        assert any(all(cell.people == UNNAMED for cell in table) for table in tables)
        withheld = () if output.withheld is None else output.withheld.cells
        places = [int(name[1:]) for name in withheld]
        for place in places:
            possible = {table[place].count for table in tables}
            if any(
                table[place].count < k or people_behind([table[place]]) < SUBJECTS
                for table in tables
            ):
                assert set(range(k - 1)) <= possible
        for table in tables:
            numbers = [[table[int(name[1:])]] for name, _ in output.shown]
            if output.withheld is not None and output.withheld.count is not None:
                numbers.append([table[place] for place in places])
            for number in numbers:
                assert sum(cell.count for cell in number) >= k
                assert people_behind(number) >= SUBJECTS


def test_twelve_cases_about_one_manager_are_not_shown() -> None:
    """Under `exact/1` they were; under `exact/2` they leave with another cell, and nothing tells why.
    A case about that manager and a colleague is about that manager.
    """
    colleagues = tuple(frozenset({b"M", bytes([n])}) for n in range(12))
    for people in ((M,), colleagues):
        table = (Cell(9), Cell(12, people), Cell(30))
        assert (("c0", 9), ("c1", 12), ("c2", 30)) == published(table, 5, subjects=1).shown
        output = published(table, 5)
        assert (("c2", 30),) == output.shown
        assert output.withheld is not None
        assert (("c0", "c1"), 21) == (output.withheld.cells, output.withheld.count)
        assert output == published((Cell(18), Cell(3), Cell(30)), 5)


def test_three_people_are_enough_and_two_are_not() -> None:
    """Of two, each knows the cases about themself, and so those about the other."""
    two, three = (M, N), (M, N, frozenset({b"O"}))
    assert (("c0", 12), ("c1", 30)) == published((Cell(12, three), Cell(30)), 5).shown
    assert () == published((Cell(12, two), Cell(30)), 5).shown


def test_nothing_is_printed_of_cases_that_are_all_about_two_people() -> None:
    """However many they are, and in however many cells: neither sum nor total."""
    output = published((Cell(12, (M,)), Cell(15, (N,)), Cell(9, (M, N))), 5)
    assert ((), None) == (output.shown, output.total)
    assert output.withheld is not None
    assert output.withheld.count is None


def test_who_knows_that_a_withheld_cell_is_large_learns_of_its_people() -> None:
    """The limit of the rule: a reader who knows of twelve cases in the second cell, and that the
    first is large and joins before it, sees by its absence that they are about few people.
    """
    output = published((Cell(9), Cell(12, (M,)), Cell(30)), 5)
    known = [
        table
        for count in range(5, 21)
        for table in itertools.product(
            (Cell(count),), cells_of(12, ((M,), (M, N), (M, N, frozenset({b"O"})))), (Cell(30),)
        )
        if output == published(table, 5)
    ]
    assert known
    assert all(people_behind([table[1]]) < SUBJECTS for table in known)


def test_the_fewest_people_are_found() -> None:
    """As by trying all groups, for every four cases about any of four people."""
    people = [b"a", b"b", b"c", b"d"]
    subsets = [
        frozenset(group) for n in (1, 2, 3, 4) for group in itertools.combinations(people, n)
    ]
    for size in range(5):
        for cases in itertools.combinations_with_replacement(subsets, size):
            true = people_behind([Cell(size, cases)] if cases else [])
            for unnamed in (0, 1, 4):
                assert min(true + unnamed, 3) == fewest(unnamed, cases, enough=3)


# Published tables -------------------------------------------------------------------------------


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


@pytest.mark.parametrize("subjects", [0, 6])
def test_subjects_that_cannot_be_are_refused(subjects: int) -> None:
    """More people than cases could never be asked of a cell of k cases."""
    with pytest.raises(ValueError, match="from 1 to k"):
        release({}, cells=("a",), k=5, merge_order=("a",), subjects=subjects)


def test_people_of_cases_that_are_not_counted_are_refused() -> None:
    """Whoever counts the cases counts those that name somebody among them."""
    with pytest.raises(ValueError, match="than there are"):
        release({"a": 1}, cells=("a",), k=5, merge_order=("a",), named={"a": [M, N]})
