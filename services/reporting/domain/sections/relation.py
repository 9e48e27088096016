"""Who the cases are about, towards whom: the relation between reporter and subject."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.reporting.domain.reasons import why_not
from services.reporting.domain.sections.over_time import compared, over_time, rises
from services.reporting.domain.sections.phrases import MORE_IS_NOT_WORSE, paragraphs, text

if TYPE_CHECKING:
    from services.reporting.domain.ground import Ground
    from shared.contracts.report import Block


def build(ground: Ground) -> tuple[Block, ...]:
    """The newest table of relations, which may be of the whole year; or why there is none."""
    table = compared(
        ground,
        "relation",
        title=_TITLE,
        note=text(
            "Een relatie is die van de melder tot wie de melding gaat over; zij zegt niets over schuld.",
            "A relation is that of the reporter to whom the case is about; it says nothing of fault.",
        ),
    )
    if table is None:
        return (paragraphs(why_not(ground, "relation")),)
    later = over_time(ground, "relation", title=_TITLE)
    tables = (table,) if later is None else (table, later)
    return (*tables, paragraphs(MORE_IS_NOT_WORSE)) if rises(table) else tables


_TITLE = text("Meldingen naar relatie", "Cases by relation")
