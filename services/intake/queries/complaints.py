"""Complaints about advisers: for the officers to whom they are addressed, and for who made them.

An officer's look is recorded; a reporter's is nowhere.
"""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from services.intake.beside_cases import (
    complainant,
    complaint_events,
    complaint_of,
    matters,
    page_of,
)
from services.intake.domain import complaint as domain
from services.intake.pages import MOST
from services.intake.sealed import as_uuid, id_or_none, to_bus
from services.intake.streams import load_organisation
from shared.contracts.errors import Code, Refusal
from shared.contracts.rpc import (
    Complaint,
    ComplaintEntry,
    Complaints,
    ComplaintSummary,
    MyComplaints,
    Page,
    Part,
    PartById,
)
from shared.runtime.calls import Call
from shared.runtime.parts import next_of, stop_of
from shared.taxonomy.working_days import day_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.intake.domain.organisation import Organisation
    from shared.eventstore.store import Recorded


async def complaints(call: Call, request: Page) -> Complaints:
    """See Complaints."""
    organisation = await _of_office(call)
    ids, end, more = await page_of(call, "complaint", call.principal.subject, request)
    if ids:
        await call.record_access("complaints")
    items = []
    for complaint_id, recorded in (await matters(call, ids, domain.ComplaintReceived)).items():
        state = complaint_of(recorded)
        state.read_by(organisation, call.principal.subject)
        items.append(
            ComplaintSummary(
                id=str(complaint_id),
                ground=state.known.ground,
                status=state.status,
                received_week=recorded[0].week,
                answer_by=state.answer_by,
                overdue=state.overdue(day_of(call.now)),
            )
        )
    return Complaints(items=tuple(items), end_cursor=end, has_next=more)


async def complaint(call: Call, request: PartById) -> Complaint:
    """See Complaint."""
    organisation = await _of_office(call)
    complaint_id = as_uuid(request.id, "id")
    recorded = await complaint_events(call.parts.store, call.organisation, complaint_id)
    state = complaint_of(recorded)
    state.read_by(organisation, call.principal.subject)
    await call.record_access("complaint", complaint_id)
    history = [_entry(one, by_reporter=False) for one in recorded]
    stop = stop_of(history, request.after)
    return msgspec.structs.replace(
        _seen(call, complaint_id, state, recorded[0].week, history[request.after : stop]),
        next=next_of(history, stop),
    )


async def my_complaints(call: Call, request: Part) -> MyComplaints:
    """See MyComplaints."""
    reporter = complainant(call.parts.ring, call.organisation, call.principal.subject)
    ids, _, _ = await page_of(call, "own_complaint", reporter.hex(), Page(first=MOST))
    found = await matters(call, ids[::-1], domain.ComplaintReceived)
    said = [
        (complaint_id, _entry(one, by_reporter=True))
        for complaint_id, recorded in found.items()
        for one in recorded
    ]
    entries = [entry for _, entry in said]
    stop = stop_of(entries, request.after)
    items = []
    for complaint_id, part in groupby(said[request.after : stop], key=itemgetter(0)):
        recorded = found[complaint_id]
        state = complaint_of(recorded)
        history = [entry for _, entry in part]
        items.append(_seen(call, complaint_id, state, recorded[0].week, history))
    return MyComplaints(items=tuple(items), next=next_of(entries, stop))


async def _of_office(call: Call) -> Organisation:
    """The organisation. Raises Refusal NOT_ALLOWED for who is no complaints officer of it."""
    organisation = await load_organisation(call.parts.store, call.organisation)
    if not organisation.hears_complaints(call.principal.subject):
        raise Refusal(Code.NOT_ALLOWED)
    return organisation


def _seen(
    call: Call,
    complaint_id: UUID,
    state: domain.Complaint,
    received_week: str,
    history: Sequence[ComplaintEntry],
) -> Complaint:
    return Complaint(
        id=str(complaint_id),
        adviser_id=state.known.adviser_id,
        ground=state.known.ground,
        status=state.status,
        readers=state.known.readers,
        may_tell=state.may_tell,
        reply_key=state.known.reply_key,
        received_week=received_week,
        answer_by=state.answer_by,
        overdue=state.overdue(day_of(call.now)),
        history=tuple(history),
    )


def _entry(recorded: Recorded, *, by_reporter: bool) -> ComplaintEntry:
    event, week = recorded.event, recorded.week
    match event:
        case domain.ComplaintReceived():
            return ComplaintEntry(
                kind="received",
                week=week,
                sender="reporter",
                may_tell=event.may_tell,
                sealed=to_bus(event.words),
            )
        case domain.ComplaintAcknowledged():
            return ComplaintEntry(kind="acknowledged", week=week, sender="officer", by=event.by)
        case domain.ComplaintWordsSent() | domain.ComplaintAnswered():
            written = isinstance(event, domain.ComplaintWordsSent)
            return ComplaintEntry(
                kind="written" if written else "answered",
                week=week,
                sender="reporter" if event.by is None else "officer",
                by=event.by,
                sealed=to_bus(event.words),
                signature=event.signature,
                signed_by=id_or_none(event.signed_by),
            )
        case domain.ComplaintHeard():
            theirs = by_reporter and event.party == "adviser"
            return ComplaintEntry(
                kind="heard",
                week=week,
                sender="officer",
                by=event.by,
                party=event.party,
                how=event.how,
                sealed=() if theirs else to_bus(event.words),
            )
        case domain.AdviserTellingDecided():
            return ComplaintEntry(
                kind="telling_decided", week=week, sender="reporter", may_tell=event.may_tell
            )
        case domain.ComplaintClosed():
            return ComplaintEntry(
                kind="closed",
                week=week,
                sender="reporter" if event.reason == "withdrawn" else "officer",
                reason=event.reason,
            )
        case _:
            raise ValueError("an event of no complaint")
