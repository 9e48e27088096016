"""Up to which day cases are in a report, and where the later ones stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.reporting.domain.sections.phrases import day, paragraphs, text

if TYPE_CHECKING:
    from services.reporting.domain.ground import Ground
    from services.reporting.domain.windows import SpanGround
    from shared.contracts.report import Paragraphs


def block(ground: Ground | SpanGround) -> Paragraphs:
    """The sentences. How many cases came later is not said: nobody released such a figure."""
    last = day(ground.cut_off)
    return paragraphs(
        text(
            f"In dit rapport tellen zaken mee die tot en met {last.nl} zijn vastgelegd. Wat later "
            "werd vastgelegd, telt mee in een later rapport; hoeveel dat er zijn, wordt niet apart "
            "gezegd.",
            f"Cases recorded up to and including {last.en} count in this report. What was recorded "
            "later counts in a later report; how many those are is not told apart.",
        )
    )
