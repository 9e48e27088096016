"""A reporter, or the adviser who noticed it, says that there is a disadvantage."""

from __future__ import annotations

from services.intake.commands.in_case import add_as_either
from services.intake.domain import protection
from services.intake.sealed import as_uuid, from_bus
from services.intake.signatures import verifies
from services.intake.streams import load_organisation
from shared.contracts.rpc import Done, ReportDisadvantage
from shared.runtime.calls import Call


async def report_disadvantage(call: Call, request: ReportDisadvantage) -> Done:
    """See ReportDisadvantage."""
    organisation = await load_organisation(call.parts.store, call.organisation)
    return await add_as_either(
        call,
        request.case_id,
        lambda state, by_reporter: protection.report_disadvantage(
            state,
            organisation,
            disadvantage_id=as_uuid(request.disadvantage_id, "disadvantageId"),
            kind=request.kind,
            since=request.since,
            by_reporter=by_reporter,
            words=from_bus(request.words),
            signature=request.signature,
            at=call.now,
            verifies=verifies,
        ),
    )
