"""A case becomes a report of wrongdoing: on consent, once, and in a register that others read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from hoeksteen_client import AdviserKey
from services.intake.domain import clock, consent, conversion, officers, whistleblower_report
from services.intake.domain.case import Case, evolve
from services.intake.domain.consent import ConsentGiven, ConsentWithdrawn, ToldWithConsent
from services.intake.domain.conversion import ConvertedToWhistleblowerReport, ReportDecided
from services.intake.domain.officers import Officer
from services.intake.domain.organisation import ListedKey
from services.intake.domain.whistleblower_report import (
    WhistleblowerFeedbackGiven,
    WhistleblowerReport,
    WhistleblowerReportClosed,
    WhistleblowerReportConfirmed,
    WhistleblowerReportFollowedUp,
    WhistleblowerReportReceived,
)
from services.intake.domain.words import SealedWords, key_id_of
from services.intake.outbound import OUTBOUND
from services.intake.signatures import verifies
from services.intake.streams import FOLDS
from shared.contracts.errors import Code
from shared.taxonomy import whistleblowing as codes
from tests.domain.test_case import (
    AT,
    CLOSED,
    ENDED,
    OPENED,
    ORGANISATION,
    READ,
    REPORTED,
    TO_REPORTER,
    WORDS,
)
from tests.gwt import given

REPORT = UUID("6f1d2c3b-0000-4000-8000-0000000000f1")
CONSENT = UUID("6f1d2c3b-0000-4000-8000-0000000000f2")
SPARRING = replace(REPORTED, category="moral_dilemma")
AGREED = ConsentGiven(
    consent_id=CONSENT,
    matters=("account_without_name",),
    recipient="to_report_officer",
    until=AT.date(),
    how="code",
    at=AT,
    statement=READ,
)
WITHDRAWN = ConsentWithdrawn(consent_id=CONSENT, how="code", at=AT)


def listed(subject: str, number: int) -> ListedKey:
    key = bytes([number]) * 32
    return ListedKey(
        adviser_id=subject,
        key_id=key_id_of(key),
        public_key=key,
        signing_key=None,
        state="current",
        own_stream=True,
        on=AT.date(),
    )


def designated(subject: str) -> Officer:
    return Officer(office="reports", id=subject, name=subject.title())


HOUSE = replace(
    ORGANISATION,
    officers=(designated("olga"), designated("omar")),
    keys=(*ORGANISATION.keys, listed("olga", 71), listed("omar", 72)),
)
TO_OLGA = SealedWords(key_id=listed("olga", 71).key_id, ciphertext=b"sealed to Olga")
TO_OMAR = SealedWords(key_id=listed("omar", 72).key_id, ciphertext=b"sealed to Omar")
PASSED_ON = (TO_OLGA, TO_REPORTER)
CONVERTED = ConvertedToWhistleblowerReport(report_id=REPORT, consent_id=CONSENT, at=AT)
TOLD = ToldWithConsent(consent_id=CONSENT, at=AT)
RECEIVED = WhistleblowerReportReceived(
    report_id=REPORT,
    organisation_id=REPORTED.organisation_id,
    adviser_id="anna",
    officers=("olga",),
    matters=("account_without_name",),
    received_on=AT.date(),
    reply_key=REPORTED.reply_key,
    words=PASSED_ON,
    signature=None,
    signed_by=None,
    at=AT,
)


NO_OFFICER = "the organisation has no such officer"


def converting(later: timedelta = timedelta(0), **changes: Any) -> Callable[[Case], Any]:
    fields: dict[str, Any] = {
        "report_id": REPORT,
        "consent_id": CONSENT,
        "officers": ("olga",),
        "words": PASSED_ON,
    }

    def decide(state: Case) -> Any:
        in_case, received = conversion.convert(
            state, HOUSE, **(fields | changes), at=AT + later, verifies=verifies
        )
        return [*in_case, received]

    return decide


def test_a_case_becomes_a_report_on_the_reporters_consent() -> None:
    """What stays in the case is that it was, and when; the entry knows no case."""
    given(Case(), evolve, [REPORTED, AGREED]).when(converting()).then(TOLD, CONVERTED, RECEIVED)
    state = given(Case(), evolve, [REPORTED, AGREED, TOLD, CONVERTED]).state
    assert (CONVERTED, 1) == (state.converted, state.consents[0].told)
    case = str(REPORTED.case_id), str(REPORTED.facts_id)
    assert not any(one in repr(RECEIVED) for one in case)


@pytest.mark.parametrize(
    ("past", "later", "code", "field"),
    [
        ([], 0, Code.NOT_FOUND, None),
        ([REPORTED], 0, Code.NOT_FOUND, None),
        ([REPORTED, AGREED, WITHDRAWN], 0, Code.CONSENT_WITHDRAWN, None),
        ([REPORTED, AGREED], 1, Code.CONSENT_EXPIRED, None),
        ([REPORTED, replace(AGREED, recipient="to_board")], 0, Code.INVALID_INPUT, "consentId"),
        ([REPORTED, AGREED, ENDED, CLOSED], 0, Code.CASE_CLOSED, None),
        ([REPORTED, AGREED, TOLD, CONVERTED], 0, Code.ALREADY_DECIDED, None),
        ([REPORTED, AGREED, TOLD, CONVERTED, WITHDRAWN], 0, Code.ALREADY_DECIDED, None),
        ([SPARRING, AGREED], 0, Code.SPARRING, None),
    ],
    ids=[
        "no case",
        "no consent",
        "withdrawn",
        "expired",
        "to somebody else",
        "closed",
        "twice",
        "withdrawn afterwards",
        "sparring",
    ],
)
def test_without_consent_that_holds_there_is_no_report(
    past: list[Any], later: int, code: Code, field: str | None
) -> None:
    """Nor of a case that is closed, was one before, or is only talked over."""
    given(Case(), evolve, past).when(converting(timedelta(days=later))).then_refused(
        code, field=field
    )


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({"officers": ()}, "officers", "it is empty"),
        ({"officers": ("olga", "olga")}, "officers", "somebody stands there twice"),
        ({"officers": ("anna",), "words": (WORDS, TO_REPORTER)}, "officers", NO_OFFICER),
        ({"officers": ("hr-1",)}, "officers", NO_OFFICER),
        ({"officers": ("olga", "hr-1")}, "officers", NO_OFFICER),
        ({"officers": ("olga", "omar")}, "words", None),
        ({"words": ()}, "words", "it is empty"),
        ({"words": (TO_OLGA,)}, "words", None),
        ({"words": (*PASSED_ON, WORDS)}, "words", None),
        ({"words": (*PASSED_ON, TO_OMAR)}, "words", None),
        ({"report_id": UUID(int=7)}, "reportId", None),
        ({"signature": bytes(64)}, "signature", None),
    ],
    ids=[
        "to nobody",
        "to one twice",
        "to the adviser",
        "to hr",
        "to hr too",
        "not sealed to one",
        "no words",
        "not sealed to the reporter",
        "sealed to the adviser too",
        "sealed to another officer too",
        "an id that is not random",
        "a signature by no key",
    ],
)
def test_a_report_goes_to_designated_officers_and_nobody_else(
    changes: dict[str, Any], field: str, reason: str | None
) -> None:
    """Each of whom can read it, and the reporter, who can check what was passed on."""
    refused = given(Case(), evolve, [REPORTED, AGREED]).when(converting(**changes))
    told = refused.then_refused(Code.INVALID_INPUT, field=field)
    assert reason in (None, told.values["reason"])


def test_a_report_may_go_to_five_officers() -> None:
    """Each of them reads it."""
    names = [f"officer-{number}" for number in range(5)]
    keys = [listed(name, number) for number, name in enumerate(names, 80)]
    house = replace(
        HOUSE,
        officers=tuple(designated(name) for name in names),
        keys=(*ORGANISATION.keys, *keys),
    )
    words = (*(replace(TO_OLGA, key_id=key.key_id) for key in keys), TO_REPORTER)
    state = given(Case(), evolve, [REPORTED, AGREED]).state
    _, received = conversion.convert(
        state,
        house,
        report_id=REPORT,
        consent_id=CONSENT,
        officers=names,
        words=words,
        at=AT,
        verifies=verifies,
    )
    assert tuple(names) == received.officers


def test_an_adviser_signs_what_is_passed_on() -> None:
    """For the entry, whose id is another than the case's; the key's id stands beside it."""
    pair = AdviserKey.generate()
    anna = replace(
        ORGANISATION.keys[0],
        key_id=pair.key_id,
        public_key=pair.public,
        signing_key=pair.signing_public,
    )
    house = replace(HOUSE, keys=(anna, *HOUSE.keys[1:]))
    signature = pair.sign_words(
        [(one.key_id, one.ciphertext) for one in PASSED_ON],
        organisation=REPORTED.organisation_id,
        case=REPORT,
    )
    state = given(Case(), evolve, [REPORTED, AGREED]).state
    _, received = conversion.convert(
        state,
        house,
        report_id=REPORT,
        consent_id=CONSENT,
        officers=("olga",),
        words=PASSED_ON,
        at=AT,
        verifies=verifies,
        signature=signature,
    )
    assert replace(RECEIVED, signature=signature, signed_by=pair.key_id) == received


def test_a_report_goes_to_few_and_on_a_day_in_amsterdam() -> None:
    """Five officers at most; half past midnight is the next day, although the log has not begun it."""
    six = tuple(f"officer-{number}" for number in range(6))
    given(Case(), evolve, [REPORTED, AGREED]).when(converting(officers=six)).then_refused(
        Code.TOO_LARGE, limit=5, unit="officers"
    )
    endless = replace(AGREED, until=None)
    late = timedelta(hours=9, minutes=30)
    state = given(Case(), evolve, [REPORTED, endless]).state
    *_, received = converting(late)(state)
    assert (date(2026, 11, 24), AT + late) == (received.received_on, received.at)
    last_day = given(Case(), evolve, [REPORTED, AGREED])
    last_day.when(converting(late)).then_refused(Code.CONSENT_EXPIRED)


def test_sparring_becomes_a_report_by_a_step_of_its_own() -> None:
    """Which is the reporter's; a case that is a report already needs none."""

    def deciding(by_reporter: bool, how: Any = None) -> Callable[[Case], Any]:
        return lambda state: conversion.decide_to_report(
            state, by_reporter=by_reporter, how=how, at=AT
        )

    decided = ReportDecided(how="code", at=AT)
    given(Case(), evolve, [SPARRING]).when(deciding(True)).then(decided)
    given(Case(), evolve, [SPARRING]).when(deciding(False, "spoken")).then_refused(
        Code.REPORTER_DECIDES
    )
    given(Case(), evolve, [replace(OPENED, category="moral_dilemma")]).when(
        deciding(False, "spoken")
    ).then(replace(decided, how="spoken"))
    given(Case(), evolve, [SPARRING, decided]).when(deciding(True)).then_refused(
        Code.ALREADY_DECIDED
    )
    given(Case(), evolve, [REPORTED]).when(deciding(True)).then_refused(
        Code.INVALID_INPUT, field="caseId"
    )
    given(Case(), evolve, [SPARRING, ENDED, CLOSED]).when(deciding(True)).then_refused(
        Code.CASE_CLOSED
    )
    given(Case(), evolve, [SPARRING, AGREED, decided]).when(converting()).then(
        TOLD, CONVERTED, RECEIVED
    )


