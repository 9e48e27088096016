"""A report of a half-year or year: drafted from released tables, interpreted, approved, published and
then frozen; read and acknowledged; corrected by a new version alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, assert_never
from uuid import UUID

from services.reporting.domain.calendar import Span
from services.reporting.domain.figures import Figures, UnsafeRelease, check, check_together
from services.reporting.domain.outline import CODES, NOT_FOR_STAFF, SUMMARY, build, sections_for
from shared.contracts.errors import Code, Refusal, invalid
from shared.contracts.report import Audience, Section, Snapshot, digest_of, encoded_sections
from shared.contracts.words import readable
from shared.taxonomy.period import Period

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.reporting.domain.ground import Ground
    from services.reporting.domain.windows import SpanGround

Language = Literal["en", "nl"]

INTERPRETATION_CHARACTERS = 8_000
"""Longest interpretation, in characters after normalisation: about three printed pages."""

CHANGES_CHARACTERS = 2_000
"""Longest text of what a new version corrects."""

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
class ReportBegun:
    """An adviser began a report of a span that has no release of its own: from `starts` to `ends`, both
    inclusive. It is made of released windows that lie wholly in it.
    """

    organisation_id: UUID
    starts: date
    ends: date


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
class SectionWords:
    """The advisers' words for one section, by its code."""

    section: str
    words: str


@dataclass(frozen=True, slots=True)
class ReportApproved:
    """An adviser approved the report with these words. From here on they are readable.

    `interpretation` opens the report, `words` stand in its sections. What they were written for is frozen
    with them, in a `SectionsApproved`; approvals from before there were sections have none.
    """

    interpretation: str
    words: tuple[SectionWords, ...] = ()
    frozen: bool = False


@dataclass(frozen=True, slots=True)
class SectionsApproved:
    """The sections as they were approved, with their words: canonical bytes."""

    sections: bytes


@dataclass(frozen=True, slots=True)
class SnapshotFrozen:
    """The report as it was published: the canonical bytes of its snapshot."""

    snapshot: bytes


@dataclass(frozen=True, slots=True)
class PublishedForm:
    """The SHA-256 (32 bytes) of one form in which readers get a version: `form` is `pdf`, `html`, `xlsx` or
    `ods`; `audience` None: of all who may read it.
    """

    form: str
    audience: Audience | None
    language: Language
    sha256: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPublished:
    """A version of the report is frozen. Typst and template version say how its forms are made again.

    `snapshot_sha256` (32 bytes) is that of its `SnapshotFrozen`; None for a report from before there were
    snapshots, which is made of its tables and its interpretation. `changes` says what a further version
    corrects. `week` is the ISO week of `published_on` (UTC); the organisation's name is kept as it was
    printed, so that a later change of name changes no byte.
    """

    period: str
    organisation_name: str
    version: int
    changes: str | None
    audiences: tuple[Audience, ...]
    snapshot_sha256: bytes | None
    forms: tuple[PublishedForm, ...]
    typst_version: str
    template_version: str
    published_on: date
    week: str


@dataclass(frozen=True, slots=True)
class ReportAcknowledged:
    """A reader let know that they read a version. `reader` is the subject of their token."""

    version: int
    role: str
    reader: str
    on: date


@dataclass(frozen=True, slots=True)
class CorrectionBegun:
    """An adviser began a new version of a published report, and says what it will correct."""

    changes: str


Event = (
    ReportDrafted
    | ReportBegun
    | TableJoined
    | InterpretationSaved
    | ReportApproved
    | ReportPublished
    | ReportAcknowledged
    | CorrectionBegun
)

# Fold -------------------------------------------------------------------------------------------


class Status(StrEnum):
    """How far a report is."""

    DRAFTED = "drafted"
    APPROVED = "approved"
    PUBLISHED = "published"


