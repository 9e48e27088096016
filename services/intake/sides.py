"""The people in cases: whether an adviser would support both sides, and what stands for a subject outside
intake. Looked up and made where tokens and keys are, decided in the domain.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from services.intake.domain.case import PartyToken, check_sides
from services.intake.projections.case_index import adviser_pseudonym
from services.intake.projections.party_index import party_pseudonym
from shared.taxonomy.period import Period

if TYPE_CHECKING:
    from collections.abc import Iterable

    from services.intake.domain.case import Mark
    from shared.contracts import rpc
    from shared.keys.ring import KeyRing
    from shared.runtime.calls import Call


def parties_of(parties: Iterable[rpc.PartyToken]) -> tuple[PartyToken, ...]:
    """What a client sent, as the domain takes it."""
    return tuple(PartyToken(role=party.role, token=party.token) for party in parties)


def subject_mark(ring: KeyRing, organisation: UUID) -> Mark:
    """What makes marks of tokens. Who has marks and tokens, but not this service's key ring, can link
    neither a mark to a token nor a mark to one of another period or organisation.
    """

    def mark(period: str, token: bytes) -> bytes:
        year = Period.parse(period).year
        return ring.pseudonym(organisation, year, f"subject/{period}/{token.hex()}")

    return mark


async def refuse_both_sides(
    call: Call, adviser_id: str, case_id: UUID, parties: tuple[PartyToken, ...]
) -> None:
    """Raises Refusal CONFLICT_OF_INTEREST where another case of this adviser names one of `parties` in
    the other role.
    """
    if not parties:
        return
    named = {
        party_pseudonym(call.parts.ring, call.organisation, party.token): party.token
        for party in parties
    }
    async with call.parts.pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT party_index.role, party_index.token FROM party_index"
            " JOIN case_index USING (organisation, case_id)"
            " WHERE organisation = %s AND token = ANY (%s) AND adviser = %s AND case_id <> %s",
            (
                call.organisation,
                list(named),
                adviser_pseudonym(call.parts.ring, call.organisation, adviser_id),
                case_id,
            ),
        )
        rows = await cursor.fetchall()
    check_sides(parties, (PartyToken(role=role, token=named[token]) for role, token in rows))
