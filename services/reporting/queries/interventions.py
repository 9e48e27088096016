"""Training, peer consultation and coaching, with what came after. That it was opened is recorded first."""

from __future__ import annotations

from services.reporting.loading import load_known, load_tables
from services.reporting.loop_shapes import intervention_to_bus
from services.reporting.streams import load_interventions
from shared.contracts.reporting_loop import Interventions
from shared.contracts.rpc import Part
from shared.runtime.calls import Call
from shared.runtime.parts import next_of, stop_of


async def interventions(call: Call, request: Part) -> Interventions:
    """See Interventions."""
    state = await load_interventions(call.parts.store, call.organisation)
    tables = await load_tables(call.parts, call.organisation)
    comparable = await load_known(call.parts, call.organisation)
    items = [
        intervention_to_bus(one, tables, comparable, call.principal.subject)
        for one in reversed(state.items)
    ]
    stop = stop_of(items, request.after)
    await call.record_access("interventions")
    return Interventions(items=tuple(items[request.after : stop]), next=next_of(items, stop))
