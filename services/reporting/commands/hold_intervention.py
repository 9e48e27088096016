"""A training, peer consultation or coaching was held."""

from __future__ import annotations

from services.reporting.commands.in_loop import add_to_interventions
from services.reporting.domain import interventions
from services.reporting.loading import load_tables
from services.reporting.loop_shapes import ref_or_none_from_bus
from services.reporting.shapes import as_uuid
from shared.contracts.reporting_loop import HoldIntervention
from shared.contracts.rpc import Done
from shared.runtime.calls import Call


async def hold_intervention(call: Call, request: HoldIntervention) -> Done:
    """See HoldIntervention."""
    intervention_id = as_uuid(request.intervention_id, "interventionId")
    tables = () if request.base_line is None else await load_tables(call.parts, call.organisation)
    return await add_to_interventions(
        call,
        intervention_id,
        lambda state, _known: interventions.hold(
            state,
            tables,
            intervention_id=intervention_id,
            held_on=request.held_on,
            attended=request.attended,
            entered_by=call.principal.subject,
            base=ref_or_none_from_bus(request.base_line),
            comparison=ref_or_none_from_bus(request.comparison),
            on=call.now.date(),
        ),
    )
