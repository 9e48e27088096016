"""Where an adviser's time stands: a stream for each adviser and half-year, whose id says nothing of whose."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING
from uuid import UUID, uuid5

from services.intake.domain import time_spent
from shared.keys.ring import TIMELESS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shared.eventstore.store import EventStore, Recorded
    from shared.keys.ring import KeyRing


def sheet_stream(ring: KeyRing, organisation: UUID, adviser_id: str, half_year: str) -> UUID:
    """The stream of an adviser's time in a half-year."""
    whose = ring.pseudonym(organisation, TIMELESS, f"time/{adviser_id}")
    return uuid5(organisation, f"time/{whose.hex()}/{half_year}")


async def load_sheet(store: EventStore, organisation: UUID, stream: UUID) -> time_spent.Sheet:
    """What stands in it."""
    return sheet_of(await store.load(organisation, stream))


def sheet_of(recorded: Iterable[Recorded]) -> time_spent.Sheet:
    """What stands in the sheet of these events."""
    return reduce(time_spent.evolve, (one.event for one in recorded), time_spent.Sheet())
