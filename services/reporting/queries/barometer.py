"""The barometer of the culture: made of what was released, when it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.reporting.domain.barometer import over_time
from services.reporting.domain.people import People
from services.reporting.domain.sections.barometer import CHANGES, REASONS
from services.reporting.loading import load_tables
from services.reporting.streams import load_organisation, load_pulses, load_series_breaks
from shared.contracts.errors import Code, Refusal, invalid
from shared.contracts.reporting_barometer import (
    BarometerAnswer,
    BarometerPart,
    BarometerPoint,
    BarometerQuery,
)
from shared.identity.roles import Role
from shared.taxonomy.period import Period

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.reporting.domain.barometer import Measured, Point
    from services.reporting.domain.figures import Figures
    from services.reporting.domain.pulse import PulseKept
    from shared.runtime.calls import Call


async def barometer(call: Call, request: BarometerQuery) -> BarometerAnswer:
    """See BarometerQuery. A look of staff with another role is recorded before it is answered. Of employees
    nothing is: the number is for all of them, and who looks at it is nobody's to read.

    Raises Refusal NOT_FOUND where nothing was released yet, INVALID_INPUT for a period of another kind.
    """
    store = call.parts.store
    tables = [one.figures for one in await load_tables(call.parts, call.organisation)]
    pulses = (await load_pulses(store, call.organisation)).rounds
    until = _until(request.period, tables, pulses)
    points = over_time(
        until=until,
        tables=tables,
        pulses=pulses,
        people=People.of(await load_organisation(store, call.organisation)).whole,
        breaks=(await load_series_breaks(store, call.organisation)).standing,
    )
    if call.principal.role is not Role.EMPLOYEE:
        await call.record_access("barometer")
    return BarometerAnswer(
        now=_point(points[-1]),
        parts=tuple(_part(one) for one in points[-1].barometer.parts),
        history=tuple(_point(one) for one in points),
    )


def _until(asked: str | None, tables: Sequence[Figures], pulses: Sequence[PulseKept]) -> Period:
    if asked is not None:
        period = Period.parse(asked)
        if period.grain == "quarter":
            raise invalid("period", "it is not a half-year or a year")
        return period
    found = [Period.parse(one.period) for one in tables]
    found += [Period.parse(one.period) for one in pulses]
    halves = [one for one in found if one.grain == "half-year"]
    years = [one for one in found if one.grain == "year"]
    if not halves and not years:
        raise Refusal(Code.NOT_FOUND)
    return max(halves or years)


def _point(one: Point) -> BarometerPoint:
    told = one.barometer
    return BarometerPoint(
        period=told.period,
        version=told.version,
        index=told.index,
        low=told.low,
        high=told.high,
        coverage=told.coverage,
        reason=None if told.reason is None else told.reason.value,
        why=None if told.reason is None else REASONS[told.reason],
        change=None if one.change is None else one.change.value,
        said=None if one.change is None else CHANGES[one.change],
    )


def _part(one: Measured) -> BarometerPart:
    return BarometerPart(
        code=one.part.code,
        name=one.part.name,
        weight=one.part.weight,
        score=one.score,
        low=one.low,
        high=one.high,
        reason=None if one.reason is None else one.reason.value,
        why=None if one.reason is None else REASONS[one.reason],
    )
