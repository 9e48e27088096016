"""The release policy `exact`: unperturbed counts in disjoint blocks, one of them withheld.

Every published number is a cell of at least k, or the sum of the one withheld block; the total is
their sum. So nothing can be had by subtraction.

A reader who also knows this rule, k and the merge order learns from the withheld block's sum no
more than this: each withheld small cell can still have every value from 0 to k - 2. Why:

Let P be the cells below k, p their sum, X1, X2, … the cells that joined them, in merge order, each
at least k. Cells join until the block's sum S >= c*k + k - 1, where c is the number that joined.
With c = 1 any p from 0 to k - 1 leaves X1 = S - p >= k, so S excludes none of them. With c >= 2 the
block was not enough after c - 1, for which p + (c - 1)*k <= p + X1 + … < (c - 1)*k + k - 1 is
needed, so p <= k - 2; and any such p is possible, with X1 = … = k and Xc = S - p - (c - 1)*k >= k.
tests/attack/test_exact_release.py enumerates all tables of small sizes and finds the same.

What the rule does not give: safety against somebody who knows most cases already. That is what the
policy `noisy` is for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

RULE = "exact/1"
"""The name and version of this rule, frozen with the structure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Cells that are published only together. `count` is None when even the sum is withheld."""

    cells: tuple[str, ...]
    count: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """What is published: cells with counts of at least k, the withheld block, the total."""

    shown: tuple[tuple[str, int], ...]
    withheld: Block | None
    total: int | None


def release(
    counts: Mapping[str, int], *, cells: Sequence[str], k: int, merge_order: Sequence[str]
) -> Table:
    """Apply the rule to the counts of one period.

    `cells` is the full frozen list, in the order of publication; a cell without a count has zero,
    and zero counts as below k. `merge_order` is the frozen order over the same cells. Raises
    ValueError for counts of a cell that is not in the list, and for a k below 2.
    """
    if k < 2:
        raise ValueError("k must be at least 2")
    if set(merge_order) != set(cells) or len(merge_order) != len(cells):
        raise ValueError("the merge order must name every cell once")
    if not set(counts) <= set(cells):
        raise ValueError("a count belongs to no cell")
    table = {cell: counts.get(cell, 0) for cell in cells}
    block = {cell for cell in cells if table[cell] < k}
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
    hidden = sum(table[cell] for cell in block)
    count = hidden if hidden >= k else None
    return Table(
        shown=shown,
        withheld=Block(cells=tuple(cell for cell in cells if cell in block), count=count),
        total=None if count is None else sum(table.values()),
    )


def _enough(block_sum: int, joined: int, k: int) -> bool:
    return block_sum >= joined * k + k - 1
