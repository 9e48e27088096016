"""Every day: the clocks of cases and reports are looked at. Who must act is warned, the coordinator told."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from uuid import UUID

from services.intake.domain import clock
from services.intake.streams import load_case, load_report
from shared.eventstore.damaged import DAMAGED
from shared.eventstore.store import Change, Conflict
from shared.eventstore.week import week_of
from shared.runtime.service import TickFailed
from shared.taxonomy.working_days import day_of

if TYPE_CHECKING:
    from services.intake.domain.case import Case
    from services.intake.domain.whistleblower_report import WhistleblowerReport
    from shared.runtime.calls import Parts

_ATTEMPTS = 4

_TOGETHER = 16
"""Cases that are looked at side by side: what they append is one group."""

_LOOKED_AT = (
    "SELECT DISTINCT case_id FROM term_watch WHERE organisation = %s AND look <= %s"
    " ORDER BY case_id"
)


async def watch_terms(parts: Parts, organisation: UUID, actor: str) -> int:
    """Do what the clocks of one organisation do at this moment; how many steps. The second time it does
    nothing.

    Raises TickFailed, after all others were looked at, for cases that cannot be read.
    """
    now = parts.clock.now()
    async with parts.pool.connection() as connection:
        cursor = await connection.execute(_LOOKED_AT, (organisation, week_of(day_of(now))))
        cases = [row[0] for row in await cursor.fetchall()]
    done = 0
    failed: dict[str, Exception] = {}
    for place in range(0, len(cases), _TOGETHER):
        some = cases[place : place + _TOGETHER]
        outcomes = await asyncio.gather(
            *(_look(parts, organisation, case_id, actor) for case_id in some),
            return_exceptions=True,
        )
        for case_id, outcome in zip(some, outcomes, strict=True):
            if isinstance(outcome, int):
                done += outcome
            elif isinstance(outcome, DAMAGED):
                failed[f"{case_id}/terms"] = outcome  # it keeps no other case from being looked at
            else:
                raise outcome
    if failed:
        raise TickFailed(failed)
    return done


async def _look(parts: Parts, organisation: UUID, case_id: UUID, actor: str) -> int:
    now = parts.clock.now()
    for _ in range(_ATTEMPTS):
        case = await load_case(parts.store, organisation, case_id)
        state: Case | WhistleblowerReport = case
        if case.opened is None:
            state = await load_report(parts.store, organisation, case_id)
        steps = clock.steps(state.terms, at=now)
        if not steps:
            return 0
        changes = [
            Change(case_id, state.version + number, step)
            for number, step in enumerate(steps, start=1)
        ]
        try:
            await parts.store.append(organisation, changes, actor=actor, at=now)
        except Conflict:
            continue  # somebody worked on it at this very moment, or another replica looked
        return len(changes)
    return 0  # tomorrow
