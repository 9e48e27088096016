"""How many open cases each adviser has, as the coordinator may know it: of the week's beginning, in fives.

The count of a moment would tell when somebody turned to an adviser. So it is that of the beginning of
the ISO week (Monday, 00:00 UTC), stays the same for the week, and is rounded down.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

STEP: Final = 5
"""What counts are rounded down to: 0 to 4 open cases are told as 0, 5 to 9 as 5."""


def rounded(count: int) -> int:
    """As it is told."""
    return count // STEP * STEP


def counted(owners: Iterable[bytes]) -> dict[bytes, int]:
    """Rounded counts by whatever stands for the adviser; `owners` has one for each open case."""
    counts: dict[bytes, int] = {}
    for owner in owners:
        counts[owner] = counts.get(owner, 0) + 1
    return {owner: rounded(count) for owner, count in counts.items()}
