"""What was done to the tables of a period, in words. That somebody looked is recorded first: the
sentences have the figures in them.
"""

from __future__ import annotations

from datetime import timedelta

import msgspec

from services.signals.domain.explanation import explain
from services.signals.policy import sees_every_place
from services.signals.queries.own_branch import own_branch
from services.signals.question import Question
from shared.contracts.rpc import (
    CellExplained,
    Explanations,
    ExplanationsQuery,
    Release,
    TableExplained,
)
from shared.taxonomy.period import Period


async def explanations(question: Question, request: ExplanationsQuery) -> Explanations:
    """See Explanations; a manager's are of the organisation and of their own branch. Raises Refusal
    INVALID_PERIOD.
    """
    asked = Period.parse(request.period)
    period, previous = (
        str(asked),
        str(Period.containing(asked.start - timedelta(days=1), asked.grain)),
    )
    async with question.pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT content FROM released_table WHERE organisation = %s AND period = %s"
            ' ORDER BY dimension COLLATE "C"',
            (question.organisation, period),
        )
        rows = await cursor.fetchall()
        cursor = await connection.execute(
            "SELECT content FROM released_table WHERE organisation = %s AND period = %s",
            (question.organisation, previous),
        )
        earlier = await cursor.fetchall()
    releases = [msgspec.json.decode(content, type=Release) for (content,) in rows]
    old = [msgspec.json.decode(content, type=Release) for (content,) in earlier]
    if releases and not sees_every_place(question.principal):
        branch = await own_branch(question)
        releases = [own for one in releases if (own := branch.of(one)) is not None]
        old = [own for one in old if (own := branch.of(one)) is not None]
    before = {one.dimension: one for one in old}
    if releases:
        await question.record_access("explanation")
    return Explanations(
        items=tuple(
            _explained(release, before.get(release.dimension), request) for release in releases
        )
    )


def _explained(
    release: Release, before: Release | None, request: ExplanationsQuery
) -> TableExplained:
    told = explain(release, request.language, before)
    return TableExplained(
        release_id=release.release_id,
        in_short=told.in_short,
        steps=told.steps,
        cells=tuple(
            CellExplained(code=cell.code, label=cell.label, sentence=cell.sentence)
            for cell in told.cells
        ),
        missing=told.missing,
        total=told.total,
        budget=told.budget,
        limits=told.limits,
        page=told.page,
        break_in_series=told.break_in_series,
    )
