"""How much of a case's protection is spent, by period, and of a pulse's sheets. That somebody looked is
recorded first.
"""

from __future__ import annotations

import msgspec

from services.signals.domain.budget import PULSE, Debit, spent_by
from services.signals.domain.lattice import BUDGET, LatticeFrozen
from services.signals.question import OrganisationShown, Question
from shared.contracts.errors import Code, Refusal
from shared.contracts.rpc import (
    DrawSpent,
    PeriodSpent,
    PrivacyBudget,
    PrivacyBudgetQuery,
    PulseSpent,
)


async def privacy_budget(question: Question, request: PrivacyBudgetQuery) -> PrivacyBudget:
    """See PrivacyBudget. Raises Refusal NOT_FOUND for an organisation that is not known here."""
    until = await question.checkpoint_at(request.as_of)
    asked = {"organisation": question.organisation, "until": until}
    async with question.pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT content FROM released_organisation WHERE organisation = %(organisation)s"
            " AND (%(until)s::bigint IS NULL OR leaf_index < %(until)s)",
            asked,
        )
        row = await cursor.fetchone()
        cursor = await connection.execute(
            "SELECT content FROM released_grid WHERE organisation = %(organisation)s"
            " AND (%(until)s::bigint IS NULL OR leaf_index < %(until)s)",
            asked,
        )
        grids = [
            msgspec.json.decode(content, type=LatticeFrozen)
            for (content,) in await cursor.fetchall()
        ]
        cursor = await connection.execute(
            "SELECT measure, period, grid, epsilon, adopted, ARRAY("
            " SELECT dimension FROM released_spent_table AS made"
            " WHERE made.organisation = spent.organisation AND made.measure = spent.measure"
            " AND made.period = spent.period"
            " AND (%(until)s::bigint IS NULL OR made.leaf_index < %(until)s)"
            ' ORDER BY dimension COLLATE "C")'
            " FROM released_spent AS spent WHERE organisation = %(organisation)s"
            " AND (%(until)s::bigint IS NULL OR leaf_index < %(until)s)"
            ' ORDER BY period COLLATE "C"',
            asked,
        )
        debits = [
            Debit(
                measure=measure,
                window=window,
                grid_id=grid,
                epsilon=epsilon,
                adopted=adopted,
                tables=tuple(tables),
            )
            for measure, window, grid, epsilon, adopted, tables in await cursor.fetchall()
        ]
    if row is None:
        raise Refusal(Code.NOT_FOUND)
    organisation = msgspec.json.decode(row[0], type=OrganisationShown)
    await question.record_access("privacy budget")
    noisy = organisation.policy == "noisy"
    return PrivacyBudget(
        policy=organisation.policy,
        profile=organisation.profile if noisy else None,
        limit=BUDGET[organisation.profile] if noisy else None,
        periods=tuple(
            PeriodSpent(
                period=one.period,
                spent=one.spent,
                planned=one.planned,
                draws=tuple(
                    DrawSpent(
                        measure=draw.measure,
                        window=draw.window,
                        epsilon=draw.epsilon,
                        adopted=draw.adopted,
                        tables=draw.tables,
                    )
                    for draw in one.draws
                ),
            )
            for one in spent_by(grids, [one for one in debits if one.measure != PULSE])
        ),
        pulses=tuple(
            PulseSpent(period=one.window, spent=one.epsilon, adopted=one.adopted)
            for one in debits
            if one.measure == PULSE and one.epsilon is not None
        ),
    )
