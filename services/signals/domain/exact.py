"""The release policy `exact`: unperturbed counts in disjoint blocks, one of them withheld.

A cell is *small* when it has fewer than k cases, or its cases are about fewer than s people
(`fewest`); the others are large. Small cells are withheld together, as one block, which large cells
join in a frozen order. Every published number is a large cell, or the sum of that block; the total
is their sum. So nothing can be had by subtraction, and every published number stands for at least k
cases about at least s people. Under `exact/1` s was 1, which asks nothing; under `exact/2` it is 3.

What does a reader learn who also knows this rule, k, s, the merge order and everything published,
but no case? Of a small cell no more than this: it can still have every value from 0 to k - 2. So
neither that it has a case, nor that it has many about few people, although under `exact/2` a
withheld cell may have k cases and more. Why:

Let P be the small cells, p the sum of their cases, X1, X2, … the large cells that joined them, in
merge order, each at least k. Cells join until the block's sum S >= c*k + k - 1, where c is the
number that joined; at least one joins, if there is one. k is at least s, so k cases about as many
people are a large cell, and that is always a possible reading of k cases.

*Not all cells are in the block.* With c = 1, S >= 2k - 1: any small cell may have v from 0 to k - 1,
the rest of P nothing, and X1 = S - v >= k. With c >= 2 the block was not enough after c - 1, for
which p + (c - 1)*k <= p + X1 + … < (c - 1)*k + k - 1 is needed, so p <= k - 2: no cell of P had k
cases, whatever they are about. And any small cell may have v from 0 to k - 2, the rest of P
nothing, with X1 = … = k and Xc = S - v - (c - 1)*k >= k.

*All cells are in the block, and S is published.* There are two cells or more, since one alone would
be large. Any small cell may have v from 0 to k - 2, one other S - v and the rest nothing: that one
joins if S - v >= k, and else all are small.

*Nothing is published.* Then all cells are small, for a large one would have joined and brought k
cases and s people; each may have any value from 0 to k - 1, with nothing in the others.

tests/attack/test_exact_release.py enumerates all tables of small sizes and finds the same.

What the rule does not give: safety against somebody who knows most cases already. Under `exact/2`
whoever knows that a withheld cell has k cases, and that it did not join, learns that they are about
fewer than s people. The policy `noisy` is for that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

RULE: Final = "exact/2"
"""The name and version of this rule, frozen with the structure."""

SUBJECTS: Final = 3
"""s: of two people, each knows the cases about themself, and so those about the other."""

Marks = frozenset[bytes]
"""Whom one case is about, one or more: the same person has the same mark in a period."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Cells that are published only together. `count` is None when even the sum is withheld."""

    cells: tuple[str, ...]
    count: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """What is published: the counts of large cells, the withheld block, the total."""

    shown: tuple[tuple[str, int], ...]
    withheld: Block | None
    total: int | None


def release(
    counts: Mapping[str, int],
    *,
    cells: Sequence[str],
    k: int,
    merge_order: Sequence[str],
    subjects: int = 1,
    named: Mapping[str, Sequence[Marks]] | None = None,
) -> Table:
    """Apply the rule to the counts of one period.

    `cells` is the full frozen list, in the order of publication; a cell without a count has zero,
    and zero counts as below k. `merge_order` is the frozen order over the same cells. `named` has,
    of the cases that are counted, those that name whom they are about; `subjects` is s.

    Raises ValueError for counts of a cell that is not in the list, for a k below 2, and for an s
    that is not from 1 to k.
    """
    named = named or {}
    if k < 2:
        raise ValueError("k must be at least 2")
    if not 1 <= subjects <= k:
        raise ValueError("the subjects must be from 1 to k")
    if set(merge_order) != set(cells) or len(merge_order) != len(cells):
        raise ValueError("the merge order must name every cell once")
    if not set(counts) <= set(cells):
        raise ValueError("a count belongs to no cell")
    if any(len(cases) > counts.get(cell, 0) for cell, cases in named.items()):
        raise ValueError("more cases name somebody than there are")
    table = {cell: counts.get(cell, 0) for cell in cells}

    def large(group: Sequence[str]) -> bool:
        """Whether cells, taken together, have k cases about s people."""
        cases = [marks for cell in group for marks in named.get(cell, ())]
        count = sum(table[cell] for cell in group)
        return count >= k and fewest(count - len(cases), cases, enough=subjects) >= subjects

    block = {cell for cell in cells if not large([cell])}
    if block:
        joined = 0
        for cell in merge_order:
            if joined and _enough(sum(table[one] for one in block), joined, k):
                break
            if cell not in block:
                block.add(cell)
                joined += 1
    shown = tuple((cell, table[cell]) for cell in cells if cell not in block)
    if not block:
        return Table(shown=shown, withheld=None, total=sum(table.values()))
    hidden = tuple(cell for cell in cells if cell in block)
    count = sum(table[cell] for cell in hidden) if large(hidden) else None
    return Table(
        shown=shown,
        withheld=Block(cells=hidden, count=count),
        total=None if count is None else sum(table.values()),
    )


def fewest(unnamed: int, named: Sequence[Marks], *, enough: int) -> int:
    """The fewest people of whom each case is about at least one; at most `enough`, which is small.

    A case that names nobody (`unnamed`) is about somebody of its own. For cases about one person
    each this is the number of different people. A case about several adds no more than one: twelve
    cases about a manager, each with another colleague, are about that one manager.
    """
    if unnamed >= enough or not named:
        return min(unnamed, enough)
    first, *rest = named
    found = enough
    for mark in sorted(first):
        others = [marks for marks in rest if mark not in marks]
        found = min(found, 1 + fewest(unnamed, others, enough=found - 1))
    return found


def _enough(block_sum: int, joined: int, k: int) -> bool:
    return block_sum >= joined * k + k - 1
