"""The confirmation that a report was received was sent."""

from __future__ import annotations

from services.intake.commands.in_report import add_to_report
from services.intake.domain import whistleblower_report
from services.intake.sealed import from_bus
from services.intake.signatures import verifies
from shared.contracts.rpc import ConfirmWhistleblowerReport, Done
from shared.runtime.calls import Call


async def confirm_whistleblower_report(call: Call, request: ConfirmWhistleblowerReport) -> Done:
    """See ConfirmWhistleblowerReport."""
    return await add_to_report(
        call,
        request.report_id,
        lambda state, organisation: whistleblower_report.confirm(
            state,
            organisation,
            by=call.principal.subject,
            on=request.on,
            words=from_bus(request.words),
            signature=request.signature,
            at=call.now,
            verifies=verifies,
        ),
    )
