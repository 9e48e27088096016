"""Which cases an adviser has, newest first: random ids and an adviser's pseudonym, nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared.keys.ring import TIMELESS

if TYPE_CHECKING:
    from uuid import UUID

    import psycopg

    from shared.eventstore.store import Recorded
    from shared.keys.ring import KeyRing


def adviser_pseudonym(ring: KeyRing, organisation: UUID, adviser_id: str) -> bytes:
    """16 bytes that stand for the adviser in this table."""
    return ring.pseudonym(organisation, TIMELESS, adviser_id)


class CaseIndex:
    """Fills `case_index`."""

    name = "case_index"
    types = frozenset({"CaseOpened", "CaseHandedOver", "KeyDestroyed"})
    tables: tuple[str, ...] = ("case_index",)

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring

    async def apply(self, connection: psycopg.AsyncConnection[Any], recorded: Recorded) -> None:
        """See Projection."""
        if recorded.type == "KeyDestroyed":
            await connection.execute(
                "DELETE FROM case_index WHERE case_id = %s", (recorded.stream,)
            )
            return
        if recorded.type == "CaseHandedOver":
            await connection.execute(
                "UPDATE case_index SET adviser = %s WHERE case_id = %s",
                (
                    adviser_pseudonym(self._ring, recorded.organisation, recorded.event.to_adviser),
                    recorded.stream,
                ),
            )
            return
        adviser = adviser_pseudonym(self._ring, recorded.organisation, recorded.event.adviser_id)
        await connection.execute(
            "INSERT INTO case_index (organisation, adviser, opened_index, case_id)"
            " VALUES (%s, %s, %s, %s)",
            (recorded.organisation, adviser, recorded.index, recorded.stream),
        )
