"""Training, peer consultation and coaching of teams and leaders: planned, held, and what came after.

Attendance is a number. Names have no place here, and fewer than five who attended are told as such to
everybody but the one who entered it. What comes after is read from released cells, beside those of another
place, and stated as what it is: things that happened one after the other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Final, Literal, assert_never
from uuid import UUID

from services.reporting.domain.cells import NOTHING, BaseLine, CellRef, Known, base_line, later
from services.reporting.domain.words import Words, words
from shared.contracts.errors import Code, Refusal, invalid
from shared.contracts.report import Below, Bilingual, Shown
from shared.taxonomy.taxonomy import NEWEST
from shared.taxonomy.themes import themes as themes_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from services.reporting.domain.cells import Later
    from services.reporting.domain.ground import ReleasedTable

InterventionKind = Literal["training", "peer_consultation", "coaching"]
Layer = Literal["staff", "team_leaders", "middle_management", "senior_management", "board"]
"""Whom it is for. A layer, never one person."""

FEEDBACK: Final = {
    "giving_feedback": Bilingual(nl="Feedback geven", en="Giving feedback"),
    "receiving_feedback": Bilingual(nl="Feedback ontvangen", en="Receiving feedback"),
}
"""Themes that are taught and never reported: feedback in both directions."""

FEWEST_ATTENDED: Final = 5
"""Fewer are not told as a number."""

TITLE: Final = 160
REASONS: Final = 2_000
MOST_ATTENDED: Final = 100_000
MOST_NAMED: Final = 20
MOST_INTERVENTIONS: Final = 2_000
AHEAD: Final = 5 * 366

# Events -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class InterventionPlanned:
    """Something is planned for a layer, in these units (none: in the whole organisation)."""

    intervention_id: UUID
    kind: InterventionKind
    title: Words
    themes: tuple[str, ...]
    layer: Layer
    units: tuple[str, ...]
    planned_for: date
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class InterventionHeld:
    """It was held. `attended` people came; `entered_by` is the subject who counted them. The base line and
    the cell of a place without it are fixed from here on.
    """

    intervention_id: UUID
    held_on: date
    attended: int
    entered_by: str
    base_line: BaseLine | None
    comparison: BaseLine | None
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class InterventionCancelled:
    """It will not be held, and why."""

    intervention_id: UUID
    reasons: Words
    on: date


Event = InterventionPlanned | InterventionHeld | InterventionCancelled

# Fold -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Intervention:
    """One of them as its events made it."""

    planned: InterventionPlanned
    held: InterventionHeld | None = None
    cancelled: InterventionCancelled | None = None

    @property
    def open(self) -> bool:
        """Whether it is still to be held."""
        return self.held is None and self.cancelled is None

    def attended(self, subject: str | None) -> Shown | Below | None:
        """What that person may know of how many came; None: nobody counted yet."""
        if self.held is None:
            return None
        if self.held.attended >= FEWEST_ATTENDED or self.held.entered_by == subject:
            return Shown(value=self.held.attended)
        return Below(threshold=FEWEST_ATTENDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interventions:
    """All of them, in the order in which they were planned. `version` counts the events."""

    version: int = 0
    items: tuple[Intervention, ...] = ()

    def intervention(self, intervention_id: UUID) -> Intervention | None:
        """The one with that id."""
        return next(
            (one for one in self.items if one.planned.intervention_id == intervention_id), None
        )


def evolve(state: Interventions, event: Event) -> Interventions:
    """The state after one more event."""
    version = state.version + 1
    if isinstance(event, InterventionPlanned):
        return Interventions(version=version, items=(*state.items, Intervention(planned=event)))
    return Interventions(
        version=version,
        items=tuple(
            _ended(one, event) if one.planned.intervention_id == event.intervention_id else one
            for one in state.items
        ),
    )


def _ended(one: Intervention, event: InterventionHeld | InterventionCancelled) -> Intervention:
    match event:
        case InterventionHeld():
            return replace(one, held=event)
        case InterventionCancelled():
            return replace(one, cancelled=event)
        case _:
            assert_never(event)


# Decisions --------------------------------------------------------------------------------------


@cache
def theme_names() -> Mapping[str, Bilingual]:
    """What something can be about: the themes of cases, and feedback in both directions."""
    known = themes_of(NEWEST).themes.values()
    return {one.code: Bilingual(nl=one.nl, en=one.en) for one in known} | FEEDBACK


def plan(
    state: Interventions,
    *,
    known_units: frozenset[str],
    intervention_id: UUID,
    kind: InterventionKind,
    title: Words,
    themes: tuple[str, ...],
    layer: Layer,
    units: tuple[str, ...],
    planned_for: date,
    on: date,
) -> InterventionPlanned:
    """Plan one. Raises Refusal ALREADY_EXISTS, INVALID_INPUT, UNKNOWN_CODE, TOO_LARGE."""
    if state.intervention(intervention_id) is not None:
        raise Refusal(Code.ALREADY_EXISTS)
    if len(state.items) >= MOST_INTERVENTIONS:
        raise Refusal(Code.TOO_LARGE, limit=MOST_INTERVENTIONS, unit="entries")
    for field, entries in (("themes", themes), ("units", units)):
        if len(entries) > MOST_NAMED:
            raise Refusal(Code.TOO_LARGE, limit=MOST_NAMED, unit="entries")
        if len(set(entries)) != len(entries):
            raise invalid(field, "an entry stands there twice")
    if not themes:
        raise invalid("themes", "it is missing")
    if any(theme not in theme_names() for theme in themes):
        raise Refusal(Code.UNKNOWN_CODE, field="themes", version=NEWEST)
    if any(unit not in known_units for unit in units):
        raise invalid("units", "the organisation has no such unit")
    if planned_for < on:
        raise invalid("plannedFor", "that day is past")
    if (planned_for - on).days > AHEAD:
        raise invalid("plannedFor", "it lies too far ahead")
    return InterventionPlanned(
        intervention_id=intervention_id,
        kind=kind,
        title=words(title, field="title", most=TITLE),
        themes=themes,
        layer=layer,
        units=units,
        planned_for=planned_for,
        on=on,
    )


def hold(
    state: Interventions,
    tables: tuple[ReleasedTable, ...],
    *,
    intervention_id: UUID,
    held_on: date,
    attended: int,
    entered_by: str,
    base: CellRef | None,
    comparison: CellRef | None,
    on: date,
) -> InterventionHeld:
    """It was held. A comparison is another cell of the same table and period as the base line.

    Raises Refusal NOT_FOUND, ALREADY_DECIDED, INVALID_INPUT, INVALID_PERIOD.
    """
    _open(state, intervention_id)
    if held_on > on:
        raise invalid("heldOn", "that day is still to come")
    if not 0 <= attended <= MOST_ATTENDED:
        raise invalid("attended", "it must lie between {low} and {high}", low=0, high=MOST_ATTENDED)
    if comparison is not None:
        if base is None:
            raise invalid("baseLine", "it is missing")
        same = (comparison.table, comparison.period) == (base.table, base.period)
        if not same or comparison == base:
            raise invalid("comparison", "it is no other cell of the same table and period")
    return InterventionHeld(
        intervention_id=intervention_id,
        held_on=held_on,
        attended=attended,
        entered_by=entered_by,
        base_line=None if base is None else base_line(tables, base, field="baseLine"),
        comparison=None
        if comparison is None
        else base_line(tables, comparison, field="comparison"),
        on=on,
    )


def cancel(
    state: Interventions, *, intervention_id: UUID, reasons: Words, on: date
) -> InterventionCancelled:
    """It will not be held. Raises Refusal NOT_FOUND, ALREADY_DECIDED, INVALID_INPUT, TOO_LARGE."""
    _open(state, intervention_id)
    return InterventionCancelled(
        intervention_id=intervention_id,
        reasons=words(reasons, field="reasons", most=REASONS),
        on=on,
    )


def _open(state: Interventions, intervention_id: UUID) -> None:
    found = state.intervention(intervention_id)
    if found is None:
        raise Refusal(Code.NOT_FOUND)
    if not found.open:
        raise Refusal(Code.ALREADY_DECIDED)


# What came after --------------------------------------------------------------------------------


def came_after(
    tables: Iterable[ReleasedTable], one: Intervention, known: Known = NOTHING
) -> tuple[tuple[Later, ...], tuple[Later, ...]]:
    """The base line's cell in later windows, and the comparison's: those are compared that began after
    the day on which it was held.
    """
    held = one.held
    if held is None:
        return (), ()
    released = tuple(tables)
    with_it, without = (
        () if base is None else later(released, base, held.held_on, known)
        for base in (held.base_line, held.comparison)
    )
    return with_it, without
