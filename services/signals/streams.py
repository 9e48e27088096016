"""Which stream holds what."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING
from uuid import UUID, uuid5

from services.signals.domain import window

if TYPE_CHECKING:
    from datetime import date

    from shared.eventstore.store import EventStore
    from shared.taxonomy.period import Period


def organisation_stream(organisation: UUID) -> UUID:
    """The stream of the organisation's decision."""
    return uuid5(organisation, "organisation")


def window_stream(organisation: UUID, period: Period) -> UUID:
    """The stream of a window's structure."""
    return uuid5(organisation, f"window/{period}")


def release_stream(organisation: UUID, period: Period) -> UUID:
    """The stream of a window's release. It holds one event: version 1 is unique in the database,
    so a second draw is refused there.
    """
    return uuid5(organisation, f"release/{period}")


def day_stream(organisation: UUID, day: date) -> UUID:
    """The stream of one event: the day was reached."""
    return uuid5(organisation, f"day/{day.isoformat()}")


async def load_organisation(
    store: EventStore, organisation: UUID
) -> window.OrganisationAdopted | None:
    """The organisation's decision; None before it arrived."""
    recorded = await store.load(organisation, organisation_stream(organisation))
    return recorded[-1].event if recorded else None


async def load_window(store: EventStore, organisation: UUID, period: Period) -> window.Window:
    """A window's state; empty before its structure was frozen."""
    recorded = await store.load(organisation, window_stream(organisation, period))
    return reduce(window.evolve, (one.event for one in recorded), window.Window())


async def adviser_seats(store: EventStore, organisation_id: UUID) -> frozenset[str] | None:
    """The subjects who hold an adviser's seat; None for an organisation that is not known here."""
    adopted = await load_organisation(store, organisation_id)
    return None if adopted is None else frozenset(adopted.advisers)
