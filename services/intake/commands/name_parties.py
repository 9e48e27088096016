"""An adviser names whom a case is about, by tokens."""

from __future__ import annotations

from services.intake.commands.in_case import add_to_case
from services.intake.domain import case
from services.intake.sealed import as_uuid
from services.intake.sides import parties_of, refuse_both_sides
from services.intake.streams import load_case
from shared.contracts.rpc import Done, NameParties
from shared.runtime.calls import Call


async def name_parties(call: Call, request: NameParties) -> Done:
    """See NameParties."""
    parties = parties_of(request.parties)
    case_id = as_uuid(request.case_id, "caseId")
    case.owned_by(
        await load_case(call.parts.store, call.organisation, case_id), call.principal.subject
    )
    await refuse_both_sides(call, call.principal.subject, case_id, parties)
    return await add_to_case(
        call,
        request.case_id,
        lambda state: case.name_parties(state, parties=parties, at=call.now),
    )
