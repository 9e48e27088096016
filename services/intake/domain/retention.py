"""How long the organisation keeps a closed case."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from shared.contracts.errors import invalid
from shared.taxonomy.calendar import tick_of
from shared.taxonomy.period import Period
from shared.taxonomy.working_days import months_later

if TYPE_CHECKING:
    from collections.abc import Iterable

FEWEST_MONTHS = 1
MOST_MONTHS = 240


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionDecided:
    """A closed case is proposed for erasure `months` after it was closed and reported. The newest
    decision counts.
    """

    months: int
    on: date


def months_of(events: Iterable[RetentionDecided]) -> int | None:
    """The decision in force; None: cases are kept until somebody asks."""
    months = None
    for event in events:
        months = event.months
    return months


def decide(months: int, *, on: date) -> RetentionDecided:
    """Decide how long. Raises Refusal INVALID_INPUT."""
    if not FEWEST_MONTHS <= months <= MOST_MONTHS:
        raise invalid(
            "months", "it must lie between {low} and {high}", low=FEWEST_MONTHS, high=MOST_MONTHS
        )
    return RetentionDecided(months=months, on=on)


def due_on(*, closed: date, period: str, months: int) -> date:
    """The day from which a closed case is due: `months` after the later one of its closing and the
    tick at which the figures of its period were released ("reported": whether somebody then
    published a report is known to reporting alone).
    """
    of_case = Period.parse(period)
    return months_later(max(closed, tick_of(of_case, of_case.start)), months)
