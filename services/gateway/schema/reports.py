"""Reports of half-years and years: drafted, interpreted, approved, published."""

# ruff: noqa: A002  arguments are called what the schema calls them
from __future__ import annotations

import datetime as dt
from enum import Enum
from typing import Annotated, Final, Self

import msgspec
import strawberry

from services.gateway.grants import ADVISER, COORDINATOR, LEADERS, MEMBERS, grant, table
from services.gateway.schema.base import (
    Conflict,
    Info,
    InvalidInput,
    LanguageChoice,
    Node,
    NotAllowed,
    NotFound,
    ask,
    ask_or_none,
    change,
    command,
    described,
    sha256_bytes,
    uuid_text,
)
from services.gateway.schema.report_sections import ReportSection
from services.gateway.schema.sealed import Sealed, SealedInput
from services.gateway.schema.statistics import AS_OF, Release
from shared.contracts import rpc
from shared.contracts.errors import Refusal

PUBLISH_SECONDS: Final = 60.0
"""Publishing draws every file of every reader once: of 300 units about a second of one processor each PDF."""


@strawberry.enum(description="How far a report is.")
class ReportStatus(Enum):
    """The state of a report."""

    DRAFTED = "drafted"
    APPROVED = "approved"
    PUBLISHED = "published"


@strawberry.enum(name="Audience", description="The readers for whom a report has a version.")
class AudienceChoice(Enum):
    """See `Audience` in shared/contracts/report.py."""

    HR = "hr"
    BOARD = "board"
    WORKS_COUNCIL = "works_council"
    ALL_STAFF = strawberry.enum_value(
        "all_staff",
        description="Everybody of the organisation; also who has no version of their own.",
    )


@strawberry.enum(
    name="ReportCalendar",
    description="Of which periods an organisation has reports: of each half-year, and each year of which "
    "something is released; of each year; of academic years, 1 September to 31 August; or of periods from a "
    "quarter to a year. The last two are begun by an adviser and made of released windows that lie in them.",
)
class CalendarChoice(Enum):
    """See `ReportCalendar` in shared/contracts/report.py."""

    HALF_YEAR = "half_year"
    YEAR = "year"
    ACADEMIC_YEAR = "academic_year"
    SHORT_PERIOD = "short_period"


@strawberry.type(description="One line in the list of reports.")
class ReportSummary:
    """A report without its content."""

    id: strawberry.ID
    period: str
    status: ReportStatus
    version: int = strawberry.field(
        description="The newest version that is published; 0 where none is."
    )

    @classmethod
    def of(cls, report: rpc.ReportSummary) -> Self:
        """From reporting's answer."""
        return cls(
            id=strawberry.ID(report.id),
            period=report.period,
            status=ReportStatus(report.status),
            version=report.version,
        )


@strawberry.type(description="The hash of a file in which a version of a report is read.")
class ReportForm:
    """It stands in the ledger."""

    form: str = strawberry.field(description="`pdf`, `html`, `xlsx`, `ods` or `json`.")
    audience: AudienceChoice | None = strawberry.field(
        description="Null: the one file that all readers get."
    )
    language: LanguageChoice
    sha256: str = strawberry.field(description="In hex.")
    path: str = strawberry.field(description="Where to GET it with your token.")


@strawberry.type(description="That somebody with this role let know that they read a version.")
class ReportAcknowledgement:
    """Who it was is told to nobody."""

    version: int
    role: str
    on: dt.date = strawberry.field(description="When the first of them did.")


