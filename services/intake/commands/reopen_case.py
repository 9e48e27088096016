"""A closed case is opened again."""

from __future__ import annotations

from services.intake.commands.in_case import add_as_either
from services.intake.domain import aftercare
from shared.contracts.rpc import Done, ReopenCase
from shared.runtime.calls import Call


async def reopen_case(call: Call, request: ReopenCase) -> Done:
    """See ReopenCase."""
    return await add_as_either(
        call,
        request.case_id,
        lambda state, by_reporter: aftercare.reopen(
            state,
            reason=request.reason,
            by_reporter=by_reporter,
            at=call.now,
        ),
    )
