"""The organisation's reports, newest period first: all for advisers, those that are theirs for readers."""

from __future__ import annotations

from functools import reduce
from itertools import groupby
from uuid import UUID

from services.reporting import policy
from services.reporting.domain import report
from services.reporting.domain.report import Status
from shared.contracts.report import Audience
from shared.contracts.rpc import Reports, ReportsQuery, ReportSummary
from shared.runtime.as_of import checkpoint_at
from shared.runtime.calls import Call

_Row = tuple[UUID, str, str, list[Audience], int]


async def reports(call: Call, request: ReportsQuery) -> Reports:
    """See Reports."""
    until = await checkpoint_at(call, request.as_of)
    async with call.parts.pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT report_id, period, status, audiences, versions FROM report_index"
            ' WHERE organisation = %s ORDER BY period COLLATE "C" DESC',
            (call.organisation,),
        )
        rows: list[_Row] = await cursor.fetchall()
    items = tuple(
        ReportSummary(
            id=str(report_id),
            period=period,
            status=(Status(status) if policy.writes(call.principal) else Status.PUBLISHED).value,
            version=version,
        )
        for report_id, period, status, audiences, version in (
            rows if until is None else await _as_they_were(call, rows, until)
        )
        if policy.visible(call.principal, organisation=call.organisation, audiences=audiences)
    )
    if items:
        await call.record_access("reports")
    return Reports(items=items)


async def _as_they_were(call: Call, rows: list[_Row], until: int) -> list[_Row]:
    """Of the reports that there are now, those that there were, as far as they were."""
    loaded = await call.parts.store.load_many(
        call.organisation, [row[0] for row in rows], until=until
    )
    loaded.sort(key=lambda one: (one.stream, one.version))
    then = {
        stream: reduce(report.evolve, (one.event for one in events), report.Report())
        for stream, events in groupby(loaded, key=lambda one: one.stream)
    }
    return [
        (stream, period, state.status.value, list(state.audiences), len(state.publications))
        for stream, period, *_ in rows
        if (state := then.get(stream)) is not None
    ]
