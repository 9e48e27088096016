"""An adviser lays a redaction before the second adviser."""

from __future__ import annotations

from services.intake.commands.in_case import add_to_case
from services.intake.domain import subject_access
from services.intake.sealed import as_uuid, parts_from_bus
from services.intake.streams import load_organisation
from shared.contracts.rpc import Done, ProposeRedaction
from shared.runtime.calls import Call


async def propose_redaction(call: Call, request: ProposeRedaction) -> Done:
    """See ProposeRedaction."""
    organisation = await load_organisation(call.parts.store, call.organisation)
    return await add_to_case(
        call,
        request.case_id,
        lambda state: subject_access.propose(
            state,
            organisation,
            access_id=as_uuid(request.access_id, "accessId"),
            adviser_id=call.principal.subject,
            passages=request.passages,
            parts=parts_from_bus(request.parts),
            at=call.now,
        ),
    )
