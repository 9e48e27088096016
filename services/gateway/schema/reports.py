"""Reports of half-years and years: drafted, interpreted, approved, published."""

# ruff: noqa: A002  arguments are called what the schema calls them
from __future__ import annotations

from enum import Enum
from typing import Annotated, Self

import strawberry

from services.gateway.grants import ADVISER, LEADERS, grant, table
from services.gateway.schema.base import (
    Conflict,
    Info,
    InvalidInput,
    LanguageChoice,
    NotAllowed,
    NotFound,
    ask,
    ask_or_none,
    change,
    command,
    described,
    uuid_text,
)
from services.gateway.schema.sealed import Sealed, SealedInput
from services.gateway.schema.statistics import AS_OF, Release
from shared.contracts import rpc
from shared.contracts.errors import Refusal


@strawberry.enum(description="How far a report is.")
class ReportStatus(Enum):
    """The state of a report."""

    DRAFTED = "drafted"
    APPROVED = "approved"
    PUBLISHED = "published"


@strawberry.type(description="One line in the list of reports.")
class ReportSummary:
    """A report without its content."""

    id: strawberry.ID
    period: str
    status: ReportStatus

    @classmethod
    def of(cls, report: rpc.ReportSummary) -> Self:
        """From reporting's answer."""
        return cls(
            id=strawberry.ID(report.id), period=report.period, status=ReportStatus(report.status)
        )


@strawberry.type(description="A report of a half-year or a year.")
class Report:
    """One report."""

    id: strawberry.ID
    period: str
    status: ReportStatus
    release: Release = strawberry.field(
        description="Its first table: that of categories, of themes or of the total where there is one."
    )
    tables: list[Release] = strawberry.field(
        description="Further tables of the period; there are some under `NOISY` alone."
    )
    interpretation: str | None = strawberry.field(
        description="What the figures mean (duiding); null until it is approved."
    )
    drafts: list[Sealed] = strawberry.field(
        description="The interpretation while it is written, sealed to its writers."
    )
    pdf_sha256: str | None = strawberry.field(
        description="SHA-256 of the published PDF in hex; it stands in the ledger."
    )
    pdf_path: str | None = strawberry.field(
        description="Where to GET the PDF with your token; null until it is published."
    )

    @classmethod
    def of(cls, report: rpc.Report) -> Self:
        """From reporting's answer."""
        published = report.pdf_sha256 is not None
        return cls(
            id=strawberry.ID(report.id),
            period=report.period,
            status=ReportStatus(report.status),
            release=Release.of(report.release),
            tables=[Release.of(release) for release in report.tables],
            interpretation=report.interpretation,
            drafts=[Sealed.of(sealed) for sealed in report.drafts],
            pdf_sha256=None if report.pdf_sha256 is None else report.pdf_sha256.hex(),
            pdf_path=f"/reports/{report.id}.pdf" if published else None,
        )


async def _report(info: Info, report_id: str, as_of: int | None = None) -> Report | None:
    request = rpc.ReportQuery(id=report_id, as_of=as_of)
    found = await ask_or_none(info, "reporting.report", request, rpc.Report)
    return None if found is None else Report.of(found)


@strawberry.type
class ReportQuery:
    """Questions about reports."""

    @described("Your organisation's reports, newest period first.")
    async def reports(
        self, info: Info, as_of: Annotated[int | None, AS_OF] = None
    ) -> list[ReportSummary] | None:
        """Asks reporting."""
        found = await ask(info, "reporting.reports", rpc.ReportsQuery(as_of=as_of), rpc.Reports)
        return [ReportSummary.of(report) for report in found.items]

    @described("One report; null if it is not there or not yours to see.")
    async def report(
        self, info: Info, id: strawberry.ID, as_of: Annotated[int | None, AS_OF] = None
    ) -> Report | None:
        """Asks reporting."""
        try:
            report_id = uuid_text("id", id)
        except Refusal:
            return None  # no report has such an id
        return await _report(info, report_id, as_of)


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
class ApproveReportInput:
    """The text as readers will see it."""

    idempotency_key: strawberry.ID
    report_id: strawberry.ID
    interpretation: str = strawberry.field(
        description="Readable from now on: name nobody, describe nobody."
    )

    def request(self) -> rpc.ApproveReport:
        """As reporting takes it."""
        return rpc.ApproveReport(
            report_id=uuid_text("reportId", self.report_id), interpretation=self.interpretation
        )


@strawberry.input
class PublishReportInput:
    """Publishing freezes the report."""

    idempotency_key: strawberry.ID
    report_id: strawberry.ID
    language: LanguageChoice

    def request(self) -> rpc.PublishReport:
        """As reporting takes it."""
        return rpc.PublishReport(
            report_id=uuid_text("reportId", self.report_id), language=self.language.value
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
        return await _report(info, self.report_id)

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
            info, "reporting.publish_report", input, rpc.Done, PublishReportPayload.of
        )


ACCESS = table(
    grant("Query", ADVISER | LEADERS, "reports reports(asOf:) report report(id:) report(asOf:)"),
    grant("ReportSummary", ADVISER | LEADERS, "id period status"),
    grant(
        "Report",
        ADVISER | LEADERS,
        "id period status release tables interpretation pdfSha256 pdfPath",
    ),
    grant("Report", ADVISER, "drafts"),
    grant("Mutation", ADVISER, "saveInterpretation saveInterpretation(input:)"),
    grant("SaveInterpretationInput", ADVISER, "idempotencyKey reportId sealed"),
    grant("SaveInterpretationPayload", ADVISER, "reportId position report"),
    grant("Mutation", ADVISER, "approveReport approveReport(input:)"),
    grant("ApproveReportInput", ADVISER, "idempotencyKey reportId interpretation"),
    grant("ApproveReportPayload", ADVISER, "reportId position report"),
    grant("Mutation", ADVISER, "publishReport publishReport(input:)"),
    grant("PublishReportInput", ADVISER, "idempotencyKey reportId language"),
    grant("PublishReportPayload", ADVISER, "reportId position report"),
)
