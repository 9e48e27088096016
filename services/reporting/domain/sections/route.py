"""Which way cases took, and how many become a formal complaint."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.reporting.domain import series
from services.reporting.domain.reasons import why_not
from services.reporting.domain.sections.over_time import compared
from services.reporting.domain.sections.phrases import number, paragraphs, text
from services.reporting.domain.statistics import formal_share
from shared.contracts.report import Figures, KeyFigure, Shown

if TYPE_CHECKING:
    from services.reporting.domain.ground import Ground
    from shared.contracts.report import Block


def build(ground: Ground) -> tuple[Block, ...]:
    """Tables of route and outcome where they were released, and the ratio of formal complaints to cases
    where the organisation disclosed how many there were.
    """
    blocks: list[Block] = []
    for dimension, title in _TITLES.items():
        table = compared(ground, dimension, title=title)
        blocks.append(paragraphs(why_not(ground, dimension)) if table is None else table)
    if blocks[0] == blocks[1]:
        blocks = blocks[:1]  # one reason for both
    return (*blocks, *_formal(ground))


_TITLES = {
    "route": text("Meldingen naar route", "Cases by route"),
    "outcome": text("Meldingen naar uitkomst", "Cases by outcome"),
}


def _formal(ground: Ground) -> tuple[Block, ...]:
    formal = ground.formal_complaints.get(str(ground.period))
    if formal is None:
        return (paragraphs(_NOT_DISCLOSED),)
    items = [
        KeyFigure(
            label=text("Formele klachten", "Formal complaints"),
            unit="formal_complaints",
            cell=Shown(value=formal),
            note=_OUTSIDE,
        )
    ]
    points = series.totals(ground)
    reading = points[-1].reading if points and points[-1].period == ground.period else None
    if reading is not None and not reading.ceiling and reading.value >= max(formal, 1):
        share, low, high = formal_share(reading, formal)
        least, most = number(low, 1), number(high, 1)
        items.append(
            KeyFigure(
                label=text(
                    "Formele klachten op elke 100 meldingen",
                    "Formal complaints for each 100 cases",
                ),
                unit="percent",
                cell=Shown(value=round(10 * share), decimals=1),
                note=text(
                    f"Met toeval en marge past het bij {least.nl} tot {most.nl}. Een laag getal kan "
                    "zeggen dat er op tijd wordt gesproken, en ook dat de drempel hoog is.",
                    f"With chance and margin it agrees with {least.en} to {most.en}. A low number may "
                    "say that people speak in time, and also that the threshold is high.",
                ),
            )
        )
    return (Figures(items=tuple(items)),)


_OUTSIDE = text(
    "Een exacte opgave die een wet vraagt. Zij valt buiten de belofte dat niemand is terug te vinden.",
    "An exact number that a law asks for. It is outside the promise that nobody can be found.",
)
_NOT_DISCLOSED = text(
    "Hoeveel formele klachten er waren is geen cijfer van de vertrouwenspersonen. Alleen waar de organisatie "
    "het zelf opgeeft, staat hier hoeveel dat er op elke honderd meldingen zijn.",
    "How many formal complaints there were is no figure of the confidential advisers. Only where the "
    "organisation itself discloses it, it is told here how many that is for each hundred cases.",
)
