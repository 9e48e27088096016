"""What a case is after its events, and what an adviser signs in it."""

from __future__ import annotations

import typing
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from services.intake.domain import case as domain
from services.intake.domain.case import (
    Case,
    CaseHandedOver,
    Event,
    HandOverConsented,
    PartiesNamed,
    RecoveryApproved,
    RecoveryRequested,
    RecoveryUsed,
    WordsResealed,
    evolve,
    open_case,
    record_conversation,
    send_message,
)
from services.intake.domain.consent import ConsentGiven
from services.intake.domain.organisation import AdviserKept
from services.intake.events import TYPES
from services.intake.signatures import verifies
from shared.contracts.errors import Code, Refusal
from tests.domain import test_case as unsigned
from tests.domain.test_case import AT, READ, REPORTED, REPORTER, SUBJECTS, TO_REPORTER, WORDS
from tests.domain.test_hand_over import (
    ANNAS,
    OPENED,
    ORGANISATION,
    signature,
    words,
)
from tests.domain.test_protection import SUFFERED
from tests.domain.test_upcasting import STORED
from tests.gwt import given

# What is folded ----------------------------------------------------------------------------------

KINDS = set(typing.get_args(Event))
STORED_EVENTS = {
    file.stem: event
    for file in STORED
    if file.parent.name == "intake"
    and type(event := TYPES.decode(file.stem, file.read_bytes())) in KINDS
}
"""Each kind of event of a case, as it is stored."""
AGREED = next(one for one in STORED_EVENTS.values() if isinstance(one, ConsentGiven))


def test_every_kind_of_event_is_looked_at() -> None:
    """None is left out of what follows."""
    assert {type(one) for one in STORED_EVENTS.values()} == KINDS


@pytest.mark.parametrize("name", STORED_EVENTS)
def test_each_event_counts_as_one(name: str) -> None:
    """The version is how many events there are: what is appended next follows on it."""
    before = given(Case(), evolve, [REPORTED, AGREED]).state
    told: Any = STORED_EVENTS[name]
    if hasattr(told, "consent_id"):
        told = replace(told, consent_id=AGREED.consent_id)
    assert 3 == evolve(before, told).version


def test_parties_add_up() -> None:
    """Those of the opening, then those who were named later."""
    opened = replace(unsigned.OPENED, parties=(REPORTER,))
    named = [PartiesNamed(parties=(one,), at=AT) for one in SUBJECTS]
    assert (REPORTER, *SUBJECTS) == given(Case(), evolve, [opened, *named]).state.parties


def test_a_later_request_for_recovery_needs_an_approval_of_its_own() -> None:
    """The approval of one that lapsed is not that of the next."""
    asked = RecoveryRequested(
        by="coen", role="coordinator", reason="adviser_left", to_adviser="bram", at=AT
    )
    approved = RecoveryApproved(by="wim", role="works_council", at=AT)
    past: list[Event] = [unsigned.OPENED, asked, approved]
    assert [False, False, True] == [
        given(Case(), evolve, past[:number]).state.recovery_approved for number in (1, 2, 3)
    ]
    again = given(Case(), evolve, [*past, asked]).state
    assert (asked, False) == (again.recovery, again.recovery_approved)


@pytest.mark.parametrize(
    "event",
    [
        pytest.param(WordsResealed(entries=(), at=AT), id="sealed anew"),
        pytest.param(
            CaseHandedOver(
                from_adviser="anna", to_adviser="bram", entries=(), consent="recovery", at=AT
            ),
            id="handed over",
        ),
    ],
)
def test_a_recovery_ends_with_what_it_was_for(event: Event) -> None:
    """Whoever has the words needs no request any more; that they were given is no end of it."""
    asked = RecoveryRequested(
        by="coen", role="coordinator", reason="adviser_left", to_adviser="bram", at=AT
    )
    past: list[Event] = [
        unsigned.OPENED,
        asked,
        RecoveryApproved(by="wim", role="works_council", at=AT),
        RecoveryUsed(by="bram", at=AT),
    ]
    used = given(Case(), evolve, past).state
    assert (asked, True) == (used.recovery, used.recovery_approved)
    after = evolve(used, event)
    assert (None, False) == (after.recovery, after.recovery_approved)


