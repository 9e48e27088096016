"""Of which periods the organisation has reports."""

from __future__ import annotations

from services.reporting.streams import load_calendar
from shared.contracts.rpc import Empty, ReportCalendarChosen
from shared.runtime.calls import Call


async def report_calendar(call: Call, _request: Empty) -> ReportCalendarChosen:
    """See ReportCalendarChosen."""
    state = await load_calendar(call.parts.store, call.organisation)
    return ReportCalendarChosen(calendar=state.chosen)
