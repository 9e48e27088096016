"""An adviser publishes an approved report: it is rendered, its hash is recorded, it is frozen."""

from __future__ import annotations

from uuid import UUID

from services.reporting.commands.in_report import add_to_report
from services.reporting.document.content import content_of
from services.reporting.document.render import render
from services.reporting.domain import report
from services.reporting.streams import load_organisation
from shared.contracts.rpc import Done, PublishReport
from shared.eventstore.week import week_of
from shared.runtime.calls import Call


async def publish_report(call: Call, request: PublishReport) -> Done:
    """See PublishReport."""

    async def decide(report_id: UUID, state: report.Report) -> report.Event:
        interpretation = report.approved_words(state)
        organisation = await load_organisation(call.parts.store, call.organisation)
        name, today = organisation.known.name, call.now.date()
        rendered = await render(
            content_of(
                state.tables,
                report_id=report_id,
                interpretation=interpretation,
                organisation_name=name,
                language=request.language,
                published_on=today,
            )
        )
        return report.publish(
            state,
            report.ReportPublished(
                period=state.known.figures.period,
                organisation_name=name,
                language=request.language,
                pdf_sha256=rendered.sha256,
                typst_version=rendered.typst_version,
                template_version=rendered.template_version,
                published_on=today,
                week=week_of(today),
            ),
        )

    return await add_to_report(call, request.report_id, decide)
