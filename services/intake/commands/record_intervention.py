"""An adviser records what was done."""

from __future__ import annotations

from services.intake.commands.in_case import add_to_case
from services.intake.domain import case
from shared.contracts.rpc import Done, RecordIntervention
from shared.runtime.calls import Call


async def record_intervention(call: Call, request: RecordIntervention) -> Done:
    """See RecordIntervention."""
    return await add_to_case(
        call,
        request.case_id,
        lambda state: case.record_intervention(
            state, intervention=request.intervention, at=call.now
        ),
    )
