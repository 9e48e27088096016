"""The register of reports, for the officers to whom an entry was sealed; and a reporter's own entry."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING
from uuid import UUID

from services.intake.domain import clock
from services.intake.domain import whistleblower_report as domain
from services.intake.domain.words import key_id_of
from services.intake.sealed import as_uuid, id_or_none, to_bus
from services.intake.streams import load_each, load_organisation, report_events
from shared.contracts.rpc import (
    Empty,
    MyReport,
    PartById,
    ReportEntry,
    ReportTerm,
    WhistleblowerReport,
    WhistleblowerReports,
    WhistleblowerReportSummary,
)
from shared.eventstore.week import week_of
from shared.ledger.leaf import KEY_DESTROYED
from shared.runtime.parts import next_of, stop_of
from shared.taxonomy.terms import kind_of
from shared.taxonomy.working_days import day_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from shared.eventstore.store import Recorded
    from shared.runtime.calls import Call

MOST = 200
"""Of a list that is not paged: these are rare."""

_REPORTS = (
    "SELECT stream FROM event WHERE organisation = %s AND version = 1"
    " AND split_part(type, '.', 1) = 'WhistleblowerReportReceived' ORDER BY leaf_index DESC"
)


async def whistleblower_reports(call: Call, _request: Empty) -> WhistleblowerReports:
    """See WhistleblowerReports."""
    organisation = await load_organisation(call.parts.store, call.organisation)
    if not organisation.follows_up_reports(call.principal.subject):
        return WhistleblowerReports(items=())
    async with call.parts.pool.connection() as connection:
        cursor = await connection.execute(_REPORTS, (call.organisation,))
        streams = [row[0] for row in await cursor.fetchall()]
    items = []
    for recorded in (await load_each(call.parts.store, call.organisation, streams)).values():
        if not recorded or recorded[-1].type == KEY_DESTROYED:
            continue
        state = _state(recorded)
        received = state.received
        if received is None or call.principal.subject not in received.officers:
            continue
        items.append(
            WhistleblowerReportSummary(
                id=str(received.report_id),
                received_week=recorded[0].week,
                state=state.state,
                terms=_terms(state, day_of(call.now)),
            )
        )
    if items:
        await call.record_access("whistleblower_reports")
    return WhistleblowerReports(items=tuple(items[:MOST]))


async def whistleblower_report(call: Call, request: PartById) -> WhistleblowerReport:
    """See WhistleblowerReport. One that was not sealed to the asker looks like none."""
    report_id = as_uuid(request.id, "id")
    recorded = await report_events(call.parts.store, call.organisation, report_id)
    state = _state(recorded)
    organisation = await load_organisation(call.parts.store, call.organisation)
    received = domain.read_by(state, organisation, call.principal.subject)
    await call.record_access("whistleblower_report", report_id)
    entries = [entry for one in recorded for entry in _entry(one)]
    stop = stop_of(entries, request.after)
    return WhistleblowerReport(
        id=str(report_id),
        state=state.state,
        received_on=received.received_on,
        adviser_id=received.adviser_id,
        officers=received.officers,
        matters=received.matters,
        reply_key=received.reply_key,
        confirmed_on=state.confirmed_on,
        feedback_on=None if state.feedback is None else state.feedback.on,
        terms=_terms(state, day_of(call.now)),
        entries=tuple(entries[request.after : stop]),
        next=next_of(entries, stop),
    )


async def my_report(call: Call, report_id: UUID, reply_key: bytes | None) -> MyReport | None:
    """What a reporter sees of the entry that was made of their case: what was passed on, the
    confirmation and the feedback. None once the entry is gone.
    """
    recorded = await report_events(call.parts.store, call.organisation, report_id)
    state = _state(recorded)
    if state.received is None or reply_key is None:
        return None
    mine = key_id_of(reply_key)
    return MyReport(
        id=str(report_id),
        state=state.state,
        received_on=state.received.received_on,
        matters=state.received.matters,
        confirmed_on=state.confirmed_on,
        feedback_due_on=domain.due_on(state),
        entries=tuple(
            entry
            for one in recorded
            for entry in _entry(one)
            if any(copy.key_id == str(mine) for copy in entry.sealed)
        ),
    )


def _state(recorded: Sequence[Recorded]) -> domain.WhistleblowerReport:
    return reduce(domain.evolve, (one.event for one in recorded), domain.WhistleblowerReport())


def _terms(state: domain.WhistleblowerReport, today: date) -> tuple[ReportTerm, ...]:
    return tuple(
        ReportTerm(kind=kind_of(one.term), week=week_of(due), due_on=due, stage=one.stage(today))
        for one in state.terms
        if not one.met
        for due in (one.due,)
    )


def _entry(recorded: Recorded) -> tuple[ReportEntry, ...]:
    event: domain.Event | clock.Event = recorded.event
    by = code = None
    match event:
        case domain.WhistleblowerReportReceived():
            by = event.adviser_id
        case domain.WhistleblowerReportConfirmed():
            by = event.by
        case domain.WhistleblowerReportFollowedUp():
            by, code = event.by, event.follow_up
        case domain.WhistleblowerFeedbackGiven():
            by, code = event.by, event.how
        case domain.WhistleblowerReportClosed():
            return (ReportEntry(kind=recorded.type, week=recorded.week, by=event.by, code=None),)
        case _:
            return ()
    return (
        ReportEntry(
            kind=recorded.type,
            week=recorded.week,
            by=by,
            code=code,
            sealed=to_bus(event.words),
            signature=event.signature,
            signed_by=id_or_none(event.signed_by),
        ),
    )
