"""An adviser publishes an approved report: its snapshot is frozen, the hashes of its forms are recorded."""

from __future__ import annotations

import asyncio
import hashlib
from uuid import UUID

from services.reporting.commands.in_report import add_to_report
from services.reporting.document.forms import FORMS, FORMS_VERSION, drawn
from services.reporting.document.template import TYPST_VERSION
from services.reporting.domain import report
from services.reporting.loading import load_ground
from services.reporting.streams import load_approved, load_organisation, published_stream
from shared.contracts.errors import invalid
from shared.contracts.report import Snapshot, encoded
from shared.contracts.rpc import Done, PublishReport
from shared.eventstore.store import Change
from shared.eventstore.week import week_of
from shared.runtime.calls import Call

LANGUAGES: tuple[report.Language, ...] = ("nl", "en")
"""In which readers get a report."""


async def publish_report(call: Call, request: PublishReport) -> Done:
    """See PublishReport."""
    chosen = _chosen(request)

    async def decide(report_id: UUID, state: report.Report) -> tuple[report.Event, Change]:
        report.approved(state)
        parts, today = call.parts, call.now.date()
        organisation = (await load_organisation(parts.store, call.organisation)).known
        snapshot = report.frozen(
            state,
            await load_ground(parts, call.organisation, state),
            await load_approved(parts.store, call.organisation, report_id, state),
            chosen,
            report_id=report_id,
            organisation_name=organisation.name,
            language=organisation.language,
            on=today,
        )
        data = encoded(snapshot)
        published = report.ReportPublished(
            period=snapshot.period,
            organisation_name=organisation.name,
            version=snapshot.version,
            changes=snapshot.changes,
            audiences=tuple(one.audience for one in chosen),
            snapshot_sha256=hashlib.sha256(data).digest(),
            forms=await _forms(snapshot, request.language),
            typst_version=TYPST_VERSION,
            template_version=FORMS_VERSION,
            published_on=today,
            week=week_of(today),
        )
        return published, Change(
            published_stream(report_id, snapshot.version), 1, report.SnapshotFrozen(data)
        )

    return await add_to_report(call, request.report_id, decide)


async def _forms(
    snapshot: Snapshot, language: report.Language | None
) -> tuple[report.PublishedForm, ...]:
    """Every file that readers can get, drawn once, several at a time: only its hash is kept."""
    wanted = [
        (audience, spoken, form)
        for audience in snapshot.versions
        for spoken in LANGUAGES
        if language in (None, spoken)
        for form in FORMS
    ]
    written = await asyncio.gather(*(drawn(snapshot, *one) for one in wanted))
    return tuple(
        report.PublishedForm(form, audience, spoken, file.sha256)
        for (audience, spoken, form), file in zip(wanted, written, strict=True)
    )


def _chosen(request: PublishReport) -> tuple[report.Chosen, ...]:
    sections = {one.audience: one.sections for one in request.sections}
    if len(sections) != len(request.sections) or not sections.keys() <= set(request.audiences):
        raise invalid("sections", "they are not of one of these readers each")
    return tuple(
        report.Chosen(audience=audience, sections=sections.get(audience))
        for audience in request.audiences
    )
