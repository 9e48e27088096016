"""HR, the board or a coordinator declares a leadership layer, or tells its new number of leaders."""

from __future__ import annotations

from services.reporting.domain import leadership
from services.reporting.streams import layers_stream, load_layers, load_organisation
from shared.contracts.errors import Code, Refusal
from shared.contracts.reporting_mirror import DeclareLeadershipLayer
from shared.contracts.rpc import Done
from shared.eventstore.store import Change
from shared.runtime.calls import Call


async def declare_leadership_layer(call: Call, request: DeclareLeadershipLayer) -> Done:
    """See DeclareLeadershipLayer. The answer's id is the layer's."""
    organisation = (await load_organisation(call.parts.store, call.organisation)).known
    state = await load_layers(call.parts.store, call.organisation)
    event = leadership.declare(
        state,
        organisation_id=organisation.organisation_id,
        levels=request.levels,
        leaders=request.leaders,
        on=call.now.date(),
    )
    if event is None:
        raise Refusal(Code.ALREADY_EXISTS)
    change = Change(layers_stream(call.organisation), state.version + 1, event)
    return await call.commit([change], Done(id=str(event.layer_id), position=0))
