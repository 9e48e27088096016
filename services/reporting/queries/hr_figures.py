"""HR's own figures, and what goes together with released ones; for HR itself and the advisers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.reporting.domain import hr_figures as domain
from services.reporting.domain.hr_joined import beside, compared, told
from services.reporting.domain.people import People
from services.reporting.domain.sections.impact import sentence
from services.reporting.loading import load_tables
from services.reporting.streams import load_hr_figures, load_organisation
from shared.contracts.reporting_hr import (
    CostAssumptions,
    HrCost,
    HrCostRange,
    HrFigures,
    HrFiguresQuery,
    HrMeasure,
    HrTogether,
    HrValue,
)
from shared.identity.roles import Role
from shared.taxonomy.period import Period

if TYPE_CHECKING:
    from shared.runtime.calls import Call


async def hr_figures(call: Call, request: HrFiguresQuery) -> HrFigures:
    """See HrFigures. Advisers get the units that a report shows. Raises Refusal INVALID_PERIOD."""
    asked = None if request.period is None else str(Period.parse(request.period))
    state = await load_hr_figures(call.parts.store, call.organisation)
    now = Period.containing(call.now.date())
    tables = await load_tables(call.parts, call.organisation)
    people = People.of(await load_organisation(call.parts.store, call.organisation))
    if state.version:
        await call.record_access("hr figures")
    kept, halves = state.costs, state.periods(now)
    of_units = asked or (str(halves[-1]) if halves else None)
    seen = {unit for period, unit, _ in state.values if period == of_units}
    if call.principal.role is not Role.HR and of_units is not None:
        laid = told(beside(tables, state, people), state, Period.parse(of_units))
        seen = {one.unit for one in laid}
    return HrFigures(
        measures=tuple(
            HrMeasure(code=one.code, en=one.label.en, nl=one.label.nl)
            for one in domain.MEASURES.values()
        ),
        values=tuple(
            HrValue(
                period=period,
                unit=None if unit == domain.WHOLE else unit,
                measure=measure,
                hundredths=state.values[period, unit, measure],
            )
            for period, unit, measure in sorted(state.values)
            if unit == domain.WHOLE or (period == of_units and unit in seen)
        ),
        together=tuple(
            HrTogether(
                measure=one.measure,
                lag=one.lag,
                verdict=one.found.verdict.value,
                pairs=one.found.pairs,
                units=one.found.units,
                correlation=one.found.correlation,
                low=one.found.low,
                high=one.found.high,
                en=sentence(one.found).en,
                nl=sentence(one.found).nl,
            )
            for one in compared(tables, state, people, now)
        ),
        costs=tuple(
            HrCost(period=str(period), measure=one.measure, low=one.low, high=one.high)
            for period in halves
            for one in domain.costs(state, period)
        ),
        assumptions=None
        if kept is None
        else CostAssumptions(
            absence_day=_range(kept.absence_day),
            leaver=_range(kept.leaver),
            open_vacancy=_range(kept.open_vacancy),
            source=kept.source,
            on=kept.on,
        ),
        absence_rises=tuple(str(period) for period in domain.absence_rises(state, now)),
    )


def _range(kept: domain.CostRange | None) -> HrCostRange | None:
    return None if kept is None else HrCostRange(low=kept.low, high=kept.high)
