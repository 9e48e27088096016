"""One case, for the adviser whose it is. That it was opened is recorded first."""

from __future__ import annotations

from functools import reduce
from typing import assert_never

from services.intake.domain import case as domain
from services.intake.sealed import as_uuid, id_or_none, to_bus
from services.intake.streams import case_events
from shared.contracts.rpc import ById, Case, CaseEntry
from shared.eventstore.store import Recorded
from shared.runtime.calls import Call


async def case(call: Call, request: ById) -> Case:
    """See Case."""
    case_id = as_uuid(request.id, "id")
    recorded = await case_events(call.parts.store, call.organisation, case_id)
    state = reduce(domain.evolve, (one.event for one in recorded), domain.Case())
    opened = domain.owned_by(state, call.principal.subject)
    await call.record_access("case", case_id)
    return Case(
        id=str(case_id),
        status="closed" if state.closed else "open",
        channel=opened.channel,
        anonymity=opened.anonymity,
        reporter_role=opened.reporter_role,
        relation=opened.relation,
        category=opened.category,
        unit_id=opened.unit_id,
        outcome=None if state.outcome is None else state.outcome.outcome,
        route=None if state.outcome is None else state.outcome.route,
        opened_week=recorded[0].week,
        reply_key=opened.reply_key,
        entries=tuple(_entry(one) for one in recorded),
    )


def _entry(recorded: Recorded) -> CaseEntry:
    event: domain.Event = recorded.event
    code: str | None
    signature = signed_by = None
    match event:
        case domain.CaseOpened():
            code, sealed = event.category, to_bus(event.words)
            signature, signed_by = event.signature, event.signed_by
        case domain.MessageSent():
            code, sealed = event.sender, to_bus(event.words)
            signature, signed_by = event.signature, event.signed_by
        case domain.ConversationRecorded():
            code, sealed = event.mode, to_bus(event.minutes)
            signature, signed_by = event.signature, event.signed_by
        case domain.InterventionRecorded():
            code, sealed = event.intervention, ()
        case domain.OutcomeRecorded():
            code, sealed = event.outcome, ()
        case domain.CaseClosed():
            code, sealed = None, ()
        case _:
            assert_never(event)
    return CaseEntry(
        kind=recorded.type,
        week=recorded.week,
        version=recorded.version,
        code=code,
        sealed=sealed,
        signature=signature,
        signed_by=id_or_none(signed_by),
    )
