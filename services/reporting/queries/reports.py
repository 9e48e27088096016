"""The organisation's reports, newest period first: all for advisers, published ones for HR."""

from __future__ import annotations

from services.reporting import policy
from services.reporting.domain.report import Status
from shared.contracts.rpc import Empty, Reports, ReportSummary
from shared.runtime.calls import Call


async def reports(call: Call, _request: Empty) -> Reports:
    """See Reports."""
    async with call.parts.pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT report_id, period, status FROM report_index WHERE organisation = %s"
            ' ORDER BY period COLLATE "C" DESC',
            (call.organisation,),
        )
        rows = await cursor.fetchall()
    items = tuple(
        ReportSummary(id=str(report_id), period=period, status=Status(status).value)
        for report_id, period, status in rows
        if policy.visible(call.principal, organisation=call.organisation, status=Status(status))
    )
    if items:
        await call.record_access("reports")
    return Reports(items=items)