def test_consent_to_a_hand_over_is_used_once() -> None:
    """After it, another hand-over needs another consent; and who is agreed to is avoided no more."""
    avoided = replace(REPORTED, avoids=("bram", "carla"))
    agreed = given(Case(), evolve, [avoided, HandOverConsented(adviser_id="bram", at=AT)]).state
    assert ("bram", frozenset({"carla"})) == (agreed.consent_to, agreed.avoided)
    handed = CaseHandedOver(
        from_adviser="anna", to_adviser="bram", entries=(), consent="reporter", at=AT
    )
    after = evolve(agreed, handed)
    assert (None, "bram") == (after.consent_to, after.adviser_id)


def test_disadvantages_add_up() -> None:
    """In the order in which they were reported."""
    second = replace(SUFFERED, disadvantage_id=unsigned.OPENED.case_id)
    state = given(Case(), evolve, [unsigned.OPENED, SUFFERED, second]).state
    assert (SUFFERED, second) == state.disadvantages


def test_conversations_are_counted() -> None:
    """And nothing else is."""
    past = [unsigned.OPENED, unsigned.SPOKEN, unsigned.DONE, unsigned.SPOKEN]
    assert [0, 1, 1, 2] == [
        given(Case(), evolve, past[:number]).state.conversations for number in (1, 2, 3, 4)
    ]


def test_an_opening_that_does_not_say_by_whom_is_an_advisers() -> None:
    """As those were that were stored before reporters opened any."""
    fields = {name: getattr(unsigned.OPENED, name) for name in type(unsigned.OPENED).__slots__}
    del fields["by"]
    state = given(Case(), evolve, [domain.CaseOpened(**fields)]).state
    assert unsigned.OPENED == state.opened
    assert "adviser" == state.facts.by  # type: ignore[union-attr]


def test_of_a_case_that_is_not_there_nothing_is_known() -> None:
    """Neither its facts nor whose it is."""
    for ask in (lambda: Case().facts, lambda: Case().adviser_id):
        with pytest.raises(Refusal) as refused:
            ask()
        assert Code.NOT_FOUND is refused.value.code


# Who signs ---------------------------------------------------------------------------------------

STORY = words("the story", ANNAS)
WITH_CODE = replace(OPENED, by="reporter", reply_key=unsigned.REPLY_KEY, statement=READ)
TO_BOTH = (*words("an answer", ANNAS), TO_REPORTER)

Decision = Callable[[bytes | None], Callable[[Case], Any]]


def opening(signed: bytes | None = None, **changes: Any) -> Callable[[Case], Any]:
    fields: dict[str, Any] = {
        name: getattr(OPENED, name)
        for name in (
            *("case_id", "facts_id", "adviser_id", "period", "channel", "anonymity"),
            *("reporter_role", "relation", "category", "unit_id", "at"),
        )
    }
    given_otherwise: dict[str, Any] = {"words": STORY, "signature": signed} | changes
    return lambda state: open_case(
        state, ORGANISATION, **fields, **given_otherwise, verifies=verifies, mark=unsigned.mark
    )


def answering(signed: bytes | None, sender: Any = "adviser") -> Callable[[Case], Any]:
    return lambda state: send_message(
        state,
        ORGANISATION,
        sender=sender,
        words=TO_BOTH,
        at=AT,
        verifies=verifies,
        signature=signed,
    )


def talking(signed: bytes | None) -> Callable[[Case], Any]:
    return lambda state: record_conversation(
        state,
        ORGANISATION,
        mode="walk",
        minutes=STORY,
        at=AT,
        verifies=verifies,
        signature=signed,
    )


@pytest.mark.parametrize(
    ("past", "decision", "sealed"),
    [
        pytest.param([], opening, STORY, id="an opening"),
        pytest.param([WITH_CODE], answering, TO_BOTH, id="an answer"),
        pytest.param([OPENED], talking, STORY, id="minutes of their own"),
    ],
)
def test_an_adviser_signs_what_they_say(
    past: list[Event], decision: Decision, sealed: tuple[Any, ...]
) -> None:
    """With their key of the directory, whose id stands beside it; not without, nor with another."""
    there = given(Case(), evolve, past)
    said = decision(signature(1, sealed))(there.state)
    assert (signature(1, sealed), ANNAS.key_id) == (said.signature, said.signed_by)
    for wrong in (None, signature(2, sealed)):
        there.when(decision(wrong)).then_refused(Code.INVALID_INPUT, field="signature")


