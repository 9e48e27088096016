"""For the coordinator: how many terms of a kind were missed in a week, and nothing else."""

from __future__ import annotations

from shared.contracts.rpc import Empty, OverdueTerm, OverdueTerms
from shared.runtime.calls import Call


async def overdue_terms(call: Call, _request: Empty) -> OverdueTerms:
    """See OverdueTerms. Of whose case, and which, it is not asked."""
    async with call.parts.pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT split_part(term, ':', 1) AS kind, due, count(*) FROM term_watch"
            " WHERE organisation = %s AND escalated GROUP BY kind, due ORDER BY due, kind",
            (call.organisation,),
        )
        rows = await cursor.fetchall()
    if rows:
        await call.record_access("overdue_terms")
    return OverdueTerms(
        items=tuple(OverdueTerm(kind=kind, week=week, count=count) for kind, week, count in rows)
    )
