"""An adviser starts the clocks of a report that reached them in another way than by a code."""

from __future__ import annotations

from services.intake.commands.in_case import add_to_case
from services.intake.domain import clock
from shared.contracts.rpc import Done, StartTerm
from shared.runtime.calls import Call


async def start_term(call: Call, request: StartTerm) -> Done:
    """See StartTerm."""
    return await add_to_case(
        call,
        request.case_id,
        lambda state: clock.start(state.terms, received_on=request.received_on, at=call.now),
    )
