"""Up to which day cases are in a report, and where the later ones stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.contracts.report import Bilingual, Paragraphs

if TYPE_CHECKING:
    from datetime import date

    from services.reporting.domain.ground import Ground
    from services.reporting.domain.windows import SpanGround

_MONTHS = (
    ("januari", "January"),
    ("februari", "February"),
    ("maart", "March"),
    ("april", "April"),
    ("mei", "May"),
    ("juni", "June"),
    ("juli", "July"),
    ("augustus", "August"),
    ("september", "September"),
    ("oktober", "October"),
    ("november", "November"),
    ("december", "December"),
)


def day(of: date) -> Bilingual:
    """A day as a reader writes it."""
    nl, en = _MONTHS[of.month - 1]
    return Bilingual(nl=f"{of.day} {nl} {of.year}", en=f"{of.day} {en} {of.year}")


def block(ground: Ground | SpanGround) -> Paragraphs:
    """The sentences. How many cases came later is not said: nobody released such a figure."""
    last = day(ground.cut_off)
    return Paragraphs(
        items=(
            Bilingual(
                nl=f"In dit rapport tellen zaken mee die tot en met {last.nl} zijn vastgelegd. Wat later "
                "werd vastgelegd, telt mee in een later rapport; hoeveel dat er zijn, wordt niet apart "
                "gezegd.",
                en=f"Cases recorded up to and including {last.en} count in this report. What was recorded "
                "later counts in a later report; how many those are is not told apart.",
            ),
        )
    )
