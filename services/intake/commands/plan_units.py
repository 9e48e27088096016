"""Units and headcounts of a coming half-year."""

from __future__ import annotations

from uuid import uuid4

from services.intake.domain import units
from services.intake.domain.organisation import check_units
from services.intake.organisations import organisation_of
from services.intake.streams import load_organisation, organisation_stream
from shared.contracts.rpc import Done, PlanUnits
from shared.eventstore.store import Change
from shared.runtime.calls import Call


async def plan_units(call: Call, request: PlanUnits) -> Done:
    """See PlanUnits."""
    organisation = organisation_of(call, request.organisation_id)
    state = await load_organisation(call.parts.store, organisation)
    event = units.plan(
        state.known.units,
        state.plans,
        message_id=uuid4(),
        organisation_id=organisation,
        effective=request.effective,
        units=tuple(
            units.UnitKept(id=unit.id, name=unit.name, headcount=unit.headcount, parent=unit.parent)
            for unit in request.units
        ),
        mapping=tuple(units.UnitMapped(old=one.old, new=one.new) for one in request.mapping),
        on=call.now.date(),
        check=check_units,
    )
    return await call.commit(
        [Change(organisation_stream(organisation), state.version + 1, event)],
        Done(id=request.effective, position=0),
        organisation=organisation,
    )
