"""A case: opened with known codes and sealed words, spoken about, concluded, closed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.intake.domain.case import (
    Case,
    CaseClosed,
    CaseOpened,
    ConversationRecorded,
    Event,
    InterventionRecorded,
    MessageSent,
    OutcomeRecorded,
    PartiesNamed,
    PartyToken,
    Sender,
    SubjectsMarked,
    close_case,
    evolve,
    name_parties,
    open_case,
    owned_by,
    record_conversation,
    record_intervention,
    record_outcome,
    reported_by,
    send_message,
    subject_marks,
)
from services.intake.domain.organisation import (
    AdviserKept,
    ListedKey,
    Organisation,
    OrganisationSetUp,
    PolicyDecided,
)
from services.intake.domain.units import UnitKept
from services.intake.domain.ways_in import StatementGiven
from services.intake.domain.words import LARGEST, MOST_READERS, SealedWords, key_id_of
from services.intake.signatures import verifies
from shared.contracts.errors import Code
from tests.gwt import given

AT = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
KEY_ID = UUID("6f1d2c3b-0000-4000-8000-000000000002")
WORDS = SealedWords(key_id=KEY_ID, ciphertext=b"sealed to Anna")
ORGANISATION = Organisation(
    version=2,
    set_up=OrganisationSetUp(
        organisation_id=UUID("6f1d2c3b-0000-4000-8000-000000000001"),
        token="5d41402abc4b2a76",
        name="De Hoekstee",
        language="nl",
        units=(UnitKept(id="care", name="Zorg", headcount=90, parent=None),),
        advisers=(AdviserKept(id="anna", name="Anna"),),
        release=PolicyDecided(policy="exact", dimension="category", k=5, merge_order=()),
        on=date(2026, 3, 2),
    ),
    keys=(
        ListedKey(
            adviser_id="anna",
            key_id=KEY_ID,
            public_key=bytes(32),
            signing_key=None,
            state="current",
            own_stream=True,
            on=date(2026, 3, 2),
        ),
    ),
)
OPENED = CaseOpened(
    case_id=UUID("6f1d2c3b-0000-4000-8000-000000000003"),
    organisation_id=UUID("6f1d2c3b-0000-4000-8000-000000000001"),
    facts_id=UUID("6f1d2c3b-0000-4000-8000-000000000004"),
    adviser_id="anna",
    taxonomy_version=1,
    period="2026-H2",
    channel="in_person",
    anonymity="confidential",
    reporter_role="employee",
    relation="colleague",
    category="bullying",
    unit_id="care",
    words=(WORDS,),
    at=AT,
)
REPLY_KEY = bytes(range(32))
TO_REPORTER = SealedWords(key_id=key_id_of(REPLY_KEY), ciphertext=b"sealed to the reporter")
READ = StatementGiven(version=1, language="nl", how="read")
REPORTED = replace(
    OPENED, by="reporter", reply_key=REPLY_KEY, words=(WORDS, TO_REPORTER), statement=READ
)
SAID = MessageSent(sender="reporter", words=(WORDS, TO_REPORTER), at=AT)
SPOKEN = ConversationRecorded(mode="meeting", minutes=(WORDS,), at=AT)
DONE = InterventionRecorded(intervention="listening", at=AT)
ENDED = OutcomeRecorded(outcome="heard_and_done", route="nothing_further", at=AT)
CLOSED = CaseClosed(at=AT)

Decision = Callable[[Case], Event]


def mark(period: str, token: bytes) -> bytes:
    """A mark that shows of what it was made."""
    return f"{period}/".encode() + token[:8]


def opening(**changes: Any) -> Decision:
    """The opening, with some of it given otherwise."""
    fields = {
        name: getattr(OPENED, name)
        for name in CaseOpened.__slots__
        if name not in ("organisation_id", "taxonomy_version", "signed_by", "subject_marks")
    }
    return lambda state: open_case(
        state, ORGANISATION, **(fields | {"verifies": verifies, "mark": mark} | changes)
    )


def speaking(minutes: tuple[SealedWords, ...] = (WORDS,), mode: str = "meeting") -> Decision:
    return lambda state: record_conversation(
        state, ORGANISATION, mode=mode, minutes=minutes, at=AT, verifies=verifies
    )


def saying(sender: Sender, *words: SealedWords) -> Decision:
    return lambda state: send_message(
        state, ORGANISATION, sender=sender, words=words, at=AT, verifies=verifies
    )


def acting(intervention: str = "listening") -> Decision:
    return lambda state: record_intervention(state, intervention=intervention, at=AT)


def ending(outcome: str = "heard_and_done", route: str = "nothing_further") -> Decision:
    return lambda state: record_outcome(state, outcome=outcome, route=route, at=AT)


def closing() -> Decision:
    return lambda state: close_case(state, at=AT)


# Whom it is about -------------------------------------------------------------------------------

JAN, PIET, MIEN = (name * 32 for name in (b"j", b"p", b"m"))
SUBJECTS = (PartyToken(role="subject", token=PIET), PartyToken(role="subject", token=JAN))
REPORTER = PartyToken(role="reporter", token=MIEN)
MARKS = (b"2026-H2/jjjjjjjj", b"2026-H2/pppppppp")
MESSAGE_ID = UUID("6f1d2c3b-0000-4000-8000-000000000005")


WITH_NOISE = replace(
    ORGANISATION, set_up=replace(ORGANISATION.known, release=PolicyDecided(policy="noisy"))
)


def naming(
    *parties: PartyToken, at: datetime = AT, organisation: Organisation = ORGANISATION
) -> Callable[[Case], object]:
    return lambda state: name_parties(
        state, organisation, parties=parties, at=at, message_id=MESSAGE_ID, mark=mark
    )


def test_a_case_opens_with_marks_of_its_subjects() -> None:
    """Of the case's period, in an order of their own; its reporter leaves no mark."""
    parties = (SUBJECTS[0], REPORTER, SUBJECTS[1])
    given(Case(), evolve).when(opening(parties=parties)).then(
        replace(OPENED, parties=parties, subject_marks=MARKS)
    )


