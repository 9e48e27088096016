"""Advisers at work: what is kept about them, when they are away, and who stands in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.intake.domain.adviser import (
    WARNED_AHEAD,
    AbsenceEnded,
    AbsenceRecorded,
    AdviserDescribed,
    Advisers,
    certificate_state,
    describe,
    end_absence,
    evolve,
    record_absence,
)
from services.intake.domain.organisation import (
    AdviserKept,
    Organisation,
    OrganisationSetUp,
    PolicyDecided,
)
from services.intake.domain.units import UnitKept
from shared.contracts.errors import Code, Refusal
from tests.gwt import Decided, given

ON = date(2026, 3, 2)
ORGANISATION = Organisation(
    set_up=OrganisationSetUp(
        organisation_id=UUID(int=1),
        token="5d41402abc4b2a76",
        name="De Hoekstee",
        language="nl",
        units=(UnitKept(id="care", name="Zorg", headcount=90, parent=None),),
        advisers=tuple(AdviserKept(id=name, name=name.title()) for name in ("anna", "bo", "cas")),
        release=PolicyDecided(policy="noisy"),
        on=ON,
    )
)
BO = AdviserDescribed(
    adviser_id="bo",
    external=False,
    unit_id="care",
    languages=("nl", "tr"),
    taxonomy_version=1,
    expertise=("bullying",),
    hours_a_week=8,
    certificate="LVV-register",
    certificate_until=date(2027, 6, 30),
    takes_cases=True,
    on=ON,
)
SUMMER = AbsenceRecorded(
    absence_id=UUID(int=7),
    adviser_id="bo",
    first=date(2026, 7, 6),
    until=date(2026, 7, 24),
    replacement="anna",
    on=ON,
)


def described(**changes: Any) -> AdviserDescribed:
    fields: dict[str, Any] = {
        name: getattr(BO, name) for name in BO.__slots__ if name != "taxonomy_version"
    }
    return describe(ORGANISATION, **(fields | changes))


def recorded(state: Advisers, **changes: Any) -> AbsenceRecorded:
    fields: dict[str, Any] = {name: getattr(SUMMER, name) for name in SUMMER.__slots__}
    return record_absence(state, ORGANISATION, **(fields | changes))


def test_what_is_kept_about_an_adviser_is_the_newest() -> None:
    """A description takes the place of the one before it, and of nobody else's."""
    later = replace(BO, languages=("nl",), takes_cases=False)
    state = given(Advisers(), evolve, [BO, replace(BO, adviser_id="anna"), later]).state

    assert BO == described()
    assert later == state.of("bo")
    assert replace(BO, adviser_id="anna") == state.of("anna")
    assert None is state.of("cas")
    assert ("full", "available", "available") == tuple(
        state.availability(name, ON) for name in ("bo", "anna", "cas")
    )


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"adviser_id": "dirk"}, Code.INVALID_INPUT, "adviserId"),
        ({"external": True}, Code.INVALID_INPUT, "unitId"),
        ({"unit_id": "moon"}, Code.INVALID_INPUT, "unitId"),
        ({"languages": ("Nederlands",)}, Code.INVALID_INPUT, "languages"),
        ({"languages": ("nl", "nl")}, Code.INVALID_INPUT, "languages"),
        ({"languages": tuple(f"{a}a" for a in "abcdefghijklmnopqrstu")}, Code.TOO_LARGE, None),
        ({"expertise": ("astrology",)}, Code.UNKNOWN_CODE, "categories"),
        ({"expertise": ("guilt",)}, Code.JUDGEMENT_WORD, "categories"),
        ({"expertise": ("bullying", "bullying")}, Code.INVALID_INPUT, "expertise"),
        ({"hours_a_week": 0}, Code.INVALID_INPUT, "hoursAWeek"),
        ({"hours_a_week": 61}, Code.INVALID_INPUT, "hoursAWeek"),
        ({"certificate": None}, Code.INVALID_INPUT, "certificate"),
        ({"certificate": "LVV\u0007"}, Code.INVALID_INPUT, "certificate"),
        ({"certificate": "x" * 201}, Code.INVALID_INPUT, "certificate"),
    ],
)
def test_what_cannot_be_is_refused_in_both_languages(
    changes: dict[str, Any], code: Code, field: str | None
) -> None:
    """Each with its field and a sentence that differs between the languages."""
    with pytest.raises(Refusal) as caught:
        described(**changes)

    assert (code, field) == (caught.value.code, caught.value.values.get("field"))
    assert caught.value.sentence("nl") != caught.value.sentence("en")


@pytest.mark.parametrize(
    ("day", "state"),
    [
        (date(2027, 6, 30) - WARNED_AHEAD - timedelta(days=1), "valid"),
        (date(2027, 6, 30) - WARNED_AHEAD, "expires"),
        (date(2027, 6, 30), "expires"),
        (date(2027, 7, 1), "expired"),
    ],
)
def test_a_certificate_is_warned_of_ahead(day: date, state: str) -> None:
    """From 90 days before its last day on; the last day itself still holds."""
    assert state == certificate_state(BO, day)


