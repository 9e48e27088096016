"""Time spent: what an adviser's hours go to, in quarters of an hour, and what may be told of it.

An adviser's time stands in a sheet of their own for each half-year, with a kind of activity and a day,
and never with a case. Time spent on a case stands in the case too, and goes with it.

Told are totals of all advisers together, for the report, when the half-year's figures are released and
nothing can be added any more: so that asking twice tells nothing about what came in between. They are
rounded up. Work on cases is one total, in steps of twenty hours and never below the first: whether
nobody came, one person or a few looks the same, and one case more seldom changes it. All other work is
told by its kind in steps of five hours. Nothing is told by adviser.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Final, assert_never
from uuid import UUID

from shared.contracts.errors import Code, Refusal, invalid
from shared.taxonomy import practice
from shared.taxonomy.calendar import tick_of
from shared.taxonomy.period import Period
from shared.taxonomy.working_days import day_of

if TYPE_CHECKING:
    from collections.abc import Iterable

IN_AN_HOUR: Final = 4
MOST_QUARTERS: Final = 24 * IN_AN_HOUR
"""Of one entry: a day."""
MOST_ENTRIES: Final = 2_000
"""Of one adviser in a half-year."""
STEP_HOURS: Final = 5
CASE_STEP_HOURS: Final = 20
CASE_WORK: Final = "case_work"
"""What stands for all work on cases together."""

# Events ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeRecorded:
    """An adviser spent time: `quarters` of an hour, on a kind of activity."""

    entry_id: UUID
    codes_version: int
    activity: str
    quarters: int
    on: date
    with_case: bool
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeWithdrawn:
    """An entry was wrong."""

    entry_id: UUID
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseTimeRecorded:
    """Time was spent on this case; the entry has the same id in its adviser's sheet."""

    entry_id: UUID
    activity: str
    quarters: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseTimeWithdrawn:
    """An entry of this case was wrong."""

    entry_id: UUID
    at: datetime


Event = TimeRecorded | TimeWithdrawn
CaseEvent = CaseTimeRecorded | CaseTimeWithdrawn

# Fold -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """An adviser's time in one half-year, in the order in which it was recorded."""

    version: int = 0
    entries: tuple[TimeRecorded, ...] = ()

    def entry(self, entry_id: UUID) -> TimeRecorded | None:
        """The entry of that id, if it is there and was not withdrawn."""
        return next((one for one in self.entries if one.entry_id == entry_id), None)


def evolve(state: Sheet, event: Event) -> Sheet:
    """The state after one more event."""
    state = replace(state, version=state.version + 1)
    match event:
        case TimeRecorded():
            return replace(state, entries=(*state.entries, event))
        case TimeWithdrawn():
            left = tuple(one for one in state.entries if one.entry_id != event.entry_id)
            return replace(state, entries=left)
        case _:
            assert_never(event)


def spent_on_case(events: Iterable[object]) -> dict[str, int]:
    """Quarters by activity, of a case's events; what was withdrawn does not count."""
    entries: dict[UUID, CaseTimeRecorded] = {}
    for event in events:
        if isinstance(event, CaseTimeRecorded):
            entries[event.entry_id] = event
        elif isinstance(event, CaseTimeWithdrawn):
            entries.pop(event.entry_id, None)
    spent: dict[str, int] = {}
    for one in entries.values():
        spent[one.activity] = spent.get(one.activity, 0) + one.quarters
    return spent


# Decisions ------------------------------------------------------------------------------------


def half_year_of(on: date) -> str:
    """The half-year in whose sheet a day's time stands."""
    return str(Period.containing(on))


def told_from(half_year: str) -> date:
    """The day on which a half-year's totals are told; from then on nothing changes in it.

    Raises Refusal INVALID_PERIOD for what is no half-year.
    """
    period = Period.parse(half_year)
    if period.grain != "half-year":
        raise Refusal(Code.INVALID_PERIOD)
    return tick_of(period, period.start)


def record(
    state: Sheet,
    *,
    entry_id: UUID,
    activity: str,
    quarters: int,
    on: date,
    with_case: bool,
    at: datetime,
) -> TimeRecorded:
    """Record time. Raises Refusal UNKNOWN_CODE, ALREADY_EXISTS, TOO_LARGE, PERIOD_RELEASED where the
    half-year's totals are told already, and INVALID_INPUT, for a case with an activity that belongs to
    none: peer consultation above all, which must lead back to no case.
    """
    if entry_id.version != 4:
        raise invalid("entryId", "it is not a random UUID (version 4)")
    codes = practice.current()
    about_cases = codes.check("activities", activity, field="activity").about_cases
    if with_case and not about_cases:
        raise invalid("caseId", "this activity belongs to no case")
    if not 1 <= quarters <= MOST_QUARTERS:
        raise invalid("quarters", "it must lie between {low} and {high}", low=1, high=MOST_QUARTERS)
    if on > day_of(at):
        raise invalid("on", "that day is still to come")
    _check_open(half_year_of(on), at)
    if state.entry(entry_id) is not None:
        raise Refusal(Code.ALREADY_EXISTS)
    if len(state.entries) >= MOST_ENTRIES:
        raise Refusal(Code.TOO_LARGE, limit=MOST_ENTRIES, unit="entries")
    return TimeRecorded(
        entry_id=entry_id,
        codes_version=codes.version,
        activity=activity,
        quarters=quarters,
        on=on,
        with_case=with_case,
        at=at,
    )


def withdraw(
    state: Sheet, *, entry_id: UUID, half_year: str, with_case: bool, at: datetime
) -> TimeWithdrawn:
    """Take an entry back. One that stands in a case is taken back there too, by naming the case.

    Raises Refusal NOT_FOUND, PERIOD_RELEASED, INVALID_INPUT.
    """
    entry = state.entry(entry_id)
    if entry is None:
        raise Refusal(Code.NOT_FOUND)
    if entry.with_case is not with_case:
        raise invalid("caseId", "it is missing" if entry.with_case else "the entry names no case")
    _check_open(half_year, at)
    return TimeWithdrawn(entry_id=entry_id, at=at)


def _check_open(half_year: str, at: datetime) -> None:
    if day_of(at) >= told_from(half_year):
        raise Refusal(Code.PERIOD_RELEASED, period=half_year)


def totals(sheets: Iterable[Sheet], *, half_year: str, on: date) -> dict[str, int]:
    """Hours by kind of activity, of all advisers together: work on cases first, as one kind.

    Raises Refusal INVALID_PERIOD, and INVALID_INPUT before they are told.
    """
    first = told_from(half_year)
    if on < first:
        raise invalid("halfYear", "its totals are told from {day} on", day=first.isoformat())
    spent: dict[str, int] = {}
    for sheet in sheets:
        for one in sheet.entries:
            spent[one.activity] = spent.get(one.activity, 0) + one.quarters
    activities = practice.current().activities.values()
    cases = sum(spent.get(kind.code, 0) for kind in activities if kind.about_cases)
    told = {CASE_WORK: max(_rounded_up(cases, CASE_STEP_HOURS), CASE_STEP_HOURS)}
    for kind in activities:
        if not kind.about_cases:
            told[kind.code] = _rounded_up(spent.get(kind.code, 0), STEP_HOURS)
    return told


def _rounded_up(quarters: int, step: int) -> int:
    """Hours, up to the next multiple of `step`."""
    return -(-quarters // (IN_AN_HOUR * step)) * step
