"""An adviser takes back a break that was recorded by mistake."""

from __future__ import annotations

from services.reporting.domain import breaks
from services.reporting.shapes import as_uuid
from services.reporting.streams import load_series_breaks, series_breaks_stream
from shared.contracts.reporting_breaks import WithdrawSeriesBreak
from shared.contracts.rpc import Done
from shared.eventstore.store import Change
from shared.runtime.calls import Call


async def withdraw_series_break(call: Call, request: WithdrawSeriesBreak) -> Done:
    """See WithdrawSeriesBreak."""
    state = await load_series_breaks(call.parts.store, call.organisation)
    event = breaks.withdraw(state, as_uuid(request.break_id, "breakId"), call.now.date())
    change = Change(series_breaks_stream(call.organisation), state.version + 1, event)
    return await call.commit([change], Done(id=str(event.break_id), position=0))
