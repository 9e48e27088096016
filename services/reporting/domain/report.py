"""A half-year report: drafted from a release, interpreted, approved, published and then frozen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Literal, assert_never
from uuid import UUID

from shared.contracts.errors import Code, Refusal, invalid
from shared.contracts.rpc import Policy
from shared.contracts.words import readable
from shared.taxonomy.period import Period

Language = Literal["en", "nl"]

INTERPRETATION_CHARACTERS = 8_000
"""Longest interpretation, in characters after normalisation: about three printed pages."""

DRAFT_COPIES = 20
"""Most sealed copies of one draft: one for each adviser who writes or reviews."""

DRAFT_BYTES = 128 * 1024
"""Longest sealed copy; the client fills drafts up to at most 64 KiB before it seals them."""

SMALLEST_K = 5
"""No release may show a count below this, whatever it says its own threshold is."""


class UnsafeRelease(Exception):  # noqa: N818  a release that must not reach paper, not a person's mistake
    """A release that shows, or lets one compute, what it says it withholds. It is never drafted.

    The text names the check, never a figure.
    """


# Events -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cell:
    """A category code or unit id that is shown, and its number of cases."""

    code: str
    count: int


@dataclass(frozen=True, slots=True)
class Withheld:
    """Cells shown only together. There is no place here for the number of any one of them.

    `count` is their sum, or None where even that is withheld.
    """

    codes: tuple[str, ...]
    count: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The statistics of one period exactly as signals released them. Counts are cases."""

    release_id: UUID
    organisation_token: str
    period: str
    policy: Policy
    dimension: str
    k: int
    taxonomy_version: int
    cells: tuple[Cell, ...]
    withheld: Withheld | None
    total: int | None
    released_week: str

    @property
    def codes(self) -> tuple[str, ...]:
        """Every code that is named, shown ones first."""
        return tuple(c.code for c in self.cells) + (self.withheld.codes if self.withheld else ())


@dataclass(frozen=True, slots=True)
class SealedDraft:
    """A draft of the interpretation, sealed in a client to one adviser's key (HPKE, RFC 9180)."""

    key_id: UUID
    ciphertext: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportDrafted:
    """A release arrived and a report was begun. Labels are frozen with it, by code."""

    organisation_id: UUID
    figures: Figures
    labels_en: dict[str, str]
    labels_nl: dict[str, str]


@dataclass(frozen=True, slots=True)
class InterpretationSaved:
    """An adviser kept a draft that only the advisers it is sealed to can read."""

    sealed: tuple[SealedDraft, ...]


@dataclass(frozen=True, slots=True)
class ReportApproved:
    """An adviser approved the report with these words. From here on they are readable."""

    interpretation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPublished:
    """The report is frozen. Typst and template version say how the PDF is made again.

    `pdf_sha256` has 32 bytes; `week` is the ISO week of `published_on` (UTC); the organisation's
    name is kept as it was printed, so that a later change of name changes no byte.
    """

    period: str
    organisation_name: str
    language: Language
    pdf_sha256: bytes
    typst_version: str
    template_version: str
    published_on: date
    week: str


Event = ReportDrafted | InterpretationSaved | ReportApproved | ReportPublished

# Fold -------------------------------------------------------------------------------------------


