"""An adviser records how a case ended."""

from __future__ import annotations

from services.intake.commands.in_case import add_to_case
from services.intake.domain import case
from shared.contracts.rpc import Done, RecordOutcome
from shared.runtime.calls import Call


async def record_outcome(call: Call, request: RecordOutcome) -> Done:
    """See RecordOutcome."""
    return await add_to_case(
        call,
        request.case_id,
        lambda state: case.record_outcome(
            state, outcome=request.outcome, route=request.route, at=call.now
        ),
    )
