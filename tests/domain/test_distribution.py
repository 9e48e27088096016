"""To whom a new case could go: choice, avoidance, closeness, absence and load, and why."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.domain.adviser import AbsenceRecorded, AdviserDescribed, Advisers
from services.intake.domain.distribution import AGAINST, SENTENCES, Proposed, Reason, Wish, propose
from services.intake.domain.organisation import (
    AdviserKept,
    Organisation,
    OrganisationSetUp,
    PolicyDecided,
)
from services.intake.domain.units import UnitKept
from services.intake.domain.workload import rounded
from shared.contracts.errors import Code, Refusal

ON = date(2026, 3, 2)
NAMES = ("anna", "bo", "cas", "dina")
ORGANISATION = Organisation(
    set_up=OrganisationSetUp(
        organisation_id=UUID(int=1),
        token="5d41402abc4b2a76",
        name="De Hoekstee",
        language="nl",
        units=(
            UnitKept(id="whole", name="Geheel", headcount=5, parent=None),
            UnitKept(id="care", name="Zorg", headcount=90, parent="whole"),
            UnitKept(id="ward", name="Afdeling", headcount=60, parent="care"),
            UnitKept(id="office", name="Kantoor", headcount=60, parent="whole"),
        ),
        advisers=tuple(AdviserKept(id=name, name=name.title()) for name in NAMES),
        release=PolicyDecided(policy="noisy"),
        on=ON,
    )
)


def adviser(name: str, **changes: object) -> AdviserDescribed:
    known = AdviserDescribed(
        adviser_id=name,
        external=False,
        unit_id=None,
        languages=("nl",),
        taxonomy_version=1,
        expertise=(),
        hours_a_week=None,
        certificate=None,
        certificate_until=None,
        takes_cases=True,
        on=ON,
    )
    return replace(known, **changes)  # type: ignore[arg-type]


def away(name: str, replacement: str | None = None) -> AbsenceRecorded:
    return AbsenceRecorded(
        absence_id=UUID(int=7),
        adviser_id=name,
        first=ON,
        until=ON,
        replacement=replacement,
        on=ON,
    )


def of(proposal: tuple[Proposed, ...], name: str) -> tuple[bool, tuple[Reason, ...]]:
    (one,) = (one for one in proposal if one.adviser_id == name)
    return one.proposed, one.reasons


def test_whom_the_reporter_chose_stands_in_front() -> None:
    """Whatever else there is: they decide."""
    known = Advisers(described=(adviser("bo", expertise=("bullying",)),))
    first, *_ = propose(
        ORGANISATION, known, Wish(chosen="cas", category="bullying"), on=ON, loads={"cas": 50}
    )

    assert ("cas", True, ("chosen",)) == (first.adviser_id, first.proposed, first.reasons)


def test_a_choice_that_is_close_is_respected_and_told() -> None:
    """The reporter reads that the adviser works beside them, and can choose again."""
    known = Advisers(described=(adviser("cas", unit_id="ward"),))
    first, *_ = propose(ORGANISATION, known, Wish(chosen="cas", unit_id="ward"), on=ON)

    assert ("cas", True, ("chosen", "own_unit")) == (
        first.adviser_id,
        first.proposed,
        first.reasons,
    )


def test_where_the_chosen_one_is_away_their_replacement_is_first() -> None:
    """The chosen one is not proposed, and why is told."""
    known = Advisers(absences=(away("cas", "dina"),))
    proposal = propose(ORGANISATION, known, Wish(chosen="cas"), on=ON)

    assert ("dina", True, ("stands_in",)) == (
        proposal[0].adviser_id,
        proposal[0].proposed,
        proposal[0].reasons,
    )
    assert ("cas", False, ("chosen", "absent")) == (
        proposal[-1].adviser_id,
        proposal[-1].proposed,
        proposal[-1].reasons,
    )


def test_who_is_avoided_is_not_proposed() -> None:
    """Also when nothing else speaks against them, and nobody asks why."""
    proposal = propose(ORGANISATION, Advisers(), Wish(avoid=frozenset({"anna", "bo"})), on=ON)

    assert {"cas", "dina"} == {one.adviser_id for one in proposal[:2]}
    assert (False, ("avoided",)) == of(proposal, "anna") == of(proposal, "bo")


@pytest.mark.parametrize(
    ("theirs", "asked", "expected"),
    [
        ("ward", "ward", (False, ("own_unit",))),
        ("care", "ward", (False, ("same_line",))),
        ("whole", "ward", (False, ("same_line",))),
        ("ward", "care", (False, ("same_line",))),
        ("office", "ward", (True, ())),
        (None, "ward", (True, ())),
        ("ward", None, (True, ())),
    ],
)
def test_who_works_in_the_unit_or_in_its_line_is_too_close(
    theirs: str | None, asked: str | None, expected: tuple[bool, tuple[Reason, ...]]
) -> None:
    """Above it and below it alike; beside it not, and nobody knows of a unit that was not said."""
    known = Advisers(described=(adviser("bo", unit_id=theirs),))

    assert expected == of(propose(ORGANISATION, known, Wish(unit_id=asked), on=ON), "bo")


def test_who_is_away_or_full_is_not_proposed() -> None:
    """And an absence is said before anything else about time."""
    known = Advisers(
        described=(adviser("bo", takes_cases=False), adviser("cas", takes_cases=False)),
        absences=(away("cas"),),
    )
    proposal = propose(ORGANISATION, known, Wish(), on=ON)

    assert (False, ("full",)) == of(proposal, "bo")
    assert (False, ("absent",)) == of(proposal, "cas")


def test_language_counts_before_expertise_and_expertise_before_load() -> None:
    """Each is said where it speaks for somebody."""
    known = Advisers(
        described=(
            adviser("anna", languages=("nl", "pl")),
            adviser("bo", languages=("nl", "pl"), expertise=("bullying",)),
            adviser("cas", expertise=("bullying",)),
            adviser("dina"),
        )
    )
    proposal = propose(
        ORGANISATION,
        known,
        Wish(language="pl", category="bullying"),
        on=ON,
        loads={"anna": 5, "bo": 50, "cas": 0, "dina": 5},
    )

    assert ["bo", "anna", "cas", "dina"] == [one.adviser_id for one in proposal]
    assert [
        ("language", "expertise"),
        ("language",),
        ("expertise", "least_load"),
        (),
    ] == [one.reasons for one in proposal]


@pytest.mark.parametrize(
    ("knows", "asked", "expected"),
    [
        ("unwanted_conduct", "bullying", ("expertise",)),
        ("bullying", "bullying", ("expertise",)),
        ("bullying", "unwanted_conduct", ()),
        ("bullying", "stalking", ()),
    ],
)
def test_expertise_in_a_matter_covers_its_kinds(
    knows: str, asked: str, expected: tuple[Reason, ...]
) -> None:
    """Who knows unwanted conduct knows bullying; who knows only that does not know all of it."""
    known = Advisers(described=(adviser("bo", expertise=(knows,)),))

    assert (True, expected) == of(propose(ORGANISATION, known, Wish(category=asked), on=ON), "bo")


def test_load_is_compared_for_the_hours_that_there_are() -> None:
    """Ten cases in twenty hours are fewer than five in four; without hours a day is taken."""
    known = Advisers(
        described=(adviser("anna", hours_a_week=20), adviser("bo", hours_a_week=4)),
    )
    loads = {"anna": 10, "bo": 5, "cas": 10, "dina": 10}
    proposal = propose(ORGANISATION, known, Wish(), on=ON, loads=loads)

    assert "anna" == proposal[0].adviser_id
    assert ("least_load",) == proposal[0].reasons
    assert all("least_load" not in one.reasons for one in proposal[1:])


def test_where_all_are_as_busy_nobody_is_named_for_it() -> None:
    """Then load is no reason."""
    proposal = propose(ORGANISATION, Advisers(), Wish(), on=ON, loads={})

    assert [(), (), (), ()] == [one.reasons for one in proposal]


def test_among_equals_the_order_is_one_all_week_and_another_in_time() -> None:
    """The same for everybody who asks in a week; over a year everybody was first."""
    monday = date(2026, 3, 2)

    def order(day: date) -> tuple[str, ...]:
        return tuple(one.adviser_id for one in propose(ORGANISATION, Advisers(), Wish(), on=day))

    assert {order(monday)} == {order(monday + timedelta(days=days)) for days in range(7)}
    assert set(NAMES) == {order(monday + timedelta(weeks=weeks))[0] for weeks in range(52)}


@pytest.mark.parametrize(
    ("wish", "code", "field"),
    [
        (Wish(chosen="eva"), Code.INVALID_INPUT, "chosen"),
        (Wish(avoid=frozenset({"eva"})), Code.INVALID_INPUT, "avoid"),
        (Wish(chosen="bo", avoid=frozenset({"bo"})), Code.INVALID_INPUT, "avoid"),
        (Wish(unit_id="moon"), Code.INVALID_INPUT, "unitId"),
        (Wish(category="astrology"), Code.UNKNOWN_CODE, "categories"),
        (Wish(category="guilt"), Code.JUDGEMENT_WORD, "categories"),
    ],
)
def test_a_wish_that_cannot_be_is_refused(wish: Wish, code: Code, field: str) -> None:
    """With its field, in both languages."""
    with pytest.raises(Refusal) as caught:
        propose(ORGANISATION, Advisers(), wish, on=ON)

    assert (code, field) == (caught.value.code, caught.value.values["field"])
    assert caught.value.sentence("nl") != caught.value.sentence("en")


names = st.sampled_from(NAMES)
units = st.sampled_from([None, "whole", "care", "ward", "office"])


@given(
    described=st.lists(
        st.builds(
            adviser,
            names,
            unit_id=units,
            takes_cases=st.booleans(),
            languages=st.sampled_from([("nl",), ("pl",), ()]),
        ),
        unique_by=lambda one: one.adviser_id,
    ),
    absences=st.lists(
        st.builds(away, names, st.none() | names), unique_by=lambda one: one.adviser_id
    ),
    wish=st.builds(
        Wish,
        chosen=st.none() | names,
        avoid=st.frozensets(names),
        unit_id=units,
        language=st.sampled_from([None, "nl", "pl"]),
    ),
    loads=st.none() | st.dictionaries(names, st.integers(0, 60).map(rounded)),
)
def test_every_proposal_keeps_the_rules(
    described: list[AdviserDescribed],
    absences: list[AbsenceRecorded],
    wish: Wish,
    loads: dict[str, int] | None,
) -> None:
    """Everybody stands in it once; who is proposed comes first; nobody is proposed who is avoided or
    away; against anybody proposed something speaks only if the reporter chose them; who is not has a
    reason; without loads nothing tells of load; and it is the same each time.
    """
    known = Advisers(described=tuple(described), absences=tuple(absences))
    if wish.chosen in wish.avoid:
        return
    proposal = propose(ORGANISATION, known, wish, on=ON, loads=loads)

    assert sorted(NAMES) == sorted(one.adviser_id for one in proposal)
    assert [one.proposed for one in proposal] == sorted(
        (one.proposed for one in proposal), reverse=True
    )
    for one in proposal:
        against = set(one.reasons) & AGAINST
        if one.proposed:
            assert not {"avoided", "absent"} & against
            assert not against or one.adviser_id == wish.chosen
        else:
            assert against
        assert loads is not None or "least_load" not in one.reasons
    assert proposal == propose(ORGANISATION, known, wish, on=ON, loads=loads)


def test_every_reason_has_its_sentences() -> None:
    """In both languages, and no two the same."""
    sentences = [sentence for pair in SENTENCES.values() for sentence in pair]

    assert len(set(sentences)) == 2 * len(SENTENCES)
    assert AGAINST < set(SENTENCES)


def test_a_proposal_says_who_it_is() -> None:
    """By the name that readers see; nobody is asked for, and everybody stands in it."""
    found = propose(ORGANISATION, Advisers(), Wish(), on=ON)
    assert {name: name.title() for name in NAMES} == {one.adviser_id: one.name for one in found}


def test_who_stands_in_comes_before_who_speaks_the_language() -> None:
    """The reporter chose somebody, and these are the ones who take their cases meanwhile."""
    known = Advisers(
        described=(adviser("anna", languages=("pl",)), adviser("bo", languages=("pl",))),
        absences=(away("cas", "dina"),),
    )
    found = propose(ORGANISATION, known, Wish(chosen="cas", language="pl"), on=ON)
    assert "dina" == found[0].adviser_id
    assert {"anna", "bo"} == {one.adviser_id for one in found[1:3]}


def test_whom_the_reporter_chose_comes_before_everything_else() -> None:
    """Also where others speak the language and know the matter, and the chosen one is described as not."""
    known = Advisers(
        described=(
            *(adviser(name, languages=("pl",), expertise=("bullying",)) for name in ("anna", "bo")),
            adviser("dina", takes_cases=False, languages=()),
        )
    )
    wish = Wish(chosen="dina", language="pl", category="bullying")
    first, *_ = propose(ORGANISATION, known, wish, on=ON, loads=dict.fromkeys(NAMES, 0))
    assert ("dina", True, ("chosen", "full")) == (
        first.adviser_id,
        first.proposed,
        first.reasons,
    )


def test_against_whom_something_speaks_comes_last() -> None:
    """Behind everybody else, whatever they know."""
    known = Advisers(described=(adviser("anna", languages=("pl",), unit_id="ward"),))
    found = propose(ORGANISATION, known, Wish(language="pl", unit_id="ward"), on=ON)
    assert "anna" == found[-1].adviser_id


def test_without_known_hours_an_adviser_is_taken_to_have_eight() -> None:
    """Five cases in eight hours are as many as ten in sixteen, and fewer than five in seven."""
    known = Advisers(
        described=(adviser("anna", hours_a_week=16), adviser("bo", hours_a_week=7), adviser("cas"))
    )
    loads = {"anna": 10, "bo": 5, "cas": 5, "dina": 5}
    found = propose(ORGANISATION, known, Wish(), on=ON, loads=loads)
    busy = {one.adviser_id for one in found if "least_load" not in one.reasons}
    assert {"bo"} == busy
    assert "bo" == found[-1].adviser_id


def test_who_has_no_open_case_has_the_least_load() -> None:
    """None is told of them: that is none, and it comes first."""
    loads = {"anna": 5, "bo": 5, "dina": 5}
    first, *_ = propose(ORGANISATION, Advisers(), Wish(), on=ON, loads=loads)
    assert ("cas", ("least_load",)) == (first.adviser_id, first.reasons)
    some = propose(ORGANISATION, Advisers(), Wish(), on=ON, loads={"anna": 0, "bo": 5})
    assert {"anna", "cas", "dina"} == {
        one.adviser_id for one in some if one.reasons == ("least_load",)
    }


def test_the_turn_of_a_week_is_that_of_everybody() -> None:
    """The order of SHA-256 over the ISO week and the adviser, worked out by hand elsewhere: who asks
    from another place is told the same.
    """
    week = {name: hashlib.sha256(f"2026-W10/{name}".encode()).hexdigest() for name in NAMES}
    found = propose(ORGANISATION, Advisers(), Wish(), on=ON)
    assert sorted(NAMES, key=lambda name: week[name]) == [one.adviser_id for one in found]