def test_subjects_named_later_are_marked_beside_their_naming() -> None:
    """Under the case's facts id; the marks change nothing in the case itself."""
    named = PartiesNamed(parties=(REPORTER, *SUBJECTS), at=AT)
    marked = SubjectsMarked(
        organisation_id=OPENED.organisation_id,
        facts_id=OPENED.facts_id,
        message_id=MESSAGE_ID,
        marks=MARKS,
    )
    given(Case(), evolve, [OPENED]).when(naming(REPORTER, *SUBJECTS)).then(named, marked)
    before = given(Case(), evolve, [OPENED, named]).state
    assert replace(before, version=3) == evolve(before, marked)


def test_no_mark_leaves_under_the_policy_noisy() -> None:
    """Noise needs to know of nobody: what nobody counts is not sent."""
    named = PartiesNamed(parties=SUBJECTS, at=AT)
    there = given(Case(), evolve, [OPENED])
    there.when(naming(*SUBJECTS, organisation=WITH_NOISE)).then(named)
    assert () == subject_marks(WITH_NOISE, SUBJECTS, period="2026-H2", on=AT.date(), mark=mark)


def test_a_reporter_who_is_named_leaves_no_mark() -> None:
    """Nobody counts reporters."""
    named = PartiesNamed(parties=(REPORTER,), at=AT)
    given(Case(), evolve, [OPENED]).when(naming(REPORTER)).then(named)


def test_no_mark_leaves_after_the_tick() -> None:
    """A half-year's marks count until its tick; a case that runs on gives no more."""
    last = datetime(2027, 1, 15, 23, 59, tzinfo=UTC)
    there = given(Case(), evolve, [OPENED])
    assert 2 == len(list(there.when(naming(*SUBJECTS, at=last)).outcome))  # type: ignore[arg-type]
    late = last + timedelta(minutes=1)
    there.when(naming(*SUBJECTS, at=late)).then(PartiesNamed(parties=SUBJECTS, at=late))


# The walk ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("past", "decision", "event"),
    [
        pytest.param([], opening(), OPENED, id="opened"),
        pytest.param([OPENED], speaking(), SPOKEN, id="a conversation"),
        pytest.param([OPENED, SPOKEN], acting(), DONE, id="an intervention"),
        pytest.param([OPENED, SPOKEN, DONE], ending(), ENDED, id="an outcome"),
        pytest.param([OPENED, SPOKEN, DONE, ENDED], closing(), CLOSED, id="closed"),
    ],
)
def test_a_case_goes_from_opening_to_close(
    past: list[Event], decision: Decision, event: Event
) -> None:
    """Each step is recorded with its codes, its sealed words and its time."""
    given(Case(), evolve, past).when(decision).then(event)


def test_the_state_is_what_its_events_say() -> None:
    """Version, conversations, the newest outcome, whether it is closed."""
    corrected = replace(ENDED, outcome="partly_solved")
    past = [OPENED, SPOKEN, SPOKEN, DONE, ENDED, corrected, CLOSED]
    assert (
        Case(version=7, opened=OPENED, talks=(2, 3), outcome=corrected, closed=True)
        == replace(given(Case(), evolve, past).state, terms=())  # those of test_clock.py
    )


