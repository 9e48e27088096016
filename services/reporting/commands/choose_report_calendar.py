"""A coordinator chooses of which periods the organisation has reports."""

from __future__ import annotations

from services.reporting.domain import calendar
from services.reporting.streams import calendar_stream, load_calendar
from shared.contracts.rpc import ChooseReportCalendar, Done
from shared.eventstore.store import Change
from shared.runtime.calls import Call


async def choose_report_calendar(call: Call, request: ChooseReportCalendar) -> Done:
    """See ChooseReportCalendar."""
    stream = calendar_stream(call.organisation)
    state = await load_calendar(call.parts.store, call.organisation)
    event = calendar.choose(state, request.calendar, call.now.date())
    return await call.commit(
        [Change(stream, state.version + 1, event)], Done(id=str(stream), position=0)
    )
