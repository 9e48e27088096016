"""The events that signals stores, under the names by which it finds them again."""

from __future__ import annotations

from services.signals.domain import window
from shared.eventstore.types import EventTypes
from shared.runtime.calls import AccessRecorded
from shared.runtime.erasure import KeyDestroyed

TYPES = EventTypes(
    (
        window.OrganisationAdopted,
        window.StructureFrozen,
        window.FactsKept,
        window.DayReached,
        window.StatisticsReleased,
        KeyDestroyed,
        AccessRecorded,
    )
)
