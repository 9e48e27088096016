"""Between the shapes of the loop on the bus and its domain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.reporting.domain.cells import CellRef
from services.reporting.domain.following import effect
from services.reporting.domain.interventions import came_after, theme_names
from services.reporting.domain.words import Words
from services.reporting.shapes import as_uuid
from shared.contracts import reporting_loop as shapes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from uuid import UUID

    from services.reporting.domain.activities import ActivitiesKept
    from services.reporting.domain.cells import BaseLine, Known, Later
    from services.reporting.domain.ground import ReleasedTable
    from services.reporting.domain.interventions import Intervention
    from services.reporting.domain.loop import Measure, Recommendation
    from services.reporting.domain.telling import Telling

# What is asked --------------------------------------------------------------------------------


def words_from_bus(given: shapes.InWords) -> Words:
    """As the domain takes it."""
    return Words(nl=given.nl, en=given.en)


def words_or_none_from_bus(given: shapes.InWords | None) -> Words | None:
    """As the domain takes it."""
    return None if given is None else words_from_bus(given)


def ref_from_bus(given: shapes.FigureRef) -> CellRef:
    """As the domain takes it."""
    return CellRef(table=given.table, code=given.code, period=given.period)


def ref_or_none_from_bus(given: shapes.FigureRef | None) -> CellRef | None:
    """As the domain takes it."""
    return None if given is None else ref_from_bus(given)


def ids(texts: Sequence[str], field: str) -> tuple[UUID, ...]:
    """UUIDs. Raises Refusal INVALID_INPUT."""
    return tuple(as_uuid(text, field) for text in texts)


# What is answered -----------------------------------------------------------------------------


def words_to_bus(kept: Words) -> shapes.InWords:
    """As it is kept."""
    return shapes.InWords(nl=kept.nl, en=kept.en)


def words_or_none_to_bus(kept: Words | None) -> shapes.InWords | None:
    """As it is kept."""
    return None if kept is None else words_to_bus(kept)


def recommendation_to_bus(
    one: Recommendation, tables: tuple[ReleasedTable, ...], known: Known, today: date
) -> shapes.Recommendation:
    """A recommendation with what became of it."""
    made, answered = one.made, one.answered
    return shapes.Recommendation(
        id=str(made.recommendation_id),
        title=words_to_bus(made.title),
        text=words_to_bus(made.text),
        kind=made.kind,
        period=made.period,
        signals=tuple(
            shapes.SignalCited(
                signal_id=str(signal.signal_id),
                theme=signal.theme,
                place=signal.place,
                period=signal.period,
                told_on=signal.told_on,
            )
            for signal in made.signals
        ),
        figures=tuple(
            shapes.FigureRef(table=ref.table, code=ref.code, period=ref.period)
            for ref in made.figures
        ),
        policies=made.policies,
        made_on=made.on,
        due=made.due,
        late=one.late(today),
        answered=None
        if answered is None
        else shapes.Answered(
            answer=answered.answer,
            reasons=words_or_none_to_bus(answered.reasons),
            role=answered.role,
            on=answered.on,
        ),
        withdrawn=None if one.withdrawn is None else words_to_bus(one.withdrawn.reasons),
        measures=tuple(_measure(measure, tables, known, today) for measure in one.measures),
    )


def _measure(
    one: Measure, tables: tuple[ReleasedTable, ...], known: Known, today: date
) -> shapes.Measure:
    planned = one.planned
    return shapes.Measure(
        id=str(planned.measure_id),
        title=words_to_bus(planned.title),
        owner=planned.owner,
        kind=planned.kind,
        status=one.status,
        planned_for=one.planned_for,
        late=one.open and today > one.planned_for,
        words=tuple(words_to_bus(said) for said in one.told),
        policy=planned.policy,
        signal_id=None if planned.signal_id is None else str(planned.signal_id),
        started_on=one.started_on,
        ended_on=one.ended_on,
        base_line=_seen(one.base_line),
        effect=_windows(effect(tables, one, known)),
        review_on=one.review_on,
        reviews=tuple(
            shapes.EffectWords(words=words_to_bus(said.words), role=said.role, on=said.on)
            for said in one.reviews
        ),
    )


def telling_to_bus(one: Telling) -> shapes.Telling:
    """What was told, with its reach."""
    return shapes.Telling(
        id=str(one.told.telling_id),
        heard=words_to_bus(one.told.heard),
        did=words_to_bus(one.told.did),
        told_on=one.told.on,
        edition=one.edition,
        ways=one.told.ways,
        passed_on=one.passed_on,
        reach=len(one.told.ways) + len(one.passed_on),
    )


def intervention_to_bus(
    one: Intervention, tables: tuple[ReleasedTable, ...], known: Known, subject: str
) -> shapes.Intervention:
    """An intervention as that person may see it."""
    planned, held = one.planned, one.held
    with_it, elsewhere = came_after(tables, one, known)
    return shapes.Intervention(
        id=str(planned.intervention_id),
        kind=planned.kind,
        title=words_to_bus(planned.title),
        themes=planned.themes,
        theme_names=tuple(
            shapes.InWords(nl=theme_names()[theme].nl, en=theme_names()[theme].en)
            for theme in planned.themes
        ),
        layer=planned.layer,
        units=planned.units,
        planned_for=planned.planned_for,
        held_on=None if held is None else held.held_on,
        attended=one.attended(subject),
        cancelled=None if one.cancelled is None else words_to_bus(one.cancelled.reasons),
        base_line=None if held is None else _seen(held.base_line),
        effect=_windows(with_it),
        comparison=None if held is None else _seen(held.comparison),
        elsewhere=_windows(elsewhere),
    )


def activities_to_bus(one: ActivitiesKept) -> shapes.PeriodActivities:
    """What was kept of a period."""
    return shapes.PeriodActivities(
        period=one.period,
        information_sessions=one.information_sessions,
        peer_consultations=one.peer_consultations,
        trainings=one.trainings,
        case_hours=one.case_hours,
        other_hours=one.other_hours,
        reach=words_or_none_to_bus(one.reach),
        first_talk=one.first_talk,
        kept_on=one.on,
    )


def _seen(base: BaseLine | None) -> shapes.CellSeen | None:
    if base is None:
        return None
    return shapes.CellSeen(
        table=base.table,
        code=base.code,
        period=base.period,
        label=shapes.InWords(nl=base.label_nl, en=base.label_en),
        cell=base.cell,
    )


def _windows(windows: tuple[Later, ...]) -> tuple[shapes.LaterWindow, ...]:
    return tuple(
        shapes.LaterWindow(period=one.period, cell=one.cell, after=one.after, compared=one.compared)
        for one in windows
    )
