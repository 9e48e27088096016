"""What is late or falls due soon in the loop, for those who have something to do in it."""

from __future__ import annotations

from typing import Final

from services.reporting import policy
from services.reporting.domain.following import SOON, Due, due
from services.reporting.loop_shapes import words_to_bus
from services.reporting.streams import load_interventions, load_loop
from shared.contracts.reporting_loop import DueFollowUp, DueFollowUps
from shared.contracts.rpc import Empty
from shared.runtime.calls import Call

MOST: Final = 200


async def due_follow_ups(call: Call, request: Empty) -> DueFollowUps:
    """See DueFollowUps."""
    del request
    today = call.now.date()
    loop = await load_loop(call.parts.store, call.organisation)
    held = await load_interventions(call.parts.store, call.organisation)
    found = [
        *due(loop, today),
        *(
            Due(
                kind="intervention",
                ref=one.planned.intervention_id,
                title=one.planned.title,
                due=one.planned.planned_for,
                late=today > one.planned.planned_for,
            )
            for one in held.items
            if one.open and one.planned.planned_for <= today + SOON
        ),
    ]
    found.sort(key=lambda one: (one.due, one.kind, one.ref))
    if found:
        await call.record_access("follow-up")
    return DueFollowUps(
        items=tuple(
            DueFollowUp(
                kind=one.kind,
                ref=str(one.ref),
                title=words_to_bus(one.title),
                due=one.due,
                late=one.late,
                yours=policy.does(call.principal, one.kind),
            )
            for one in found[:MOST]
        )
    )
