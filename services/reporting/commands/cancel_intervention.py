"""A training, peer consultation or coaching will not be held."""

from __future__ import annotations

from services.reporting.commands.in_loop import add_to_interventions
from services.reporting.domain import interventions
from services.reporting.loop_shapes import words_from_bus
from services.reporting.shapes import as_uuid
from shared.contracts.reporting_loop import CancelIntervention
from shared.contracts.rpc import Done
from shared.runtime.calls import Call


async def cancel_intervention(call: Call, request: CancelIntervention) -> Done:
    """See CancelIntervention."""
    intervention_id = as_uuid(request.intervention_id, "interventionId")
    return await add_to_interventions(
        call,
        intervention_id,
        lambda state, _known: interventions.cancel(
            state,
            intervention_id=intervention_id,
            reasons=words_from_bus(request.reasons),
            on=call.now.date(),
        ),
    )
