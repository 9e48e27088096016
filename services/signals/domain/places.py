"""In which cell of a frozen structure a fact counts that was coded with another version of the
taxonomy, or in a unit that the structure does not have. Every fact has one: a code that is not known
must neither stop a tick nor let a case be counted twice, or nowhere.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from shared import taxonomy
from shared.contracts.rpc import NOT_SAID
from shared.taxonomy.taxonomy import NEWEST
from shared.taxonomy.themes import themes

if TYPE_CHECKING:
    from collections.abc import Container

    from shared.taxonomy.taxonomy import Taxonomy
    from shared.taxonomy.themes import Themes

OTHER: Final = "other_or_undetermined"
"""The category, in every version of the taxonomy, in which a fact counts that has no other place."""


def nearest(category: str, known: Container[str], coded_with: Taxonomy | None) -> str | None:
    """The category if it is `known`, else the nearest above it, in the version that it was coded with,
    which is. None: none is, or that version is not known here.
    """
    while category not in known:
        term = None if coded_with is None else coded_with.categories.get(category)
        if term is None or term.parent is None:
            return None
        category = term.parent
    return category


def theme_among(
    category: str, grid: Themes, coded_with: Taxonomy | None, bundled_with: Themes | None
) -> str:
    """The grid's theme in which a category counts: the grid's own word; else the theme that the
    category's own version gives it; else that of the nearest category above it; else OTHER's.

    An area is always that of the theme: tables that are made of both would disagree otherwise.
    """
    if category in grid.of:
        return grid.of[category]
    own = None if bundled_with is None else bundled_with.of.get(category)
    if own is not None and own in grid.themes:
        return own
    return grid.of[nearest(category, grid.of, coded_with) or OTHER]


@lru_cache(maxsize=4096)
def theme_of(category: str, coded_with: int, version: int) -> str:
    """The theme of taxonomy `version` in which a category of version `coded_with` counts."""
    own = themes(coded_with) if 1 <= coded_with <= NEWEST else None
    return theme_among(category, themes(version), _taxonomy(coded_with), own)


def category_among(category: str, cells: Container[str], coded_with: int) -> str:
    """The cell of a structure by category in which a category of version `coded_with` counts."""
    return nearest(category, cells, _taxonomy(coded_with)) or OTHER


def said(code: str | None, known: Container[str]) -> str:
    """The code, or NOT_SAID for one that was not said or is not known."""
    return code if code is not None and code in known else NOT_SAID


def _taxonomy(version: int) -> Taxonomy | None:
    """That version; None for one of a newer program than this."""
    return taxonomy.version(version) if 1 <= version <= NEWEST else None
