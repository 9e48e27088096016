"""HR keeps what it reckons that absence, leaving and open vacancies cost."""

from __future__ import annotations

from services.reporting.domain import hr_figures
from services.reporting.domain.hr_figures import CostRange
from services.reporting.streams import hr_stream, load_hr_figures, load_organisation
from shared.contracts.reporting_hr import HrCostRange, KeepCostAssumptions
from shared.contracts.rpc import Done
from shared.eventstore.store import Change
from shared.runtime.calls import Call


async def keep_cost_assumptions(call: Call, request: KeepCostAssumptions) -> Done:
    """See KeepCostAssumptions. The answer's id is the day."""
    organisation = await load_organisation(call.parts.store, call.organisation)
    state = await load_hr_figures(call.parts.store, organisation.known.organisation_id)
    event = hr_figures.assume(
        absence_day=_range(request.absence_day),
        leaver=_range(request.leaver),
        open_vacancy=_range(request.open_vacancy),
        source=request.source,
        on=call.now.date(),
    )
    stream = hr_stream(call.organisation)
    return await call.commit(
        [Change(stream, state.version + 1, event)], Done(id=event.on.isoformat(), position=0)
    )


def _range(told: HrCostRange | None) -> CostRange | None:
    return None if told is None else CostRange(low=told.low, high=told.high)
