"""How many open cases somebody has, as a coordinator may know it."""

from __future__ import annotations

from services.intake.domain.workload import counted, rounded


def test_counts_are_told_in_fives() -> None:
    """Rounded down, each by itself."""
    assert [0, 0, 5, 5, 10] == [rounded(count) for count in (0, 4, 5, 9, 10)]
    assert {b"a": 5, b"b": 0} == counted([b"a"] * 7 + [b"b"] * 4)
