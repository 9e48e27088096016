"""The organisation has a policy, value or strategic theme, or calls one by another name."""

from __future__ import annotations

from services.intake.domain import strategy
from services.intake.organisations import organisation_of
from services.intake.streams import load_organisation, load_strategy, strategy_stream
from shared.contracts.rpc import Done, KeepStrategyEntry
from shared.eventstore.store import Change
from shared.runtime.calls import Call


async def keep_strategy_entry(call: Call, request: KeepStrategyEntry) -> Done:
    """See KeepStrategyEntry."""
    organisation = organisation_of(call, request.organisation_id)
    known = (await load_organisation(call.parts.store, organisation)).known
    state = await load_strategy(call.parts.store, known.organisation_id)
    event = strategy.keep(
        state,
        code=request.code,
        kind=request.kind,
        en=request.en,
        nl=request.nl,
        valid_from=request.valid_from,
        on=call.now.date(),
    )
    return await call.commit(
        [Change(strategy_stream(organisation), state.version + 1, event)],
        Done(id=request.code, position=0),
        organisation=organisation,
    )
