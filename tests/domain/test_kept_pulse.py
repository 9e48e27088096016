"""What was released of a pulse, as reporting keeps it: once, and never more than may be shown."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import reduce
from typing import Any
from uuid import UUID

import pytest

from services.reporting.domain.figures import UnsafeRelease
from services.reporting.domain.pulse import (
    PulseAsked,
    PulseCounts,
    PulseKept,
    PulsePlaceCounts,
    Pulses,
    evolve,
    keep,
)
from tests.gwt import given

WHOLE = PulsePlaceCounts(
    place="all",
    place_name="",
    scope=(),
    answers=63,
    answers_margin=6,
    margin=3,
    least=5,
    figures=(PulseCounts(question="seen_and_heard", counts=(None, 10, None, 40, 8)),),
)
FEW = replace(
    WHOLE,
    place="care",
    answers=None,
    answers_margin=None,
    margin=None,
    figures=(PulseCounts(question="seen_and_heard", counts=(None,) * 5),),
)
KEPT = PulseKept(
    organisation_id=UUID(int=1),
    release_id=UUID(int=2),
    period="2026-H1",
    policy="noisy",
    rule="pulse-noisy/1",
    epsilon=1.0,
    questions=(PulseAsked(code="seen_and_heard", en="Seen?", nl="Gezien?"),),
    opens_on=date(2026, 3, 9),
    closes_on=date(2026, 3, 27),
    released_week="2026-W16",
    places=(WHOLE, FEW),
)
LATER = replace(KEPT, release_id=UUID(int=3), period="2026-H2")


def test_a_round_is_kept_once() -> None:
    """Rounds stand by their half-years, in whatever order and however often they come."""
    given(Pulses(), evolve, ()).when(lambda state: keep(state, KEPT)).then(KEPT)
    given(Pulses(), evolve, (LATER, KEPT)).when(lambda state: keep(state, KEPT)).then()
    assert (KEPT, LATER) == reduce(evolve, (LATER, KEPT), Pulses()).rounds
    with pytest.raises(UnsafeRelease):
        keep(evolve(Pulses(), KEPT), replace(KEPT, release_id=UUID(int=4)))
    with pytest.raises(UnsafeRelease, match="other figures"):
        keep(evolve(Pulses(), KEPT), replace(KEPT, places=KEPT.places[:0]))


def _counts(place: PulsePlaceCounts, *counts: int | None) -> PulsePlaceCounts:
    return replace(place, figures=(PulseCounts(question="seen_and_heard", counts=counts),))


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"period": "2026"}, id="a year"),
        pytest.param({"period": "soon"}, id="no period"),
        pytest.param({"policy": "exact"}, id="exact"),
        pytest.param({"places": (WHOLE, WHOLE)}, id="a place twice"),
        pytest.param({"questions": ()}, id="other questions"),
        pytest.param({"places": (_counts(WHOLE, 10, 40),)}, id="other answers"),
        pytest.param({"places": (_counts(FEW, None, 10, None, None, None),)}, id="few, shown"),
        pytest.param({"places": (replace(WHOLE, answers=9),)}, id="nine answers"),
        pytest.param({"places": (replace(WHOLE, margin=None),)}, id="no margin"),
        pytest.param({"places": (_counts(WHOLE, 4, None, None, None, None),)}, id="four"),
        pytest.param({"places": (replace(WHOLE, least=9),)}, id="below its least"),
    ],
)
def test_what_may_not_be_shown_is_not_kept(changes: dict[str, Any]) -> None:
    """A person looks at it first."""
    with pytest.raises(UnsafeRelease):
        keep(Pulses(), replace(KEPT, **changes))
