"""An adviser begins the report of an academic year, or of a short period."""

from __future__ import annotations

from services.reporting.domain import calendar, report
from services.reporting.domain.windows import within
from services.reporting.loading import load_tables
from services.reporting.streams import load_calendar, load_report, span_stream
from shared.contracts.rpc import BeginReport, Done
from shared.eventstore.store import Change
from shared.runtime.calls import Call


async def begin_report(call: Call, request: BeginReport) -> Done:
    """See BeginReport."""
    parts, organisation = call.parts, call.organisation
    span = calendar.span(
        await load_calendar(parts.store, organisation),
        request.starts,
        request.ends,
        today=call.now.date(),
    )
    stream = span_stream(organisation, span)
    state = await load_report(parts.store, organisation, stream)
    event = report.begin(state, within(span, await load_tables(parts, organisation)), organisation)
    return await call.commit([Change(stream, 1, event)], Done(id=str(stream), position=0))
