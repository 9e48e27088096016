"""What was done to released tables, in words. That somebody looked is recorded first: the sentences have the
figures in them.
"""

from __future__ import annotations

from datetime import timedelta

import msgspec

from services.signals.domain.explanation import explain
from services.signals.policy import sees_every_place
from services.signals.queries.own_branch import own_branch
from services.signals.question import Question
from shared.contracts.errors import Code, Refusal
from shared.contracts.rpc import (
    MOST_GATHERED,
    CellExplained,
    Explanations,
    ExplanationsQuery,
    Release,
    TableExplained,
)
from shared.taxonomy.period import Period


async def explanations(question: Question, request: ExplanationsQuery) -> Explanations:
    """See Explanations; a manager's are of the organisation and of their own branch. Raises Refusal
    INVALID_PERIOD, TOO_LARGE.
    """
    if len(request.tables) > MOST_GATHERED:
        raise Refusal(Code.TOO_LARGE, limit=MOST_GATHERED, unit="entries")
    asked = {(Period.parse(one.period), one.dimension) for one in request.tables}
    released = await _released(
        question, asked | {(_before(period), dimension) for period, dimension in asked}
    )
    told = sorted(asked & released.keys())
    if told:
        await question.record_access("explanation")
    return Explanations(
        items=tuple(
            _explained(
                released[period, dimension],
                released.get((_before(period), dimension)),
                request,
            )
            for period, dimension in told
        )
    )


def _before(period: Period) -> Period:
    return Period.containing(period.start - timedelta(days=1), period.grain)


async def _released(
    question: Question, tables: set[tuple[Period, str]]
) -> dict[tuple[Period, str], Release]:
    """Those of these tables that are released, as the asker sees them."""
    async with question.pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT period, dimension, content FROM released_table"
            " WHERE organisation = %s AND period = ANY (%s)",
            (question.organisation, sorted({str(period) for period, _ in tables})),
        )
        rows = await cursor.fetchall()
    found = {
        (Period.parse(period), dimension): msgspec.json.decode(content, type=Release)
        for period, dimension, content in rows
        if (Period.parse(period), dimension) in tables
    }
    if not found or sees_every_place(question.principal):
        return found
    branch = await own_branch(question)
    return {key: own for key, one in found.items() if (own := branch.of(one)) is not None}


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
