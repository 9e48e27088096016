"""Management decides how long an answer to a recommendation may take."""

from __future__ import annotations

from services.reporting.commands.in_loop import add_to_loop
from services.reporting.domain import recommending
from shared.contracts.reporting_loop import DecideResponseTerm
from shared.contracts.rpc import Done
from shared.runtime.calls import Call


async def decide_response_term(call: Call, request: DecideResponseTerm) -> Done:
    """See DecideResponseTerm."""
    return await add_to_loop(
        call,
        None,
        lambda state: recommending.decide_term(state, weeks=request.weeks, on=call.now.date()),
    )
