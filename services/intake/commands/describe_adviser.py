"""An administrator or coordinator keeps what an adviser can do, and until when a certificate holds."""

from __future__ import annotations

from services.intake.domain.adviser import describe
from services.intake.organisations import organisation_of
from services.intake.streams import advisers_stream, load_advisers, load_organisation
from shared.contracts.rpc import DescribeAdviser, Done
from shared.eventstore.store import Change
from shared.runtime.calls import Call


async def describe_adviser(call: Call, request: DescribeAdviser) -> Done:
    """See DescribeAdviser."""
    organisation = organisation_of(call, request.organisation_id)
    state = await load_advisers(call.parts.store, organisation)
    event = describe(
        await load_organisation(call.parts.store, organisation),
        adviser_id=request.adviser_id,
        external=request.external,
        unit_id=request.unit_id,
        languages=request.languages,
        expertise=request.expertise,
        hours_a_week=request.hours_a_week,
        certificate=request.certificate,
        certificate_until=request.certificate_until,
        takes_cases=request.takes_cases,
        on=call.now.date(),
    )
    return await call.commit(
        [Change(advisers_stream(organisation), state.version + 1, event)],
        Done(id=request.adviser_id, position=0),
        organisation=organisation,
    )
