"""What the commands within a case share: the case is the asker's, and one event is added."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.intake.domain.case import Case, Event, owned_by, reported_by
from services.intake.sealed import as_uuid
from services.intake.streams import load_case
from shared.contracts.errors import Code, Refusal
from shared.contracts.rpc import Done
from shared.eventstore.store import Change
from shared.identity.roles import Role
from shared.uuids import text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from uuid import UUID

    from shared.runtime.calls import Call


async def running_case(call: Call, case_id: UUID) -> Case:
    """The asker's own open case: an adviser's, or a reporter's by their code.

    Raises Refusal NOT_FOUND for any other, CASE_CLOSED.
    """
    state = await load_case(call.parts.store, call.organisation, case_id)
    if call.principal.role is Role.REPORTER:
        reported_by(state)
        if str(case_id) != call.principal.subject:
            raise Refusal(Code.NOT_FOUND)
    else:
        owned_by(state, call.principal.subject)
    if state.closed:
        raise Refusal(Code.CASE_CLOSED)
    return state


async def add_to_case(call: Call, case_id: str, decide: Callable[[Case], Event]) -> Done:
    """Load the asker's case, let `decide` make the next event, commit it."""
    stream = as_uuid(case_id, "caseId")
    state = await load_case(call.parts.store, call.organisation, stream)
    owned_by(state, call.principal.subject)
    event = decide(state)
    return await call.commit(
        [Change(stream, state.version + 1, event)], Done(id=text_of(stream), position=0)
    )


async def add_as_either(
    call: Call, case_id: str, decide: Callable[[Case, bool], Event | Sequence[Event]]
) -> Done:
    """As `add_to_case`, for the case's adviser or its reporter by their code: `decide` is told whether
    it is the reporter, and may make several events.
    """
    stream = as_uuid(case_id, "caseId")
    state = await load_case(call.parts.store, call.organisation, stream)
    by_reporter = call.principal.role is Role.REPORTER
    if by_reporter:
        reported_by(state)
        if str(stream) != call.principal.subject:
            raise Refusal(Code.NOT_FOUND)
    else:
        owned_by(state, call.principal.subject)
    decided = decide(state, by_reporter)
    events = decided if isinstance(decided, list | tuple) else (decided,)
    changes = [
        Change(stream, state.version + number, event) for number, event in enumerate(events, 1)
    ]
    return await call.commit(changes, Done(id=text_of(stream), position=0))


async def add_to_reviewed_case(call: Call, case_id: str, decide: Callable[[Case], Event]) -> Done:
    """As `add_to_case`, for who is asked to look at one step of somebody else's case: `decide`
    refuses with NOT_FOUND whom it does not name.
    """
    stream = as_uuid(case_id, "caseId")
    state = await load_case(call.parts.store, call.organisation, stream)
    event = decide(state)
    return await call.commit(
        [Change(stream, state.version + 1, event)], Done(id=text_of(stream), position=0)
    )
