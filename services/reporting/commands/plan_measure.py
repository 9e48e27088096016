"""Management plans what it will do about a recommendation."""

from __future__ import annotations

from services.reporting.commands.in_loop import add_to_loop, released
from services.reporting.domain import measures
from services.reporting.loop_shapes import words_from_bus, words_or_none_from_bus
from services.reporting.shapes import as_uuid
from shared.contracts.reporting_loop import PlanMeasure
from shared.contracts.rpc import Done
from shared.runtime.calls import Call


async def plan_measure(call: Call, request: PlanMeasure) -> Done:
    """See PlanMeasure."""
    measure_id = as_uuid(request.measure_id, "measureId")
    recommendation_id = as_uuid(request.recommendation_id, "recommendationId")
    signal_id = None if request.signal_id is None else as_uuid(request.signal_id, "signalId")
    there = await released(call)
    return await add_to_loop(
        call,
        measure_id,
        lambda state: measures.plan(
            state,
            policies=there.policies,
            measure_id=measure_id,
            recommendation_id=recommendation_id,
            title=words_from_bus(request.title),
            said=words_or_none_from_bus(request.words),
            owner=request.owner,
            kind=request.kind,
            planned_for=request.planned_for,
            policy=request.policy,
            signal_id=signal_id,
            on=call.now.date(),
        ),
    )
