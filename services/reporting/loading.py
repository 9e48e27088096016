"""The ground of a report: everything that its sections are built from, as it is known at that moment."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from services.reporting.domain.calendar import Span
from services.reporting.domain.cells import Known
from services.reporting.domain.ground import Ground, ReleasedTable
from services.reporting.domain.people import People
from services.reporting.domain.series import known_breaks
from services.reporting.domain.windows import SpanGround, within
from services.reporting.streams import (
    load_activities,
    load_disclosures,
    load_hr_figures,
    load_interventions,
    load_loop,
    load_maturity,
    load_mirrors,
    load_organisation,
    load_pulses,
    load_series_breaks,
    load_signals,
    load_strategy,
)
from shared.taxonomy.period import Period

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from services.reporting.domain.kept import TableKept
    from services.reporting.domain.report import Report, ReportDrafted, TableJoined
    from shared.runtime.calls import Parts


async def load_ground(parts: Parts, organisation: UUID, state: Report) -> Ground | SpanGround:
    """What this report is built from: its own tables, and what was released before; of a span the windows
    that lie in it.

    Raises Refusal NOT_FOUND for a report that is not there.
    """
    period = state.period
    if isinstance(period, Span):
        return within(period, await load_tables(parts, organisation))
    disclosures = await load_disclosures(parts.store, organisation)
    return Ground(
        period=period,
        cut_off=cut_off_of(period),
        tables=tuple(_released(table) for table in state.tables),
        signals=await load_signals(parts.store, organisation),
        strategy=await load_strategy(parts.store, organisation),
        formal_complaints=disclosures.formal_complaints,
        disclosures=disclosures,
        history=before(period, await load_tables(parts, organisation)),
        people=People.of(await load_organisation(parts.store, organisation)),
        hr=await load_hr_figures(parts.store, organisation),
        pulses=tuple(
            one
            for one in (await load_pulses(parts.store, organisation)).rounds
            if Period.parse(one.period).end <= period.end
        ),
        maturity=(await load_maturity(parts.store, organisation)).newest(),
        breaks=(await load_series_breaks(parts.store, organisation)).standing,
        mirrors=await load_mirrors(parts.store, organisation, str(period.parts("half-year")[-1])),
        loop=await load_loop(parts.store, organisation),
        interventions=await load_interventions(parts.store, organisation),
        activities=await load_activities(parts.store, organisation),
        read_on=parts.clock.now().date(),
    )


def cut_off_of(period: Period | Span) -> date:
    """The last day whose cases are in a report: that of its period. What comes later counts later."""
    return period.end - timedelta(days=1)


async def load_known(parts: Parts, organisation: UUID) -> Known:
    """What makes two windows of the organisation comparable."""
    people = People.of(await load_organisation(parts.store, organisation))
    recorded = (await load_series_breaks(parts.store, organisation)).standing
    return Known(breaks=known_breaks(recorded, people), people=people)


def before(period: Period, tables: tuple[ReleasedTable, ...]) -> tuple[ReleasedTable, ...]:
    """Of these tables those of other periods that were over when this one was, oldest first.

    Half a year after a report was approved, a new version of it looks back on the same.
    """
    found = []
    for table in tables:
        window = Period.parse(table.figures.period)
        if window != period and window.end <= period.end:
            found.append((window.start, -window.end.toordinal(), table.figures.place, table))
    found.sort(key=lambda one: one[:3])
    return tuple(table for *_, table in found)


async def load_tables(parts: Parts, organisation: UUID) -> tuple[ReleasedTable, ...]:
    """Every table of the organisation that arrived, of every grain, in no order that means anything."""
    async with parts.pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT stream, version FROM kept_table WHERE organisation = %s", (organisation,)
        )
        places = {(stream, version) for stream, version in await cursor.fetchall()}
    recorded = await parts.store.load_many(organisation, list({stream for stream, _ in places}))
    return tuple(_released(one.event) for one in recorded if (one.stream, one.version) in places)


def _released(table: ReportDrafted | TableJoined | TableKept) -> ReleasedTable:
    return ReleasedTable(
        figures=table.figures, labels_nl=table.labels_nl, labels_en=table.labels_en
    )
