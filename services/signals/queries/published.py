"""Tables that others published, beside our own releases. Nothing is computed of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from shared.contracts.rpc import PublishedRelease
from shared.taxonomy.published import span_of

if TYPE_CHECKING:
    from services.signals.question import Question


async def published_of(
    question: Question, *, period: str | None, until: int | None
) -> tuple[PublishedRelease, ...]:
    """Those of one period or of all, oldest period first. `until`: as when the log had so many entries;
    None: the present.
    """
    async with question.pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT content FROM released_published WHERE organisation = %s"
            " AND (%s::text IS NULL OR period = %s)"
            " AND (%s::bigint IS NULL OR leaf_index < %s) ORDER BY leaf_index",
            (question.organisation, period, period, until, until),
        )
        rows = await cursor.fetchall()
    found = [msgspec.json.decode(content, type=PublishedRelease) for (content,) in rows]
    return tuple(sorted(found, key=lambda one: span_of(one.table.period)))
