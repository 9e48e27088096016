"""Somebody says what is seen after a measure."""

from __future__ import annotations

from services.reporting.commands.in_loop import add_to_loop
from services.reporting.domain import measures
from services.reporting.loop_shapes import words_from_bus
from services.reporting.shapes import as_uuid
from shared.contracts.reporting_loop import ReviewEffect
from shared.contracts.rpc import Done
from shared.runtime.calls import Call


async def review_effect(call: Call, request: ReviewEffect) -> Done:
    """See ReviewEffect."""
    measure_id = as_uuid(request.measure_id, "measureId")
    return await add_to_loop(
        call,
        measure_id,
        lambda state: measures.review(
            state,
            measure_id=measure_id,
            said=words_from_bus(request.words),
            role=call.principal.role.value,
            next_on=request.next_on,
            on=call.now.date(),
        ),
    )