@dataclass(frozen=True, slots=True)
class Publication:
    """A published version and the words that open it."""

    event: ReportPublished
    interpretation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A report as its events made it. `version` is the number of its events; 0: there is none.

    `approvals` counts them, also those of earlier versions: each has its sections in a stream of its own.
    """

    version: int = 0
    drafted: ReportDrafted | None = None
    begun: ReportBegun | None = None
    joined: tuple[TableJoined, ...] = ()
    drafts: tuple[SealedDraft, ...] = ()
    approval: ReportApproved | None = None
    approvals: int = 0
    publications: tuple[Publication, ...] = ()
    correction: CorrectionBegun | None = None
    acknowledgements: tuple[ReportAcknowledged, ...] = ()

    @property
    def known(self) -> ReportDrafted | ReportBegun:
        """What it was made of first. Raises Refusal NOT_FOUND when there is no such report."""
        first = self.drafted or self.begun
        if first is None:
            raise Refusal(Code.NOT_FOUND)
        return first

    @property
    def period(self) -> Period | Span:
        """Of which days it is. Raises Refusal NOT_FOUND."""
        first = self.known
        if isinstance(first, ReportBegun):
            return Span(first.starts, first.ends)
        return Period.parse(first.figures.period)

    @property
    def tables(self) -> tuple[ReportDrafted | TableJoined, ...]:
        """Its own tables in the order in which it has them, whatever the order of their arrival. The first
        is that of categories, of themes, or of the total where there is one. None of a span.
        """
        if self.drafted is None:
            return ()
        return tuple(sorted((self.drafted, *self.joined), key=lambda table: table.figures.place))

    @property
    def status(self) -> Status:
        """How far it is, or a new version of it that was begun."""
        if self.approval is not None:
            return Status.APPROVED
        if self.publications and self.correction is None:
            return Status.PUBLISHED
        return Status.DRAFTED

    @property
    def newest(self) -> Publication | None:
        """The version that readers get; None: it was never published."""
        return self.publications[-1] if self.publications else None

    @property
    def audiences(self) -> tuple[Audience, ...]:
        """Who gets the newest version."""
        return () if self.newest is None else self.newest.event.audiences

    @property
    def interpretation(self) -> str | None:
        """The readable words that open it: approved ones, or those of the version that is out."""
        if self.approval is not None:
            return self.approval.interpretation
        if self.status is Status.PUBLISHED and self.newest is not None:
            return self.newest.interpretation
        return None


def evolve(state: Report, event: Event) -> Report:
    """The state after one more event."""
    state = replace(state, version=state.version + 1)
    match event:
        case ReportDrafted():
            return replace(state, drafted=event)
        case ReportBegun():
            return replace(state, begun=event)
        case TableJoined():
            return replace(state, joined=(*state.joined, event))
        case InterpretationSaved():
            return replace(state, drafts=event.sealed)
        case ReportApproved():
            return replace(state, approval=event, approvals=state.approvals + 1)
        case ReportPublished():
            words = "" if state.approval is None else state.approval.interpretation
            return replace(
                state,
                approval=None,
                correction=None,
                publications=(*state.publications, Publication(event, words)),
            )
        case ReportAcknowledged():
            return replace(state, acknowledgements=(*state.acknowledgements, event))
        case CorrectionBegun():
            return replace(state, correction=event, drafts=())
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
    others = tuple(one.figures for one in state.tables)
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
    if state.status is not Status.DRAFTED or state.publications:
        return None
    return TableJoined(figures=figures, labels_en=labels_en, labels_nl=labels_nl)


def save_interpretation(state: Report, sealed: tuple[SealedDraft, ...]) -> InterpretationSaved:
    """Keep a sealed draft; the newest counts. Refused while the report is published and not corrected."""
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


def approve(
    state: Report,
    ground: Ground | SpanGround,
    interpretation: str,
    words: Mapping[str, str],
    *,
    read: bytes | None = None,
) -> tuple[ReportApproved, SectionsApproved]:
    """Approve the report with these words, which replace earlier approved ones: `interpretation` opens it,
    `words` are those of its sections, by code. What they were written for is frozen with them.

    No figure leaves without words: an empty interpretation is refused (INTERPRETATION_MISSING), and so is
    a section with figures and without words (WORDS_MISSING, which names it). So are words for a section
    that no report has, words of more than 8,000 characters (TOO_LARGE) or with control characters
    (INVALID_INPUT). `read` is the digest of the sections for which the words were written; other sections
    are not approved with them (CONFLICT). None: whatever stands there now.
    """
    _unpublished(state)
    if read is not None and read != digest_of(build(ground, {})):
        raise Refusal(Code.CONFLICT)
    opening = readable(interpretation, field="interpretation", most=INTERPRETATION_CHARACTERS)
    if opening is None:
        raise Refusal(Code.INTERPRETATION_MISSING)
    if not words.keys() <= set(CODES) - {SUMMARY}:
        raise invalid("words", "a report has no such section")
    given = {
        code: text
        for code in CODES
        if code in words
        and (text := readable(words[code], field="words", most=INTERPRETATION_CHARACTERS))
    }
    sections = build(ground, {SUMMARY: opening, **given})
    for section in sections:
        if section.has_figures and section.words is None:
            raise Refusal(
                Code.WORDS_MISSING,
                section=section.code,
                title_en=section.title.en,
                title_nl=section.title.nl,
            )
    return (
        ReportApproved(
            opening,
            words=tuple(SectionWords(code, text) for code, text in given.items()),
            frozen=True,
        ),
        SectionsApproved(encoded_sections(sections)),
    )


def approved(state: Report) -> ReportApproved:
    """The approval of a report that may be published.

    Raises Refusal NOT_FOUND, ALREADY_PUBLISHED or NOT_APPROVED, the last also for an approval from before
    there were sections.
    """
    _unpublished(state)
    if state.approval is None or not state.approval.frozen:
        raise Refusal(Code.NOT_APPROVED)
    return state.approval


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """To whom an adviser publishes, and which sections they get: None for those of the outline."""

    audience: Audience
    sections: tuple[str, ...] | None = None


def frozen(
    state: Report,
    ground: Ground | SpanGround,
    sections: tuple[Section, ...],
    chosen: tuple[Chosen, ...],
    *,
    report_id: UUID,
    organisation_name: str,
    language: Language,
    on: date,
) -> Snapshot:
    """What a publication on that day freezes: the approved `sections`, and which of them who gets.

    Refuses as `approved` does, and INVALID_INPUT for no readers, readers named twice, readers who would get
    nothing, a section that the report does not have or that is not for them, and a new version that does
    not go to all who read the one before.
    """
    approved(state)
    codes = tuple(section.code for section in sections)
    versions: dict[Audience, tuple[str, ...]] = {}
    for one in chosen:
        if one.audience in versions:
            raise invalid("audiences", "readers stand there twice")
        wanted = sections_for(one.audience, codes) if one.sections is None else one.sections
        if not set(wanted) <= set(codes):
            raise invalid("sections", "the report has no such section")
        if not wanted:
            raise invalid("sections", "these readers would get nothing")
        if one.audience == "all_staff" and not NOT_FOR_STAFF.isdisjoint(wanted):
            raise invalid("sections", "exact numbers of the formal track are not for all staff")
        versions[one.audience] = tuple(code for code in codes if code in wanted)
    if not versions:
        raise invalid("audiences", "there are no readers")
    if not set(state.audiences) <= versions.keys():
        raise invalid("audiences", "whoever read the version before reads this one too")
    period, figures = ground.period, ground.tables[0].figures
    return Snapshot(
        report_id=str(report_id),
        organisation=organisation_name,
        period=str(period),
        starts=period.start,
        ends=period.end - timedelta(days=1),
        cut_off=ground.cut_off,
        published_on=on,
        version=len(state.publications) + 1,
        changes=None if state.correction is None else state.correction.changes,
        policy=figures.policy,
        taxonomy_version=figures.taxonomy_version,
        language=language,
        sections=sections,
        versions=versions,
    )


def begin(state: Report, ground: SpanGround, organisation_id: UUID) -> ReportBegun:
    """Begin the report of a span. Refuses one that is there (ALREADY_EXISTS), and one in which no released
    window lies wholly (INVALID_INPUT).
    """
    if state.begun is not None:
        raise Refusal(Code.ALREADY_EXISTS)
    if not ground.tables:
        raise invalid("starts", "no released period lies wholly in it")
    return ReportBegun(
        organisation_id=organisation_id, starts=ground.period.first, ends=ground.period.last
    )


def begin_correction(state: Report, changes: str) -> CorrectionBegun:
    """Begin a new version of a published report; `changes` says to its readers what will be corrected. It
    is made of the same tables, and takes an approval of its own.

    Refuses a report of which no version is out (NOT_PUBLISHED) or one that is being corrected
    (ALREADY_EXISTS), and changes without words (INVALID_INPUT) or with too many (TOO_LARGE).
    """
    state.known  # noqa: B018  raises
    if not state.publications:
        raise Refusal(Code.NOT_PUBLISHED)
    if state.status is not Status.PUBLISHED:
        raise Refusal(Code.ALREADY_EXISTS)
    words = readable(changes, field="changes", most=CHANGES_CHARACTERS)
    if words is None:
        raise invalid("changes", "it says nothing")
    return CorrectionBegun(words)


def acknowledge(
    state: Report, version: int, *, role: str, reader: str, on: date
) -> ReportAcknowledged:
    """A reader lets know that they read the newest version. Refuses another one (INVALID_INPUT), and the
    same once more (ALREADY_EXISTS).
    """
    if version != len(state.publications):
        raise invalid("version", "it is not the newest version")
    if any(
        (one.version, one.role, one.reader) == (version, role, reader)
        for one in state.acknowledgements
    ):
        raise Refusal(Code.ALREADY_EXISTS)
    return ReportAcknowledged(version=version, role=role, reader=reader, on=on)


def _unpublished(state: Report) -> None:
    state.known  # noqa: B018  raises
    if state.status is Status.PUBLISHED:
        raise Refusal(Code.ALREADY_PUBLISHED)
