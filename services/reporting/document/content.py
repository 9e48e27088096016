"""What a report's PDF depends on, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.reporting.domain.figures import Figures
    from services.reporting.domain.report import Language, ReportDrafted, TableJoined


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledTable:
    """A released table; `labels` has every code of `figures`, in the order of the grid."""

    figures: Figures
    labels: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """All that stands in a report, and its language. `labels` has every code of `figures`; `further`
    are the tables after this first one.
    """

    language: Language
    organisation_name: str
    report_id: UUID
    figures: Figures
    labels: dict[str, str]
    interpretation: str
    published_on: date
    further: tuple[LabelledTable, ...] = ()

    @property
    def tables(self) -> tuple[LabelledTable, ...]:
        """All tables, in the report's order."""
        return (LabelledTable(figures=self.figures, labels=self.labels), *self.further)


def content_of(
    tables: Sequence[ReportDrafted | TableJoined],
    *,
    report_id: UUID,
    interpretation: str,
    organisation_name: str,
    language: Language,
    published_on: date,
) -> Content:
    """The content of a report in one language."""
    first, *further = (
        LabelledTable(
            figures=table.figures,
            labels=table.labels_nl if language == "nl" else table.labels_en,
        )
        for table in tables
    )
    return Content(
        language=language,
        organisation_name=organisation_name,
        report_id=report_id,
        figures=first.figures,
        labels=first.labels,
        interpretation=interpretation,
        published_on=published_on,
        further=tuple(further),
    )