def test_a_reporter_signs_nothing_and_names_nobody_by_token() -> None:
    """Neither when they open a case nor later: tokens are an adviser's to make."""
    theirs: dict[str, Any] = {
        "by": "reporter",
        "reply_key": unsigned.REPLY_KEY,
        "words": TO_BOTH,
        "statement": READ,
    }
    there = given(Case(), evolve)
    there.when(opening(bytes(64), **theirs)).then_refused(Code.INVALID_INPUT, field="signature")
    there.when(opening(**theirs, parties=SUBJECTS)).then_refused(
        Code.INVALID_INPUT, field="parties"
    )
    opened = opening(**theirs)(there.state)
    assert (None, None) == (opened.signature, opened.signed_by)
    case = given(Case(), evolve, [WITH_CODE])
    case.when(answering(bytes(64), "reporter")).then_refused(Code.INVALID_INPUT, field="signature")
    said = answering(None, "reporter")(case.state)
    assert (None, None) == (said.signature, said.signed_by)


def test_a_reporter_may_open_a_case_with_words_for_their_adviser_alone() -> None:
    """They know what they said; whoever sends a message later is sealed to as well."""
    only_to_anna: dict[str, Any] = {
        "by": "reporter",
        "reply_key": unsigned.REPLY_KEY,
        "words": STORY,
        "statement": READ,
    }
    given(Case(), evolve).when(opening(**only_to_anna)).then(
        replace(OPENED, by="reporter", reply_key=unsigned.REPLY_KEY, words=STORY, statement=READ)
    )
    given(Case(), evolve, [REPORTED]).when(unsigned.saying("reporter", WORDS)).then_refused(
        Code.INVALID_INPUT, field="words"
    )


def test_an_advisers_minutes_of_their_own_are_not_for_the_reporter() -> None:
    """Sealed to who keeps them alone."""
    given(Case(), evolve, [REPORTED]).when(unsigned.speaking()).then(unsigned.SPOKEN)


def test_a_case_is_for_any_adviser_of_the_organisation() -> None:
    """The first of them or another."""
    second = replace(
        unsigned.ORGANISATION,
        set_up=replace(
            unsigned.ORGANISATION.known,
            advisers=(AdviserKept(id="zoe", name="Zoe"), AdviserKept(id="anna", name="Anna")),
        ),
    )
    fields = {
        name: getattr(unsigned.OPENED, name)
        for name in type(unsigned.OPENED).__slots__
        if name not in ("organisation_id", "taxonomy_version", "signed_by", "subject_marks")
    }
    given(Case(), evolve).when(
        lambda state: open_case(state, second, **fields, verifies=verifies, mark=unsigned.mark)
    ).then(unsigned.OPENED)


# Whom it is about --------------------------------------------------------------------------------


def parties(number: int) -> tuple[domain.PartyToken, ...]:
    return tuple(
        domain.PartyToken(role="subject", token=bytes([index]) * 32) for index in range(number)
    )


def test_twenty_people_can_be_named_and_no_more() -> None:
    """Together with those who were named before, and in an opening too."""
    opened = replace(unsigned.OPENED, parties=parties(19))
    others = tuple(domain.PartyToken(role="reporter", token=bytes([n]) * 32) for n in (100, 101))
    there = given(Case(), evolve, [opened])
    there.when(unsigned.naming(others[0])).then(PartiesNamed(parties=others[:1], at=AT))
    there.when(unsigned.naming(*others)).then_refused(Code.TOO_LARGE, limit=20, unit="parties")
    given(Case(), evolve).when(unsigned.opening(parties=parties(21))).then_refused(
        Code.TOO_LARGE, limit=20
    )


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param((), id="nobody"),
        pytest.param((replace(SUBJECTS[0], token=bytes(31)),), id="no token"),
        pytest.param((SUBJECTS[0], SUBJECTS[0]), id="twice"),
        pytest.param((SUBJECTS[0], replace(SUBJECTS[0], role="reporter")), id="both sides"),
    ],
)
def test_who_is_named_is_named_once_by_a_token(wrong: tuple[domain.PartyToken, ...]) -> None:
    """The refusal says which input is wrong."""
    given(Case(), evolve, [unsigned.OPENED]).when(unsigned.naming(*wrong)).then_refused(
        Code.INVALID_INPUT, field="parties"
    )
