"""All that is held about a reporter, by their code (GDPR article 15). The look is recorded nowhere."""

from __future__ import annotations

from functools import reduce
from uuid import UUID

from services.intake.domain import case as domain
from services.intake.domain import clock, disclosure, subject_access
from services.intake.domain.attachment import FileAttached
from services.intake.domain.words import key_id_of
from services.intake.queries.case import entry_of
from services.intake.records import record_to_bus
from services.intake.streams import case_events
from shared.contracts.rpc import HeldEntry, MyData, Part
from shared.eventstore.store import Recorded
from shared.runtime.calls import Call
from shared.runtime.parts import next_of, stop_of
from shared.taxonomy.terms import kind_of

# What another person asked for about themself is that person's (article 15(4) holds both ways), and
# of a disclosure the reporter is told by the adviser: `my_case` has it from then on.
_NOT_THEIRS = (disclosure.Event, subject_access.Event)


def _theirs(event: domain.Event) -> bool:
    if isinstance(event, clock.Event):
        return kind_of(event.term) != "access"
    return not isinstance(event, _NOT_THEIRS)


async def my_data(call: Call, request: Part) -> MyData:
    """See MyData. A wrong code leads to no case, and is told as that."""
    case_id = UUID(call.principal.subject)
    recorded = await case_events(call.parts.store, call.organisation, case_id)
    state = reduce(domain.evolve, (one.event for one in recorded), domain.Case())
    opened = domain.reported_by(state)
    mine = None if opened.reply_key is None else str(key_id_of(opened.reply_key))
    entries = [_held(one, mine) for one in recorded if _theirs(one.event)]
    stop = stop_of(entries, request.after)
    return MyData(
        case_id=str(case_id),
        status="closed" if state.closed else "open",
        adviser_id=state.adviser_id,
        taxonomy_version=opened.taxonomy_version,
        period=opened.period,
        opened_week=recorded[0].week,
        channel=state.facts.channel,
        anonymity=state.facts.anonymity,
        reporter_role=state.facts.reporter_role,
        relation=state.facts.relation,
        category=state.facts.category,
        unit_id=state.facts.unit_id,
        record=record_to_bus(state.record),
        outcome=None if state.outcome is None else state.outcome.outcome,
        route=None if state.outcome is None else state.outcome.route,
        entries=tuple(entries[request.after : stop]),
        next=next_of(entries, stop),
    )


def _held(recorded: Recorded, mine: str | None) -> HeldEntry:
    entry = entry_of(recorded)
    own = tuple(one for one in entry.sealed if one.key_id == mine)
    return HeldEntry(
        kind=entry.kind,
        week=entry.week,
        code=entry.code,
        attachment_id=entry.ref if isinstance(recorded.event, FileAttached) else None,
        readable=bool(own) or not entry.sealed,
        sealed=own,
    )
