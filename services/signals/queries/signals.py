"""The released signals, for those who may read them. That somebody looked is recorded first."""

from __future__ import annotations

import msgspec

from services.signals.domain.lattice import WHOLE
from services.signals.policy import reads_texts, sees_every_place
from services.signals.question import Question
from services.signals.shown import ShownSignal
from shared.contracts.rpc import Signal, Signals, SignalsQuery, SignalWithdrawal
from shared.taxonomy.period import Period


async def signals(question: Question, request: SignalsQuery) -> Signals:
    """See Signals. What was withdrawn is gone from the past too: words that point at somebody do so
    whenever they are read. That there was one is in every answer, whatever period was asked for and
    whoever asks: else the questions would tell what it was about.
    """
    until = await question.checkpoint_at(request.as_of)
    period = None if request.period is None else str(Period.parse(request.period))
    async with question.pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT signal_id, week, content, withdrawn_week, withdrawn_reason"
            " FROM released_signal WHERE organisation = %(organisation)s"
            " AND (%(until)s::bigint IS NULL OR leaf_index < %(until)s)"
            " AND (content IS NULL OR (%(period)s::text IS NULL OR period = %(period)s)"
            " AND (%(all)s OR place = %(whole)s OR %(unit)s::text = ANY (scope)))"
            " ORDER BY leaf_index DESC",
            {
                "organisation": question.organisation,
                "period": period,
                "until": until,
                "all": sees_every_place(question.principal),
                "whole": WHOLE,
                "unit": question.principal.unit,
            },
        )
        rows = await cursor.fetchall()
    if rows:
        await question.record_access("signals")
    texts = reads_texts(question.principal)
    return Signals(items=tuple(_signal(*row, texts=texts) for row in rows))


def _signal(
    signal_id: object,
    week: str,
    content: str | None,
    withdrawn_week: str | None,
    reason: str | None,
    *,
    texts: bool,
) -> Signal:
    told = None if content is None else msgspec.json.decode(content, type=ShownSignal)
    return Signal(
        id=str(signal_id),
        released_week=week,
        content=None if told is None else told.content,
        text=told.text if told is not None and texts else None,
        withdrawn=None
        if withdrawn_week is None or reason is None
        else SignalWithdrawal(reason=reason, week=withdrawn_week),
    )