def test_a_certificate_need_not_be_there_or_end() -> None:
    """None is none, and one without an end is valid."""
    none = replace(BO, certificate=None, certificate_until=None)

    assert "none" == certificate_state(None, ON) == certificate_state(none, ON)
    assert "valid" == certificate_state(replace(BO, certificate_until=None), ON)


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (SUMMER.first - timedelta(days=1), ("available", None)),
        (SUMMER.first, ("absent", "anna")),
        (date(2026, 7, 24), ("absent", "anna")),
        (date(2026, 7, 25), ("available", None)),
    ],
)
def test_an_absence_has_a_first_and_a_last_day(day: date, expected: tuple[str, str]) -> None:
    """On both of them somebody stands in, and on no other."""
    state = given(Advisers(), evolve, [BO, SUMMER]).state

    assert expected == (state.availability("bo", day), state.stands_in("bo", day))


def test_who_is_away_too_is_stood_in_for() -> None:
    """The replacement's replacement takes over; in a circle nobody does, and it ends."""
    open_end = replace(SUMMER, absence_id=UUID(int=8), adviser_id="anna", until=None)
    chain = [SUMMER, replace(open_end, replacement="cas")]
    circle = [SUMMER, replace(open_end, replacement="bo")]
    nobody = [SUMMER, replace(open_end, replacement=None)]
    day = SUMMER.first

    assert "cas" == given(Advisers(), evolve, chain).state.stands_in("bo", day)
    assert None is given(Advisers(), evolve, circle).state.stands_in("bo", day)
    assert None is given(Advisers(), evolve, nobody).state.stands_in("bo", day)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"adviser_id": "dirk"}, "adviserId"),
        ({"replacement": "dirk"}, "replacement"),
        ({"replacement": "bo"}, "replacement"),
        ({"until": date(2026, 7, 5)}, "until"),
    ],
)
def test_an_absence_that_cannot_be_is_refused(changes: dict[str, Any], field: str) -> None:
    """A stranger, oneself, an end before the beginning."""
    refused = given(Advisers(), evolve).when(lambda state: recorded(state, **changes))

    assert field == refused.then_refused(Code.INVALID_INPUT).values["field"]


@pytest.mark.parametrize(
    ("first", "until", "allowed"),
    [
        (date(2026, 7, 1), date(2026, 7, 5), True),
        (date(2026, 7, 1), date(2026, 7, 6), False),
        (date(2026, 7, 10), date(2026, 7, 12), False),
        (date(2026, 7, 24), None, False),
        (date(2026, 7, 25), None, True),
        (date(2026, 7, 1), None, False),
    ],
)
def test_nobody_is_away_twice_at_once(first: date, until: date | None, allowed: bool) -> None:
    """Two absences of one adviser share no day."""
    decided = given(Advisers(), evolve, [SUMMER]).when(
        lambda state: recorded(state, absence_id=UUID(int=9), first=first, until=until)
    )

    if allowed:
        decided.then(replace(SUMMER, absence_id=UUID(int=9), first=first, until=until))
    else:
        assert "first" == decided.then_refused(Code.INVALID_INPUT).values["field"]


def test_an_absence_ends_on_another_day_than_was_said() -> None:
    """Sooner, later, or it does not take place; what is not there cannot end."""
    later = AbsenceEnded(absence_id=SUMMER.absence_id, last=date(2026, 8, 7), on=ON)
    off = AbsenceEnded(absence_id=SUMMER.absence_id, last=date(2026, 7, 5), on=ON)
    away = given(Advisers(), evolve, [SUMMER])

    away.when(
        lambda state: end_absence(state, absence_id=SUMMER.absence_id, last=later.last, on=ON)
    ).then(later)
    away.when(
        lambda state: end_absence(state, absence_id=UUID(int=6), last=later.last, on=ON)
    ).then_refused(Code.NOT_FOUND)
    assert "absent" == given(Advisers(), evolve, [SUMMER, later]).state.availability(
        "bo", date(2026, 8, 7)
    )
    assert [] == given(Advisers(), evolve, [SUMMER, off]).state.absences_of("bo")


def test_an_absence_does_not_grow_into_the_next_one() -> None:
    """Its new end lies before the next one begins."""
    next_one = replace(
        SUMMER, absence_id=UUID(int=9), first=date(2026, 8, 3), until=date(2026, 8, 9)
    )
    away = given(Advisers(), evolve, [SUMMER, next_one])

    def ending(last: date) -> Decided:
        return away.when(
            lambda state: end_absence(state, absence_id=SUMMER.absence_id, last=last, on=ON)
        )

    assert not isinstance(ending(date(2026, 8, 2)).outcome, Refusal)
    assert "last" == ending(date(2026, 8, 3)).then_refused(Code.INVALID_INPUT).values["field"]


