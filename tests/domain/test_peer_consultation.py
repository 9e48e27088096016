"""Peer consultation: a case without its people, among chosen colleagues, for a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from datetime import timedelta
from functools import reduce
from typing import Any
from uuid import UUID

import pytest

from hoeksteen_client import AdviserKey, TextBlocked, seal_for_peers
from hoeksteen_client.peer_consultation import blocked
from services.intake.domain import peer_consultation
from services.intake.domain.organisation import AdviserKept, KeyListed
from services.intake.domain.organisation import evolve as organised
from services.intake.domain.peer_consultation import (
    MOST_ANSWERS,
    PeerConsultation,
    PeerConsultationAnswered,
    PeerConsultationShared,
    evolve,
)
from services.intake.domain.words import SealedWords, key_id_of
from shared.contracts.errors import Code, Refusal
from shared.taxonomy import practice
from shared.taxonomy.themes import themes
from tests.domain.test_case import AT, ORGANISATION
from tests.gwt import Given, given

ID = UUID("7a1d2c3b-0000-4000-8000-00000000000e")
TODAY = AT.date()
KEYS = {name: bytes(range(n, n + 32)) for n, name in enumerate(("anna", "bram", "cleo"), 90)}
SEATS = tuple(AdviserKept(id=one, name=one) for one in (*KEYS, "dora"))
LISTED = [
    KeyListed(adviser_id=one, key_id=key_id_of(key), public_key=key, signing_key=None, on=TODAY)
    for one, key in KEYS.items()
]
FOUR = reduce(
    organised,
    LISTED,
    replace(ORGANISATION, keys=(), set_up=replace(ORGANISATION.known, advisers=SEATS)),
)


def words(*readers: str) -> tuple[SealedWords, ...]:
    return tuple(SealedWords(key_id=key_id_of(KEYS[one]), ciphertext=b"sealed") for one in readers)


ALL = words("anna", "bram", "cleo")
SHARED = PeerConsultationShared(
    adviser_id="anna",
    colleagues=("bram", "cleo"),
    taxonomy_version=1,
    codes_version=1,
    area="conduct",
    severity_band="heavier",
    half_year="2026-H1",
    expires_on=TODAY + timedelta(days=14),
    words=ALL,
    at=AT,
)
ANSWERED = PeerConsultationAnswered(by="bram", words=ALL, at=AT)

Decision = Callable[[PeerConsultation], Any]


def after(*events: Any) -> Given[PeerConsultation]:
    return given(PeerConsultation(), evolve, events)


def sharing(**changes: Any) -> Decision:
    values: dict[str, Any] = {
        "consultation_id": ID,
        "adviser_id": "anna",
        "colleagues": ("bram", "cleo"),
        "area": "conduct",
        "severity_band": "heavier",
        "half_year": "2026-H1",
        "expires_on": SHARED.expires_on,
        "words": ALL,
        "at": AT,
    }
    return lambda _state: peer_consultation.share(FOUR, **(values | changes))


def answering(by: str = "bram", sealed: tuple[SealedWords, ...] = ALL, days: int = 0) -> Decision:
    return lambda state: peer_consultation.answer(
        state, FOUR, by=by, words=sealed, at=AT + timedelta(days=days)
    )


def test_it_says_an_area_a_band_and_perhaps_a_half_year() -> None:
    """Nothing finer has a field."""
    after().when(sharing()).then(SHARED)
    after().when(sharing(half_year=None)).then(replace(SHARED, half_year=None))
    names = {one.name for one in fields(PeerConsultationShared)}
    assert names.isdisjoint({"case_id", "unit_id", "category", "facts_id", "reporter_role"})


@pytest.mark.parametrize("area", themes(1).areas)
def test_every_area_can_be_said(area: str) -> None:
    """There are a handful, for all categories together."""
    after().when(sharing(area=area)).then(replace(SHARED, area=area))


@pytest.mark.parametrize("band", practice.current().severity_bands)
def test_every_band_can_be_said(band: str) -> None:
    """Or that it is not told."""
    after().when(sharing(severity_band=band)).then(replace(SHARED, severity_band=band))


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"area": "bullying"}, Code.UNKNOWN_CODE, "area"),
        ({"area": "care"}, Code.UNKNOWN_CODE, "area"),
        ({"area": "dader"}, Code.JUDGEMENT_WORD, "area"),
        ({"severity_band": "severity_serious"}, Code.UNKNOWN_CODE, "severityBand"),
        ({"half_year": "2026-W10"}, Code.INVALID_PERIOD, None),
        ({"half_year": "2026"}, Code.INVALID_PERIOD, None),
        ({"half_year": "2026-Q2"}, Code.INVALID_PERIOD, None),
        ({"half_year": "2027-H1"}, Code.INVALID_INPUT, "halfYear"),
        ({"colleagues": ()}, Code.INVALID_INPUT, "colleagues"),
        ({"colleagues": ("bram", "bram")}, Code.INVALID_INPUT, "colleagues"),
        ({"colleagues": ("anna", "bram")}, Code.INVALID_INPUT, "colleagues"),
        ({"colleagues": ("bram", "of-elsewhere")}, Code.INVALID_INPUT, "colleagues"),
        ({"colleagues": ("bram", "dora")}, Code.INVALID_INPUT, "colleagues"),
        ({"colleagues": tuple(f"c{n}" for n in range(16))}, Code.TOO_LARGE, None),
        ({"expires_on": TODAY - timedelta(days=1)}, Code.INVALID_INPUT, "expiresOn"),
        ({"expires_on": TODAY + timedelta(days=93)}, Code.INVALID_INPUT, "expiresOn"),
        ({"consultation_id": UUID(int=1)}, Code.INVALID_INPUT, "consultationId"),
        ({"words": words("anna", "bram")}, Code.INVALID_INPUT, "words"),
        ({"colleagues": ("bram",)}, Code.INVALID_INPUT, "words"),
        ({"words": (*ALL, ALL[0])}, Code.INVALID_INPUT, "words"),
        ({"words": ()}, Code.INVALID_INPUT, "words"),
    ],
)
def test_what_is_finer_or_for_others_is_refused(
    changes: dict[str, Any], code: Code, field: str | None
) -> None:
    """A category, a unit, a week; somebody of elsewhere, somebody without a key, nobody; for ever."""
    refused = after().when(sharing(**changes)).then_refused(code)
    assert refused.values.get("field") == field


def test_all_who_take_part_say_something_until_its_last_day() -> None:
    """Who asked too; nobody else, and not afterwards."""
    after(SHARED).when(answering()).then(ANSWERED)
    after(SHARED).when(answering("anna", days=14)).then(
        replace(ANSWERED, by="anna", at=AT + timedelta(days=14))
    )
    after(SHARED).when(answering("dora")).then_refused(Code.NOT_FOUND)
    after(SHARED).when(answering(days=15)).then_refused(Code.NOT_FOUND)
    after().when(answering()).then_refused(Code.NOT_FOUND)
    after(SHARED).when(answering(sealed=words("anna", "bram"))).then_refused(
        Code.INVALID_INPUT, field="words"
    )
    full = [SHARED, *[ANSWERED] * MOST_ANSWERS]
    after(*full).when(answering()).then_refused(Code.TOO_LARGE)
    assert after(SHARED, ANSWERED).state.answers == 1


def test_who_asked_ends_it_and_nobody_else() -> None:
    """It looks like none to others."""
    peer_consultation.own(after(SHARED).state, "anna")
    for state, who in ((after(SHARED).state, "bram"), (after().state, "anna")):
        with pytest.raises(Refusal) as caught:
            peer_consultation.own(state, who)
        assert caught.value.code is Code.NOT_FOUND


# The client's lint --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "Ze vertelde dat meneer Jansen haar negeert.",
        "Het begon in maart, na de reorganisatie.",
        "There are 3 people in her team.",
        "He was told so at 14:30.",
        "Somebody of the night shift in Care 2 feels left out.",
        "in zorg wordt zij genegeerd",
        "mo feels that nobody listens",
        "Write to me at a.b@example.org",
    ],
)
def test_what_may_point_at_somebody_is_blocked(text: str) -> None:
    """Names, days, any number, a unit: nothing is sealed."""
    key = AdviserKey.generate()
    with pytest.raises(TextBlocked) as caught:
        seal_for_peers(
            text,
            [(key.key_id, key.public)],
            organisation=UUID(int=1),
            consultation=ID,
            units=["Zorg"],
            people=["Mo Idrissi"],
        )
    assert caught.value.findings


def test_what_passes_is_sealed_and_not_approved() -> None:
    """Bound to the consultation; the lint gives back nothing that says it is anonymous."""
    key = AdviserKey.generate()
    text = "Somebody is left out by colleagues and does not dare to say so. What would you ask?"
    ((key_id, envelope),) = seal_for_peers(
        text, [(key.key_id, key.public)], organisation=UUID(int=1), consultation=ID, units=["Zorg"]
    )
    assert key_id == key.key_id
    assert key.open(envelope, organisation=UUID(int=1), case=ID) == text
    assert blocked(text, units=["Zorg"]) == []
