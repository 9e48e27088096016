"""A complaints officer closes a complaint that was answered, or the reporter withdraws it."""

from __future__ import annotations

from services.intake.commands.in_complaint import add_to_complaint
from services.intake.domain.complaint import close
from shared.contracts.rpc import CloseComplaint, Done
from shared.identity.roles import Role
from shared.runtime.calls import Call


async def close_complaint(call: Call, request: CloseComplaint) -> Done:
    """See CloseComplaint."""
    by_reporter = call.principal.role is Role.REPORTER
    return await add_to_complaint(
        call,
        request.complaint_id,
        lambda state, _organisation, _id: close(state, by_reporter=by_reporter, at=call.now),
    )