def test_consent_to_a_report_takes_what_a_report_means() -> None:
    """The newest version, read or told; with no other consent it is taken. Nothing is told on it but by
    the conversion.
    """

    def giving(**changes: Any) -> Callable[[Case], Any]:
        fields: dict[str, Any] = {
            "consent_id": CONSENT,
            "matters": AGREED.matters,
            "recipient": AGREED.recipient,
            "until": AGREED.until,
            "statement": READ,
        }
        return lambda state: consent.give(
            state, **(fields | changes), by_reporter=True, how=None, at=AT
        )

    past = given(Case(), evolve, [REPORTED])
    past.when(giving()).then(AGREED)
    old = replace(READ, version=codes.NEWEST - 1)
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"statement": None}, "statement"),
        ({"statement": old}, "statement.version"),
        ({"recipient": "to_board"}, "statement"),
    ]
    for changes, field in wrong:
        past.when(giving(**changes)).then_refused(Code.INVALID_INPUT, field=field)
    given(Case(), evolve, [REPORTED, AGREED]).when(
        lambda state: consent.tell(state, consent_id=CONSENT, at=AT)
    ).then_refused(Code.INVALID_INPUT, field="consentId")


def test_signals_counts_a_converted_case_as_before() -> None:
    """Of officers, conversion and report nothing leaves intake."""
    modules = (officers, conversion, whistleblower_report)
    assert not {one.__name__ for module in modules for one in module.Event.__args__} & set(OUTBOUND)


