"""An adviser lets a paused term run again."""

from __future__ import annotations

from services.intake.commands.in_case import add_to_case
from services.intake.domain import clock
from shared.contracts.rpc import Done, ResumeTerm
from shared.runtime.calls import Call


async def resume_term(call: Call, request: ResumeTerm) -> Done:
    """See ResumeTerm."""
    return await add_to_case(
        call,
        request.case_id,
        lambda state: clock.resume(state.terms, term=request.term, at=call.now),
    )
