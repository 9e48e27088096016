"""An administrator records how long the organisation keeps a closed case."""

from __future__ import annotations

from services.intake.domain import retention
from services.intake.sealed import as_uuid
from services.intake.streams import load_organisation, retention_months, retention_stream
from shared.contracts.rpc import DecideRetention, Done
from shared.eventstore.store import Change
from shared.runtime.calls import Call


async def decide_retention(call: Call, request: DecideRetention) -> Done:
    """See DecideRetention."""
    organisation = as_uuid(request.organisation_id, "organisationId")
    known = (await load_organisation(call.parts.store, organisation)).known
    _, decided = await retention_months(call.parts.store, known.organisation_id)
    event = retention.decide(request.months, on=call.now.date())
    return await call.commit(
        [Change(retention_stream(organisation), decided + 1, event)],
        Done(id=str(organisation), position=0),
        organisation=organisation,
    )