# The register -----------------------------------------------------------------------------------

ANSWER = (TO_OLGA, TO_REPORTER)
CONFIRMED = WhistleblowerReportConfirmed(
    by="olga", on=AT.date(), words=ANSWER, signature=None, signed_by=None, at=AT
)
FOLLOWED = WhistleblowerReportFollowedUp(
    by="olga",
    follow_up="taken_up",
    words=(TO_OLGA,),
    signature=None,
    signed_by=None,
    at=AT,
)
FEEDBACK = WhistleblowerFeedbackGiven(
    by="olga", on=AT.date(), how="done", words=ANSWER, signature=None, signed_by=None, at=AT
)
REPORT_CLOSED = WhistleblowerReportClosed(by="olga", at=AT)
NEW = WhistleblowerReport()
Decision = Callable[[WhistleblowerReport], Any]


def confirming(**changes: Any) -> Decision:
    fields: dict[str, Any] = {"by": "olga", "on": AT.date(), "words": ANSWER}
    return lambda state: whistleblower_report.confirm(
        state, HOUSE, **(fields | changes), signature=None, at=AT, verifies=verifies
    )


def following(**changes: Any) -> Decision:
    fields: dict[str, Any] = {"by": "olga", "follow_up": "taken_up", "words": (TO_OLGA,)}
    return lambda state: whistleblower_report.follow_up(
        state, HOUSE, **({"signature": None} | fields | changes), at=AT, verifies=verifies
    )