def test_an_outcome_may_be_corrected_while_the_case_is_open() -> None:
    """A later outcome is recorded beside the earlier one."""
    given(Case(), evolve, [OPENED, ENDED]).when(ending(outcome="partly_solved")).then(
        replace(ENDED, outcome="partly_solved")
    )


def test_a_case_without_a_unit_is_taken() -> None:
    """Whoever speaks need not say where they work."""
    given(Case(), evolve).when(opening(unit_id=None)).then(replace(OPENED, unit_id=None))


# With a code ------------------------------------------------------------------------------------


def test_a_reporter_opens_a_case_with_a_code() -> None:
    """The key of their code stands in it, and they may read their own words."""
    given(Case(), evolve).when(
        opening(by="reporter", reply_key=REPLY_KEY, words=(WORDS, TO_REPORTER), statement=READ)
    ).then(REPORTED)


@pytest.mark.parametrize("sender", ["reporter", "adviser"])
def test_both_can_say_something_later(sender: Sender) -> None:
    """Sealed to the adviser and to the reporter; but for the terms it changes nothing else."""
    message = replace(SAID, sender=sender)
    given(Case(), evolve, [REPORTED]).when(saying(sender, WORDS, TO_REPORTER)).then(message)
    state = given(Case(), evolve, [REPORTED, message]).state
    assert Case(version=2, opened=REPORTED, statement=READ) == replace(state, terms=())


def test_nothing_is_said_to_a_reporter_without_a_code() -> None:
    """Nobody could read it."""
    refusal = given(Case(), evolve, [OPENED]).when(saying("adviser", WORDS))
    assert "words" == refusal.then_refused(Code.INVALID_INPUT).values["field"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        pytest.param({"by": "reporter"}, "replyKey", id="a reporter without a key"),
        pytest.param({"reply_key": REPLY_KEY}, "replyKey", id="an adviser with a reply key"),
        pytest.param({"by": "reporter", "reply_key": bytes(31)}, "replyKey", id="a short key"),
        pytest.param({"words": (WORDS, TO_REPORTER)}, "words", id="sealed to a reporter unknown"),
    ],
)
def test_a_reply_key_is_the_reporters_alone(changes: dict[str, Any], field: str) -> None:
    """Who opens with a code gives a raw X25519 key of 32 bytes; who opens without gives none."""
    refusal = given(Case(), evolve).when(opening(**changes)).then_refused(Code.INVALID_INPUT)
    assert field == refusal.values["field"]


def test_words_to_the_reporter_of_another_case_are_refused() -> None:
    """A reply key opens its own case only."""
    foreign = replace(TO_REPORTER, key_id=key_id_of(bytes(32)))
    given(Case(), evolve, [REPORTED]).when(saying("adviser", WORDS, foreign)).then_refused(
        Code.INVALID_INPUT, field="words"
    )


def test_a_case_that_its_adviser_opened_is_no_reporters() -> None:
    """A code that leads to it shows nothing: it looks like no case at all."""
    for past, expected in (([REPORTED], REPORTED), ([OPENED], None), ([], None)):
        found = given(Case(), evolve, past).when(reported_by)
        if expected is None:
            found.then_refused(Code.NOT_FOUND)
        else:
            found.then(expected)


# Refusals ---------------------------------------------------------------------------------------


def test_a_case_is_opened_once() -> None:
    """An id that is taken is refused."""
    given(Case(), evolve, [OPENED]).when(opening()).then_refused(Code.ALREADY_EXISTS)


def test_a_case_is_for_an_adviser_of_the_organisation() -> None:
    """Neither a reporter's choice nor a role makes somebody an adviser here."""
    refusal = given(Case(), evolve).when(opening(adviser_id="carla"))
    assert "adviserId" == refusal.then_refused(Code.INVALID_INPUT).values["field"]


@pytest.mark.parametrize(
    "case_id",
    [
        pytest.param(UUID("d9428888-122b-11e1-b85c-61cd3cbb3210"), id="version 1: time and place"),
        pytest.param(UUID("6f1d2c3b-0000-5000-8000-000000000003"), id="version 5: from a name"),
        pytest.param(UUID(int=3), id="no version"),
    ],
)
def test_a_case_id_that_is_not_random_is_refused(case_id: UUID) -> None:
    """Ids made from names belong to the organisation's own streams; ids made from time tell it."""
    refusal = given(Case(), evolve).when(opening(case_id=case_id)).then_refused(Code.INVALID_INPUT)
    assert "caseId" == refusal.values["field"]


