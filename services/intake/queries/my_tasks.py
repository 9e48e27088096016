"""What is due in the asking adviser's own cases. The look is recorded."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import reduce
from itertools import groupby
from typing import TYPE_CHECKING
from uuid import UUID

from services.intake.domain.case import Case, evolve
from services.intake.domain.retention import due_on
from services.intake.projections.case_index import adviser_pseudonym
from services.intake.streams import retention_months
from shared.contracts.rpc import Empty, Task, Tasks
from shared.eventstore.week import week_of
from shared.ledger.leaf import KEY_DESTROYED
from shared.runtime.calls import Call, Parts
from shared.taxonomy.terms import kind_of
from shared.taxonomy.working_days import day_of, months_later

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from shared.eventstore.store import Recorded

MOST = 500

AHEAD = timedelta(days=31)
"""So long before a closed case may go its adviser is told."""

_RUNNING = (
    "SELECT case_id FROM case_index WHERE organisation = %s AND adviser = %s"
    " AND EXISTS (SELECT FROM term_watch WHERE term_watch.case_id = case_index.case_id)"
)
# Closed at least so long ago; those that are reported later are sorted out when they are read.
_CLOSED = (
    "SELECT case_id FROM case_index WHERE organisation = %s AND adviser = %s"
    " AND EXISTS (SELECT FROM event WHERE event.stream = case_index.case_id"
    "  AND split_part(event.type, '.', 1) = 'CaseClosed' AND event.week <= %s)"
)


async def my_tasks(call: Call, _request: Empty) -> Tasks:
    """See Tasks."""
    asker = call.principal.subject
    found = [one async for one in tasks_of(call.parts, call.organisation, asker, call.now)]
    if found:
        await call.record_access("my_tasks")
    found.sort(key=lambda one: (one.due_on, one.case_id, one.term))
    return Tasks(items=tuple(found[:MOST]))


async def tasks_of(
    parts: Parts, organisation: UUID, adviser_id: str, now: datetime
) -> AsyncIterator[Task]:
    """The terms that run in an adviser's cases, and the cases whose retention is nearly over."""
    today = day_of(now)
    months, _ = await retention_months(parts.store, organisation)
    adviser = adviser_pseudonym(parts.ring, organisation, adviser_id)
    async with parts.pool.connection() as connection:
        cursor = await connection.execute(_RUNNING, (organisation, adviser))
        ids = {row[0] for row in await cursor.fetchall()}
        if months is not None:
            # A case that is due by then was closed in this week at the latest.
            week = week_of(months_later(today + AHEAD, -months))
            cursor = await connection.execute(_CLOSED, (organisation, adviser, week))
            ids |= {row[0] for row in await cursor.fetchall()}
    recorded = await parts.store.load_many(organisation, sorted(ids))
    recorded.sort(key=lambda one: (one.stream, one.version))
    for case_id, group in groupby(recorded, key=lambda one: one.stream):
        events = list(group)
        if events[-1].type == KEY_DESTROYED:
            continue  # a moment ago, and still in the list
        state = reduce(evolve, (one.event for one in events), Case())
        for task in _of_a_case(case_id, state, today):
            yield task
        if months is not None:
            for task in _kept(case_id, state, events, months, today):
                yield task


def _of_a_case(case_id: UUID, state: Case, today: date) -> list[Task]:
    return [
        Task(
            case_id=str(case_id),
            term=one.term,
            kind=kind_of(one.term),
            week=week_of(due),
            due_on=due,
            stage=one.stage(today),
            ground=one.ground,
        )
        for one in state.terms
        if not one.met
        for due in (one.due,)
    ]


def _kept(
    case_id: UUID, state: Case, events: Sequence[Recorded], months: int, today: date
) -> list[Task]:
    closed = [one.event.at.date() for one in events if one.type == "CaseClosed"]
    if state.opened is None or not state.closed or not closed:
        return []
    due = due_on(closed=closed[-1], period=state.opened.period, months=months)
    if due > today + AHEAD:
        return []
    return [
        Task(
            case_id=str(case_id),
            term="retention",
            kind="retention",
            week=week_of(due),
            due_on=due,
            stage="soon" if due > today else "overdue",
            ground=None,
        )
    ]
