"""Time spent: an adviser's own, and the totals of all. The look is recorded."""

from __future__ import annotations

from services.intake.domain import time_spent
from services.intake.streams import load_each, load_organisation
from services.intake.time_sheets import load_sheet, sheet_of, sheet_stream
from shared.contracts.rpc import MyTime, TimeEntry, TimeQuery, TimeSpent, TimeTotal, TimeTotals
from shared.runtime.calls import Call
from shared.taxonomy.working_days import day_of


async def my_time(call: Call, request: TimeQuery) -> MyTime:
    """See MyTime."""
    told_from = time_spent.told_from(request.half_year)
    store, subject = call.parts.store, call.principal.subject
    stream = sheet_stream(call.parts.ring, call.organisation, subject, request.half_year)
    entries = (await load_sheet(store, call.organisation, stream)).entries
    if entries:
        await call.record_access("my_time")
    spent: dict[str, int] = {}
    for one in entries:
        spent[one.activity] = spent.get(one.activity, 0) + one.quarters
    return MyTime(
        entries=tuple(
            TimeEntry(
                id=str(one.entry_id),
                activity=one.activity,
                quarters=one.quarters,
                on=one.on,
                with_case=one.with_case,
            )
            for one in entries
        ),
        spent=tuple(TimeSpent(activity=code, quarters=sum_) for code, sum_ in spent.items()),
        told_from=told_from,
    )


async def time_totals(call: Call, request: TimeQuery) -> TimeTotals:
    """See TimeTotals."""
    organisation = await load_organisation(call.parts.store, call.organisation)
    streams = [
        sheet_stream(call.parts.ring, call.organisation, one.id, request.half_year)
        for one in (*organisation.known.advisers, *organisation.former)
    ]
    each = await load_each(call.parts.store, call.organisation, streams)
    sheets = [sheet_of(recorded) for recorded in each.values()]
    told = time_spent.totals(sheets, half_year=request.half_year, on=day_of(call.now))
    await call.record_access("time_totals")
    return TimeTotals(
        half_year=request.half_year,
        items=tuple(TimeTotal(activity=code, hours=sum_) for code, sum_ in told.items()),
    )
