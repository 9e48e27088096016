"""A mirror, for the layer that it is of, by its key, and for the adviser. A look is recorded first."""

from __future__ import annotations

from services.reporting.domain.mirror import check_key
from services.reporting.mirror_shapes import to_adviser, to_layer
from services.reporting.shapes import as_uuid
from services.reporting.streams import load_mirror, mirror_stream
from shared.contracts.reporting_mirror import Mirror, MirrorQuery
from shared.identity.roles import Role
from shared.runtime.calls import Call
from shared.taxonomy.period import Period


async def mirror(call: Call, request: MirrorQuery) -> Mirror:
    """See Mirror. Raises Refusal NOT_FOUND: no round, and another layer's, are alike."""
    layer_id, half = as_uuid(request.layer_id, "layerId"), str(Period.parse(request.period))
    state = await load_mirror(call.parts.store, call.organisation, layer_id, half)
    if call.principal.role is Role.ADVISER:
        answer = to_adviser(state)
    else:
        check_key(state, request.key)
        answer = to_layer(state)
    await call.record_access("mirror", mirror_stream(call.organisation, layer_id, half))
    return answer
