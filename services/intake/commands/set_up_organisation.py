"""An administrator registers an organisation."""

from __future__ import annotations

import secrets

from services.intake.domain.organisation import AdviserKept, PolicyDecided, set_up
from services.intake.domain.units import UnitKept
from services.intake.sealed import as_uuid
from services.intake.streams import load_organisation, organisation_stream
from shared.contracts.rpc import Done, SetUpOrganisation
from shared.eventstore.store import Change
from shared.runtime.calls import Call


async def set_up_organisation(call: Call, request: SetUpOrganisation) -> Done:
    """See SetUpOrganisation."""
    organisation_id = as_uuid(request.organisation_id, "organisationId")
    state = await load_organisation(call.parts.store, organisation_id)
    event = set_up(
        state,
        organisation_id=organisation_id,
        token=secrets.token_hex(8),
        name=request.name,
        language=request.language,
        units=[
            UnitKept(id=unit.id, name=unit.name, headcount=unit.headcount, parent=unit.parent)
            for unit in request.units
        ],
        advisers=[AdviserKept(id=seat.id, name=seat.name) for seat in request.advisers],
        release=PolicyDecided(
            policy=request.release.policy,
            profile=request.release.profile,
            dimension=request.release.dimension,
            k=request.release.k,
            merge_order=request.release.merge_order,
            works_council_on=request.release.works_council_on,
        ),
        on=call.now.date(),
    )
    return await call.commit(
        [Change(organisation_stream(organisation_id), 1, event)],
        Done(id=str(organisation_id), position=0),
        organisation=organisation_id,
    )
