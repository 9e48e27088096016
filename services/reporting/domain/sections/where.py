"""Where in the organisation: units of the grid, for each hundred people in them, and by area."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.reporting.domain import series
from services.reporting.domain.reasons import why_not
from services.reporting.domain.sections.key_figures import rate_cell
from services.reporting.domain.sections.over_time import (
    compared,
    label,
    over_time,
    points_of,
    rises,
)
from services.reporting.domain.sections.phrases import (
    MORE_IS_NOT_WORSE,
    paragraphs,
    text,
)
from services.reporting.domain.sections.tables import cells, ordered
from shared.contracts.report import Absent, Bilingual, Column, Row, Table

if TYPE_CHECKING:
    from services.reporting.domain.ground import Ground, ReleasedTable
    from shared.contracts.report import Block, Cell


def build(ground: Ground) -> tuple[Block, ...]:
    """Units, their rates, and units by area where they were released; or why there are none.

    A unit whose number is not shown has no rate, and no bar.
    """
    units = compared(
        ground,
        "unit",
        title=_TITLE,
        note=text(
            "Onderdelen zijn die van het vastgelegde raster: kleine zijn samengenomen. Een hoog getal "
            "zegt niet waar het slecht is, en een laag getal niet waar het goed is.",
            "Units are those of the frozen grid: small ones are put together. A high number does not "
            "say where things are bad, nor a low one where they are good.",
        ),
    )
    if units is None:
        return (paragraphs(why_not(ground, "unit")),)
    later = over_time(ground, "unit", title=_TITLE)
    blocks: list[Block] = [units] if later is None else [units, later]
    blocks += _rates(ground)
    blocks += _matrix(ground)
    if rises(units):
        blocks.append(paragraphs(MORE_IS_NOT_WORSE))
    return tuple(blocks)


_TITLE = text("Meldingen naar onderdeel", "Cases by unit")


def _rates(ground: Ground) -> list[Block]:
    found = series.windows(ground, "unit")
    newest = found[-1]
    rows = [
        Row(label=label(newest, code), cells=(cell,))
        for code in ordered(newest)
        if (cell := rate_cell(points_of(ground, [newest], code)[-1])) is not None
    ]
    if not rows:
        return []
    return [
        Table(
            id="unit_per_100",
            title=text(
                "Meldingen op elke 100 medewerkers van het onderdeel",
                "Cases for each 100 staff of the unit",
            ),
            columns=(
                Column(label=text("Op elke 100 medewerkers", "For each 100 staff"), unit="per_100"),
            ),
            rows=tuple(rows),
            chart="bars",
            note=text(
                "Alleen onderdelen waarvan het aantal wordt getoond en waarvan bekend is hoeveel mensen er "
                "werken.",
                "Only units whose number is shown and of which it is known how many people work there.",
            ),
        )
    ]


_MATRICES = {
    "unit_area": Bilingual(nl="Onderdeel en gebied", en="Unit and area"),
    "unit_theme": Bilingual(nl="Onderdeel en thema", en="Unit and theme"),
}


def _matrix(ground: Ground) -> list[Block]:
    """Units down, areas or themes across."""
    blocks: list[Block] = []
    for dimension, title in _MATRICES.items():
        found = series.windows(ground, dimension)
        if found:
            blocks.append(_across(found[-1], dimension, title))
    return blocks


def _across(table: ReleasedTable, dimension: str, title: Bilingual) -> Table:
    shown: dict[str, Cell] = cells(table.figures)
    codes = [code.split("/", 1) for code in table.labels_nl]
    downs = list(dict.fromkeys(down for down, _ in codes))
    acrosses = list(dict.fromkeys(across for _, across in codes))

    def named(down: str, across: str, part: int) -> Bilingual:
        whole = label(table, f"{down}/{across}")
        return text(whole.nl.rsplit(_DASH, 1)[part], whole.en.rsplit(_DASH, 1)[part])

    return Table(
        id=dimension,
        title=title,
        columns=tuple(
            Column(label=named(downs[0], across, -1), unit="cases") for across in acrosses
        ),
        rows=tuple(
            Row(
                label=named(down, acrosses[0], 0),
                cells=tuple(shown.get(f"{down}/{across}", Absent()) for across in acrosses),
            )
            for down in downs
        ),
    )


_DASH = " – "
"""Between the labels of two axes, as signals join them."""
