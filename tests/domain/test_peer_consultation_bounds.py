"""Peer consultation up to its boundaries: how many, how long, how coarse."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import reduce

import pytest

from services.intake.domain import peer_consultation
from services.intake.domain.organisation import AdviserKept, KeyListed
from services.intake.domain.organisation import evolve as organised
from services.intake.domain.words import SealedWords, key_id_of
from shared.contracts.errors import Code
from tests.domain.test_hand_over import RECOVERY
from tests.domain.test_peer_consultation import (
    ALL,
    ANSWERED,
    FOUR,
    ID,
    SHARED,
    TODAY,
    Decision,
    after,
    answering,
    sharing,
    words,
)


def test_each_event_of_a_consultation_counts_as_one() -> None:
    """The question and its answers."""
    past = (SHARED, ANSWERED, ANSWERED)
    assert [(1, 0), (2, 1), (3, 2)] == [
        (state.version, state.answers)
        for state in (after(*past[:number]).state for number in (1, 2, 3))
    ]


@pytest.mark.parametrize("days", [0, 92])
def test_it_ends_today_at_the_earliest_and_in_a_quarter_at_the_latest(days: int) -> None:
    """Both days themselves are taken."""
    last = TODAY + timedelta(days=days)
    after().when(sharing(expires_on=last)).then(replace(SHARED, expires_on=last))
    after().when(sharing(expires_on=TODAY + timedelta(days=93))).then_refused(
        Code.INVALID_INPUT, field="expiresOn", days=92
    )


def test_a_half_year_can_be_said_from_its_first_day_on() -> None:
    """In Amsterdam, where it begins before it does in UTC."""
    first = datetime(2026, 6, 30, 22, 30, tzinfo=UTC)
    until = date(2026, 7, 14)
    after().when(sharing(half_year="2026-H2", at=first, expires_on=until)).then(
        replace(SHARED, half_year="2026-H2", at=first, expires_on=until)
    )
    after().when(
        sharing(half_year="2026-H2", at=first - timedelta(hours=1), expires_on=until)
    ).then_refused(Code.INVALID_INPUT, field="halfYear")


def test_fifteen_colleagues_can_be_asked() -> None:
    """Of more the refusal says how many."""
    names = tuple(f"c{number}" for number in range(15))
    keys = {name: bytes([number]) * 32 for number, name in enumerate(names, 1)}
    listed = [
        KeyListed(
            adviser_id=name, key_id=key_id_of(key), public_key=key, signing_key=None, on=TODAY
        )
        for name, key in keys.items()
    ]
    seats = (*FOUR.known.advisers, *(AdviserKept(id=name, name=name) for name in names))
    many = reduce(organised, listed, replace(FOUR, set_up=replace(FOUR.known, advisers=seats)))
    sealed = (
        *words("anna"),
        *(SealedWords(key_id=key_id_of(key), ciphertext=b"sealed") for key in keys.values()),
    )
    found = peer_consultation.share(
        many,
        consultation_id=ID,
        adviser_id="anna",
        colleagues=names,
        area="conduct",
        severity_band="heavier",
        half_year=None,
        expires_on=TODAY,
        words=sealed,
        at=SHARED.at,
    )
    assert names == found.colleagues
    after().when(sharing(colleagues=(*names, "one-more"))).then_refused(
        Code.TOO_LARGE, limit=15, unit="readers"
    )


def test_who_is_no_adviser_is_told_from_who_has_no_key() -> None:
    """An officer with a key is no colleague."""
    olga = KeyListed(
        adviser_id="olga",
        key_id=key_id_of(bytes(32)),
        public_key=bytes(32),
        signing_key=None,
        on=TODAY,
    )
    with_key = organised(FOUR, olga)
    for who, reason in (
        ("olga", "the organisation has no such adviser"),
        ("dora", "this adviser has no key at present"),
    ):
        refused = after().when(
            lambda _, who=who: peer_consultation.share(  # type: ignore[misc]
                with_key,
                consultation_id=ID,
                adviser_id="anna",
                colleagues=(who,),
                area="conduct",
                severity_band="heavier",
                half_year=None,
                expires_on=TODAY,
                words=ALL,
                at=SHARED.at,
            )
        )
        told = refused.then_refused(Code.INVALID_INPUT, field="colleagues")
        assert reason == told.values["reason"]


def test_the_refusals_of_too_much_and_too_fine_say_what_is_taken() -> None:
    """How many answers, and of which version of the taxonomy an area is none."""
    after(SHARED, *[ANSWERED] * 18).when(answering()).then(ANSWERED)
    after(SHARED, *[ANSWERED] * 19).when(answering()).then_refused(
        Code.TOO_LARGE, limit=19, unit="entries"
    )
    after().when(sharing(area="bullying")).then_refused(Code.UNKNOWN_CODE, field="area", version=1)


def test_who_lost_their_key_meanwhile_is_no_hindrance() -> None:
    """An answer is sealed to those who have one."""
    left = replace(FOUR, keys=FOUR.keys[:2])
    sealed = words("anna", "bram")
    after(SHARED).when(
        lambda state: peer_consultation.answer(state, left, by="bram", words=sealed, at=SHARED.at)
    ).then(replace(ANSWERED, words=sealed))


def test_a_recovery_key_opens_no_consultation() -> None:
    """Words that are sealed to it are refused, and none have to be."""
    recoverable = replace(FOUR, recovery_keys=(RECOVERY,))
    to_recovery = SealedWords(key_id=RECOVERY.key_id, ciphertext=b"sealed")

    def saying(*sealed: SealedWords) -> Decision:
        return lambda state: peer_consultation.answer(
            state, recoverable, by="bram", words=sealed, at=SHARED.at
        )

    after(SHARED).when(saying(*ALL)).then(ANSWERED)
    after(SHARED).when(saying(*ALL, to_recovery)).then_refused(Code.INVALID_INPUT, field="words")


def test_a_copy_twice_is_none_for_who_is_left_out() -> None:
    """As many copies as readers, and one of them cannot open any."""
    after().when(sharing(words=words("anna", "bram", "bram"))).then_refused(
        Code.INVALID_INPUT, field="words"
    )