@strawberry.type(
    description="A report of a half-year or a year, in the version that is yours to read."
)
class Report(Node):
    """One report."""

    told: strawberry.Private[rpc.Report]
    period: str
    starts: dt.date = strawberry.field(description="The first day of its period.")
    ends: dt.date = strawberry.field(description="The last day of it.")
    cut_off: dt.date = strawberry.field(
        description="The last day whose cases are in it. What was recorded later counts in a later report."
    )
    status: ReportStatus = strawberry.field(
        description="Of this version: of one that is out it stays `PUBLISHED`."
    )
    version: int = strawberry.field(description="From 1 on.")
    newest_version: int = strawberry.field(
        description="The newest that is published, 0 where none is. If it is above `version`, this one was "
        "replaced."
    )
    changes: str | None = strawberry.field(
        description="What this version corrects in the one before, in the advisers' words."
    )
    published_on: dt.date | None
    audience: AudienceChoice | None = strawberry.field(
        description="Whose version this is. Null: all of it, for advisers."
    )
    audiences: list[AudienceChoice] = strawberry.field(description="To whom it was published.")
    release: Release | None = strawberry.field(
        description="Its first table: that of categories, of themes or of the total where there is one."
    )
    tables: list[Release] = strawberry.field(
        description="Further tables of the period; there are some under `NOISY` alone."
    )
    interpretation: str | None = strawberry.field(
        description="What the figures mean (duiding), in short; null until it is approved."
    )
    drafts: list[Sealed] = strawberry.field(
        description="The words while they are written, sealed to their writers."
    )
    sections_sha256: str | None = strawberry.field(
        description="Of what stands in the sections of a draft, in hex: send it along when you approve."
    )
    snapshot_sha256: str | None = strawberry.field(
        description="SHA-256 in hex of the frozen report, from which all versions and files are cut; it "
        "stands in the ledger. Null until it is published, and of reports from before there was one."
    )
    forms: list[ReportForm] = strawberry.field(
        description="The files of the version that is yours."
    )
    pdf_sha256: str | None = strawberry.field(
        description="SHA-256 in hex of the PDF that `pdfPath` leads to; it stands in the ledger."
    )
    pdf_path: str | None = strawberry.field(
        description="Where to GET the PDF with your token; null until it is published."
    )
    acknowledged: bool = strawberry.field(
        description="Whether you let know that you read this version."
    )
    acknowledgements: list[ReportAcknowledgement] = strawberry.field(
        description="Which roles let know that they read which version."
    )

    @described(
        "Its chapters, in order. Of a draft they are as they would be now, without words; of a version "
        "that is out they are frozen. In the language of the request, unless you name one."
    )
    def sections(self, info: Info, language: LanguageChoice | None = None) -> list[ReportSection]:
        """From reporting's answer."""
        chosen = info.context.language if language is None else language.value
        return [ReportSection.of(section, chosen) for section in self.told.sections]

    @classmethod
    def of(cls, report: rpc.Report) -> Self:
        """From reporting's answer."""
        forms = [
            ReportForm(
                form=one.form,
                audience=None if one.audience is None else AudienceChoice(one.audience),
                language=LanguageChoice(one.language),
                sha256=one.sha256.hex(),
                path=_path(report, one),
            )
            for one in report.forms
        ]
        pdf = next((one for one in forms if one.form == "pdf"), None)
        return cls(
            told=report,
            id=strawberry.ID(report.id),
            period=report.period,
            starts=report.starts,
            ends=report.ends,
            cut_off=report.cut_off,
            status=ReportStatus(report.status),
            version=report.version,
            newest_version=report.newest,
            changes=report.changes,
            published_on=report.published_on,
            audience=None if report.audience is None else AudienceChoice(report.audience),
            audiences=[AudienceChoice(one) for one in report.audiences],
            release=None if report.release is None else Release.of(report.release),
            tables=[Release.of(release) for release in report.tables],
            interpretation=report.interpretation,
            drafts=[Sealed.of(sealed) for sealed in report.drafts],
            sections_sha256=None
            if report.sections_sha256 is None
            else report.sections_sha256.hex(),
            snapshot_sha256=None
            if report.snapshot_sha256 is None
            else report.snapshot_sha256.hex(),
            forms=forms,
            pdf_sha256=None if pdf is None else pdf.sha256,
            pdf_path=None if pdf is None else pdf.path,
            acknowledged=report.acknowledged,
            acknowledgements=[
                ReportAcknowledgement(version=one.version, role=one.role, on=one.on)
                for one in report.acknowledgements
            ],
        )


def _path(report: rpc.Report, form: rpc.FormHash) -> str:
    """The address of this very file, whatever is published later."""
    where = f"/reports/{report.id}.{form.form}?version={report.version}&language={form.language}"
    return where if form.audience is None else f"{where}&audience={form.audience}"


async def one_report(
    info: Info,
    report_id: str,
    as_of: int | None = None,
    version: int | None = None,
    audience: AudienceChoice | None = None,
) -> Report | None:
    """A report as the caller may read it, asked of reporting."""
    request = rpc.ReportQuery(
        id=report_id,
        as_of=as_of,
        version=version,
        audience=None if audience is None else audience.value,
    )
    found = await ask_or_none(info, "reporting.report", request, rpc.Report)
    return None if found is None else Report.of(found)


async def reports(info: Info, as_of: int | None = None) -> list[ReportSummary]:
    """The organisation's reports, asked of reporting."""
    found = await ask(info, "reporting.reports", rpc.ReportsQuery(as_of=as_of), rpc.Reports)
    return [ReportSummary.of(report) for report in found.items]


