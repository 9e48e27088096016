"""What was released, and nothing else. That somebody looked is recorded first."""

from __future__ import annotations

from services.signals.released import to_reader
from shared.contracts.rpc import Statistics, StatisticsQuery
from shared.runtime.as_of import checkpoint_at
from shared.runtime.calls import Call
from shared.taxonomy.period import Period


async def statistics(call: Call, request: StatisticsQuery) -> Statistics:
    """See Statistics. What was released is never taken back, so the past is the present without what
    came later.
    """
    until = await checkpoint_at(call, request.as_of)
    period = None if request.period is None else str(Period.parse(request.period))
    async with call.parts.pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT stream FROM released_window WHERE organisation = %s"
            " AND (%s::text IS NULL OR period = %s)",
            (call.organisation, period, period),
        )
        streams = [row[0] for row in await cursor.fetchall()]
    recorded = await call.parts.store.load_many(call.organisation, streams, until=until)
    recorded = [one for one in recorded if request.dimension in (None, one.event.dimension)]
    recorded.sort(key=lambda one: Period.parse(one.event.period))
    if recorded:
        await call.record_access("statistics")
    return Statistics(releases=tuple(to_reader(one) for one in recorded))
