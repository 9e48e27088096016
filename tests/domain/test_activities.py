"""What advisers tell of their own work: in steps, of a period that is over."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from services.reporting.domain.activities import Activities, ActivitiesKept, evolve, keep
from services.reporting.domain.words import Words
from shared.contracts.errors import Code, Refusal
from tests.gwt import given

ON = date(2026, 7, 20)
KEPT = ActivitiesKept(
    period="2026-H1",
    information_sessions=4,
    peer_consultations=3,
    trainings=1,
    case_hours=60,
    other_hours=15,
    reach=Words(nl="Elke donderdag in kamer 2."),
    first_talk="within_a_week",
    on=ON,
)


def keeping(**changes: Any) -> ActivitiesKept:
    fields: dict[str, Any] = {name: getattr(KEPT, name) for name in KEPT.__dataclass_fields__}
    return keep(**(fields | changes))


@pytest.mark.parametrize(
    ("told", "case", "other"),
    [(0, 20, 0), (1, 20, 5), (20, 20, 20), (21, 40, 25), (41, 60, 45), (None, None, None)],
)
def test_hours_are_told_in_steps(told: int | None, case: int | None, other: int | None) -> None:
    """Work on cases up to 20 and never below, other work up to 5."""
    kept = keeping(case_hours=told, other_hours=told)
    assert (case, other) == (kept.case_hours, kept.other_hours)


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"period": "2026-Q1"}, Code.INVALID_PERIOD, None),
        ({"period": "2026-H2"}, Code.INVALID_INPUT, "period"),
        ({"on": date(2026, 6, 30)}, Code.INVALID_INPUT, "period"),
        ({"information_sessions": -1}, Code.INVALID_INPUT, "informationSessions"),
        ({"peer_consultations": 10_001}, Code.INVALID_INPUT, "peerConsultations"),
        ({"trainings": -1}, Code.INVALID_INPUT, "trainings"),
        ({"case_hours": -1}, Code.INVALID_INPUT, "caseHours"),
        ({"other_hours": -1}, Code.INVALID_INPUT, "otherHours"),
        ({"reach": Words(nl="x" * 2001)}, Code.TOO_LARGE, None),
    ],
)
def test_what_cannot_be_is_not_kept(changes: dict[str, Any], code: Code, field: str | None) -> None:
    """A period that is not over, and numbers below zero."""
    with pytest.raises(Refusal) as caught:
        keeping(**changes)
    assert (code, field) == (caught.value.code, caught.value.values.get("field"))


def test_the_newest_of_a_period_counts() -> None:
    """Periods stand in their order."""
    assert keeping() == replace(KEPT, case_hours=60)
    other = replace(KEPT, period="2025-H2")
    anew = replace(KEPT, trainings=2)
    state = given(Activities(), evolve, [KEPT, other, anew]).state
    assert (3, (other, anew)) == (state.version, state.items)
    assert (anew, None) == (state.of("2026-H1"), state.of("2024"))