@pytest.mark.parametrize(
    ("past", "decision", "kind"),
    [
        pytest.param([], opening(channel="pigeon"), "channel", id="channel"),
        pytest.param([], opening(anonymity="famous"), "anonymity", id="anonymity"),
        pytest.param([], opening(reporter_role="king"), "reporterRole", id="reporter's role"),
        pytest.param([], opening(relation="rival"), "relation", id="relation"),
        pytest.param([], opening(category="Pesten"), "category", id="category"),
        pytest.param([OPENED], speaking(mode="shouting"), "mode", id="mode"),
        pytest.param([OPENED], acting("magic"), "intervention", id="intervention"),
        pytest.param([OPENED], ending(outcome="revenge"), "outcome", id="outcome"),
        pytest.param([OPENED], ending(route="detour"), "route", id="route"),
    ],
)
def test_a_code_that_the_taxonomy_does_not_have_is_refused(
    past: list[Event], decision: Decision, kind: str
) -> None:
    """The refusal names the list, not what was given; a label is not a code."""
    refusal = given(Case(), evolve, past).when(decision).then_refused(Code.UNKNOWN_CODE)
    assert {"field": kind, "version": 1} == refusal.values


def test_a_unit_outside_the_tree_is_refused() -> None:
    """A case counts in a unit that the organisation has."""
    refusal = given(Case(), evolve).when(opening(unit_id="elsewhere"))
    assert "unitId" == refusal.then_refused(Code.INVALID_INPUT).values["field"]


@pytest.mark.parametrize(
    ("past", "sealed", "field"),
    [([], lambda words: opening(words=words), "words"), ([OPENED], speaking, "minutes")],
    ids=["the words", "the minutes"],
)
@pytest.mark.parametrize(
    "words",
    [
        pytest.param((), id="none"),
        pytest.param((replace(WORDS, ciphertext=b""),), id="empty"),
        pytest.param((WORDS, replace(WORDS, key_id=UUID(int=9))), id="key outside the directory"),
    ],
)
def test_words_that_nobody_here_can_open_are_refused(
    past: list[Event],
    sealed: Callable[[tuple[SealedWords, ...]], Decision],
    field: str,
    words: tuple[SealedWords, ...],
) -> None:
    """Every sealed text is addressed to a key of the directory."""
    refusal = given(Case(), evolve, past).when(sealed(words)).then_refused(Code.INVALID_INPUT)
    assert field == refusal.values["field"]


@pytest.mark.parametrize(
    ("words", "limit", "unit"),
    [
        ((WORDS,) * (MOST_READERS + 1), 20, "readers"),
        ((replace(WORDS, ciphertext=bytes(LARGEST + 1)),), 131072, "bytes"),
    ],
    ids=["too many readers", "too long"],
)
def test_too_large_is_refused(words: tuple[SealedWords, ...], limit: int, unit: str) -> None:
    """The refusal says the limit."""
    refusal = given(Case(), evolve).when(opening(words=words)).then_refused(Code.TOO_LARGE)
    assert {"limit": limit, "unit": unit} == refusal.values


def test_the_largest_words_are_taken() -> None:
    """128 KiB to twenty readers."""
    words = (replace(WORDS, ciphertext=bytes(128 * 1024)),) * 20
    given(Case(), evolve).when(opening(words=words)).then(replace(OPENED, words=words))


ANYTHING = pytest.mark.parametrize(
    "decision",
    [speaking(), saying("reporter", WORDS), acting(), ending(), closing()],
    ids=["talk", "say", "act", "end", "close"],
)


@ANYTHING
def test_a_closed_case_takes_nothing_more(decision: Decision) -> None:
    """Nothing is added behind the close, not a second close either."""
    given(Case(), evolve, [REPORTED, ENDED, CLOSED]).when(decision).then_refused(Code.CASE_CLOSED)


@ANYTHING
def test_a_case_that_does_not_exist_takes_nothing(decision: Decision) -> None:
    """Nothing is added before the opening."""
    given(Case(), evolve).when(decision).then_refused(Code.NOT_FOUND)


def test_a_case_without_an_outcome_is_not_closed() -> None:
    """How it ended must stand before the close."""
    given(Case(), evolve, [OPENED, SPOKEN]).when(closing()).then_refused(Code.OUTCOME_MISSING)


def test_a_case_is_its_advisers_own() -> None:
    """To another adviser of the same organisation it looks like no case at all."""
    there = given(Case(), evolve, [OPENED])
    there.when(lambda state: owned_by(state, "anna")).then(OPENED)
    there.when(lambda state: owned_by(state, "bram")).then_refused(Code.NOT_FOUND)
    given(Case(), evolve).when(lambda state: owned_by(state, "anna")).then_refused(Code.NOT_FOUND)
