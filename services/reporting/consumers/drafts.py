"""`reporting-drafts` on SIGNALS: the tables of a half-year, or of a year, become the draft of a report; the
others are kept, so that reports can look back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from services.reporting.consumers import pulses, told
from services.reporting.consumers.pass_over import pass_over
from services.reporting.domain.figures import UnsafeRelease
from services.reporting.domain.kept import TableKept, keep
from services.reporting.domain.report import draft
from services.reporting.shapes import drafted_from_bus
from services.reporting.streams import (
    load_calendar,
    load_kept,
    load_organisation,
    load_report,
    report_stream,
    tables_stream,
)
from shared.contracts.errors import Refusal
from shared.contracts.events import CloudEvent, StatisticsReleased
from shared.eventstore.store import Change
from shared.taxonomy.period import Period

if TYPE_CHECKING:
    from services.reporting.domain.report import ReportDrafted
    from shared.eventstore.store import Tracking
    from shared.runtime.calls import Parts
    from shared.taxonomy.period import Grain

DURABLE = "reporting-drafts"
"""Its name on the bus, in `tracking`, and as the actor of its events."""

_KIND = "signals.v1.statistics.released"


class OrganisationNotYetKnown(Exception):  # noqa: N818  it is known in a moment
    """A release was here before its organisation: the two come over different streams.

    The message is not acknowledged; it is delivered again, with a growing delay, until the
    organisation is known. It is never skipped.
    """


async def draft_report(parts: Parts, event: CloudEvent, tracking: Tracking) -> None:
    """Begin a report from a released table, or let the table join the one of its period. A table is kept
    where the organisation's calendar has no report of its period (of a quarter none has), and where it
    comes when the report is approved. A table that is there already moves the position alone.

    Raises OrganisationNotYetKnown, UnsafeRelease (a release that gives away what it withholds, or
    replaces one: nothing is drafted until a person has looked), and msgspec.ValidationError for a
    body that is not a StatisticsReleased.
    """
    if event.type == pulses.KIND:
        await pulses.keep_pulse(parts, event, tracking)
        return
    if event.type == told.KIND:
        await told.keep_signals(parts, event, tracking)
        return
    if event.type != _KIND:
        await pass_over(parts, tracking)
        return
    released = drafted_from_bus(msgspec.json.decode(event.data, type=StatisticsReleased))
    organisation_id, figures = released.organisation_id, released.figures
    organisation = await load_organisation(parts.store, organisation_id)
    if organisation.announced is None:
        raise OrganisationNotYetKnown
    if organisation.announced.token != figures.organisation_token:
        raise UnsafeRelease("its token is not that of its organisation")
    change = await _change(parts, released)
    if change is None:
        await pass_over(parts, tracking)
        return
    await parts.store.append(
        organisation_id, [change], actor=DURABLE, at=parts.clock.now(), tracking=tracking
    )


async def _change(parts: Parts, released: ReportDrafted) -> Change | None:
    """What a table adds to the log; None: nothing."""
    organisation_id, figures = released.organisation_id, released.figures
    stream = report_stream(organisation_id, figures.period)
    state = await load_report(parts.store, organisation_id, stream)
    calendar = await load_calendar(parts.store, organisation_id)
    # A report that is begun gets its other tables, whatever was chosen meanwhile.
    if state.drafted is not None or calendar.drafts(_grain(figures.period)):
        event = draft(state, released)
        if event is not None:
            return Change(stream, state.version + 1, event)
    in_report = tuple(table.figures for table in state.tables)
    kept = await load_kept(parts.store, organisation_id, figures.period)
    table = keep(
        kept,
        TableKept(
            organisation_id=organisation_id,
            figures=figures,
            labels_en=released.labels_en,
            labels_nl=released.labels_nl,
        ),
        in_report,
    )
    if table is None:
        return None
    return Change(tables_stream(organisation_id, figures.period), kept.version + 1, table)


def _grain(text: str) -> Grain:
    try:
        return Period.parse(text).grain
    except Refusal:
        return "year"  # no period at all, which is refused where the release is checked
