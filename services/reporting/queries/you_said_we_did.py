"""What was told to all staff. Everybody may read it, so nobody's look is recorded."""

from __future__ import annotations

from services.reporting.loop_shapes import telling_to_bus
from services.reporting.streams import load_tellings
from shared.contracts.reporting_loop import Tellings
from shared.contracts.rpc import Part
from shared.runtime.calls import Call
from shared.runtime.parts import next_of, stop_of


async def you_said_we_did(call: Call, request: Part) -> Tellings:
    """See Tellings."""
    state = await load_tellings(call.parts.store, call.organisation)
    items = [telling_to_bus(one) for one in reversed(state.items)]
    stop = stop_of(items, request.after)
    return Tellings(items=tuple(items[request.after : stop]), next=next_of(items, stop))