def answering(**changes: Any) -> Decision:
    fields: dict[str, Any] = {"by": "olga", "on": AT.date(), "how": "done", "words": ANSWER}
    return lambda state: whistleblower_report.give_feedback(
        state, HOUSE, **(fields | changes), signature=None, at=AT, verifies=verifies
    )


def closing(by: str = "olga", house: Any = HOUSE) -> Decision:
    return lambda state: whistleblower_report.close(state, house, by=by, at=AT)


def entry(*past: Any) -> Any:
    return given(NEW, whistleblower_report.evolve, [RECEIVED, *past])


def test_a_report_is_confirmed_followed_up_answered_and_closed() -> None:
    """In the order that a reporter counts on."""
    entry().when(confirming()).then(CONFIRMED)
    entry(CONFIRMED).when(following()).then(FOLLOWED)
    entry(CONFIRMED).when(following(words=())).then(replace(FOLLOWED, words=()))
    entry(CONFIRMED, FOLLOWED).when(answering()).then(FEEDBACK)
    entry(CONFIRMED, FOLLOWED, FEEDBACK).when(closing()).then(REPORT_CLOSED)
    past = [CONFIRMED, FOLLOWED, FEEDBACK, REPORT_CLOSED]
    assert ["received", "confirmed", "followed_up", "feedback_given", "closed"] == [
        entry(*past[:number]).state.state for number in range(5)
    ]


def test_its_clocks_are_its_own() -> None:
    """7 days to confirm; 3 months from the day on which the confirmation was sent, not from receipt:
    23 November and 26 November 2026, so that Friday 26 February 2027 is the last day.
    """
    due = {one.term: one.due for one in entry().state.terms}
    assert {"confirmation": date(2026, 11, 30), "feedback": date(2027, 3, 1)} == due
    late = replace(CONFIRMED, on=date(2026, 11, 26))
    confirmed = entry(late).state
    assert date(2027, 2, 26) == whistleblower_report.due_on(confirmed)
    assert whistleblower_report.due_on(entry(late, FEEDBACK).state) is None
    told = clock.TermEscalated(term=clock.FEEDBACK, due=date(2027, 2, 26), at=AT)
    assert entry(late, told).state.terms[1].escalated
    assert (3, 0) == (entry(late, told).state.version, NEW.version)


