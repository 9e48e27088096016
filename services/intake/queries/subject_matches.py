"""How many cases name one subject, without opening any."""

from __future__ import annotations

from services.intake.domain.case import TOKEN_BYTES
from services.intake.projections.party_index import party_pseudonym
from shared.contracts.errors import invalid
from shared.contracts.rpc import SubjectMatches, SubjectMatchesQuery
from shared.runtime.calls import Call


async def subject_matches(call: Call, request: SubjectMatchesQuery) -> SubjectMatches:
    """See SubjectMatchesQuery."""
    if len(request.token) != TOKEN_BYTES:
        raise invalid("token", "it is not {bytes} bytes long", bytes=TOKEN_BYTES)
    await call.record_access("subject_matches")
    token = party_pseudonym(call.parts.ring, call.organisation, request.token)
    async with call.parts.pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT count(*) FROM party_index"
            " WHERE organisation = %s AND token = %s AND role = 'subject'",
            (call.organisation, token),
        )
        row = await cursor.fetchone()
    return SubjectMatches(reports=0 if row is None else int(row[0]))
