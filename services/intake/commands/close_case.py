"""An adviser closes a case."""

from __future__ import annotations

from services.intake.commands.in_case import add_to_case
from services.intake.domain import case
from shared.contracts.rpc import CloseCase, Done
from shared.runtime.calls import Call


async def close_case(call: Call, request: CloseCase) -> Done:
    """See CloseCase."""
    return await add_to_case(
        call, request.case_id, lambda state: case.close_case(state, at=call.now)
    )
