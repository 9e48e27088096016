"""What people read for the codes of a table's cells, in both languages."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Final

from services.signals.domain.lattice import WHOLE, cells_of, codes_of
from shared import taxonomy
from shared.contracts.rpc import NOT_SAID
from shared.taxonomy.themes import themes

if TYPE_CHECKING:
    from services.signals.domain.lattice import Axis, LatticeFrozen
    from shared.contracts.errors import Language

NOT_SAID_LABEL: Final[dict[Language, str]] = {"en": "Not said", "nl": "Niet gezegd"}
WHOLE_LABEL: Final[dict[Language, str]] = {
    "en": "The whole organisation",
    "nl": "De hele organisatie",
}

_KINDS: Final = {"relation": "relations", "role": "reporter_roles"}


def labels_of(lattice: LatticeFrozen, axes: tuple[Axis, ...], language: Language) -> dict[str, str]:
    """Cell → label, in the order of the cells; the labels of several axes are joined by a dash."""
    if not axes:
        return {WHOLE: WHOLE_LABEL[language]}
    texts = product(*(_labels(lattice, axis, language).values() for axis in axes))
    return {
        cell: " – ".join(text) for cell, text in zip(cells_of(lattice, axes), texts, strict=True)
    }


def _labels(lattice: LatticeFrozen, axis: Axis, language: Language) -> dict[str, str]:
    bundles = themes(lattice.taxonomy_version)
    known: dict[str, str]
    match axis:
        case "theme":
            known = {code: theme.label(language) for code, theme in bundles.themes.items()}
        case "area":
            known = {code: area.label(language) for code, area in bundles.areas.items()}
        case "unit":
            known = {unit.code: unit.name for unit in lattice.units}
        case _:
            known = taxonomy.version(lattice.taxonomy_version).labels(language, _KINDS[axis])
    return {
        code: NOT_SAID_LABEL[language] if code == NOT_SAID else known[code]
        for code in codes_of(lattice, axis)
    }
