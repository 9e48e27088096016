"""The reporter or a complaints officer says something in a complaint."""

from __future__ import annotations

from services.intake.commands.in_complaint import add_to_complaint
from services.intake.domain.complaint import write
from services.intake.sealed import from_bus
from services.intake.signatures import verifies
from shared.contracts.rpc import Done, WriteInComplaint
from shared.identity.roles import Role
from shared.runtime.calls import Call


async def write_in_complaint(call: Call, request: WriteInComplaint) -> Done:
    """See WriteInComplaint."""
    by_reporter = call.principal.role is Role.REPORTER
    return await add_to_complaint(
        call,
        request.complaint_id,
        lambda state, organisation, complaint_id: write(
            state,
            organisation,
            complaint_id=complaint_id,
            by=None if by_reporter else call.principal.subject,
            words=from_bus(request.words),
            signature=request.signature,
            verifies=verifies,
            at=call.now,
        ),
    )
