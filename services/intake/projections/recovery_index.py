"""Which cases have a recovery that was asked for: random ids, nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared.ledger.leaf import KEY_DESTROYED

if TYPE_CHECKING:
    import psycopg

    from shared.eventstore.store import Recorded


class RecoveryIndex:
    """Fills `recovery_index`. What lapsed stays until something ends it: its reader looks at days."""

    name = "recovery_index"
    types = frozenset(
        {"RecoveryRequested", "WordsResealed", "CaseHandedOver", "CaseClosed", KEY_DESTROYED}
    )
    tables: tuple[str, ...] = ("recovery_index",)

    async def apply(self, connection: psycopg.AsyncConnection[Any], recorded: Recorded) -> None:
        """See Projection."""
        await connection.execute(
            "DELETE FROM recovery_index WHERE case_id = %s", (recorded.stream,)
        )
        if recorded.type == "RecoveryRequested":
            await connection.execute(
                "INSERT INTO recovery_index (organisation, requested_index, case_id)"
                " VALUES (%s, %s, %s)",
                (recorded.organisation, recorded.index, recorded.stream),
            )
