"""What a signal can be about: themes, places and periods of a grid that was frozen beforehand.

A place carries its scope: the units whose managers have it in their branch. It is worked out when the
signal is drafted and frozen with it, so that whoever answers a reader looks at nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.signals.domain.branches import scope_of
from services.signals.domain.lattice import WHOLE, Branch, LatticeFrozen
from shared.contracts.rpc import NOT_SAID
from shared.taxonomy.period import Period
from shared.taxonomy.themes import themes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from services.signals.domain.window import StructureFrozen


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The organisation as a whole (WHOLE), or a unit of the grid. `scope` are the units of the tree
    under which all of it lies; empty for the organisation, which every reader has.
    """

    code: str
    name: str
    scope: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What a signal of this half-year can be about."""

    taxonomy_version: int
    periods: frozenset[str]
    themes: frozenset[str]
    places: Mapping[str, Place]


_ORGANISATION = Place(code=WHOLE, name="")


def ground_of_lattice(lattice: LatticeFrozen, tree: Sequence[Branch]) -> Ground:
    """That of a grid of the policy `noisy`: its half-year and quarters, its units. `tree` is the
    organisation's.
    """
    half = Period.parse(lattice.period)
    places = {WHOLE: _ORGANISATION}
    for unit in lattice.units:
        places[unit.code] = Place(
            code=unit.code, name=unit.name, scope=scope_of(unit.members, tree)
        )
    return Ground(
        taxonomy_version=lattice.taxonomy_version,
        periods=frozenset({lattice.period, *(str(one) for one in half.parts("quarter"))}),
        themes=frozenset(themes(lattice.taxonomy_version).themes),
        places=places,
    )


def ground_of_structure(structure: StructureFrozen, tree: Sequence[Branch]) -> Ground:
    """That of a structure of the policy `exact`: its period, and its units where they are its cells."""
    names = {branch.id: branch.name for branch in tree}
    places = {WHOLE: _ORGANISATION}
    if structure.dimension == "unit":
        for cell in structure.cells:
            if cell != NOT_SAID:
                places[cell] = Place(code=cell, name=names[cell], scope=scope_of((cell,), tree))
    return Ground(
        taxonomy_version=structure.taxonomy_version,
        periods=frozenset({structure.period}),
        themes=frozenset(themes(structure.taxonomy_version).themes),
        places=places,
    )
