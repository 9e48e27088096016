"""A reporter's own case, by their code. That they looked is recorded nowhere."""

from __future__ import annotations

from functools import reduce
from uuid import UUID

from services.intake.domain import case as domain
from services.intake.sealed import id_or_none, to_bus
from services.intake.streams import case_events
from shared.contracts.rpc import Empty, Message, MyCase
from shared.eventstore.store import Recorded
from shared.runtime.calls import Call


async def my_case(call: Call, _request: Empty) -> MyCase:
    """See MyCase. A wrong code leads to no case, and is told as that."""
    case_id = UUID(call.principal.subject)
    recorded = await case_events(call.parts.store, call.organisation, case_id)
    state = reduce(domain.evolve, (one.event for one in recorded), domain.Case())
    opened = domain.reported_by(state)
    return MyCase(
        id=str(case_id),
        status="closed" if state.closed else "open",
        adviser_id=opened.adviser_id,
        messages=tuple(message for one in recorded for message in _said(one)),
        in_log_since=await call.parts.proofs.in_log_since(call.organisation, case_id),
    )


def _said(recorded: Recorded) -> tuple[Message, ...]:
    event = recorded.event
    match event:
        case domain.CaseOpened(by=sender) | domain.MessageSent(sender=sender):
            return (
                Message(
                    sender=sender,
                    week=recorded.week,
                    sealed=to_bus(event.words),
                    signature=event.signature,
                    signed_by=id_or_none(event.signed_by),
                ),
            )
        case _:
            return ()
