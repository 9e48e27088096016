"""Officers: designated by a second role for one office, never an adviser, with a key in the directory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from services.intake.domain import officers
from services.intake.domain.officers import (
    ComplaintsOfficerDesignated,
    ComplaintsOfficerReleased,
    Designated,
    Office,
    Released,
    ReportOfficerDesignated,
    ReportOfficerReleased,
)
from services.intake.domain.organisation import KeyListed, Organisation, evolve, publish_key
from services.intake.signatures import verifies
from shared.contracts.errors import Code
from tests.domain.test_directory import ON, SET_UP, Pair
from tests.gwt import Given, given

NAMED: dict[str, Any] = {
    "officer_id": "olga",
    "name": "Olga",
    "by": "fatima",
    "role": "works_council",
    "on": ON,
}
GONE: dict[str, Any] = {"officer_id": "olga", "by": "cor", "role": "coordinator", "on": ON}


@dataclass(frozen=True)
class Side:
    """One office, with the events about Olga in it, and how many hold it at most."""

    office: Office
    olga: Designated
    released: Released
    most: int

    def designating(self, **changes: Any) -> Callable[[Organisation], Any]:
        return lambda state: officers.designate(state, self.office, **(NAMED | changes))

    def releasing(self, state: Organisation) -> Released:
        return officers.release(state, self.office, **GONE)

    def held_by(self, state: Organisation) -> list[str]:
        return [one.id for one in state.officers_of(self.office.name)]


REPORTS = Side(
    officers.REPORTS, ReportOfficerDesignated(**NAMED), ReportOfficerReleased(**GONE), 10
)
COMPLAINTS = Side(
    officers.COMPLAINTS,
    ComplaintsOfficerDesignated(**NAMED),
    ComplaintsOfficerReleased(**GONE),
    15,
)
BOTH = pytest.mark.parametrize("side", [REPORTS, COMPLAINTS], ids=["reports", "complaints"])
TWO = pytest.mark.parametrize(
    ("side", "other"),
    [(REPORTS, COMPLAINTS), (COMPLAINTS, REPORTS)],
    ids=["reports", "complaints"],
)


def there(*past: object) -> Given[Organisation]:
    return given(Organisation(), evolve, [SET_UP, *past])


@TWO
def test_an_officer_is_designated_and_released(side: Side, other: Side) -> None:
    """For one office, and may be designated again."""
    there().when(side.designating()).then(side.olga)
    held = there(side.olga)
    assert (["olga"], []) == (side.held_by(held.state), other.held_by(held.state))
    assert ["Olga"] == [one.name for one in held.state.officers]
    assert (side is REPORTS, side is COMPLAINTS) == (
        held.state.follows_up_reports("olga"),
        held.state.hears_complaints("olga"),
    )
    held.when(side.releasing).then(side.released)
    held.when(other.releasing).then_refused(Code.NOT_FOUND)
    past = there(side.olga, side.released)
    assert ((), 3) == (past.state.officers, past.state.version)
    past.when(side.designating()).then(side.olga)
    past.when(side.releasing).then_refused(Code.NOT_FOUND)


@BOTH
@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"officer_id": "anna"}, Code.CONFLICT_OF_ROLES, None),
        ({"officer_id": "anna", "by": "anna"}, Code.CONFLICT_OF_ROLES, None),
        ({"officer_id": "fatima"}, Code.SECOND_PERSON_NEEDED, None),
        ({"officer_id": ""}, Code.INVALID_INPUT, "officerId"),
        ({"officer_id": " "}, Code.INVALID_INPUT, "officerId"),
        ({"name": ""}, Code.INVALID_INPUT, "name"),
        ({"name": "x" * 201}, Code.INVALID_INPUT, "name"),
        ({"name": "Ol\nga"}, Code.INVALID_INPUT, "name"),
        ({"name": "a\x1b[2J"}, Code.INVALID_INPUT, "name"),
    ],
)
def test_not_everybody_is_an_officer(
    side: Side, changes: dict[str, Any], code: Code, field: str | None
) -> None:
    """Nor of an organisation that is not there."""
    there().when(side.designating(**changes)).then_refused(code, field=field)
    given(Organisation(), evolve).when(side.designating()).then_refused(Code.NOT_FOUND)


@TWO
def test_nobody_is_an_officer_twice_or_holds_both_offices(side: Side, other: Side) -> None:
    """Who was released from the one may hold the other."""
    there(side.olga).when(side.designating()).then_refused(Code.ALREADY_EXISTS)
    there(other.olga).when(side.designating()).then_refused(Code.CONFLICT_OF_ROLES)
    # Before this was refused somebody may have come to hold both: one at a time they are released.
    both = there(other.olga, side.olga)
    both.when(side.designating()).then_refused(Code.CONFLICT_OF_ROLES)
    both.when(side.releasing).then(side.released)
    assert ["olga"] == other.held_by(there(other.olga, side.olga, side.released).state)
    there(other.olga, other.released).when(side.designating()).then(side.olga)


@TWO
def test_so_many_people_are_officers_and_no_more(side: Side, other: Side) -> None:
    """Those of the other office do not count. The refusal says how many."""
    many = [replace(side.olga, officer_id=f"officer-{number}") for number in range(side.most)]
    elsewhere = replace(other.olga, officer_id="omar")
    there(*many[1:], elsewhere).when(side.designating()).then(side.olga)
    there(*many).when(side.designating()).then_refused(
        Code.TOO_LARGE, limit=side.most, unit="officers"
    )


@BOTH
def test_an_officer_has_a_key_in_the_directory(side: Side) -> None:
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
    there(side.olga).when(publishing).then(published, listed)
    there().when(publishing).then_refused(Code.NOT_ALLOWED)
    there(side.olga, side.released).when(publishing).then_refused(Code.NOT_ALLOWED)


@BOTH
def test_each_officer_is_one_by_themself(side: Side) -> None:
    """Another is released: this one stays."""
    omar = replace(side.olga, officer_id="omar", name="Omar")
    state = there(side.olga, omar, side.released).state
    assert ["omar"] == side.held_by(state)
    assert {side.office.name} == state.offices_of("omar")
    assert not state.offices_of("olga")
