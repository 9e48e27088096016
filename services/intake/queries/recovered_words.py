"""The sealed words of a case whose recovery two people agreed to."""

from __future__ import annotations

from functools import reduce

from services.intake.domain import case as domain
from services.intake.domain.recovery import use_recovery
from services.intake.queries.case import as_its_adviser_sees_it
from services.intake.sealed import as_uuid
from services.intake.sides import refuse_both_sides
from services.intake.streams import case_events
from shared.contracts.errors import Code, Refusal
from shared.contracts.rpc import Case, PartById
from shared.eventstore.store import Change, Conflict
from shared.runtime.calls import Call
from shared.taxonomy.working_days import day_of

_ATTEMPTS = 4


async def recovered_words(call: Call, request: PartById) -> Case:
    """See Case. That the words were given stands in the case's log, durably, before they leave."""
    case_id = as_uuid(request.id, "id")
    for _ in range(_ATTEMPTS):
        recorded = await case_events(call.parts.store, call.organisation, case_id)
        state = reduce(domain.evolve, (one.event for one in recorded), domain.Case())
        event = use_recovery(state, by=call.principal.subject, at=call.now)
        # Before the words leave, not only before the case would be theirs.
        await refuse_both_sides(call, call.principal.subject, case_id, state.parties)
        try:
            await call.parts.store.append(
                call.organisation,
                [Change(case_id, state.version + 1, event)],
                actor=call.principal.subject,
                at=call.now,
            )
        except Conflict:
            continue
        return as_its_adviser_sees_it(
            case_id, state, recorded, day_of(call.now), after=request.after
        )
    raise Refusal(Code.CONFLICT)
