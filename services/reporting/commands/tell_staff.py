"""An adviser tells all staff what was heard and what was done."""

from __future__ import annotations

from services.reporting.commands.in_loop import add_to_tellings
from services.reporting.domain import telling
from services.reporting.loop_shapes import ids, words_from_bus
from services.reporting.shapes import as_uuid
from services.reporting.streams import load_loop
from shared.contracts.reporting_loop import TellStaff
from shared.contracts.rpc import Done
from shared.runtime.calls import Call


async def tell_staff(call: Call, request: TellStaff) -> Done:
    """See TellStaff."""
    telling_id = as_uuid(request.telling_id, "tellingId")
    recommendations = ids(request.recommendations, "recommendations")
    loop = await load_loop(call.parts.store, call.organisation)
    return await add_to_tellings(
        call,
        telling_id,
        lambda state: telling.tell(
            state,
            loop,
            telling_id=telling_id,
            heard=words_from_bus(request.heard),
            did=words_from_bus(request.did),
            recommendations=recommendations,
            ways=request.ways,
            on=call.now.date(),
        ),
    )