@pytest.mark.parametrize(
    ("past", "decision", "code", "field"),
    [
        ([CONFIRMED], confirming(), Code.ALREADY_DECIDED, None),
        ([], confirming(on=date(2026, 11, 22)), Code.INVALID_INPUT, "on"),
        ([], confirming(on=date(2026, 11, 24)), Code.INVALID_INPUT, "on"),
        ([], confirming(words=()), Code.INVALID_INPUT, "words"),
        ([], confirming(words=(TO_OLGA,)), Code.INVALID_INPUT, "words"),
        ([], following(follow_up="punishment"), Code.JUDGEMENT_WORD, "followUp"),
        ([], following(follow_up="nothing_known"), Code.UNKNOWN_CODE, "followUp"),
        ([], following(words=(*ANSWER,)), Code.INVALID_INPUT, "words"),
        ([], following(words=(), signature=bytes(64)), Code.INVALID_INPUT, "signature"),
        ([], answering(), Code.INVALID_INPUT, "on"),
        ([CONFIRMED], answering(how="declined"), Code.INVALID_INPUT, "words"),
        ([CONFIRMED, FEEDBACK], answering(), Code.ALREADY_DECIDED, None),
        ([CONFIRMED], closing(), Code.FEEDBACK_MISSING, None),
        *(
            ([CONFIRMED, FEEDBACK, REPORT_CLOSED], decision, Code.ALREADY_DECIDED, None)
            for decision in (following(), closing())
        ),
    ],
)
def test_what_does_not_go_together_is_refused(
    past: list[Any], decision: Decision, code: Code, field: str | None
) -> None:
    """A day that cannot be, a reporter who would read nothing, feedback before the confirmation."""
    entry(*past).when(decision).then_refused(code, field=field)


@pytest.mark.parametrize("by", ["anna", "omar", "hr-1", "board-1", "olga-elsewhere"])
def test_an_entry_has_its_readers_and_no_others(by: str) -> None:
    """Not its adviser, not another officer, nobody who decides about people; nor who was an officer."""
    for decision in (confirming(by=by), following(by=by), answering(by=by), closing(by)):
        entry().when(decision).then_refused(Code.NOT_FOUND)
    entry(CONFIRMED, FEEDBACK).when(closing("olga", ORGANISATION)).then_refused(Code.NOT_FOUND)
    given(NEW, whistleblower_report.evolve).when(closing()).then_refused(Code.NOT_FOUND)


@pytest.mark.parametrize("gone", ["released", "without a key"])
def test_who_can_read_no_more_is_sealed_to_no_more(gone: str) -> None:
    """The others go on: an officer who was released, or whose key is lost, stands in nobody's way."""
    if gone == "released":
        house = replace(HOUSE, officers=HOUSE.officers[:1])
    else:
        house = replace(HOUSE, keys=HOUSE.keys[:-1])
    both = replace(RECEIVED, officers=("olga", "omar"), words=(*PASSED_ON, TO_OMAR))

    def confirming_there(*words: SealedWords) -> Decision:
        return lambda state: whistleblower_report.confirm(
            state,
            house,
            by="olga",
            on=AT.date(),
            words=words,
            signature=None,
            at=AT,
            verifies=verifies,
        )

    past = given(NEW, whistleblower_report.evolve, [both])
    past.when(confirming_there(*ANSWER)).then(CONFIRMED)
    past.when(confirming_there(*ANSWER, TO_OMAR)).then_refused(Code.INVALID_INPUT, field="words")
    past.when(confirming()).then_refused(Code.INVALID_INPUT, field="words")


def test_a_reporter_without_a_code_is_told_in_another_way() -> None:
    """Then the day is recorded, and nothing is sealed to them; they may want no feedback."""
    no_code = replace(RECEIVED, reply_key=None)
    past = given(NEW, whistleblower_report.evolve, [no_code])
    past.when(confirming(words=())).then(replace(CONFIRMED, words=()))
    past = given(NEW, whistleblower_report.evolve, [no_code, CONFIRMED])
    past.when(answering(words=(TO_OLGA,))).then(replace(FEEDBACK, words=(TO_OLGA,)))
    past.when(answering(words=(), how="declined")).then(replace(FEEDBACK, words=(), how="declined"))


def test_a_report_is_no_case_to_whoever_asks_for_one() -> None:
    """An id of the register leads to no case."""
    folds: tuple[Any, ...] = FOLDS
    (of_a_case,) = (one for one in folds if one.name.startswith("Case."))
    state = Case()
    for event in (RECEIVED, CONFIRMED, FEEDBACK):
        state = of_a_case.evolve(state, event)
    assert (None, 0) == (state.opened, state.version)
