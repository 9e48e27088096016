"""A policy, value or strategic theme no longer holds."""

from __future__ import annotations

from services.intake.commands.in_strategy import change_strategy
from services.intake.domain import strategy
from shared.contracts.rpc import Done, WithdrawStrategyEntry
from shared.runtime.calls import Call


async def withdraw_strategy_entry(call: Call, request: WithdrawStrategyEntry) -> Done:
    """See WithdrawStrategyEntry."""
    return await change_strategy(
        call,
        request.organisation_id,
        request.code,
        lambda state: strategy.withdraw(
            state, code=request.code, withdrawn_from=request.withdrawn_from, on=call.now.date()
        ),
    )
