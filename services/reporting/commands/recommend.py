"""An adviser recommends something to management, for what was released."""

from __future__ import annotations

from services.reporting.commands.in_loop import add_to_loop, released
from services.reporting.domain import recommending
from services.reporting.loop_shapes import ids, ref_from_bus, words_from_bus
from services.reporting.shapes import as_uuid
from shared.contracts.reporting_loop import Recommend
from shared.contracts.rpc import Done
from shared.runtime.calls import Call


async def recommend(call: Call, request: Recommend) -> Done:
    """See Recommend."""
    recommendation_id = as_uuid(request.recommendation_id, "recommendationId")
    signals = ids(request.signals, "signals")
    there = await released(call)
    return await add_to_loop(
        call,
        recommendation_id,
        lambda state: recommending.recommend(
            state,
            there,
            recommendation_id=recommendation_id,
            title=words_from_bus(request.title),
            text=words_from_bus(request.text),
            kind=request.kind,
            period=request.period,
            signals=signals,
            figures=tuple(ref_from_bus(one) for one in request.figures),
            policies=request.policies,
            on=call.now.date(),
        ),
    )
