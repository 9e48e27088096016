"""What laws and standards ask for: exact numbers of the formal track, and texts made of released figures."""

from __future__ import annotations

from datetime import date
from typing import Literal

from shared.contracts.shape import Shape

Law = Literal["complaints", "esrs_s1_17", "gri_406_1", "wbk"]
TextKind = Literal["works_council", "risk_inventory", "impact_assessment"]


class FormalCounter(Shape, frozen=True, kw_only=True):
    """A number, by the code that the law's catalogue gives it."""

    code: str
    value: int


class EnterFormalNumbers(Shape, frozen=True, kw_only=True):
    """Coordinator, and for `wbk` a report officer: the numbers of a year (of `complaints` also a half-year)
    that is over, from the formal register alone. `changes` says what a further entry of the same window
    corrects.

    `counted_once`: no matter stands in two numbers. `small_numbers_seen`: whoever enters a number below five
    asked whether it points at one person. The law asks for exact numbers, so it is entered all the same.
    """

    law: Law
    period: str
    counters: tuple[FormalCounter, ...]
    source: str
    context: str | None = None
    changes: str | None = None
    counted_once: bool = False
    small_numbers_seen: bool = False


class AskedCounter(Shape, frozen=True, kw_only=True):
    """A number that a law or standard asks for."""

    code: str
    nl: str
    en: str


class AskedByLaw(Shape, frozen=True, kw_only=True):
    """What a law or standard asks and where it says so, in both languages."""

    law: Law
    title_nl: str
    title_en: str
    source_nl: str
    source_en: str
    yearly: bool
    counters: tuple[AskedCounter, ...]


class EnteredNumbers(Shape, frozen=True, kw_only=True):
    """The numbers of a window that hold. They are exact and outside the claim that nobody can be found.

    `revision` counts the entries of the window, from 1.
    """

    law: Law
    period: str
    counters: tuple[FormalCounter, ...]
    source: str
    context: str | None
    changes: str | None
    revision: int
    entered_by: str
    on: date


class FormalNumbers(Shape, frozen=True, kw_only=True):
    """What is asked, and what was entered: for report officers of `wbk` alone."""

    asked: tuple[AskedByLaw, ...]
    entered: tuple[EnteredNumbers, ...]


class ComplianceTextQuery(Shape, frozen=True, kw_only=True):
    """A text of a year or half-year, in one language."""

    kind: TextKind
    period: str
    language: Literal["en", "nl"]


class ComplianceText(Shape, frozen=True, kw_only=True):
    """The text as Markdown and as JSON: sections and blocks as in a report (shared/contracts/report.py)."""

    kind: TextKind
    period: str
    title: str
    markdown: str
    json: str
