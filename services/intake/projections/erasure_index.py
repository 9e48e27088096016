"""Which cases' erasure was asked for, in order: random ids, nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import psycopg

    from shared.eventstore.store import Recorded


class ErasureIndex:
    """Fills `erasure_index`."""

    name = "erasure_index"
    types = frozenset({"ErasureRequested"})
    tables: tuple[str, ...] = ("erasure_index",)

    async def apply(self, connection: psycopg.AsyncConnection[Any], recorded: Recorded) -> None:
        """See Projection."""
        await connection.execute(
            "INSERT INTO erasure_index (organisation, requested_index, case_id)"
            # A person who asks after the retention rule did.
            " VALUES (%s, %s, %s) ON CONFLICT (case_id) DO NOTHING",
            (recorded.organisation, recorded.index, recorded.event.case_id),
        )
