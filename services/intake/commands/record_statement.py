"""An adviser told what confidentiality covers and where it ends."""

from __future__ import annotations

from services.intake.commands.in_case import add_to_case
from services.intake.domain import ways_in
from shared.contracts.rpc import Done, RecordStatement
from shared.runtime.calls import Call


async def record_statement(call: Call, request: RecordStatement) -> Done:
    """See RecordStatement."""
    given = ways_in.StatementGiven(
        version=request.statement.version,
        language=request.statement.language,
        how=request.statement.how,
    )
    return await add_to_case(
        call,
        request.case_id,
        lambda state: ways_in.record_statement(state, given=given, at=call.now),
    )
