"""The cases in which there is a disclosure or a request for access, for who has a part in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.ledger.leaf import KEY_DESTROYED

if TYPE_CHECKING:
    from uuid import UUID

    from shared.eventstore.store import Recorded
    from shared.runtime.calls import Call

MOST = 200
"""Of a list that is not paged: these are rare."""


# The types stand in the text for the sake of the index on them (migrations/0003).
_STREAMS = {
    "DisclosureRequested": "SELECT DISTINCT stream FROM event WHERE organisation = %s"
    " AND type = 'DisclosureRequested'",
    "SubjectAccessRequested": "SELECT DISTINCT stream FROM event WHERE organisation = %s"
    " AND type = 'SubjectAccessRequested'",
}


async def cases_with(call: Call, kind: str) -> dict[UUID, list[Recorded]]:
    """The events of each case that has an event `kind`, oldest first; without erased ones."""
    async with call.parts.pool.connection() as connection:
        cursor = await connection.execute(_STREAMS[kind], (call.organisation,))
        streams = [row[0] for row in await cursor.fetchall()]
    cases: dict[UUID, list[Recorded]] = {}
    for one in await call.parts.store.load_many(call.organisation, streams):
        if one.event is not None and one.type != KEY_DESTROYED:
            cases.setdefault(one.stream, []).append(one)
    return cases