def test_past_absences_are_not_listed() -> None:
    """Whose last day is before the day that is asked for."""
    open_end = replace(SUMMER, absence_id=UUID(int=8), first=date(2026, 9, 1), until=None)
    state = given(Advisers(), evolve, [open_end, SUMMER]).state

    assert [SUMMER, open_end] == state.absences_of("bo", since=date(2026, 7, 24))
    assert [open_end] == state.absences_of("bo", since=date(2026, 7, 25))


@pytest.mark.parametrize("hours", [1, 60, None])
def test_an_adviser_has_from_one_to_sixty_hours_or_none_are_known(hours: int | None) -> None:
    """The bounds are taken."""
    assert hours == described(hours_a_week=hours).hours_a_week


@pytest.mark.parametrize("hours", [0, 61])
def test_the_refusal_of_hours_says_between_what_they_lie(hours: int) -> None:
    """In both languages."""
    given(Advisers(), evolve).when(lambda _: described(hours_a_week=hours)).then_refused(
        Code.INVALID_INPUT, field="hoursAWeek", low=1, high=60
    )


def test_who_is_external_works_in_no_unit() -> None:
    """Nor need anybody else: a unit may be unknown."""
    assert replace(BO, external=True, unit_id=None) == described(external=True, unit_id=None)
    assert replace(BO, unit_id=None) == described(unit_id=None)


def test_twenty_languages_are_taken() -> None:
    """Of two or three letters; more are too many, and one that is none spoils all."""
    twenty = tuple(f"{letter}a" for letter in "abcdefghijklmnopqrst")
    assert twenty == described(languages=twenty).languages
    given(Advisers(), evolve).when(lambda _: described(languages=(*twenty, "nds"))).then_refused(
        Code.TOO_LARGE, limit=20, unit="languages"
    )

    def speaking(language: str) -> Callable[[Advisers], AdviserDescribed]:
        return lambda _: described(languages=("nl", language))

    for wrong in ("n", "nede", "N1", "xnl-"):
        given(Advisers(), evolve).when(speaking(wrong)).then_refused(
            Code.INVALID_INPUT, field="languages"
        )


def test_a_certificate_has_a_name_of_at_most_200_characters() -> None:
    """One that is not there has no end."""
    assert "x" * 200 == described(certificate="x" * 200).certificate
    none = described(certificate=None, certificate_until=None)
    assert (None, None) == (none.certificate, none.certificate_until)

    def certified(certificate: str) -> Callable[[Advisers], AdviserDescribed]:
        return lambda _: described(certificate=certificate)

    for wrong in ("x" * 201, " ", ""):
        given(Advisers(), evolve).when(certified(wrong)).then_refused(
            Code.INVALID_INPUT, field="certificate", most=200
        )


def test_each_event_of_advisers_counts_as_one() -> None:
    """A description, an absence, its end."""
    ended = AbsenceEnded(absence_id=SUMMER.absence_id, last=date(2026, 7, 10), on=ON)
    assert [1, 2, 3] == [
        given(Advisers(), evolve, [BO, SUMMER, ended][:number]).state.version
        for number in (1, 2, 3)
    ]


def test_an_absence_of_one_day_is_one() -> None:
    """And ended on its first day it is one still; ended before, it never was; others stay as they were."""
    one_day = recorded(Advisers(), until=SUMMER.first)
    assert SUMMER.first == one_day.until
    autumn = replace(SUMMER, absence_id=UUID(int=9), first=date(2026, 10, 1), until=None)

    def ended(last: date) -> tuple[AbsenceRecorded, ...]:
        end = AbsenceEnded(absence_id=SUMMER.absence_id, last=last, on=ON)
        return given(Advisers(), evolve, [autumn, SUMMER, end]).state.absences

    assert (autumn, replace(SUMMER, until=SUMMER.first)) == ended(SUMMER.first)
    assert (autumn,) == ended(SUMMER.first - timedelta(days=1))


def test_an_absence_without_an_end_lies_in_the_way_of_each_later_one() -> None:
    """Of the same adviser, whoever stands in or does not."""
    endless = replace(SUMMER, until=None)
    there = given(Advisers(), evolve, [endless])
    later = date(2026, 9, 1)
    there.when(lambda state: recorded(state, first=later, until=later)).then_refused(
        Code.INVALID_INPUT, field="first"
    )
    there.when(lambda state: recorded(state, adviser_id="cas", replacement=None)).then(
        replace(SUMMER, adviser_id="cas", replacement=None)
    )


def test_nobody_stands_in_for_who_named_themself_by_a_round_about_way() -> None:
    """Bo names Anna, who is away and names nobody: nobody stands in."""
    nobody = replace(SUMMER, absence_id=UUID(int=8), adviser_id="anna", replacement=None)
    state = given(Advisers(), evolve, [SUMMER, nobody]).state
    assert None is state.stands_in("bo", SUMMER.first)
    assert None is state.stands_in("anna", SUMMER.first)
