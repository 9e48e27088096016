"""Officers for reports: designated by a second role, never an adviser, with a key in the directory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from services.intake.domain import officer
from services.intake.domain.organisation import (
    KeyListed,
    Organisation,
    ReportOfficerDesignated,
    ReportOfficerReleased,
    evolve,
    publish_key,
)
from services.intake.signatures import verifies
from shared.contracts.errors import Code
from tests.domain.test_directory import ON, SET_UP, Pair
from tests.gwt import given

OLGA = ReportOfficerDesignated(
    officer_id="olga", name="Olga", by="fatima", role="works_council", on=ON
)
RELEASED = ReportOfficerReleased(officer_id="olga", by="cor", role="coordinator", on=ON)


def designating(**changes: Any) -> Callable[[Organisation], Any]:
    fields: dict[str, Any] = {
        "officer_id": "olga",
        "name": "Olga",
        "by": "fatima",
        "role": "works_council",
    }
    return lambda state: officer.designate(state, **(fields | changes), on=ON)


def releasing(state: Organisation) -> ReportOfficerReleased:
    return officer.release(state, officer_id="olga", by="cor", role="coordinator", on=ON)


def test_an_officer_is_designated_and_released() -> None:
    """And may be designated again."""
    given(Organisation(), evolve, [SET_UP]).when(designating()).then(OLGA)
    given(Organisation(), evolve, [SET_UP, OLGA]).when(releasing).then(RELEASED)
    past = given(Organisation(), evolve, [SET_UP, OLGA, RELEASED])
    assert ((), 3) == (past.state.officers, past.state.version)
    past.when(designating()).then(OLGA)
    past.when(releasing).then_refused(Code.NOT_FOUND)


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"officer_id": "anna"}, Code.INVALID_INPUT, "officerId"),
        ({"officer_id": "fatima"}, Code.SECOND_PERSON_NEEDED, None),
        ({"officer_id": " "}, Code.INVALID_INPUT, "officerId"),
        ({"name": "Ol\nga"}, Code.INVALID_INPUT, "name"),
    ],
    ids=["an adviser", "oneself", "nobody", "control characters"],
)
def test_not_everybody_is_an_officer(
    changes: dict[str, Any], code: Code, field: str | None
) -> None:
    """Nor is anybody twice, or one too many."""
    given(Organisation(), evolve, [SET_UP]).when(designating(**changes)).then_refused(
        code, field=field
    )
    given(Organisation(), evolve, [SET_UP, OLGA]).when(designating()).then_refused(
        Code.ALREADY_EXISTS
    )
    many = [replace(OLGA, officer_id=f"officer-{number}") for number in range(officer.MOST)]
    given(Organisation(), evolve, [SET_UP, *many]).when(designating()).then_refused(Code.TOO_LARGE)


def test_an_officer_has_a_key_in_the_directory() -> None:
    """As long as they are one."""
    pair = Pair(7, "olga")

    def publishing(state: Organisation) -> Any:
        return publish_key(
            state,
            adviser_id="olga",
            key_id=pair.key_id,
            public_key=pair.public,
            on=ON,
            verifies=verifies,
            signing_key=pair.signing,
            proof=pair.signer.sign(pair.statement()),
        )

    published = pair.published()
    listed = KeyListed(
        adviser_id="olga",
        key_id=pair.key_id,
        public_key=pair.public,
        signing_key=pair.signing,
        on=ON,
    )
    given(Organisation(), evolve, [SET_UP, OLGA]).when(publishing).then(published, listed)
    given(Organisation(), evolve, [SET_UP]).when(publishing).then_refused(Code.NOT_ALLOWED)
    given(Organisation(), evolve, [SET_UP, OLGA, RELEASED]).when(publishing).then_refused(
        Code.NOT_ALLOWED
    )


def test_ten_people_are_officers_and_no_more() -> None:
    """The refusal says how many, and which input is wrong."""
    nine = [replace(OLGA, officer_id=f"officer-{number}") for number in range(9)]
    given(Organisation(), evolve, [SET_UP, *nine]).when(designating()).then(OLGA)
    tenth = replace(OLGA, officer_id="officer-10")
    given(Organisation(), evolve, [SET_UP, *nine, tenth]).when(designating()).then_refused(
        Code.TOO_LARGE, limit=10, unit="officers"
    )
    there = given(Organisation(), evolve, [SET_UP])
    for changes, field in (
        ({"officer_id": "anna"}, "officerId"),
        ({"officer_id": ""}, "officerId"),
        ({"name": ""}, "name"),
    ):
        there.when(designating(**changes)).then_refused(Code.INVALID_INPUT, field=field)


def test_each_officer_is_one_by_themself() -> None:
    """Another is released: this one stays."""
    other = replace(OLGA, officer_id="omar", name="Omar")
    there = given(Organisation(), evolve, [SET_UP, OLGA, other, RELEASED])
    assert (other,) == there.state.officers
    assert there.state.has_officer("omar")
    assert not there.state.has_officer("olga")
