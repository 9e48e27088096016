"""A leadership layer acknowledges its mirror, with its own words where it wants to keep any."""

from __future__ import annotations

from services.reporting.commands.in_mirror import add_to_mirror
from services.reporting.domain import mirror
from shared.contracts.errors import invalid
from shared.contracts.reporting_mirror import AcknowledgeMirror
from shared.contracts.rpc import Done
from shared.runtime.calls import Call


async def acknowledge_mirror(call: Call, request: AcknowledgeMirror) -> Done:
    """See AcknowledgeMirror."""
    reflections = {one.question: one.words for one in request.reflections}
    if len(reflections) != len(request.reflections):
        raise invalid("reflections", "an entry stands there twice")

    def decide(state: mirror.Mirror) -> mirror.Event:
        mirror.check_key(state, request.key)
        return mirror.acknowledge(
            state,
            reflections=reflections,
            open_to_others=request.open_to_others,
            on=call.now.date(),
        )

    return await add_to_mirror(call, request.layer_id, request.period, decide)
