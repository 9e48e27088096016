"""Every day: closed cases whose retention has passed are proposed for erasure. Two people then decide."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from services.intake.domain import erasure
from services.intake.streams import (
    erasure_stream,
    load_erasure,
    retention_due,
    retention_months,
)
from shared.eventstore.damaged import DAMAGED
from shared.eventstore.store import Change, Conflict
from shared.eventstore.week import week_of
from shared.runtime.service import TickFailed

if TYPE_CHECKING:
    from shared.runtime.calls import Parts

# Closed in a week before this one, not erased, and nobody asked yet.
_CLOSED = (
    "SELECT stream FROM event WHERE organisation = %s AND split_part(type, '.', 1) = 'CaseClosed'"
    " AND week <= %s AND NOT EXISTS (SELECT FROM event AS gone"
    "  WHERE gone.key_id = event.key_id AND gone.type = 'KeyDestroyed') ORDER BY leaf_index"
)


async def propose_erasures(parts: Parts, organisation: UUID, actor: str) -> int:
    """Propose what is due in one organisation; how many cases. The second time it proposes nothing.

    Raises TickFailed, after all others were proposed, for cases that cannot be read.
    """
    months, _ = await retention_months(parts.store, organisation)
    if months is None:
        return 0
    now = parts.clock.now()
    async with parts.pool.connection() as connection:
        cursor = await connection.execute(_CLOSED, (organisation, week_of(now)))
        closed = [row[0] for row in await cursor.fetchall()]
        streams = {erasure_stream(organisation, case_id): case_id for case_id in closed}
        cursor = await connection.execute(
            "SELECT stream FROM event WHERE stream = ANY (%s) AND version = 1", (list(streams),)
        )
        for (asked,) in await cursor.fetchall():
            del streams[asked]
    proposed = 0
    failed: dict[str, Exception] = {}
    for stream, case_id in streams.items():
        try:
            due = await retention_due(parts.store, organisation, case_id)
            state = await load_erasure(parts.store, organisation, case_id)
        except DAMAGED as error:
            failed[f"{case_id}"] = error  # it keeps no other case from being proposed
            continue
        if due is None or now.date() < due:
            continue
        event = erasure.request(
            state,
            case_id=case_id,
            ground="retention",
            by=actor,
            role="rule",
            due=due,
            at=now,
        )
        try:
            await parts.store.append(organisation, [Change(stream, 1, event)], actor=actor, at=now)
        except Conflict:
            continue  # somebody asked at this very moment, or another replica proposed it
        proposed += 1
    if failed:
        raise TickFailed(failed)
    return proposed
