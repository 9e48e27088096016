"""You said, we did: what is told to all staff, and how far it reached without knowing who read it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from services.reporting.domain.loop import Loop
from services.reporting.domain.loop import evolve as of_loop
from services.reporting.domain.telling import (
    StaffTold,
    Telling,
    TellingPassedOn,
    Tellings,
    evolve,
    pass_on,
    tell,
)
from services.reporting.domain.words import Words
from shared.contracts.errors import Code
from tests.domain.test_loop import ACCEPTED, DECLINED, MADE, ON, A, B
from tests.gwt import given

ONE = UUID(int=70)
LOOP = given(Loop(), of_loop, [MADE, ACCEPTED, replace(MADE, recommendation_id=B)]).state
TOLD = StaffTold(
    telling_id=ONE,
    heard=Words(nl="Het rooster knelt.", en="The roster pinches."),
    did=Words(nl="Teams maken het zelf.", en="Teams make it themselves."),
    recommendations=(A,),
    ways=("intranet", "meeting"),
    on=ON,
)
PASSED = TellingPassedOn(telling_id=ONE, role="works_council", on=ON)


def telling(loop: Loop = LOOP, **changes: Any) -> Callable[[Tellings], object]:
    fields: dict[str, Any] = {name: getattr(TOLD, name) for name in TOLD.__dataclass_fields__}
    return lambda state: tell(state, loop, **(fields | changes))


def passing(role: str = "works_council") -> Callable[[Tellings], object]:
    return lambda state: pass_on(state, telling_id=ONE, role=role, on=ON)


def test_what_was_heard_and_done_is_told_in_both_languages() -> None:
    """What management declined is told as well, with its reason."""
    given(Tellings(), evolve).when(telling()).then(TOLD)
    no = given(Loop(), of_loop, [MADE, DECLINED]).state
    given(Tellings(), evolve).when(telling(no)).then(TOLD)


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"heard": Words(nl="Het rooster.")}, Code.INVALID_INPUT, "heard.en"),
        ({"did": Words(en="Done.")}, Code.INVALID_INPUT, "did.nl"),
        ({"did": Words()}, Code.INVALID_INPUT, "did"),
        ({"heard": Words(nl="x" * 1001, en="x")}, Code.TOO_LARGE, None),
        ({"recommendations": ()}, Code.INVALID_INPUT, "recommendations"),
        ({"recommendations": (A, A)}, Code.INVALID_INPUT, "recommendations"),
        ({"recommendations": (UUID(int=99),)}, Code.NOT_FOUND, None),
        ({"recommendations": (B,)}, Code.ALREADY_DECIDED, None),
        ({"ways": ()}, Code.INVALID_INPUT, "ways"),
        ({"ways": ("report",) * 21}, Code.TOO_LARGE, None),
    ],
)
def test_what_is_not_whole_is_not_told(
    changes: dict[str, Any], code: Code, field: str | None
) -> None:
    """It is about what management answered."""
    given(Tellings(), evolve).when(telling(**changes)).then_refused(code, field=field)


def test_reach_is_who_passed_it_on_and_no_employee() -> None:
    """Each body once; a new wording is passed on anew."""
    told = given(Tellings(), evolve, [TOLD])
    told.when(passing()).then(PASSED)
    given(Tellings(), evolve).when(passing()).then_refused(Code.NOT_FOUND)
    passed = given(Tellings(), evolve, [TOLD, PASSED])
    passed.when(passing()).then_refused(Code.ALREADY_DECIDED)
    passed.when(passing("board")).then(replace(PASSED, role="board"))
    anew = replace(TOLD, did=Words(nl="Anders.", en="Otherwise."))
    again = given(Tellings(), evolve, [TOLD, PASSED, anew]).state
    assert (3, (Telling(told=anew, edition=2),)) == (again.version, again.items)


def test_a_thousand_things_are_told() -> None:
    """And then no more; each can still be worded anew."""
    items = tuple(Telling(told=replace(TOLD, telling_id=UUID(int=n))) for n in range(69, 1069))
    full = given(Tellings(items=items), evolve)
    full.when(telling()).then(TOLD)
    full.when(telling(telling_id=UUID(int=1))).then_refused(Code.TOO_LARGE, limit=1000)