@strawberry.type
class ReportQuery:
    """Questions about reports."""

    @described("Your organisation's reports, newest period first.")
    async def reports(
        self, info: Info, as_of: Annotated[int | None, AS_OF] = None
    ) -> list[ReportSummary] | None:
        """Asks reporting."""
        return await reports(info, as_of)

    @described(
        "One report; null if it is not there or not yours to see. Readers get the newest version that is "
        "published, advisers the one they write while there is one, or the `version` that is asked for."
    )
    async def report(
        self,
        info: Info,
        id: strawberry.ID,
        as_of: Annotated[int | None, AS_OF] = None,
        version: int | None = None,
        audience: Annotated[
            AudienceChoice | None,
            strawberry.argument(
                description="For advisers: what these readers get of a version that is published. To a "
                "reader there is their own alone."
            ),
        ] = None,
    ) -> Report | None:
        """Asks reporting."""
        try:
            report_id = uuid_text("id", id)
        except Refusal:
            return None  # no report has such an id
        return await one_report(info, report_id, as_of, version, audience)

    @described("Of which periods your organisation has reports.")
    async def report_calendar(self, info: Info) -> CalendarChoice | None:
        """Asks reporting."""
        told = await ask(info, "reporting.report_calendar", rpc.Empty(), rpc.ReportCalendarChosen)
        return CalendarChoice(told.calendar)


# Commands ---------------------------------------------------------------------------------------


@strawberry.input
class SaveInterpretationInput:
    """A draft of what the figures mean."""

    idempotency_key: strawberry.ID
    report_id: strawberry.ID
    sealed: list[SealedInput] = strawberry.field(
        description="The draft, sealed once for each adviser who writes it."
    )

    def request(self) -> rpc.SaveInterpretation:
        """As reporting takes it."""
        return rpc.SaveInterpretation(
            report_id=uuid_text("reportId", self.report_id),
            sealed=tuple(sealed.shape() for sealed in self.sealed),
        )


@strawberry.input
class SectionWordsInput:
    """What the figures of a section mean."""

    section: str = strawberry.field(description="Its code.")
    words: str = strawberry.field(description="Readable from now on: name nobody, describe nobody.")


@strawberry.input
class ApproveReportInput:
    """The text as readers will see it."""

    idempotency_key: strawberry.ID
    report_id: strawberry.ID
    interpretation: str = strawberry.field(
        description="What opens the report. Readable from now on: name nobody, describe nobody."
    )
    words: list[SectionWordsInput] = strawberry.field(
        default_factory=list,
        description="For each section that has figures, and for others as you like.",
    )
    sections_sha256: str | None = strawberry.field(
        default=None,
        description="`sectionsSha256` of the draft for which you wrote: if something else stands in it by"
        " now, it is a conflict. Left out: whatever stands there now is approved.",
    )

    def request(self) -> rpc.ApproveReport:
        """As reporting takes it."""
        return rpc.ApproveReport(
            report_id=uuid_text("reportId", self.report_id),
            interpretation=self.interpretation,
            words=tuple(
                rpc.SectionWords(section=one.section, words=one.words) for one in self.words
            ),
            sections_sha256=None
            if self.sections_sha256 is None
            else sha256_bytes("sectionsSha256", self.sections_sha256),
        )


@strawberry.input
class AudienceSectionsInput:
    """Which sections an audience gets."""

    audience: AudienceChoice
    sections: list[str] = strawberry.field(description="By code.")


@strawberry.input
class PublishReportInput:
    """Publishing freezes the report."""

    idempotency_key: strawberry.ID
    report_id: strawberry.ID
    language: LanguageChoice | None = strawberry.field(
        default=None, description="In which readers get it; left out: in both."
    )
    audiences: list[AudienceChoice] | None = strawberry.field(
        default=None, description="Who gets a version; left out: HR, board and works council."
    )
    sections: list[AudienceSectionsInput] = strawberry.field(
        default_factory=list,
        description="Other sections than an audience usually gets. Versions differ in which sections they "
        "have, and in nothing else.",
    )

    def request(self) -> rpc.PublishReport:
        """As reporting takes it."""
        request = rpc.PublishReport(
            report_id=uuid_text("reportId", self.report_id),
            language=None if self.language is None else self.language.value,
            sections=tuple(
                rpc.AudienceSections(audience=one.audience.value, sections=tuple(one.sections))
                for one in self.sections
            ),
        )
        if self.audiences is None:
            return request
        return msgspec.structs.replace(
            request, audiences=tuple(one.value for one in self.audiences)
        )


