"""HR, the board or a coordinator withdraws a leadership layer."""

from __future__ import annotations

from services.reporting.domain import leadership
from services.reporting.shapes import as_uuid
from services.reporting.streams import layers_stream, load_layers
from shared.contracts.reporting_mirror import WithdrawLeadershipLayer
from shared.contracts.rpc import Done
from shared.eventstore.store import Change
from shared.runtime.calls import Call


async def withdraw_leadership_layer(call: Call, request: WithdrawLeadershipLayer) -> Done:
    """See WithdrawLeadershipLayer."""
    layer_id = as_uuid(request.layer_id, "layerId")
    state = await load_layers(call.parts.store, call.organisation)
    event = leadership.withdraw(state, layer_id=layer_id, on=call.now.date())
    change = Change(layers_stream(call.organisation), state.version + 1, event)
    return await call.commit([change], Done(id=str(layer_id), position=0))
