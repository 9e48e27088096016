"""An adviser opens the round of a leadership layer."""

from __future__ import annotations

from services.reporting.commands.in_mirror import add_to_mirror
from services.reporting.domain import mirror
from services.reporting.shapes import as_uuid
from services.reporting.streams import load_layers
from shared.contracts.reporting_mirror import OpenMirror
from shared.contracts.rpc import Done
from shared.runtime.calls import Call


async def open_mirror(call: Call, request: OpenMirror) -> Done:
    """See OpenMirror."""
    layers = await load_layers(call.parts.store, call.organisation)
    layer = layers.find(as_uuid(request.layer_id, "layerId"))

    def decide(state: mirror.Mirror) -> mirror.Event:
        return mirror.open_round(
            state,
            organisation_id=call.organisation,
            layer=layer,
            period=request.period,
            key_hash=request.key_hash,
            today=call.now.date(),
        )

    return await add_to_mirror(call, request.layer_id, request.period, decide)