@strawberry.input
class ChooseReportCalendarInput:
    """What is drafted already stays."""

    idempotency_key: strawberry.ID
    calendar: CalendarChoice

    def request(self) -> rpc.ChooseReportCalendar:
        """As reporting takes it."""
        return rpc.ChooseReportCalendar(calendar=self.calendar.value)


@strawberry.input
class BeginReportInput:
    """A report of an academic year or a short period, as the calendar has it."""

    idempotency_key: strawberry.ID
    starts: dt.date
    ends: dt.date = strawberry.field(description="The last day of it; it must be over.")

    def request(self) -> rpc.BeginReport:
        """As reporting takes it."""
        return rpc.BeginReport(starts=self.starts, ends=self.ends)


@strawberry.input
class CorrectReportInput:
    """A published version stays; a new one corrects it."""

    idempotency_key: strawberry.ID
    report_id: strawberry.ID
    changes: str = strawberry.field(
        description="What the new version corrects, as its readers will read it."
    )

    def request(self) -> rpc.CorrectReport:
        """As reporting takes it."""
        return rpc.CorrectReport(
            report_id=uuid_text("reportId", self.report_id), changes=self.changes
        )


@strawberry.input
class AcknowledgeReportInput:
    """You read it."""

    idempotency_key: strawberry.ID
    report_id: strawberry.ID
    version: int = strawberry.field(description="The one that you read: the newest.")

    def request(self) -> rpc.AcknowledgeReport:
        """As reporting takes it."""
        return rpc.AcknowledgeReport(
            report_id=uuid_text("reportId", self.report_id), version=self.version
        )


@strawberry.type
class _ReportPayload:
    """What every command on a report gives back."""

    report_id: strawberry.ID
    position: int = strawberry.field(
        description="Place of the change in the organisation's ledger."
    )

    @described("The report after the change.")
    async def report(self, info: Info) -> Report | None:
        """Asks reporting."""
        return await one_report(info, self.report_id)

    @classmethod
    def of(cls, done: rpc.Done) -> Self:
        """From reporting's answer."""
        return cls(report_id=strawberry.ID(done.id), position=done.position)


@strawberry.type
class SaveInterpretationPayload(_ReportPayload):
    """The draft is kept."""


@strawberry.type
class ApproveReportPayload(_ReportPayload):
    """The report is approved."""


@strawberry.type
class PublishReportPayload(_ReportPayload):
    """The report is published and frozen."""


@strawberry.type
class ChooseReportCalendarPayload:
    """It holds from now on."""

    position: int = strawberry.field(
        description="Place of the change in the organisation's ledger."
    )

    @classmethod
    def of(cls, done: rpc.Done) -> Self:
        """From reporting's answer."""
        return cls(position=done.position)


@strawberry.type
class BeginReportPayload(_ReportPayload):
    """The report is a draft."""


@strawberry.type
class CorrectReportPayload(_ReportPayload):
    """A new version is begun."""


@strawberry.type
class AcknowledgeReportPayload:
    """The advisers know that somebody with your role read it. How much goes on in the log is not told."""

    report_id: strawberry.ID

    @described("The report after that.")
    async def report(self, info: Info) -> Report | None:
        """Asks reporting."""
        return await one_report(info, self.report_id)

    @classmethod
    def of(cls, done: rpc.Done) -> Self:
        """From reporting's answer."""
        return cls(report_id=strawberry.ID(done.id))


SaveInterpretationResult = Annotated[
    SaveInterpretationPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("SaveInterpretationResult"),
]
ApproveReportResult = Annotated[
    ApproveReportPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("ApproveReportResult"),
]
PublishReportResult = Annotated[
    PublishReportPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("PublishReportResult"),
]
ChooseReportCalendarResult = Annotated[
    ChooseReportCalendarPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("ChooseReportCalendarResult"),
]
BeginReportResult = Annotated[
    BeginReportPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("BeginReportResult"),
]
CorrectReportResult = Annotated[
    CorrectReportPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("CorrectReportResult"),
]
AcknowledgeReportResult = Annotated[
    AcknowledgeReportPayload | InvalidInput | NotFound | NotAllowed | Conflict,
    strawberry.union("AcknowledgeReportResult"),
]


