"""HR or an adviser tells in which period a formal complaint came, or absence rose."""

from __future__ import annotations

from services.signals.commands.in_signal import adopted_of
from services.signals.domain import lagging
from services.signals.streams import lagging_stream, load_lagging
from shared.contracts.rpc import Done, TellLaggingIndicator
from shared.eventstore.store import Change
from shared.runtime.calls import Call


async def tell_lagging_indicator(call: Call, request: TellLaggingIndicator) -> Done:
    """See TellLaggingIndicator."""
    await adopted_of(call)
    state = await load_lagging(call.parts.store, call.organisation)
    event = lagging.tell(
        state,
        what=request.what,
        period=request.period,
        happened=request.happened,
        on=call.now.date(),
    )
    change = Change(lagging_stream(call.organisation), state.version + 1, event)
    return await call.commit([change], Done(id=event.period, position=0))
