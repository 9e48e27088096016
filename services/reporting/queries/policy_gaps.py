"""How far policies are from practice, and how far values are lived. The look is recorded."""

from __future__ import annotations

from services.reporting.domain.gap import gaps, lived, said
from services.reporting.strategy_shapes import entry_to_bus, gap_to_bus, lived_to_bus, said_to_bus
from services.reporting.streams import load_pulses, load_signals, load_strategy
from shared.contracts.errors import Code, Refusal
from shared.contracts.reporting_strategy import GapsQuery, PolicyGaps, ValueLived
from shared.runtime.calls import Call
from shared.taxonomy.period import Period


async def policy_gaps(call: Call, request: GapsQuery) -> PolicyGaps:
    """See PolicyGaps. Raises Refusal INVALID_PERIOD for what is no half-year."""
    asked = None if request.period is None else Period.parse(request.period)
    if asked is not None and asked.grain != "half-year":
        raise Refusal(Code.INVALID_PERIOD)
    strategy = await load_strategy(call.parts.store, call.organisation)
    told = (await load_signals(call.parts.store, call.organisation)).standing
    if told:
        await call.record_access("policy gaps")
    halves = [Period.containing(Period.parse(one.period).start) for one in told]
    period = asked or max(halves, default=None)
    if period is None:
        return PolicyGaps(period=None, gaps=(), values=())
    today = call.now.date()
    rounds = (await load_pulses(call.parts.store, call.organisation)).rounds
    return PolicyGaps(
        period=str(period),
        gaps=tuple(gap_to_bus(one) for one in gaps(strategy, told, period, today)),
        values=tuple(
            ValueLived(
                value=entry_to_bus(value),
                series=tuple(lived_to_bus(one) for one in lived(strategy, told, value, period)),
            )
            for value in strategy.of_kind("value")
        ),
        said=tuple(said_to_bus(one) for one in said(rounds, period)),
    )
