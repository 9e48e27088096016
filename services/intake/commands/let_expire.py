"""Every day: the keys of private notes, peer consultations and closed complaints whose last day is past
are destroyed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.intake.projections.expiry_watch import last_day_of
from shared.eventstore.damaged import DAMAGED
from shared.eventstore.store import Conflict, StreamErased
from shared.eventstore.week import week_of
from shared.runtime.erasure import KeyDestroyed
from shared.runtime.service import TickFailed
from shared.taxonomy.working_days import day_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date
    from uuid import UUID

    from shared.runtime.calls import Parts


async def let_expire(parts: Parts, organisation: UUID, actor: str) -> int:
    """Destroy what is due in one organisation; how many. The second time it destroys nothing.

    Raises TickFailed, after all others were done, for what cannot be read.
    """
    now = parts.clock.now()
    today = day_of(now)
    async with parts.pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT matter FROM expiry_watch WHERE organisation = %s AND look <= %s ORDER BY matter",
            (organisation, week_of(today)),
        )
        due = [row[0] for row in await cursor.fetchall()]
    destroyed = 0
    failed: dict[str, Exception] = {}
    for matter in due:
        try:
            recorded = await parts.store.load(organisation, matter)
            last = last_day(one.event for one in recorded)
            if last is None or last >= today:
                continue
            event = KeyDestroyed(ground="expired", approved_by=(), at=now)
            await parts.erasures.erase(organisation, matter, event, actor=actor)
            destroyed += 1
        except (Conflict, StreamErased):
            continue  # another replica, or who wrote it, was first
        except DAMAGED as error:
            failed[f"{matter}"] = error  # it keeps no other from being destroyed
    if failed:
        raise TickFailed(failed)
    return destroyed


def last_day(events: Iterable[object]) -> date | None:
    """The last day of what these events are; None: it has none yet, or its key is gone already."""
    last = None
    for event in events:
        if isinstance(event, KeyDestroyed):
            return None
        last = last_day_of(event) or last
    return last
