"""The organisation has a policy, value or strategic theme, or calls one by another name."""

from __future__ import annotations

from services.intake.commands.in_strategy import change_strategy
from services.intake.domain import strategy
from shared.contracts.rpc import Done, KeepStrategyEntry
from shared.runtime.calls import Call


async def keep_strategy_entry(call: Call, request: KeepStrategyEntry) -> Done:
    """See KeepStrategyEntry."""
    return await change_strategy(
        call,
        request.organisation_id,
        request.code,
        lambda state: strategy.keep(
            state,
            code=request.code,
            kind=request.kind,
            en=request.en,
            nl=request.nl,
            valid_from=request.valid_from,
            on=call.now.date(),
        ),
    )
