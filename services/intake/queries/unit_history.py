"""The organisation's units over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.intake.organisations import organisation_of
from services.intake.streams import load_organisation
from shared.contracts.rpc import OfOrganisation, Unit, UnitHistory, UnitMapping, UnitsOfPeriod
from shared.runtime.calls import Call

if TYPE_CHECKING:
    from services.intake.domain.units import UnitKept


async def unit_history(call: Call, request: OfOrganisation) -> UnitHistory:
    """See UnitHistory. Of two plans for one half-year the later one is told."""
    organisation = organisation_of(call, request.organisation_id)
    state = await load_organisation(call.parts.store, organisation)
    plans = {plan.effective: plan for plan in state.plans}
    return UnitHistory(
        items=(
            UnitsOfPeriod(effective=None, units=_units(state.known.units), mapping=()),
            *(
                UnitsOfPeriod(
                    effective=plan.effective,
                    units=_units(plan.units),
                    mapping=tuple(UnitMapping(old=one.old, new=one.new) for one in plan.mapping),
                )
                for plan in sorted(plans.values(), key=lambda plan: plan.effective)
            ),
        )
    )


def _units(units: tuple[UnitKept, ...]) -> tuple[Unit, ...]:
    return tuple(
        Unit(id=unit.id, name=unit.name, headcount=unit.headcount, parent=unit.parent)
        for unit in units
    )
