"""HR or an adviser tells in which period a formal complaint came, or absence rose."""

from __future__ import annotations

from services.signals.commands.in_signal import adopted_of
from services.signals.domain import outcome
from services.signals.streams import load_outcomes, outcome_stream
from shared.contracts.rpc import Done, TellOutcome
from shared.eventstore.store import Change
from shared.runtime.calls import Call


async def tell_outcome(call: Call, request: TellOutcome) -> Done:
    """See TellOutcome."""
    await adopted_of(call)
    state = await load_outcomes(call.parts.store, call.organisation)
    event = outcome.tell(
        state,
        what=request.what,
        period=request.period,
        happened=request.happened,
        on=call.now.date(),
    )
    change = Change(outcome_stream(call.organisation), state.version + 1, event)
    return await call.commit([change], Done(id=event.period, position=0))
