"""A released table as a block of a report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.contracts.report import Below, Bilingual, Column, Row, Shown, Table, Withheld

if TYPE_CHECKING:
    from services.reporting.domain.figures import Figures
    from services.reporting.domain.ground import ReleasedTable
    from shared.contracts.report import Cell

CASES = Column(label=Bilingual(nl="Meldingen", en="Cases"), unit="cases")


def cells(figures: Figures) -> dict[str, Cell]:
    """What is shown of each code, in the order of the release: shown ones first."""
    found: dict[str, Cell] = {
        cell.code: Shown(value=cell.count, margin=cell.margin) for cell in figures.cells
    }
    block = figures.withheld
    if block is not None:
        below = figures.policy == "noisy"
        for place, code in enumerate(block.codes):
            found[code] = Below(threshold=block.thresholds[place]) if below else Withheld()
    return found


def block(
    table: ReleasedTable, *, name: str, title: Bilingual, note: Bilingual | None = None
) -> Table:
    """A table of one axis: shown cells, the largest first, then the others in the order of the grid.

    `name` is its id in the report.
    """
    found = cells(table.figures)
    return Table(
        id=name,
        title=title,
        columns=(CASES,),
        rows=tuple(
            Row(
                label=Bilingual(nl=table.labels_nl[code], en=table.labels_en[code]),
                cells=(found[code],),
            )
            for code in ordered(table)
        ),
        chart="bars",
        note=note,
    )


def ordered(table: ReleasedTable) -> tuple[str, ...]:
    """Its codes: shown cells, the largest first, then the others in the order of the grid."""
    largest = sorted(table.figures.cells, key=lambda cell: -cell.count)
    order = [cell.code for cell in largest]
    return (*order, *(code for code in table.labels_nl if code not in set(order)))
