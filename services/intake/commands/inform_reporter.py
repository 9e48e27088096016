"""The reporter is told of a disclosure, or it is recorded why not."""

from __future__ import annotations

from services.intake.commands.in_case import add_to_case
from services.intake.domain import disclosure
from services.intake.sealed import as_uuid, from_bus
from services.intake.streams import load_organisation
from shared.contracts.rpc import Done, InformReporter
from shared.runtime.calls import Call


async def inform_reporter(call: Call, request: InformReporter) -> Done:
    """See InformReporter."""
    organisation = await load_organisation(call.parts.store, call.organisation)
    return await add_to_case(
        call,
        request.case_id,
        lambda state: disclosure.inform(
            state,
            organisation,
            disclosure_id=as_uuid(request.disclosure_id, "disclosureId"),
            why_not=request.why_not,
            words=from_bus(request.words),
            at=call.now,
        ),
    )
