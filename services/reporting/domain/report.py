"""A report of a half-year or year: drafted from released tables, interpreted, approved, published and
then frozen.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Literal, assert_never
from uuid import UUID

from services.reporting.domain.figures import Figures, UnsafeRelease, check, check_together
from shared.contracts.errors import Code, Refusal, invalid
from shared.contracts.words import readable

Language = Literal["en", "nl"]

INTERPRETATION_CHARACTERS = 8_000
"""Longest interpretation, in characters after normalisation: about three printed pages."""

DRAFT_COPIES = 20
"""Most sealed copies of one draft: one for each adviser who writes or reviews."""

DRAFT_BYTES = 128 * 1024
"""Longest sealed copy; the client fills drafts up to at most 64 KiB before it seals them."""

# Events -----------------------------------------------------------------------------------------


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


@dataclass(frozen=True, slots=True, kw_only=True)
class TableJoined:
    """Another table of the same period arrived while the report was a draft. Labels are frozen with
    it, by code.
    """

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


Event = ReportDrafted | TableJoined | InterpretationSaved | ReportApproved | ReportPublished

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
    joined: tuple[TableJoined, ...] = ()
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
    def tables(self) -> tuple[ReportDrafted | TableJoined, ...]:
        """Its tables in the order in which it has them, whatever the order of their arrival. The first
        is that of categories, of themes, or of the total where there is one. Raises Refusal NOT_FOUND.
        """
        return tuple(sorted((self.known, *self.joined), key=lambda table: table.figures.place))

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
        case TableJoined():
            return replace(state, joined=(*state.joined, event))
        case InterpretationSaved():
            return replace(state, drafts=event.sealed)
        case ReportApproved():
            return replace(state, interpretation=event.interpretation)
        case ReportPublished():
            return replace(state, publication=event)
        case _:
            assert_never(event)


# Decisions --------------------------------------------------------------------------------------


def draft(state: Report, arrived: ReportDrafted) -> ReportDrafted | TableJoined | None:
    """Begin a report from a released table; a further table of the period joins it. The same table
    again changes nothing, nor does one that comes when the report is approved: None (it is kept
    beside the report then, see `kept`).

    Raises UnsafeRelease for one that gives away what it withholds, and for other figures in a table
    that is there already: released figures are never replaced.
    """
    figures = arrived.figures
    others = tuple(one.figures for one in state.tables) if state.drafted is not None else ()
    if figures in others:
        return None
    if any(other.dimension == figures.dimension for other in others):
        raise UnsafeRelease("this table of the period is released already, with other figures")
    check(figures, arrived.labels_en, arrived.labels_nl)
    check_together(figures, others)
    labels_en, labels_nl = (
        {code: label for code, label in labels.items() if code in figures.codes}
        for labels in (arrived.labels_en, arrived.labels_nl)
    )
    if state.drafted is None:
        return replace(arrived, labels_en=labels_en, labels_nl=labels_nl)
    if state.status is not Status.DRAFTED:
        return None
    return TableJoined(figures=figures, labels_en=labels_en, labels_nl=labels_nl)


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
