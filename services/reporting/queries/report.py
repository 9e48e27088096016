"""One report, for those who may see it. That it was opened is recorded first."""

from __future__ import annotations

from services.reporting import policy
from services.reporting.own import own_report
from services.reporting.shapes import as_uuid, drafts_to_bus, release_to_bus
from shared.contracts.rpc import Report, ReportQuery
from shared.runtime.as_of import checkpoint_at
from shared.runtime.calls import Call


async def report(call: Call, request: ReportQuery) -> Report:
    """See Report. Drafts are given to advisers alone, still sealed."""
    report_id = as_uuid(request.id, "id")
    until = await checkpoint_at(call, request.as_of)
    state = await own_report(call, report_id, until=until)
    await call.record_access("report", report_id)
    first, *further = (release_to_bus(state.known.organisation_id, table) for table in state.tables)
    return Report(
        id=str(report_id),
        period=state.known.figures.period,
        status=state.status.value,
        release=first,
        tables=tuple(further),
        interpretation=state.interpretation,
        drafts=drafts_to_bus(state.drafts) if policy.sees_drafts(call.principal) else (),
        pdf_sha256=None if state.publication is None else state.publication.pdf_sha256,
    )
