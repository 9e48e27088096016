"""Recoveries that wait for an approval, or are approved and not used up."""

from __future__ import annotations

from services.intake.domain.case import RecoveryRequested
from services.intake.domain.recovery import pending
from services.intake.streams import load_case
from shared.contracts.rpc import Empty, Recoveries, Recovery
from shared.eventstore.week import week_of
from shared.identity.roles import Role
from shared.runtime.calls import Call


async def recoveries(call: Call, _request: Empty) -> Recoveries:
    """See Recoveries."""
    async with call.parts.pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT case_id FROM recovery_index WHERE organisation = %s ORDER BY requested_index",
            (call.organisation,),
        )
        ids = [row[0] for row in await cursor.fetchall()]
    items = []
    for case_id in ids:
        state = await load_case(call.parts.store, call.organisation, case_id)
        asked = pending(state, at=call.now)
        if asked is None or state.closed or not _for(call, asked):
            continue
        items.append(
            Recovery(
                case_id=str(case_id),
                adviser_id=state.adviser_id,
                to_adviser=asked.to_adviser,
                reason=asked.reason,
                requested_by=asked.role,
                week=week_of(asked.at),
                approved=state.recovery_approved,
            )
        )
    if items:
        await call.record_access("recoveries")
    return Recoveries(items=tuple(items))


def _for(call: Call, asked: RecoveryRequested) -> bool:
    return call.principal.role is not Role.ADVISER or asked.to_adviser == call.principal.subject
