"""What was released, and nothing else. That somebody looked is recorded first."""

from __future__ import annotations

import msgspec

from services.signals.policy import sees_every_place
from services.signals.queries.own_branch import own_branch
from services.signals.queries.published import published_of
from services.signals.question import Question
from shared.contracts.rpc import Release, Statistics, StatisticsQuery
from shared.taxonomy.period import Period


async def statistics(question: Question, request: StatisticsQuery) -> Statistics:
    """See Statistics. What was released is never taken back, so the past is the present without what
    came later. A manager sees the organisation and their own branch.
    """
    until = await question.checkpoint_at(request.as_of)
    period = None if request.period is None else str(Period.parse(request.period))
    async with question.pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT content FROM released_table WHERE organisation = %(organisation)s"
            " AND (%(period)s::text IS NULL OR period = %(period)s)"
            " AND (%(dimension)s::text IS NULL OR dimension = %(dimension)s)"
            " AND (%(until)s::bigint IS NULL OR leaf_index < %(until)s)",
            {
                "organisation": question.organisation,
                "period": period,
                "dimension": request.dimension,
                "until": until,
            },
        )
        rows = await cursor.fetchall()
    releases = [msgspec.json.decode(content, type=Release) for (content,) in rows]
    releases.sort(key=lambda one: (Period.parse(one.period), one.dimension))
    everywhere = sees_every_place(question.principal)
    if releases and not everywhere:
        branch = await own_branch(question)
        releases = [own for one in releases if (own := branch.of(one)) is not None]
    published = (
        await published_of(question, period=period, until=until)
        if request.dimension is None and everywhere
        else ()
    )
    if releases or published:
        await question.record_access("statistics")
    return Statistics(releases=tuple(releases), published=published)
