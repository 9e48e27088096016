"""How many open cases each adviser has: of the week's beginning, in fives, and never which."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.intake.domain.case import CaseHandedOver
from services.intake.domain.workload import counted
from services.intake.projections.case_index import adviser_pseudonym
from services.intake.streams import load_organisation
from shared.contracts.rpc import Empty, Workload, WorkloadOfAdviser
from shared.eventstore.week import week_of
from shared.runtime.calls import Call

if TYPE_CHECKING:
    from services.intake.domain.organisation import Organisation

# Weeks and types stand in clear in the log: nothing of a case is decrypted for this.
_OPEN = """
SELECT case_index.case_id, case_index.adviser FROM case_index
  JOIN event AS opened ON opened.stream = case_index.case_id AND opened.version = 1
 WHERE case_index.organisation = %(organisation)s AND opened.week < %(week)s
   AND (
     SELECT split_part(last.type, '.', 1) FROM event AS last
      WHERE last.stream = case_index.case_id AND last.week < %(week)s
        AND split_part(last.type, '.', 1) IN ('CaseClosed', 'CaseReopened')
      ORDER BY last.version DESC LIMIT 1) IS DISTINCT FROM 'CaseClosed'
"""
_HANDED_OVER = """
SELECT event.stream FROM event JOIN case_index ON case_index.case_id = event.stream
 WHERE case_index.organisation = %(organisation)s AND event.week >= %(week)s
   AND split_part(event.type, '.', 1) = 'CaseHandedOver'
"""


async def workload(call: Call, _request: Empty) -> Workload:
    """See Workload."""
    organisation = await load_organisation(call.parts.store, call.organisation)
    found = await loads(call, organisation)
    return Workload(
        week=week_of(call.now),
        advisers=tuple(
            WorkloadOfAdviser(adviser_id=seat.id, name=seat.name, open_cases=found[seat.id])
            for seat in organisation.known.advisers
        ),
    )


async def loads(call: Call, organisation: Organisation) -> dict[str, int]:
    """Rounded, by adviser. A case that was handed over this week still counts for who had it."""
    week = week_of(call.now)
    asked = {"organisation": call.organisation, "week": week}
    async with call.parts.pool.connection() as connection:
        owners = dict(await (await connection.execute(_OPEN, asked)).fetchall())
        moved = [row[0] for row in await (await connection.execute(_HANDED_OVER, asked)).fetchall()]
    for recorded in reversed(await call.parts.store.load_many(call.organisation, moved)):
        event = recorded.event
        if (
            isinstance(event, CaseHandedOver)
            and recorded.week >= week
            and recorded.stream in owners
        ):
            owners[recorded.stream] = adviser_pseudonym(
                call.parts.ring, call.organisation, event.from_adviser
            )
    counts = counted(owners.values())
    return {
        seat.id: counts.get(adviser_pseudonym(call.parts.ring, call.organisation, seat.id), 0)
        for seat in organisation.known.advisers
    }
