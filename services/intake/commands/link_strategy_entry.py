"""What a policy or value is for: the strategic themes, and a policy's values, that it serves."""

from __future__ import annotations

from services.intake.commands.in_strategy import change_strategy
from services.intake.domain import strategy
from shared.contracts.rpc import Done, LinkStrategyEntry
from shared.runtime.calls import Call


async def link_strategy_entry(call: Call, request: LinkStrategyEntry) -> Done:
    """See LinkStrategyEntry."""
    return await change_strategy(
        call,
        request.organisation_id,
        request.code,
        lambda state: strategy.link(
            state, code=request.code, serves=request.serves, on=call.now.date()
        ),
    )
