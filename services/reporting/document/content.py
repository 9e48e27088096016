"""What a report's PDF depends on, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from services.reporting.domain.figures import Figures
    from services.reporting.domain.report import Language, ReportDrafted


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """All that stands in a report, and its language. `labels` has every code of `figures`."""

    language: Language
    organisation_name: str
    report_id: UUID
    figures: Figures
    labels: dict[str, str]
    interpretation: str
    published_on: date


def content_of(
    drafted: ReportDrafted,
    *,
    report_id: UUID,
    interpretation: str,
    organisation_name: str,
    language: Language,
    published_on: date,
) -> Content:
    """The content of a report in one language."""
    return Content(
        language=language,
        organisation_name=organisation_name,
        report_id=report_id,
        figures=drafted.figures,
        labels=drafted.labels_nl if language == "nl" else drafted.labels_en,
        interpretation=interpretation,
        published_on=published_on,
    )
