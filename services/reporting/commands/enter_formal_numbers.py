"""Who keeps a formal register enters the exact numbers that a law asks for."""

from __future__ import annotations

from services.reporting.domain import disclosures
from services.reporting.policy import enters
from services.reporting.streams import disclosures_stream, load_disclosures, load_organisation
from shared.contracts.errors import Code, Refusal
from shared.contracts.reporting_compliance import EnterFormalNumbers
from shared.contracts.rpc import Done
from shared.eventstore.store import Change
from shared.runtime.calls import Call


async def enter_formal_numbers(call: Call, request: EnterFormalNumbers) -> Done:
    """See EnterFormalNumbers. The answer's id is the law and the window."""
    if not enters(call.principal, request.law):
        raise Refusal(Code.NOT_ALLOWED)
    known = (await load_organisation(call.parts.store, call.organisation)).known
    state = await load_disclosures(call.parts.store, known.organisation_id)
    event = disclosures.enter(
        state,
        organisation_id=known.organisation_id,
        law=request.law,
        period=request.period,
        counters=tuple(
            disclosures.CounterEntered(code=one.code, value=one.value) for one in request.counters
        ),
        source=request.source,
        context=request.context,
        changes=request.changes,
        counted_once=request.counted_once,
        small_numbers_seen=request.small_numbers_seen,
        role=call.principal.role.value,
        on=call.now.date(),
    )
    return await call.commit(
        [Change(disclosures_stream(call.organisation), state.version + 1, event)],
        Done(id=f"{event.law}/{event.period}", position=0),
    )
