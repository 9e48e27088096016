"""An adviser takes back a recommendation that was not answered."""

from __future__ import annotations

from services.reporting.commands.in_loop import add_to_loop
from services.reporting.domain import recommending
from services.reporting.loop_shapes import words_from_bus
from services.reporting.shapes import as_uuid
from shared.contracts.reporting_loop import WithdrawRecommendation
from shared.contracts.rpc import Done
from shared.runtime.calls import Call


async def withdraw_recommendation(call: Call, request: WithdrawRecommendation) -> Done:
    """See WithdrawRecommendation."""
    recommendation_id = as_uuid(request.recommendation_id, "recommendationId")
    return await add_to_loop(
        call,
        recommendation_id,
        lambda state: recommending.withdraw(
            state,
            recommendation_id=recommendation_id,
            reasons=words_from_bus(request.reasons),
            on=call.now.date(),
        ),
    )
