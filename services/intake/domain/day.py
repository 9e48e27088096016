"""The end of a day's facts, sent every day whether or not there were any."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class DayClosed:
    """All facts of `organisation_id` that were booked before `day` have been sent."""

    organisation_id: UUID
    message_id: UUID
    day: date
