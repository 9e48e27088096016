"""Which cases name whom, as reporter or subject: pseudonyms of tokens, and random ids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared.keys.ring import TIMELESS
from shared.ledger.leaf import KEY_DESTROYED

if TYPE_CHECKING:
    from uuid import UUID

    import psycopg

    from shared.eventstore.store import Recorded
    from shared.keys.ring import KeyRing


def party_pseudonym(ring: KeyRing, organisation: UUID, token: bytes) -> bytes:
    """16 bytes that stand for a token in this table: who reads it has not even the token."""
    return ring.pseudonym(organisation, TIMELESS, f"party/{token.hex()}")


class PartyIndex:
    """Fills `party_index`."""

    name = "party_index"
    types = frozenset({"CaseOpened", "PartiesNamed", KEY_DESTROYED})
    tables: tuple[str, ...] = ("party_index",)

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring

    async def apply(self, connection: psycopg.AsyncConnection[Any], recorded: Recorded) -> None:
        """See Projection."""
        if recorded.type == KEY_DESTROYED:
            await connection.execute(
                "DELETE FROM party_index WHERE case_id = %s", (recorded.stream,)
            )
            return
        for party in recorded.event.parties:
            await connection.execute(
                "INSERT INTO party_index (organisation, token, role, case_id)"
                " VALUES (%s, %s, %s, %s)",
                (
                    recorded.organisation,
                    party_pseudonym(self._ring, recorded.organisation, party.token),
                    party.role,
                    recorded.stream,
                ),
            )
