"""`reporting-organisations` on INTAKE: organisations and their units become known."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from services.reporting.consumers.drafts import OrganisationNotYetKnown
from services.reporting.consumers.pass_over import pass_over
from services.reporting.domain import strategy
from services.reporting.domain.organisation import Event, know, know_units
from services.reporting.shapes import known_from_bus, strategy_from_bus, units_from_bus
from services.reporting.streams import (
    load_organisation,
    load_strategy,
    organisation_stream,
    strategy_stream,
)
from shared.contracts.events import (
    CloudEvent,
    OrganisationSeats,
    OrganisationSetUp,
    OrganisationStrategy,
    OrganisationUnits,
)
from shared.eventstore.store import Change

if TYPE_CHECKING:
    from shared.eventstore.store import Tracking
    from shared.runtime.calls import Parts

DURABLE = "reporting-organisations"
"""Its name on the bus, in `tracking`, and as the actor of its events."""

_SET_UP = "intake.v1.organisation.set_up"
_SEATS = "intake.v1.organisation.seats"
_STRATEGY = "intake.v1.organisation.strategy"
_UNITS = "intake.v1.organisation.units"


async def know_organisation(parts: Parts, event: CloudEvent, tracking: Tracking) -> None:
    """Keep what intake announced. News that is no news moves the position alone.

    Raises msgspec.ValidationError for a body that is not what its type says, OrganisationNotYetKnown for
    seats or units of an organisation that was not announced.
    """
    known: Event | None
    if event.type == _STRATEGY:
        await _know_strategy(parts, event, tracking)
        return
    if event.type == _SET_UP:
        announced = known_from_bus(msgspec.json.decode(event.data, type=OrganisationSetUp))
        organisation = announced.organisation_id
        state = await load_organisation(parts.store, organisation)
        known = know(state, announced)
    elif event.type == _SEATS:
        seats = msgspec.json.decode(event.data, type=OrganisationSeats)
        organisation = UUID(seats.organisation_id)
        state = await load_organisation(parts.store, organisation)
        if state.announced is None:
            raise OrganisationNotYetKnown
        known = know(state, replace(state.announced, advisers=seats.advisers))
    elif event.type == _UNITS:
        units = msgspec.json.decode(event.data, type=OrganisationUnits)
        organisation = UUID(units.organisation_id)
        state = await load_organisation(parts.store, organisation)
        if state.announced is None:
            raise OrganisationNotYetKnown
        known = know_units(state, units_from_bus(units))
    else:
        await pass_over(parts, tracking)
        return
    if known is None:
        await pass_over(parts, tracking)
        return
    await parts.store.append(
        organisation,
        [Change(organisation_stream(organisation), state.version + 1, known)],
        actor=DURABLE,
        at=parts.clock.now(),
        tracking=tracking,
    )


async def _know_strategy(parts: Parts, event: CloudEvent, tracking: Tracking) -> None:
    """Keep the register as it is now; an older one, or the same one again, is no news."""
    announced = strategy_from_bus(msgspec.json.decode(event.data, type=OrganisationStrategy))
    organisation = announced.organisation_id
    state = await load_strategy(parts.store, organisation)
    known = strategy.know(state, announced)
    if known is None:
        await pass_over(parts, tracking)
        return
    await parts.store.append(
        organisation,
        [Change(strategy_stream(organisation), state.version + 1, known)],
        actor=DURABLE,
        at=parts.clock.now(),
        tracking=tracking,
    )
