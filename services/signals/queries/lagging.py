"""What the organisation told of complaints and absence: what warnings are compared with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.signals.domain.trends import Happened
from shared.taxonomy.period import Period

if TYPE_CHECKING:
    from uuid import UUID

    import psycopg


async def happened_in(
    connection: psycopg.AsyncConnection[Any], organisation: UUID, until: int | None
) -> tuple[Happened, ...]:
    """What is told and was not taken back before the log's entry `until`; None: the present."""
    cursor = await connection.execute(
        "SELECT DISTINCT ON (what, period) what, period, happened FROM released_lagging"
        " WHERE organisation = %s AND (%s::bigint IS NULL OR leaf_index < %s)"
        " ORDER BY what, period, leaf_index DESC",
        (organisation, until, until),
    )
    return tuple(
        Happened(what=what, when=Period.parse(period))
        for what, period, happened in await cursor.fetchall()
        if happened
    )
