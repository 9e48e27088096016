"""An adviser records that the person a case is about asked for access."""

from __future__ import annotations

from services.intake.commands.in_case import add_to_case
from services.intake.domain import subject_access
from services.intake.sealed import as_uuid, from_bus
from services.intake.streams import load_organisation
from shared.contracts.rpc import Done, RequestSubjectAccess
from shared.runtime.calls import Call


async def request_subject_access(call: Call, request: RequestSubjectAccess) -> Done:
    """See RequestSubjectAccess."""
    organisation = await load_organisation(call.parts.store, call.organisation)
    return await add_to_case(
        call,
        request.case_id,
        lambda state: subject_access.request(
            state,
            organisation,
            access_id=as_uuid(request.access_id, "accessId"),
            adviser_id=call.principal.subject,
            reviewer_id=request.reviewer_id,
            received_on=request.received_on,
            note=from_bus(request.note),
            at=call.now,
        ),
    )
