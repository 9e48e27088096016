"""Recommendations and what became of them, with what came after. That it was opened is recorded first."""

from __future__ import annotations

from services.reporting.domain.following import cited, shares
from services.reporting.loading import load_known, load_tables
from services.reporting.loop_shapes import recommendation_to_bus
from services.reporting.streams import load_loop, load_signals
from shared.contracts.reporting_loop import FollowUp, LoopShares
from shared.contracts.rpc import Part
from shared.runtime.calls import Call
from shared.runtime.parts import next_of, stop_of


async def follow_up(call: Call, request: Part) -> FollowUp:
    """See FollowUp."""
    today = call.now.date()
    state = await load_loop(call.parts.store, call.organisation)
    signals = await load_signals(call.parts.store, call.organisation)
    tables = await load_tables(call.parts, call.organisation)
    comparable = await load_known(call.parts, call.organisation)
    found = shares(state, cited(signals), today)
    items = [
        recommendation_to_bus(one, tables, comparable, today)
        for one in reversed(state.recommendations)
    ]
    stop = stop_of(items, request.after)
    await call.record_access("follow-up")
    return FollowUp(
        response_weeks=state.response_weeks,
        shares=LoopShares(**{name: getattr(found, name) for name in LoopShares.__struct_fields__}),
        recommendations=tuple(items[request.after : stop]),
        next=next_of(items, stop),
    )
