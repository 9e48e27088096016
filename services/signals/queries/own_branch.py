"""What a manager sees of a released table: the organisation, and the units of their own branch.

A unit of the grid lies in a branch where all of its people do. Cells of others are left out, and so is
whether they are shown: nothing stands in their place. After a restore a table may have been taken over
whose grid is not known here: then nobody can tell whose branch a unit is in, and it is left out whole,
unless no unit stands in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from services.signals.domain.branches import scope_of
from services.signals.domain.lattice import (
    AXES_WITHOUT_UNITS,
    LatticeFrozen,
    cells_without_units,
)
from services.signals.policy import sees_place
from services.signals.question import OrganisationShown
from shared.contracts.rpc import NOT_SAID, Release, WithheldBlock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.signals.domain.lattice import Axis, Branch
    from services.signals.question import Question
    from shared.identity.principal import Principal


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnBranch:
    """What is needed to tell whose branch a cell is in: the tree, and the grids by their id."""

    principal: Principal
    tree: tuple[Branch, ...]
    grids: dict[str, LatticeFrozen]

    def of(self, release: Release) -> Release | None:
        """The table without the cells of other branches; None where whose they are is not known."""
        if release.policy == "noisy" and str(release.grid_id) not in self.grids:
            return release if _without_units(release) else None
        place = self._unit_axis(release)
        if place is None:
            return release

        def own(code: str) -> bool:
            return self._sees(release, code.split("/")[place])

        withheld = release.withheld
        if withheld is not None:
            thresholds = withheld.thresholds or (None,) * len(withheld.codes)
            kept = [
                (code, threshold)
                for code, threshold in zip(withheld.codes, thresholds, strict=True)
                if own(code)
            ]
            # The sum of a block is that of all its cells, and says nothing of these.
            withheld = WithheldBlock(
                codes=tuple(code for code, _ in kept),
                count=withheld.count if len(kept) == len(withheld.codes) else None,
                thresholds=tuple(one for _, one in kept if one is not None),
            )
        return msgspec.structs.replace(
            release,
            cells=tuple(cell for cell in release.cells if own(cell.code)),
            withheld=withheld if withheld is not None and withheld.codes else None,
            labels_en={code: label for code, label in release.labels_en.items() if own(code)},
            labels_nl={code: label for code, label in release.labels_nl.items() if own(code)},
        )

    def sees_cell(self, lattice: LatticeFrozen, axes: Sequence[Axis], cell: str) -> bool:
        """Whether a cell of a table of that grid is in the asker's view."""
        if "unit" not in axes:
            return True
        return self._sees_unit(lattice, cell.split("/")[axes.index("unit")])

    def _unit_axis(self, release: Release) -> int | None:
        """Where in a cell's code the unit stands; None in a table without units."""
        if release.policy == "exact":
            return 0 if release.dimension == "unit" else None
        tables = self.grids[str(release.grid_id)].tables
        axes = next(table.axes for table in tables if table.id == release.dimension)
        return axes.index("unit") if "unit" in axes else None

    def _sees(self, release: Release, unit: str) -> bool:
        if release.policy == "noisy":
            return self._sees_unit(self.grids[str(release.grid_id)], unit)
        return unit != NOT_SAID and sees_place(self.principal, unit, scope_of((unit,), self.tree))

    def _sees_unit(self, lattice: LatticeFrozen, unit: str) -> bool:
        if unit == NOT_SAID:
            return False
        members = next(one.members for one in lattice.units if one.code == unit)
        return sees_place(self.principal, unit, scope_of(members, self.tree))


def _without_units(release: Release) -> bool:
    """Whether no unit stands in a table, whatever its grid: it has the name, and exactly the cells, of a
    table without them.
    """
    axes = AXES_WITHOUT_UNITS.get(release.dimension)
    if axes is None:
        return False
    return release.labels_en.keys() == set(cells_without_units(axes, release.taxonomy_version))


async def own_branch(question: Question) -> OwnBranch:
    """That of the asker."""
    async with question.pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT content FROM released_organisation WHERE organisation = %s",
            (question.organisation,),
        )
        row = await cursor.fetchone()
        cursor = await connection.execute(
            "SELECT content FROM released_grid WHERE organisation = %s", (question.organisation,)
        )
        grids = [
            msgspec.json.decode(content, type=LatticeFrozen)
            for (content,) in await cursor.fetchall()
        ]
    tree: tuple[Branch, ...] = ()
    if row is not None:
        known = msgspec.json.decode(row[0], type=OrganisationShown)
        tree = (*known.units, *known.former)
    return OwnBranch(
        principal=question.principal, tree=tree, grids={str(one.grid_id): one for one in grids}
    )
