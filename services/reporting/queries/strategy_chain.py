"""From goal to policy, signal, conduct and recommendation. That somebody looked is recorded first."""

from __future__ import annotations

from services.reporting.domain.chain import chain
from services.reporting.strategy_shapes import goal_to_bus, signal_to_bus
from services.reporting.streams import load_loop, load_signals, load_strategy
from shared.contracts.reporting_strategy import StrategyChain, StrategyQuery
from shared.runtime.calls import Call
from shared.runtime.parts import next_of, stop_of
from shared.taxonomy.period import Period


async def strategy_chain(call: Call, request: StrategyQuery) -> StrategyChain:
    """See StrategyChain. Raises Refusal INVALID_PERIOD."""
    period = None if request.period is None else Period.parse(request.period)
    strategy = await load_strategy(call.parts.store, call.organisation)
    signals = await load_signals(call.parts.store, call.organisation)
    told = signals.standing if period is None else signals.within(period)
    if signals.kept:
        await call.record_access("strategy chain")
    told_on = {one.signal_id: one.told_on for one in signals.kept if one.told_on is not None}
    recommended = (await load_loop(call.parts.store, call.organisation)).standing
    items = [signal_to_bus(one, told_on[one.signal_id], recommended) for one in told]
    stop = stop_of(items, request.after)
    return StrategyChain(
        register_version=strategy.register_version,
        goals=tuple(
            goal_to_bus(goal, recommended) for goal in chain(strategy, told, call.now.date())
        ),
        signals=tuple(items[request.after : stop]),
        withdrawn=sum(one.withdrawn_on is not None for one in signals.kept),
        next=next_of(items, stop),
    )
