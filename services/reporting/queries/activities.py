"""What the advisers told of their own work."""

from __future__ import annotations

from typing import Final

from services.reporting.loop_shapes import activities_to_bus
from services.reporting.streams import load_activities
from shared.contracts.reporting_loop import Activities
from shared.contracts.rpc import Empty
from shared.runtime.calls import Call

MOST: Final = 100


async def activities(call: Call, request: Empty) -> Activities:
    """See Activities."""
    del request
    state = await load_activities(call.parts.store, call.organisation)
    newest = tuple(reversed(state.items))[:MOST]
    return Activities(items=tuple(activities_to_bus(one) for one in newest))
