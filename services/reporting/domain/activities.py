"""The advisers' own work in a period, and how they can be reached: told by themselves, in steps that say
nothing of a case.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from services.reporting.domain.words import Words, words_or_none
from shared.contracts.errors import invalid
from shared.taxonomy.period import Period

FirstTalk = Literal["within_two_days", "within_a_week", "within_two_weeks", "longer"]
"""How soon after they asked for it most people had their first talk. In steps: a number of days of a few
people would tell of them.
"""

CASE_HOURS: Final = 20
OTHER_HOURS: Final = 5
"""Hours are rounded up to these steps, and work on cases is never told below its step: whether nobody came
or a few looks the same.
"""

MOST: Final = 10_000
REACH: Final = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivitiesKept:
    """What the advisers of the organisation did in a period, all together; the newest of a period counts.

    Sessions are numbers of meetings. Hours are rounded up already, None where they are not told. `reach`:
    how to reach the advisers, in their words.
    """

    period: str
    information_sessions: int
    peer_consultations: int
    trainings: int
    case_hours: int | None
    other_hours: int | None
    reach: Words | None
    first_talk: FirstTalk | None
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Activities:
    """What was kept, the newest of each period, by period. `version` counts the events."""

    version: int = 0
    items: tuple[ActivitiesKept, ...] = ()

    def of(self, period: str) -> ActivitiesKept | None:
        """That of a period."""
        return next((one for one in self.items if one.period == period), None)


def evolve(state: Activities, event: ActivitiesKept) -> Activities:
    """The state after one more event."""
    others = (one for one in state.items if one.period != event.period)
    return Activities(
        version=state.version + 1,
        items=tuple(sorted((*others, event), key=lambda one: Period.parse(one.period))),
    )


def keep(
    *,
    period: str,
    information_sessions: int,
    peer_consultations: int,
    trainings: int,
    case_hours: int | None,
    other_hours: int | None,
    reach: Words | None,
    first_talk: FirstTalk | None,
    on: date,
) -> ActivitiesKept:
    """Keep, or replace, what was done in a half-year or year that is over: hours that grow would tell of
    the days between. Raises Refusal INVALID_PERIOD, INVALID_INPUT, TOO_LARGE.
    """
    window = Period.of_register(period)
    if on < window.end:
        raise invalid("period", "its totals are told from {day} on", day=window.end.isoformat())
    for field, number in (
        ("informationSessions", information_sessions),
        ("peerConsultations", peer_consultations),
        ("trainings", trainings),
        ("caseHours", case_hours),
        ("otherHours", other_hours),
    ):
        if number is not None and not 0 <= number <= MOST:
            raise invalid(field, "it must lie between {low} and {high}", low=0, high=MOST)
    return ActivitiesKept(
        period=str(window),
        information_sessions=information_sessions,
        peer_consultations=peer_consultations,
        trainings=trainings,
        case_hours=None if case_hours is None else max(CASE_HOURS, _up(case_hours, CASE_HOURS)),
        other_hours=None if other_hours is None else _up(other_hours, OTHER_HOURS),
        reach=words_or_none(reach, field="reach", most=REACH),
        first_talk=first_talk,
        on=on,
    )


def _up(number: int, step: int) -> int:
    return -(-number // step) * step
