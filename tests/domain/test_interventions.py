"""Training, peer consultation and coaching: planned, held with a number, and compared with elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.reporting.domain.cells import CellRef
from services.reporting.domain.interventions import (
    InterventionCancelled,
    InterventionHeld,
    InterventionPlanned,
    Interventions,
    came_after,
    cancel,
    evolve,
    hold,
    plan,
    theme_names,
)
from services.reporting.domain.words import Words
from shared.contracts.errors import Code
from shared.contracts.report import Below, Shown
from tests.domain.test_loop import BASE, REF, WHY, table
from tests.gwt import given

ON = date(2026, 8, 3)
ONE = UUID(int=50)
TABLES = (table("2026-H1", shown=40),)
OFFICE = replace(REF, code="office")
PLANNED = InterventionPlanned(
    intervention_id=ONE,
    kind="training",
    title=Words(nl="Feedback in het team"),
    themes=("leadership", "giving_feedback", "receiving_feedback"),
    layer="team_leaders",
    units=("care",),
    planned_for=date(2026, 9, 10),
    on=ON,
)
HELD = InterventionHeld(
    intervention_id=ONE,
    held_on=ON,
    attended=4,
    entered_by="anna",
    base_line=BASE,
    comparison=replace(
        BASE, code="office", value=31, margin=4, label_nl="Kantoor", label_en="Kantoor"
    ),
    on=ON,
)
CANCELLED = InterventionCancelled(intervention_id=ONE, reasons=WHY, on=ON)


def planning(**changes: Any) -> Callable[[Interventions], object]:
    fields: dict[str, Any] = {name: getattr(PLANNED, name) for name in PLANNED.__dataclass_fields__}
    units = {"known_units": frozenset({"care", "office"})}
    return lambda state: plan(state, **(fields | units | changes))


def holding(**changes: Any) -> Callable[[Interventions], object]:
    fields: dict[str, Any] = {
        "intervention_id": ONE,
        "held_on": ON,
        "attended": 4,
        "entered_by": "anna",
        "base": REF,
        "comparison": OFFICE,
        "on": ON,
    }
    return lambda state: hold(state, TABLES, **(fields | changes))


def cancelling(**changes: Any) -> Callable[[Interventions], object]:
    fields: dict[str, Any] = {"intervention_id": ONE, "reasons": WHY, "on": ON}
    return lambda state: cancel(state, **(fields | changes))


def test_a_training_is_planned_and_held() -> None:
    """With a number of people, a base line, and a cell of a place without it."""
    given(Interventions(), evolve).when(planning()).then(PLANNED)
    given(Interventions(), evolve, [PLANNED]).when(holding()).then(HELD)
    given(Interventions(), evolve, [PLANNED]).when(cancelling()).then(CANCELLED)
    bare = holding(base=None, comparison=None)
    given(Interventions(), evolve, [PLANNED]).when(bare).then(
        replace(HELD, base_line=None, comparison=None)
    )


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"themes": ()}, Code.INVALID_INPUT, "themes"),
        ({"themes": ("blame",)}, Code.UNKNOWN_CODE, "themes"),
        ({"themes": ("workload", "workload")}, Code.INVALID_INPUT, "themes"),
        ({"units": ("cellar",)}, Code.INVALID_INPUT, "units"),
        ({"units": ("care",) * 21}, Code.TOO_LARGE, None),
        ({"title": Words()}, Code.INVALID_INPUT, "title"),
        ({"planned_for": ON - timedelta(days=1)}, Code.INVALID_INPUT, "plannedFor"),
        ({"planned_for": date(2040, 1, 1)}, Code.INVALID_INPUT, "plannedFor"),
    ],
)
def test_what_is_not_whole_is_not_planned(
    changes: dict[str, Any], code: Code, field: str | None
) -> None:
    """It has a theme, and units that the organisation has."""
    given(Interventions(), evolve).when(planning(**changes)).then_refused(code, field=field)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"held_on": ON + timedelta(days=1)}, "heldOn"),
        ({"attended": -1}, "attended"),
        ({"attended": 100_001}, "attended"),
        ({"base": None}, "baseLine"),
        ({"base": replace(REF, code="none"), "comparison": None}, "baseLine"),
        ({"comparison": REF}, "comparison"),
        ({"comparison": replace(OFFICE, period="2025-H2")}, "comparison"),
        ({"comparison": CellRef(table="theme", code="x", period="2026-H1")}, "comparison"),
        ({"comparison": replace(REF, code="none")}, "comparison"),
    ],
)
def test_what_is_not_whole_is_not_held(changes: dict[str, Any], field: str) -> None:
    """A comparison is another released cell of the same table and period."""
    planned = given(Interventions(), evolve, [PLANNED])
    planned.when(holding(**changes)).then_refused(Code.INVALID_INPUT, field=field)


def test_it_is_held_or_cancelled_once() -> None:
    """What is not planned is neither; a second one needs an id of its own."""
    given(Interventions(), evolve, [PLANNED]).when(planning()).then_refused(Code.ALREADY_EXISTS)
    for decision in (holding(), cancelling()):
        given(Interventions(), evolve).when(decision).then_refused(Code.NOT_FOUND)
        for end in (HELD, CANCELLED):
            over = given(Interventions(), evolve, [PLANNED, end])
            over.when(decision).then_refused(Code.ALREADY_DECIDED)
    bare = cancelling(reasons=Words())
    given(Interventions(), evolve, [PLANNED]).when(bare).then_refused(
        Code.INVALID_INPUT, field="reasons"
    )
    full = Interventions(items=given(Interventions(), evolve, [PLANNED]).state.items * 2000)
    given(full, evolve).when(planning(intervention_id=UUID(int=51))).then_refused(
        Code.TOO_LARGE, limit=2000
    )


def test_fewer_than_five_are_a_number_to_who_counted_them_alone() -> None:
    """Also nobody; five are told to all."""
    for attended, others in ((0, Below(threshold=5)), (4, Below(threshold=5)), (5, Shown(value=5))):
        event = replace(HELD, attended=attended)
        (one,) = given(Interventions(), evolve, [PLANNED, event]).state.items
        assert Shown(value=attended) == one.attended("anna")
        assert [others, others] == [one.attended("bram"), one.attended(None)]
    (planned,) = given(Interventions(), evolve, [PLANNED]).state.items
    assert None is planned.attended("anna")


def test_what_came_after_stands_beside_what_came_elsewhere() -> None:
    """The same windows of both cells, compared each with its own base line."""
    (one,) = given(Interventions(), evolve, [PLANNED, HELD]).state.items
    tables = (*TABLES, table("2027-H1", shown=12), table("2026-H2", shown=14))
    with_it, without = came_after(tables, one)
    assert [("2026-H2", "not_comparable"), ("2027-H1", "fewer")] == [
        (later.period, later.compared) for later in with_it
    ]
    assert [("2026-H2", "not_comparable"), ("2027-H1", "no_clear_change")] == [
        (later.period, later.compared) for later in without
    ]
    (planned,) = given(Interventions(), evolve, [PLANNED]).state.items
    assert ((), ()) == came_after(tables, planned)


def test_feedback_is_taught_in_both_directions() -> None:
    """Giving and receiving are themes of their own, beside those of cases, in both languages."""
    names = theme_names()
    assert {"giving_feedback", "receiving_feedback", "workload"} <= set(names)
    assert all(name.nl and name.en for name in names.values())
