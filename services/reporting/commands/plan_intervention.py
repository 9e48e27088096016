"""A training, peer consultation or coaching is planned."""

from __future__ import annotations

from services.reporting.commands.in_loop import add_to_interventions
from services.reporting.domain import interventions
from services.reporting.loop_shapes import words_from_bus
from services.reporting.shapes import as_uuid
from shared.contracts.reporting_loop import PlanIntervention
from shared.contracts.rpc import Done
from shared.runtime.calls import Call


async def plan_intervention(call: Call, request: PlanIntervention) -> Done:
    """See PlanIntervention."""
    intervention_id = as_uuid(request.intervention_id, "interventionId")
    return await add_to_interventions(
        call,
        intervention_id,
        lambda state, known: interventions.plan(
            state,
            known_units=frozenset(unit.id for unit in known.units),
            intervention_id=intervention_id,
            kind=request.kind,
            title=words_from_bus(request.title),
            themes=request.themes,
            layer=request.layer,
            units=request.units,
            planned_for=request.planned_for,
            on=call.now.date(),
        ),
    )
