"""Seats of advisers: who comes, who leaves, and what is kept of those who left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from services.intake.domain.officers import ComplaintsOfficerDesignated, ReportOfficerDesignated
from services.intake.domain.organisation import (
    AdviserKept,
    KeyListed,
    Organisation,
    OrganisationSetUp,
    PolicyDecided,
    evolve,
    publish_key,
)
from services.intake.domain.seats import MOST_SEATS, AdviserSeated, SeatVacated, seat, vacate
from services.intake.domain.units import UnitKept
from services.intake.signatures import verifies
from shared.contracts.errors import Code
from tests.gwt import given

ON = date(2026, 11, 28)
ORGANISATION = UUID("6f1d2c3b-0000-4000-8000-000000000001")
MESSAGE = UUID(int=9)
SET_UP = OrganisationSetUp(
    organisation_id=ORGANISATION,
    token="5d41402abc4b2a76",
    name="De Hoekstee",
    language="nl",
    units=(UnitKept(id="care", name="Zorg", headcount=120, parent=None),),
    advisers=(AdviserKept(id="anna", name="Anna"), AdviserKept(id="bram", name="Bram")),
    release=PolicyDecided(policy="noisy"),
    on=ON,
)
KEY = KeyListed(
    adviser_id="bram", key_id=UUID(int=1), public_key=bytes(32), signing_key=bytes(32), on=ON
)
OFFICER = ReportOfficerDesignated(
    officer_id="olga", name="Olga", by="wim", role="works_council", on=ON
)
COMPLAINTS = ComplaintsOfficerDesignated(
    officer_id="kees", name="Kees", by="wim", role="works_council", on=ON
)
CARLA = AdviserSeated(
    message_id=MESSAGE,
    organisation_id=ORGANISATION,
    adviser_id="carla",
    name="Carla",
    seats=("anna", "bram", "carla"),
    on=ON,
)
WITHOUT_BRAM = SeatVacated(
    message_id=MESSAGE, organisation_id=ORGANISATION, adviser_id="bram", seats=("anna",), on=ON
)


def seating(
    adviser_id: str = "carla", name: str = "Carla"
) -> Callable[[Organisation], AdviserSeated]:
    return lambda state: seat(
        state,
        message_id=MESSAGE,
        adviser_id=adviser_id,
        name=name,
        by="cor",
        on=ON,
    )


def vacating(adviser_id: str = "bram") -> Callable[[Organisation], SeatVacated]:
    return lambda state: vacate(state, message_id=MESSAGE, adviser_id=adviser_id, on=ON)


def test_somebody_becomes_an_adviser() -> None:
    """The event names all who hold a seat then; the others keep theirs."""
    given(Organisation(), evolve, [SET_UP]).when(seating()).then(CARLA)
    state = given(Organisation(), evolve, [SET_UP, CARLA]).state

    assert ["anna", "bram", "carla"] == [one.id for one in state.known.advisers]
    assert "Carla" == state.known.advisers[-1].name
    assert state.has_seat("carla")


def test_who_leaves_has_no_seat_and_no_current_key() -> None:
    """Nothing is sealed to them any more; the key stays listed, and so does whose it was."""
    given(Organisation(), evolve, [SET_UP, KEY]).when(vacating()).then(WITHOUT_BRAM)
    state = given(Organisation(), evolve, [SET_UP, KEY, WITHOUT_BRAM]).state

    assert not state.has_seat("bram")
    assert state.current_key("bram") is None
    assert ["retired"] == [key.state for key in state.keys_of("bram")]
    assert (SET_UP.advisers[1],) == state.former
    assert state.has_seat("anna")


def test_who_left_may_come_back() -> None:
    """With a key of their own, anew; and is not listed among those who left."""
    back = replace(CARLA, adviser_id="bram", name="Bram B.", seats=("anna", "bram"))
    history = [SET_UP, KEY, WITHOUT_BRAM]
    given(Organisation(), evolve, history).when(seating("bram", "Bram B.")).then(back)
    state = given(Organisation(), evolve, [*history, back]).state

    assert state.has_seat("bram")
    assert () == state.former
    assert state.current_key("bram") is None


@pytest.mark.parametrize(
    ("adviser_id", "name", "code", "field"),
    [
        ("bram", "Bram", Code.ALREADY_EXISTS, None),
        ("", "Carla", Code.INVALID_INPUT, "adviserId"),
        ("carla\n", "Carla", Code.INVALID_INPUT, "adviserId"),
        ("carla", " ", Code.INVALID_INPUT, "name"),
        ("carla", "x" * 201, Code.INVALID_INPUT, "name"),
        ("olga", "Olga", Code.CONFLICT_OF_ROLES, None),
        ("kees", "Kees", Code.CONFLICT_OF_ROLES, None),
        ("cor", "Cor", Code.SECOND_PERSON_NEEDED, None),
    ],
)
def test_a_seat_that_cannot_be_given_is_refused(
    adviser_id: str, name: str, code: Code, field: str | None
) -> None:
    """A second one, one without a readable name, one for who follows up reports of wrongdoing or hears
    complaints about advisers, and one's own.
    """
    known = given(Organisation(), evolve, [SET_UP, OFFICER, COMPLAINTS])
    decided = known.when(seating(adviser_id, name))

    assert field == decided.then_refused(code).values.get("field")


def test_an_organisation_has_only_so_many_seats() -> None:
    """The last one of them can be given, and none beyond it."""
    many = tuple(AdviserKept(id=f"a{n}", name="A") for n in range(MOST_SEATS - 1))
    full = replace(SET_UP, advisers=many)
    last = seating()(given(Organisation(), evolve, [full]).state)

    given(Organisation(), evolve, [full, last]).when(seating("dora", "Dora")).then_refused(
        Code.TOO_LARGE, limit=200, unit="advisers"
    )


@pytest.mark.parametrize(
    ("history", "adviser_id", "code", "field"),
    [
        ([SET_UP], "carla", Code.NOT_FOUND, None),
        ([SET_UP, WITHOUT_BRAM], "bram", Code.NOT_FOUND, None),
        ([SET_UP, WITHOUT_BRAM], "anna", Code.INVALID_INPUT, "adviserId"),
        ([], "anna", Code.NOT_FOUND, None),
    ],
)
def test_a_seat_that_cannot_be_vacated_is_refused(
    history: list[OrganisationSetUp | SeatVacated], adviser_id: str, code: Code, field: str | None
) -> None:
    """One that nobody holds, and the last one: words would have no reader."""
    given(Organisation(), evolve, history).when(vacating(adviser_id)).then_refused(
        code, field=field
    )


def test_each_adviser_who_left_is_remembered() -> None:
    """In the order in which they left."""
    carla = AdviserKept(id="carla", name="Carla")
    left = replace(WITHOUT_BRAM, adviser_id="carla", seats=("anna",))
    state = given(Organisation(), evolve, [SET_UP, CARLA, WITHOUT_BRAM, left]).state
    assert (SET_UP.advisers[1], carla) == state.former


def test_who_hears_complaints_has_a_key_in_the_directory() -> None:
    """Complaints are sealed to it."""
    published, listed = publish_key(
        given(Organisation(), evolve, [SET_UP, COMPLAINTS]).state,
        adviser_id="kees",
        key_id=UUID(int=2),
        public_key=bytes([2]) * 32,
        on=ON,
        verifies=verifies,
    )
    assert ("kees", "kees") == (published.adviser_id, listed.adviser_id)
