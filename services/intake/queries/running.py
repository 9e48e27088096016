"""The running cases of an adviser."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from services.intake.projections.case_index import adviser_pseudonym
from services.intake.streams import load_case

if TYPE_CHECKING:
    from services.intake.domain.case import Case
    from shared.runtime.calls import Call


async def running_cases(call: Call, adviser_id: str) -> list[tuple[UUID, Case]]:
    """Id and state of each, in the order in which they were opened."""
    adviser = adviser_pseudonym(call.parts.ring, call.organisation, adviser_id)
    async with call.parts.pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT case_id FROM case_index WHERE organisation = %s AND adviser = %s"
            " ORDER BY opened_index",
            (call.organisation, adviser),
        )
        ids = [row[0] for row in await cursor.fetchall()]
    found = []
    for case_id in ids:
        state = await load_case(call.parts.store, call.organisation, case_id)
        if state.opened is not None and not state.closed and state.adviser_id == adviser_id:
            found.append((case_id, state))
    return found
