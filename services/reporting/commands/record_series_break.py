"""An adviser records that figures count otherwise from some period on."""

from __future__ import annotations

from uuid import uuid4

from services.reporting.domain import breaks
from services.reporting.streams import load_organisation, load_series_breaks, series_breaks_stream
from shared.contracts.reporting_breaks import RecordSeriesBreak
from shared.contracts.rpc import Done
from shared.eventstore.store import Change
from shared.runtime.calls import Call


async def record_series_break(call: Call, request: RecordSeriesBreak) -> Done:
    """See RecordSeriesBreak. Answers with the id of the break."""
    _ = (await load_organisation(call.parts.store, call.organisation)).known
    state = await load_series_breaks(call.parts.store, call.organisation)
    event = breaks.record(
        state,
        break_id=uuid4(),
        since=request.since,
        kind=request.kind,
        tables=request.tables,
        text_nl=request.text_nl,
        text_en=request.text_en,
        on=call.now.date(),
    )
    change = Change(series_breaks_stream(call.organisation), state.version + 1, event)
    return await call.commit([change], Done(id=str(event.break_id), position=0))
