"""What was released of a pulse is kept, once, in whatever order it comes and however often."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from services.reporting.consumers.pass_over import pass_over
from services.reporting.domain.pulse import keep
from services.reporting.shapes import pulse_from_bus
from services.reporting.streams import load_pulses, pulses_stream
from shared.contracts.events import CloudEvent, PulseReleased
from shared.eventstore.store import Change

if TYPE_CHECKING:
    from shared.eventstore.store import Tracking
    from shared.runtime.calls import Parts

KIND: Final = "signals.v1.pulse.released"


async def keep_pulse(parts: Parts, event: CloudEvent, tracking: Tracking) -> None:
    """Keep the figures; those that are there already move the position alone.

    Raises UnsafeRelease (nothing is kept until a person has looked), and msgspec.ValidationError for a
    body that is not a PulseReleased.
    """
    arrived = pulse_from_bus(msgspec.json.decode(event.data, type=PulseReleased))
    organisation_id = arrived.organisation_id
    state = await load_pulses(parts.store, organisation_id)
    kept = keep(state, arrived)
    if kept is None:
        await pass_over(parts, tracking)
        return
    await parts.store.append(
        organisation_id,
        [Change(pulses_stream(organisation_id), state.version + 1, kept)],
        actor=tracking.consumer,
        at=parts.clock.now(),
        tracking=tracking,
    )
