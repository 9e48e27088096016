"""What the commands on a mirror share: its round, one event more, and what it is compared with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.reporting.shapes import as_uuid
from services.reporting.streams import load_mirror, mirror_stream
from shared.contracts.rpc import Done
from shared.eventstore.store import Change
from shared.taxonomy.period import Period

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from services.reporting.domain.mirror import Event, Mirror
    from services.reporting.domain.pulse import PulseKept, Pulses
    from shared.runtime.calls import Call

LOOKS_BACK = 4
"""Half-years in which the last round of a layer is looked for."""


async def add_to_mirror(
    call: Call, layer: str, period: str, decide: Callable[[Mirror], Event]
) -> Done:
    """Load a round of the asker's organisation, let `decide` make the next event, commit it."""
    layer_id, half = as_uuid(layer, "layerId"), str(Period.parse(period))
    state = await load_mirror(call.parts.store, call.organisation, layer_id, half)
    event = decide(state)
    stream = mirror_stream(call.organisation, layer_id, half)
    return await call.commit([Change(stream, state.version + 1, event)], Done(id=half, position=0))


def pulse_of(pulses: Pulses, period: str) -> PulseKept | None:
    """The half-year's pulse; None where none is released."""
    return next((one for one in pulses.rounds if one.period == period), None)


async def last_shared(call: Call, layer_id: UUID, period: Period) -> Mirror | None:
    """The layer's newest round before `period` that it was shown."""
    for _ in range(LOOKS_BACK):
        period = half_before(period)
        state = await load_mirror(call.parts.store, call.organisation, layer_id, str(period))
        if state.shared is not None:
            return state
    return None


def half_before(period: Period) -> Period:
    """The half-year before this one."""
    return Period(period.year, 1) if period.half == 2 else Period(period.year - 1, 2)
