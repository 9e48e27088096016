"""What the cases are about: categories or themes, in all and by group where the grid pays for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.reporting.domain.reasons import why_not
from services.reporting.domain.sections.over_time import compared, over_time, rises
from services.reporting.domain.sections.phrases import (
    MORE_IS_NOT_WORSE,
    joined,
    paragraphs,
    text,
)
from shared.contracts.report import Bilingual

if TYPE_CHECKING:
    from services.reporting.domain.ground import Ground
    from shared.contracts.report import Block

_TITLES = {
    "area": Bilingual(nl="Meldingen naar gebied", en="Cases by area"),
    "category": Bilingual(nl="Meldingen naar soort", en="Cases by kind"),
    "theme": Bilingual(nl="Meldingen naar thema", en="Cases by theme"),
}
_GROUPS = {
    "role": Bilingual(nl="Meldingen naar groep melders", en="Cases by group of reporters"),
}


def build(ground: Ground) -> tuple[Block, ...]:
    """One table for each of those that were released, and of it over time; and why there is no
    division by group where there is none.
    """
    blocks: list[Block] = []
    tables = [
        compared(ground, one, title=title, note=_note(ground)) for one, title in _TITLES.items()
    ]
    for one, found in zip(_TITLES, tables, strict=True):
        later = over_time(ground, one, title=_TITLES[one])
        blocks += [table for table in (found, later) if table is not None]
    if not blocks:
        return (paragraphs(why_not(ground, "theme")),)
    groups = [compared(ground, one, title=title) for one, title in _GROUPS.items()]
    blocks += [table for table in groups if table is not None]
    sentences = []
    if not any(groups):
        sentences.append(
            joined((text("Naar groep melders:", "By group of reporters:"), why_not(ground, "role")))
        )
    if any(rises(table) for table in (*tables, *groups)):
        sentences.append(MORE_IS_NOT_WORSE)
    told = [one for one in sentences if one is not None]
    return (*blocks, paragraphs(*told)) if told else tuple(blocks)


def _note(ground: Ground) -> Bilingual:
    """Whether rows add up, and that a case may be about more."""
    noisy = any(table.figures.policy == "noisy" for table in ground.tables)
    once = text(
        "Elke melding telt één keer, bij haar eerste onderwerp; zij kan over meer gaan.",
        "Each case counts once, under its first issue; it may be about more.",
    )
    noise = text(
        "Elk getal heeft eigen ruis, dus rijen tellen niet precies op tot het totaal.",
        "Each number has noise of its own, so rows do not add up exactly to the total.",
    )
    return joined((once, noise if noisy else None)) or once
