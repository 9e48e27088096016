"""Management answers a recommendation."""

from __future__ import annotations

from services.reporting.commands.in_loop import add_to_loop
from services.reporting.domain import recommending
from services.reporting.loop_shapes import words_or_none_from_bus
from services.reporting.shapes import as_uuid
from shared.contracts.reporting_loop import AnswerRecommendation
from shared.contracts.rpc import Done
from shared.runtime.calls import Call


async def answer_recommendation(call: Call, request: AnswerRecommendation) -> Done:
    """See AnswerRecommendation."""
    recommendation_id = as_uuid(request.recommendation_id, "recommendationId")
    return await add_to_loop(
        call,
        recommendation_id,
        lambda state: recommending.answer(
            state,
            recommendation_id=recommendation_id,
            given=request.answer,
            reasons=words_or_none_from_bus(request.reasons),
            role=call.principal.role.value,
            on=call.now.date(),
        ),
    )
