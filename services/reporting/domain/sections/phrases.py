"""Small pieces of text that several chapters print, in both languages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.contracts.report import Bilingual, Paragraphs

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from shared.taxonomy.period import Period


def text(nl: str, en: str) -> Bilingual:
    """A text in both languages."""
    return Bilingual(nl=nl, en=en)


A_PART: Final = text("een onderdeel van de organisatie", "a part of the organisation")
"""What a unit is called in chapters that all staff reads."""


def same(written: str) -> Bilingual:
    """What is written alike in both languages: a code, a year, a name that somebody gave."""
    return text(written, written)


def paragraphs(*items: Bilingual) -> Paragraphs:
    """Sentences, one paragraph each."""
    return Paragraphs(items=items)


def joined(parts: Iterable[Bilingual | None]) -> Bilingual | None:
    """Sentences after each other; None where there is none."""
    found = [part for part in parts if part is not None]
    if not found:
        return None
    return text(" ".join(part.nl for part in found), " ".join(part.en for part in found))


def head(period: Period) -> Bilingual:
    """A window as the head of a column: `2026-H1`, in both languages."""
    return same(str(period))


def span(period: Period) -> Bilingual:
    """A window in a sentence: `1e halfjaar 2026`, `first half of 2026`."""
    year = period.year
    if period.quarter is not None:
        quarter = period.quarter
        return text(f"{quarter}e kwartaal {year}", f"quarter {quarter} of {year}")
    if period.half is not None:
        half = "first" if period.half == 1 else "second"
        return text(f"{period.half}e halfjaar {year}", f"{half} half of {year}")
    return same(str(year))


def day(on: date) -> Bilingual:
    """A day in words."""
    return text(
        f"{on.day} {_MONTHS_NL[on.month - 1]} {on.year}",
        f"{on.day} {_MONTHS_EN[on.month - 1]} {on.year}",
    )


_MONTHS_NL = (
    "januari",
    "februari",
    "maart",
    "april",
    "mei",
    "juni",
    "juli",
    "augustus",
    "september",
    "oktober",
    "november",
    "december",
)
_MONTHS_EN = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def number(value: float, decimals: int = 0) -> Bilingual:
    """A number with a comma in Dutch and a point in English."""
    written = f"{value:.{decimals}f}"
    return text(written.replace(".", ","), written)


MORE_IS_NOT_WORSE = text(
    "Meer meldingen zijn op zichzelf geen slechter nieuws: mensen kunnen ook eerder durven spreken, of de "
    "weg beter vinden. Weinig meldingen zeggen niet dat er weinig is.",
    "More reports are not by themselves worse news: people may also dare to speak earlier, or find the way "
    "better. Few reports do not say that little is wrong.",
)
