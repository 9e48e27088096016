"""An adviser records that what a term is for was done."""

from __future__ import annotations

from services.intake.commands.in_case import add_to_case
from services.intake.domain import clock
from shared.contracts.rpc import Done, MeetTerm
from shared.runtime.calls import Call


async def meet_term(call: Call, request: MeetTerm) -> Done:
    """See MeetTerm."""
    return await add_to_case(
        call,
        request.case_id,
        lambda state: clock.meet(
            state.terms, term=request.term, on=request.on, how=request.how, at=call.now
        ),
    )
