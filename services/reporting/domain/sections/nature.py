"""What the cases are about: categories or themes, in all and by group where the grid pays for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.reporting.domain.sections.tables import block
from shared.contracts.report import Bilingual

if TYPE_CHECKING:
    from services.reporting.domain.ground import Ground
    from shared.contracts.report import Block

_TITLES = {
    "category": Bilingual(nl="Meldingen naar soort", en="Cases by kind"),
    "theme": Bilingual(nl="Meldingen naar thema", en="Cases by theme"),
}


def build(ground: Ground) -> tuple[Block, ...]:
    """One table for each of those that were released."""
    return tuple(
        block(table, name=table.figures.dimension, title=_TITLES[table.figures.dimension])
        for table in ground.tables
        if table.figures.dimension in _TITLES
    )
