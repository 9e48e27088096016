"""Which reports an organisation has: of half-years, of years, of academic years, or of other periods.

Released windows are those of the calendar, whatever an organisation chooses here. A report of half-years or
years has windows of its own; any other is made of those that lie wholly in its span.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, get_args

from shared.contracts.errors import Code, Refusal, invalid
from shared.contracts.report import ReportCalendar

if TYPE_CHECKING:
    from shared.taxonomy.period import Grain

SHORTEST_DAYS = 89
"""A quarter at least (a first quarter has 90 days): nothing finer is ever released."""

LONGEST_DAYS = 366
"""A year at most."""


@dataclass(frozen=True, slots=True)
class CalendarChosen:
    """The organisation's reports follow this calendar from now on; what is drafted already stays."""

    calendar: ReportCalendar
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """The organisation's choice. `version` 0: it made none."""

    version: int = 0
    chosen: ReportCalendar = "half_year"

    def drafts(self, grain: Grain) -> bool:
        """Whether a released table of that length begins a report, or joins one, by itself."""
        match self.chosen:
            case "half_year":
                return grain != "quarter"
            case "year":
                return grain == "year"
            case _:
                return False


def evolve(state: Calendar, event: CalendarChosen) -> Calendar:
    """The state after one more event."""
    return Calendar(version=state.version + 1, chosen=event.calendar)


def choose(state: Calendar, calendar: str, on: date) -> CalendarChosen:
    """Choose a calendar. Refuses the one that holds already (ALREADY_EXISTS)."""
    known = next((one for one in get_args(ReportCalendar) if one == calendar), None)
    if known is None:
        raise invalid("calendar", "there is no such calendar")
    if state.chosen == known:
        raise Refusal(Code.ALREADY_EXISTS)
    return CalendarChosen(known, on)


@dataclass(frozen=True, slots=True)
class Span:
    """Days of which a report is, both inclusive. Written as ISO 8601 writes an interval:
    `2025-09-01/2026-08-31`.
    """

    first: date
    last: date

    @property
    def start(self) -> date:
        """As of a Period."""
        return self.first

    @property
    def end(self) -> date:
        """The first day after it, as of a Period."""
        return self.last + timedelta(days=1)

    def __str__(self) -> str:
        return f"{self.first.isoformat()}/{self.last.isoformat()}"


def span(state: Calendar, first: date, last: date, *, today: date) -> Span:
    """The span of a report that an adviser may begin: an academic year, 1 September to 31 August (WHW,
    art. 1.1, "studiejaar"), or, under the calendar of short periods, a quarter to a year. It must be over.

    Refuses INVALID_INPUT.
    """
    if state.chosen not in ("academic_year", "short_period"):
        raise invalid("starts", "reports of this calendar are drafted by themselves")
    if last >= today:
        raise invalid("ends", "that day is still to come")
    if state.chosen == "academic_year":
        if (first, last) != (date(first.year, 9, 1), date(first.year + 1, 8, 31)):
            raise invalid("starts", "an academic year runs from 1 September to 31 August")
    elif not SHORTEST_DAYS <= (last - first).days < LONGEST_DAYS:
        raise invalid("ends", "a report is of a quarter at least and a year at most")
    return Span(first, last)
