"""What can be read off the loop: what is due, how long it took, which shares were done. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median
from typing import TYPE_CHECKING, Final, Literal

from services.reporting.domain.cells import NOTHING, Known, later
from services.reporting.domain.loop import CitedSignal

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from services.reporting.domain.cells import Later
    from services.reporting.domain.ground import ReleasedTable
    from services.reporting.domain.loop import Loop, Measure, Recommendation
    from services.reporting.domain.told import Signals
    from services.reporting.domain.words import Words

SOON: Final = timedelta(days=28)
"""What falls due within it is told beforehand."""

DueKind = Literal["answer", "measure", "effect", "intervention"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """Something that is due on a day: an answer, a measure, a look at an effect, or something that is to
    be held. `ref` is the id of the recommendation, the measure or the intervention.
    """

    kind: DueKind
    ref: UUID
    title: Words
    due: date
    late: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """How the loop goes round. Numbers of recommendations and measures, not of cases.

    `days` are those from the day a signal was told to the beginning of the first measure for it: the
    median of `begun` recommendations; None where there is none. `finished` are recommendations for a
    signal whose measures are all over, one of them done; `returned` are those of them after which a
    signal of the same theme and place was told again.
    """

    made: int
    answered: int
    late: int
    accepted: int
    executed: int
    measures: int
    structural: int
    done: int
    begun: int
    days: int | None
    finished: int
    returned: int


def cited(signals: Signals) -> tuple[CitedSignal, ...]:
    """All signals that were told and not taken back, as recommendations refer to them."""
    return tuple(
        CitedSignal(
            signal_id=one.signal_id,
            theme=one.signal.theme,
            place=one.signal.place,
            period=one.signal.period,
            told_on=one.told_on,
        )
        for one in signals.kept
        if one.signal is not None and one.told_on is not None
    )


def due(state: Loop, today: date) -> tuple[Due, ...]:
    """What is late or falls due soon, the longest due first."""
    found = [one for recommendation in state.standing for one in _due_of(recommendation, today)]
    return tuple(
        sorted(
            (one for one in found if one.due <= today + SOON),
            key=lambda one: (one.due, one.kind, one.ref),
        )
    )


def _due_of(one: Recommendation, today: date) -> Iterable[Due]:
    if one.answered is None:
        yield Due(
            kind="answer",
            ref=one.made.recommendation_id,
            title=one.made.title,
            due=one.made.due,
            late=today > one.made.due,
        )
    for measure in one.measures:
        kind: DueKind = "measure" if measure.open else "effect"
        day = measure.planned_for if measure.open else measure.review_on
        if day is not None:
            yield Due(
                kind=kind,
                ref=measure.planned.measure_id,
                title=measure.planned.title,
                due=day,
                late=today > day,
            )


def shares(state: Loop, signals: Iterable[CitedSignal], today: date) -> Shares:
    """How the loop goes round; `signals` are all that were told and not taken back."""
    standing, measures = state.standing, state.measures
    told = tuple(signals)
    days = [taken for one in standing if (taken := _days_to_measure(one)) is not None]
    finished = [
        one
        for one in standing
        if one.made.signals and one.executed and not any(each.open for each in one.measures)
    ]
    return Shares(
        made=len(standing),
        answered=sum(one.answered is not None for one in standing),
        late=sum(one.late(today) for one in standing),
        accepted=sum(one.accepted for one in standing),
        executed=sum(one.executed for one in standing),
        measures=len(measures),
        structural=sum(measure.structural for measure in measures),
        done=sum(measure.status == "done" for measure in measures),
        begun=len(days),
        days=round(median(days)) if days else None,
        finished=len(finished),
        returned=sum(_returned(one, told) for one in finished),
    )


def _days_to_measure(one: Recommendation) -> int | None:
    """From the first signal that it refers to; None where it refers to none or nothing has begun."""
    begun = [measure.started_on for measure in one.measures if measure.started_on is not None]
    if not begun or not one.made.signals:
        return None
    return max(0, (min(begun) - min(signal.told_on for signal in one.made.signals)).days)


def _returned(one: Recommendation, told: tuple[CitedSignal, ...]) -> bool:
    over = max(measure.ended_on for measure in one.measures if measure.ended_on is not None)
    about = {(signal.theme, signal.place) for signal in one.made.signals}
    return any(signal.told_on > over and (signal.theme, signal.place) in about for signal in told)


def effect(
    tables: Iterable[ReleasedTable], measure: Measure, known: Known = NOTHING
) -> tuple[Later, ...]:
    """The base line's cell in later windows; those are compared that began after the measure was done."""
    if measure.base_line is None:
        return ()
    since = measure.ended_on if measure.status == "done" else None
    return later(tables, measure.base_line, since, known)
