"""An adviser takes the longer term that the law gives."""

from __future__ import annotations

from services.intake.commands.in_case import add_to_case
from services.intake.domain import clock
from shared.contracts.rpc import Done, ExtendTerm
from shared.runtime.calls import Call


async def extend_term(call: Call, request: ExtendTerm) -> Done:
    """See ExtendTerm."""
    return await add_to_case(
        call,
        request.case_id,
        lambda state: clock.extend(
            state.terms, term=request.term, ground=request.ground, at=call.now
        ),
    )