class Status(StrEnum):
    """How far a report is."""

    DRAFTED = "drafted"
    APPROVED = "approved"
    PUBLISHED = "published"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A report as its events made it. `version` is the number of its events; 0: there is none."""

    version: int = 0
    drafted: ReportDrafted | None = None
    drafts: tuple[SealedDraft, ...] = ()
    interpretation: str | None = None
    publication: ReportPublished | None = None

    @property
    def known(self) -> ReportDrafted:
        """What it was drafted from. Raises Refusal NOT_FOUND when there is no such report."""
        if self.drafted is None:
            raise Refusal(Code.NOT_FOUND)
        return self.drafted

    @property
    def status(self) -> Status:
        """How far it is."""
        if self.publication is not None:
            return Status.PUBLISHED
        return Status.DRAFTED if self.interpretation is None else Status.APPROVED


def evolve(state: Report, event: Event) -> Report:
    """The state after one more event."""
    state = replace(state, version=state.version + 1)
    match event:
        case ReportDrafted():
            return replace(state, drafted=event)
        case InterpretationSaved():
            return replace(state, drafts=event.sealed)
        case ReportApproved():
            return replace(state, interpretation=event.interpretation)
        case ReportPublished():
            return replace(state, publication=event)
        case _:
            assert_never(event)


# Decisions --------------------------------------------------------------------------------------


def draft(state: Report, drafted: ReportDrafted) -> ReportDrafted | None:
    """Begin a report from a release. The same release again changes nothing: None.

    Raises UnsafeRelease for one that gives away what it withholds, and for a second release of a
    period that has one already: released figures are never replaced.
    """
    if state.drafted is not None:
        if state.drafted.figures == drafted.figures:
            return None
        raise UnsafeRelease("this period has a release already, with other figures")
    problem = _problem(drafted)
    if problem is not None:
        raise UnsafeRelease(problem)
    named = drafted.figures.codes
    return replace(
        drafted,
        labels_en={code: drafted.labels_en[code] for code in named},
        labels_nl={code: drafted.labels_nl[code] for code in named},
    )


def save_interpretation(state: Report, sealed: tuple[SealedDraft, ...]) -> InterpretationSaved:
    """Keep a sealed draft; the newest counts. Refused once the report is published."""
    _unpublished(state)
    if not 1 <= len(sealed) <= DRAFT_COPIES:
        raise invalid("sealed", "1 to {most} sealed copies are expected", most=DRAFT_COPIES)
    for copy in sealed:
        if not copy.ciphertext:
            raise invalid("sealed", "a sealed copy is empty")
        if len(copy.ciphertext) > DRAFT_BYTES:
            raise Refusal(Code.TOO_LARGE, limit=DRAFT_BYTES, unit="bytes")
    if len({copy.key_id for copy in sealed}) != len(sealed):
        raise invalid("sealed", "two copies are sealed to the same key")
    return InterpretationSaved(sealed)


def approve(state: Report, interpretation: str) -> ReportApproved:
    """Approve the report with these words, which replace earlier approved ones.

    No figure leaves without words: an empty interpretation is refused (INTERPRETATION_MISSING), as
    is one of more than 8,000 characters (TOO_LARGE) or with control characters (INVALID_INPUT).
    """
    _unpublished(state)
    words = readable(interpretation, field="interpretation", most=INTERPRETATION_CHARACTERS)
    if words is None:
        raise Refusal(Code.INTERPRETATION_MISSING)
    return ReportApproved(words)


def approved_words(state: Report) -> str:
    """The words of a report that may be published.

    Raises Refusal NOT_FOUND, ALREADY_PUBLISHED or NOT_APPROVED.
    """
    _unpublished(state)
    if state.interpretation is None:
        raise Refusal(Code.NOT_APPROVED)
    return state.interpretation


def publish(state: Report, published: ReportPublished) -> ReportPublished:
    """Freeze an approved report with the hash of its PDF. Refuses as `approved_words` does."""
    approved_words(state)
    return published


def _unpublished(state: Report) -> None:
    if state.drafted is None:
        raise Refusal(Code.NOT_FOUND)
    if state.status is Status.PUBLISHED:
        raise Refusal(Code.ALREADY_PUBLISHED)


def _problem(drafted: ReportDrafted) -> str | None:
    """The first check that a release fails; None when it may be printed.

    Signals guarantees all of this. It is checked once more where figures become paper, because
    paper cannot be called back.
    """
    figures = drafted.figures
    if not _is_period(figures.period):
        return "its period is not a year or a half-year"
    if figures.k < SMALLEST_K:
        return "its threshold is below the smallest that is allowed"
    if any(cell.count < figures.k for cell in figures.cells):
        return "a shown cell is below the threshold"
    if len(set(figures.codes)) != len(figures.codes):
        return "a cell is named twice"
    for labels in (drafted.labels_en, drafted.labels_nl):
        if not all(labels.get(code, "").strip() for code in figures.codes):
            return "a cell has no label"
    return _problem_of_sums(figures)


def _problem_of_sums(figures: Figures) -> str | None:
    everything: int | None = sum(cell.count for cell in figures.cells)
    withheld = figures.withheld
    if withheld is not None:
        if not withheld.codes:
            return "its withheld block names no cell"
        if withheld.count is None:
            everything = None
        elif withheld.count < figures.k:
            return "the sum of the withheld block is below the threshold"
        elif len(withheld.codes) == 1:
            return "the sum of the withheld block is that of one cell"
        elif everything is not None:
            everything += withheld.count
    if figures.total is not None and everything is None:
        return "the withheld sum follows from the total"
    if figures.total is not None and figures.total != everything:
        return "the total is not the sum of what is shown"
    return None


def _is_period(text: str) -> bool:
    try:
        Period.of_register(text)
    except Refusal:
        return False
    return True
