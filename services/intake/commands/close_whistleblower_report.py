"""A report is dealt with."""

from __future__ import annotations

from services.intake.commands.in_report import add_to_report
from services.intake.domain import whistleblower_report
from shared.contracts.rpc import CloseWhistleblowerReport, Done
from shared.runtime.calls import Call


async def close_whistleblower_report(call: Call, request: CloseWhistleblowerReport) -> Done:
    """See CloseWhistleblowerReport."""
    return await add_to_report(
        call,
        request.report_id,
        lambda state, organisation: whistleblower_report.close(
            state,
            organisation,
            by=call.principal.subject,
            at=call.now,
        ),
    )
