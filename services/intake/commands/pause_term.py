"""An adviser pauses a term on a ground."""

from __future__ import annotations

from services.intake.commands.in_case import add_to_case
from services.intake.domain import clock
from shared.contracts.rpc import Done, PauseTerm
from shared.runtime.calls import Call


async def pause_term(call: Call, request: PauseTerm) -> Done:
    """See PauseTerm."""
    return await add_to_case(
        call,
        request.case_id,
        lambda state: clock.pause(
            state.terms, term=request.term, ground=request.ground, at=call.now
        ),
    )
