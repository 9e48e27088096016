"""What a law or a standard asks: exact numbers of the formal track, labelled as what they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.reporting.domain.disclosures import CATALOGUE, OUTSIDE
from shared.contracts.report import Bilingual, Column, Paragraphs, Row, Shown, Table
from shared.taxonomy.period import Period

if TYPE_CHECKING:
    from services.reporting.domain.disclosures import DisclosureEntered
    from services.reporting.domain.ground import Ground
    from shared.contracts.report import Block


def build(ground: Ground) -> tuple[Block, ...]:
    """A table for each disclosure of a window that overlaps the report's; nothing where there is none."""
    found = [
        one for one in ground.disclosures.newest if Period.parse(one.period).overlaps(ground.period)
    ]
    if not found:
        return ()
    return (Paragraphs(items=(OUTSIDE,)), *(table(one) for one in found))


def table(entered: DisclosureEntered) -> Table:
    """The numbers as they were entered, with what they are for and where they come from."""
    asked = CATALOGUE[entered.law]
    labels = {one.code: one for one in asked.counters}
    return Table(
        id=f"annex_{entered.law}_{entered.period.replace('-', '_').lower()}",
        title=Bilingual(
            nl=f"{asked.title.nl}, {entered.period}", en=f"{asked.title.en}, {entered.period}"
        ),
        columns=(
            Column(
                label=Bilingual(nl="Exact aantal", en="Exact number"), unit=asked.counters[0].unit
            ),
        ),
        rows=tuple(
            Row(label=labels[one.code].label, cells=(Shown(value=one.value),))
            for one in entered.counters
        ),
        note=Bilingual(
            nl=_note(
                OUTSIDE.nl,
                asked.source.nl,
                f"Bron: {entered.source}.",
                entered.context,
                entered.changes and f"Verbeterd: {entered.changes}",
            ),
            en=_note(
                OUTSIDE.en,
                asked.source.en,
                f"Taken from: {entered.source}.",
                entered.context,
                entered.changes and f"Corrected: {entered.changes}",
            ),
        ),
    )


def _note(*parts: str | None) -> str:
    return " ".join(part for part in parts if part)
