"""What the organisation tells of complaints and absence: told once, taken back once, never ahead."""

from __future__ import annotations

from datetime import date
from functools import reduce

import pytest

from services.signals.domain.lagging import LaggingIndicatorTold, Told, evolve, tell
from shared.contracts.errors import Code, Refusal

ON = date(2027, 10, 20)
TOLD = LaggingIndicatorTold(what="formal_complaint", period="2027-Q3", happened=True, on=ON)
BACK = LaggingIndicatorTold(what="formal_complaint", period="2027-Q3", happened=False, on=ON)


def given(*events: LaggingIndicatorTold) -> Told:
    return reduce(evolve, events, Told())


def test_what_is_told_can_be_taken_back_and_told_again() -> None:
    """Each in turn."""
    assert TOLD == tell(given(), what="formal_complaint", period="2027-Q3", happened=True, on=ON)
    assert BACK == tell(
        given(TOLD), what="formal_complaint", period="2027-Q3", happened=False, on=ON
    )
    assert TOLD == tell(
        given(TOLD, BACK), what="formal_complaint", period="2027-Q3", happened=True, on=ON
    )
    assert 2 == given(TOLD, BACK).version


@pytest.mark.parametrize(
    ("before", "what", "period", "happened", "code"),
    [
        ((), "guilt", "2027-Q3", True, Code.INVALID_INPUT),
        ((), "absence_rise", "2027-07", True, Code.INVALID_PERIOD),
        ((), "absence_rise", "2028-Q1", True, Code.INVALID_INPUT),
        ((TOLD,), "formal_complaint", "2027-Q3", True, Code.ALREADY_EXISTS),
        ((TOLD,), "formal_complaint", "2027-H2", False, Code.NOT_FOUND),
        ((TOLD, BACK), "formal_complaint", "2027-Q3", False, Code.NOT_FOUND),
    ],
    ids=["no such thing", "a month", "ahead", "twice", "another period", "taken back twice"],
)
def test_what_cannot_be_told_is_refused_in_both_languages(
    before: tuple[LaggingIndicatorTold, ...], what: str, period: str, happened: bool, code: Code
) -> None:
    """With a sentence in each."""
    with pytest.raises(Refusal) as caught:
        tell(given(*before), what=what, period=period, happened=happened, on=ON)

    assert code is caught.value.code
    assert caught.value.sentence("nl") != caught.value.sentence("en")
