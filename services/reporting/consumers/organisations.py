"""`reporting-organisations` on INTAKE: organisations become known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from services.reporting.consumers.pass_over import pass_over
from services.reporting.domain.organisation import know
from services.reporting.shapes import known_from_bus
from services.reporting.streams import load_organisation, organisation_stream
from shared.contracts.events import CloudEvent, OrganisationSetUp
from shared.eventstore.store import Change

if TYPE_CHECKING:
    from shared.eventstore.store import Tracking
    from shared.runtime.calls import Parts

DURABLE = "reporting-organisations"
"""Its name on the bus, in `tracking`, and as the actor of its events."""

_KIND = "intake.v1.organisation.set_up"


async def know_organisation(parts: Parts, event: CloudEvent, tracking: Tracking) -> None:
    """Keep what intake announced. News that is no news moves the position alone.

    Raises msgspec.ValidationError for a body that is not an OrganisationSetUp.
    """
    if event.type != _KIND:
        await pass_over(parts, tracking)
        return
    announced = known_from_bus(msgspec.json.decode(event.data, type=OrganisationSetUp))
    state = await load_organisation(parts.store, announced.organisation_id)
    known = know(state, announced)
    if known is None:
        await pass_over(parts, tracking)
        return
    stream = organisation_stream(announced.organisation_id)
    await parts.store.append(
        announced.organisation_id,
        [Change(stream, state.version + 1, known)],
        actor=DURABLE,
        at=parts.clock.now(),
        tracking=tracking,
    )
