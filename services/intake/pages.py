"""Pages of a list, and how long one may be."""

from __future__ import annotations

from typing import Final

from shared.contracts.errors import invalid

MOST: Final = 100
"""Rows of a page, where a list says nothing else."""


def check_first(first: int, most: int = MOST) -> None:
    """Whether a page may have `first` rows. Raises Refusal INVALID_INPUT."""
    if not 1 <= first <= most:
        raise invalid("first", "it must lie between {low} and {high}", low=1, high=most)
