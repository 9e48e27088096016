"""A reporter does not want an adviser."""

from __future__ import annotations

from services.intake.commands.in_case import add_as_either
from services.intake.domain import ways_in
from services.intake.streams import load_organisation
from shared.contracts.rpc import AvoidAdviser, Done
from shared.runtime.calls import Call


async def avoid_adviser(call: Call, request: AvoidAdviser) -> Done:
    """See AvoidAdviser."""
    organisation = await load_organisation(call.parts.store, call.organisation)
    return await add_as_either(
        call,
        request.case_id,
        lambda state, _by_reporter: ways_in.avoid_adviser(
            state, organisation, adviser_id=request.adviser_id, at=call.now
        ),
    )
