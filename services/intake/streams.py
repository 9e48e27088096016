"""Which stream holds what, and how its state is loaded."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING
from uuid import UUID, uuid5

from services.intake.domain import case, organisation, register

if TYPE_CHECKING:
    from datetime import date

    from shared.eventstore.store import EventStore, Recorded


def organisation_stream(organisation_id: UUID) -> UUID:
    """The stream of the organisation itself."""
    return uuid5(organisation_id, "organisation")


def registers_stream(organisation_id: UUID) -> UUID:
    """The stream of the organisation's imported registers."""
    return uuid5(organisation_id, "registers")


async def load_organisation(store: EventStore, organisation_id: UUID) -> organisation.Organisation:
    """The organisation's state; empty when it was never set up."""
    recorded = await store.load(organisation_id, organisation_stream(organisation_id))
    return reduce(organisation.evolve, (one.event for one in recorded), organisation.Organisation())


async def load_registers(store: EventStore, organisation_id: UUID) -> register.Registers:
    """The organisation's imports."""
    recorded = await store.load(organisation_id, registers_stream(organisation_id))
    return reduce(register.evolve, (one.event for one in recorded), register.Registers())


async def case_events(
    store: EventStore, organisation_id: UUID, case_id: UUID, *, new: bool = False
) -> list[Recorded]:
    """A case's events, oldest first; none where there is no case, but perhaps another stream: to
    whoever asks with the id of that one it must look the same. `new`: see Session.load.
    """
    recorded = await store.load(organisation_id, case_id, new=new)
    return recorded if recorded and isinstance(recorded[0].event, case.CaseOpened) else []


async def load_case(
    store: EventStore, organisation_id: UUID, case_id: UUID, *, new: bool = False
) -> case.Case:
    """A case's state; empty when it does not exist in this organisation. `new`: see Session.load."""
    recorded = await case_events(store, organisation_id, case_id, new=new)
    return reduce(case.evolve, (one.event for one in recorded), case.Case())


def day_stream(organisation_id: UUID, day: date) -> UUID:
    """The stream of one event that closes a day."""
    return uuid5(organisation_id, f"day/{day.isoformat()}")


async def adviser_seats(store: EventStore, organisation_id: UUID) -> frozenset[str] | None:
    """The subjects who hold an adviser's seat; None for an organisation that is not known here."""
    state = await load_organisation(store, organisation_id)
    if state.set_up is None:
        return None
    return frozenset(adviser.id for adviser in state.set_up.advisers)
