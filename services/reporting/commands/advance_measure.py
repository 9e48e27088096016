"""A measure begins, is moved, is done, or stops."""

from __future__ import annotations

from services.reporting.commands.in_loop import add_to_loop
from services.reporting.domain import measures
from services.reporting.loading import load_tables
from services.reporting.loop_shapes import ref_or_none_from_bus, words_or_none_from_bus
from services.reporting.shapes import as_uuid
from shared.contracts.reporting_loop import AdvanceMeasure
from shared.contracts.rpc import Done
from shared.runtime.calls import Call


async def advance_measure(call: Call, request: AdvanceMeasure) -> Done:
    """See AdvanceMeasure."""
    measure_id = as_uuid(request.measure_id, "measureId")
    tables = () if request.base_line is None else await load_tables(call.parts, call.organisation)
    return await add_to_loop(
        call,
        measure_id,
        lambda state: measures.advance(
            state,
            tables,
            measure_id=measure_id,
            step=request.step,
            said=words_or_none_from_bus(request.words),
            base=ref_or_none_from_bus(request.base_line),
            day=request.day,
            on=call.now.date(),
        ),
    )