@strawberry.type
class ReportMutation:
    """Changes of reports."""

    @change("Keep a sealed draft of the interpretation.")
    async def save_interpretation(
        self, info: Info, input: SaveInterpretationInput
    ) -> SaveInterpretationResult:
        """Asks reporting."""
        return await command(
            info, "reporting.save_interpretation", input, rpc.Done, SaveInterpretationPayload.of
        )

    @change("Approve the report with its interpretation.")
    async def approve_report(self, info: Info, input: ApproveReportInput) -> ApproveReportResult:
        """Asks reporting."""
        return await command(
            info, "reporting.approve_report", input, rpc.Done, ApproveReportPayload.of
        )

    @change("Publish an approved report. It is frozen from then on.")
    async def publish_report(self, info: Info, input: PublishReportInput) -> PublishReportResult:
        """Asks reporting."""
        return await command(
            info,
            "reporting.publish_report",
            input,
            rpc.Done,
            PublishReportPayload.of,
            seconds=PUBLISH_SECONDS,
        )

    @change("Choose of which periods your organisation has reports.")
    async def choose_report_calendar(
        self, info: Info, input: ChooseReportCalendarInput
    ) -> ChooseReportCalendarResult:
        """Asks reporting."""
        return await command(
            info,
            "reporting.choose_report_calendar",
            input,
            rpc.Done,
            ChooseReportCalendarPayload.of,
        )

    @change("Begin the report of an academic year or a short period.")
    async def begin_report(self, info: Info, input: BeginReportInput) -> BeginReportResult:
        """Asks reporting."""
        return await command(info, "reporting.begin_report", input, rpc.Done, BeginReportPayload.of)

    @change("Begin a new version of a published report, which stays as it is.")
    async def correct_report(self, info: Info, input: CorrectReportInput) -> CorrectReportResult:
        """Asks reporting."""
        return await command(
            info, "reporting.correct_report", input, rpc.Done, CorrectReportPayload.of
        )

    @change("Let the advisers know that you read the newest version.")
    async def acknowledge_report(
        self, info: Info, input: AcknowledgeReportInput
    ) -> AcknowledgeReportResult:
        """Asks reporting."""
        return await command(
            info, "reporting.acknowledge_report", input, rpc.Done, AcknowledgeReportPayload.of
        )


READERS = ADVISER | MEMBERS
ACCESS = table(
    grant(
        "Query",
        READERS,
        "reports reports(asOf:) report report(id:) report(asOf:) report(version:) report(audience:)",
    ),
    grant("ReportSummary", READERS, "id period status version"),
    grant(
        "Report",
        READERS,
        "id period starts ends cutOff status version newestVersion changes publishedOn audience"
        " interpretation sections sections(language:) snapshotSha256 forms pdfSha256 pdfPath",
    ),
    grant("Report", ADVISER | LEADERS, "release tables acknowledged"),
    grant("Report", ADVISER, "audiences drafts sectionsSha256 acknowledgements"),
    grant("ReportForm", READERS, "form audience language sha256 path"),
    grant("ReportAcknowledgement", ADVISER, "version role on"),
    grant("Mutation", ADVISER, "saveInterpretation saveInterpretation(input:)"),
    grant("SaveInterpretationInput", ADVISER, "idempotencyKey reportId sealed"),
    grant("SaveInterpretationPayload", ADVISER, "reportId position report"),
    grant("Mutation", ADVISER, "approveReport approveReport(input:)"),
    grant(
        "ApproveReportInput", ADVISER, "idempotencyKey reportId interpretation words sectionsSha256"
    ),
    grant("SectionWordsInput", ADVISER, "section words"),
    grant("ApproveReportPayload", ADVISER, "reportId position report"),
    grant("Mutation", ADVISER, "publishReport publishReport(input:)"),
    grant("PublishReportInput", ADVISER, "idempotencyKey reportId language audiences sections"),
    grant("AudienceSectionsInput", ADVISER, "audience sections"),
    grant("PublishReportPayload", ADVISER, "reportId position report"),
    grant("Query", ADVISER | COORDINATOR, "reportCalendar"),
    grant("Mutation", COORDINATOR, "chooseReportCalendar chooseReportCalendar(input:)"),
    grant("ChooseReportCalendarInput", COORDINATOR, "idempotencyKey calendar"),
    grant("ChooseReportCalendarPayload", COORDINATOR, "position"),
    grant("Mutation", ADVISER, "beginReport beginReport(input:)"),
    grant("BeginReportInput", ADVISER, "idempotencyKey starts ends"),
    grant("BeginReportPayload", ADVISER, "reportId position report"),
    grant("Mutation", ADVISER, "correctReport correctReport(input:)"),
    grant("CorrectReportInput", ADVISER, "idempotencyKey reportId changes"),
    grant("CorrectReportPayload", ADVISER, "reportId position report"),
    grant("Mutation", LEADERS, "acknowledgeReport acknowledgeReport(input:)"),
    grant("AcknowledgeReportInput", LEADERS, "idempotencyKey reportId version"),
    grant("AcknowledgeReportPayload", LEADERS, "reportId report"),
)
