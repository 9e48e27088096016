"""What was released of pulses. That somebody looked is recorded first."""

from __future__ import annotations

import msgspec

from services.signals.policy import sees_place
from services.signals.question import Question
from services.signals.shown import ShownPulse
from shared.contracts.rpc import PulseResults, PulseResultsQuery


async def pulse_results(question: Question, request: PulseResultsQuery) -> PulseResults:
    """See PulseResults."""
    until = await question.checkpoint_at(request.as_of)
    async with question.pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT content FROM released_pulse WHERE organisation = %(organisation)s"
            " AND (%(until)s::bigint IS NULL OR leaf_index < %(until)s)"
            ' ORDER BY period COLLATE "C" DESC',
            {"organisation": question.organisation, "until": until},
        )
        rows = await cursor.fetchall()
    if rows:
        await question.record_access("pulse_results")
    shown = [msgspec.json.decode(content, type=ShownPulse) for (content,) in rows]
    return PulseResults(
        items=tuple(
            msgspec.structs.replace(
                one.result,
                tables=tuple(
                    table
                    for table in one.result.tables
                    if sees_place(question.principal, table.place, one.scopes[table.place])
                ),
            )
            for one in shown
        )
    )
