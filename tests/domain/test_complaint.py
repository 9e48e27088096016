"""A complaint about an adviser: heard by others, after who complains, and told to nobody they refuse."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from functools import reduce
from typing import Any
from uuid import UUID

import pytest

from hoeksteen_client import AdviserKey
from services.intake.commands.let_expire import last_day
from services.intake.domain import complaint
from services.intake.domain.complaint import (
    AdviserTellingDecided,
    Complaint,
    ComplaintAcknowledged,
    ComplaintAnswered,
    ComplaintClosed,
    ComplaintHeard,
    ComplaintReceived,
    ComplaintWordsSent,
    evolve,
)
from services.intake.domain.officers import ComplaintsOfficerDesignated, ComplaintsOfficerReleased
from services.intake.domain.organisation import KeyListed
from services.intake.domain.organisation import evolve as organised
from services.intake.domain.words import SealedWords, key_id_of
from services.intake.signatures import verifies
from shared.contracts.errors import REASONS, Code, Refusal
from shared.runtime.erasure import KeyDestroyed
from shared.taxonomy import practice
from tests.domain.test_case import ORGANISATION as FOUNDED
from tests.gwt import Given, given

ID = UUID("7a1d2c3b-0000-4000-8000-00000000000c")
AT = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
ON = AT.date()
CODE = bytes(range(16))
REPLY = bytes(range(50, 82))
KEYS = {"olga": bytes(range(100, 132)), "omar": bytes(range(132, 164))}


def listed(officer: str, key: bytes) -> KeyListed:
    return KeyListed(
        adviser_id=officer, key_id=key_id_of(key), public_key=key, signing_key=None, on=ON
    )


BY: dict[str, Any] = {"by": "wim", "role": "works_council", "on": ON}
APPOINTED = [
    ComplaintsOfficerDesignated(officer_id=one, name=one.title(), **BY) for one in ("olga", "omar")
]
LISTED = [listed(one, key) for one, key in KEYS.items()]
OFFICE = reduce(organised, LISTED, reduce(organised, APPOINTED, FOUNDED))


def words(*readers: str | bytes, text: bytes = b"sealed") -> tuple[SealedWords, ...]:
    keys = [KEYS[one] if isinstance(one, str) else one for one in readers]
    return tuple(SealedWords(key_id=key_id_of(key), ciphertext=text) for key in keys)


ALL = words("olga", "omar", REPLY)
OFFICERS = words("olga", "omar")
RECEIVED = ComplaintReceived(
    adviser_id="anna",
    codes_version=1,
    ground="not_heard",
    readers=("olga", "omar"),
    may_tell=False,
    reporter=CODE,
    reply_key=REPLY,
    words=ALL,
    at=AT,
)
CONFIRMED = ComplaintAcknowledged(by="olga", answer_by=date(2026, 4, 1), at=AT)
HEARD = ComplaintHeard(by="olga", party="reporter", how="spoken", words=ALL, at=AT)
ADVISER_HEARD = ComplaintHeard(by="omar", party="adviser", how="written", words=OFFICERS, at=AT)
MAY_TELL = AdviserTellingDecided(may_tell=True, at=AT)
ANSWERED = ComplaintAnswered(by="olga", words=ALL, signature=None, signed_by=None, at=AT)
CLOSED = ComplaintClosed(reason="answered", at=AT)
WITHDRAWN = ComplaintClosed(reason="withdrawn", at=AT)

Decision = Callable[[Complaint], Any]


def after(*events: Any) -> Given[Complaint]:
    return given(Complaint(), evolve, events)


def receiving(**changes: Any) -> Decision:
    values: dict[str, Any] = {
        "complaint_id": ID,
        "adviser_id": "anna",
        "ground": "not_heard",
        "readers": ("olga", "omar"),
        "may_tell": False,
        "reporter": CODE,
        "reply_key": REPLY,
        "words": ALL,
        "at": AT,
    }
    given_to = {"organisation": OFFICE} | values | changes
    return lambda _state: complaint.receive(**given_to)


def confirming(answer_by: date = CONFIRMED.answer_by) -> Decision:
    return lambda state: complaint.acknowledge(state, by="olga", answer_by=answer_by, at=AT)


def writing(by: str | None = None, sealed: tuple[SealedWords, ...] = ALL, **more: Any) -> Decision:
    values: dict[str, Any] = {"signature": None, "organisation": OFFICE} | more
    return lambda state: complaint.write(
        state, complaint_id=ID, by=by, words=sealed, verifies=verifies, at=AT, **values
    )


def hearing(
    party: complaint.Party = "reporter",
    sealed: tuple[SealedWords, ...] = ALL,
    how: complaint.Hearing = "spoken",
    by: str = "olga",
) -> Decision:
    return lambda state: complaint.hear(
        state, OFFICE, by=by, party=party, how=how, words=sealed, at=AT
    )


def telling(*, may_tell: bool) -> Decision:
    return lambda state: complaint.decide_telling(state, may_tell=may_tell, at=AT)


def answering(sealed: tuple[SealedWords, ...] = ALL) -> Decision:
    return lambda state: complaint.answer(
        state,
        OFFICE,
        complaint_id=ID,
        by="olga",
        words=sealed,
        signature=None,
        verifies=verifies,
        at=AT,
    )


def closing(*, by_reporter: bool) -> Decision:
    return lambda state: complaint.close(state, by_reporter=by_reporter, at=AT)


# The walk -----------------------------------------------------------------------------------------


def test_it_is_received_confirmed_heard_answered_and_closed() -> None:
    """Each step once it is its turn, and the state says how far it is."""
    after().when(receiving()).then(RECEIVED)
    after(RECEIVED).when(confirming()).then(CONFIRMED)
    after(RECEIVED, CONFIRMED).when(hearing()).then(HEARD)
    after(RECEIVED, CONFIRMED, HEARD).when(answering()).then(ANSWERED)
    after(RECEIVED, CONFIRMED, HEARD, ANSWERED).when(closing(by_reporter=False)).then(CLOSED)
    steps = (RECEIVED, CONFIRMED, HEARD, ANSWERED, CLOSED)
    assert [after(*steps[:n]).state.status for n in range(1, 6)] == [
        "received",
        "acknowledged",
        "heard",
        "answered",
        "closed",
    ]


@pytest.mark.parametrize("ground", practice.current().complaint_grounds)
def test_every_ground_can_be_said(ground: str) -> None:
    """A code, and no finding: nobody is found right or wrong in one."""
    after().when(receiving(ground=ground)).then(replace(RECEIVED, ground=ground))
    names = {one.name for event in (RECEIVED, HEARD, ANSWERED, CLOSED) for one in fields(event)}
    assert names.isdisjoint({"finding", "founded", "case_id", "reporter_id"})


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"readers": ("anna", "olga")}, Code.ADVISER_CONCERNED, None),
        ({"readers": ()}, Code.INVALID_INPUT, "readers"),
        ({"readers": ("olga", "olga")}, Code.INVALID_INPUT, "readers"),
        ({"readers": ("hans-of-hr",)}, Code.INVALID_INPUT, "readers"),
        ({"adviser_id": "nobody"}, Code.INVALID_INPUT, "adviserId"),
        ({"adviser_id": "olga"}, Code.INVALID_INPUT, "adviserId"),
        ({"ground": "bad_mood"}, Code.UNKNOWN_CODE, "ground"),
        ({"ground": "guilty"}, Code.JUDGEMENT_WORD, "ground"),
        ({"ground": "not_heard\x00"}, Code.UNKNOWN_CODE, "ground"),
        ({"complaint_id": UUID(int=7)}, Code.INVALID_INPUT, "complaintId"),
        ({"reply_key": bytes(31)}, Code.INVALID_INPUT, "replyKey"),
        ({"words": ()}, Code.INVALID_INPUT, "words"),
        ({"words": OFFICERS}, Code.INVALID_INPUT, "words"),
        ({"words": words("olga", REPLY)}, Code.INVALID_INPUT, "words"),
        ({"words": (*ALL, *words(bytes(32)))}, Code.INVALID_INPUT, "words"),
        ({"words": words("olga", "omar", REPLY, text=bytes(128 * 1024 + 1))}, Code.TOO_LARGE, None),
    ],
)
def test_what_cannot_be_received_is_refused(
    changes: dict[str, Any], code: Code, field: str | None
) -> None:
    """To the adviser concerned, to nobody, to HR; about who is no adviser; for others' eyes."""
    refused = after().when(receiving(**changes)).then_refused(code)
    assert refused.values.get("field") == field


def test_an_adviser_who_left_can_still_be_complained_about() -> None:
    """By their id; somebody who never was one cannot."""
    anna, *_ = FOUNDED.known.advisers
    left = replace(
        OFFICE, former=(anna,), set_up=replace(FOUNDED.known, advisers=FOUNDED.known.advisers[1:])
    )
    assert not left.has_seat("anna")
    after().when(receiving(organisation=left)).then(RECEIVED)
    after().when(receiving(organisation=left, adviser_id="nobody")).then_refused(Code.INVALID_INPUT)


def test_an_officer_without_a_key_cannot_be_complained_to_yet() -> None:
    """And is told apart from who is none."""
    keyless = reduce(organised, APPOINTED, FOUNDED)
    with pytest.raises(Refusal) as caught:
        complaint.receive(
            keyless,
            complaint_id=ID,
            adviser_id="anna",
            ground="not_heard",
            readers=("olga",),
            may_tell=True,
            reporter=CODE,
            reply_key=REPLY,
            words=words("olga", REPLY),
            at=AT,
        )
    assert caught.value.values["reason"] == "this complaints officer has no key at present"


# Each step ----------------------------------------------------------------------------------------


def test_the_term_is_a_day_to_come_within_ten_weeks() -> None:
    """Counted from receipt (Awb 9:11), and promised once."""
    last = ON + timedelta(weeks=10)
    after(RECEIVED).when(confirming(last)).then(replace(CONFIRMED, answer_by=last))
    for day in (ON, ON - timedelta(days=1), last + timedelta(days=1)):
        refused = after(RECEIVED).when(confirming(day)).then_refused(Code.INVALID_INPUT)
        assert refused.values["field"] == "answerBy"
    after(RECEIVED, CONFIRMED).when(confirming()).then_refused(Code.ALREADY_DECIDED)
    state = after(RECEIVED, CONFIRMED).state
    assert not state.overdue(CONFIRMED.answer_by)
    assert state.overdue(CONFIRMED.answer_by + timedelta(days=1))
    late = CONFIRMED.answer_by + timedelta(days=9)
    for end in (ANSWERED, WITHDRAWN):
        assert not after(RECEIVED, CONFIRMED, HEARD, end).state.overdue(late)
    assert not after(RECEIVED).state.overdue(late)


def test_both_write_and_everybody_reads() -> None:
    """The reporter without a signature; an officer's words are signed where their key can."""
    said = ComplaintWordsSent(by=None, words=ALL, signature=None, signed_by=None, at=AT)
    after(RECEIVED).when(writing()).then(said)
    after(RECEIVED).when(writing(by="olga")).then(replace(said, by="olga"))
    after(RECEIVED).when(writing(signature=bytes(64))).then_refused(
        Code.INVALID_INPUT, field="signature"
    )
    after(RECEIVED).when(writing(sealed=OFFICERS)).then_refused(Code.INVALID_INPUT, field="words")
    after(RECEIVED).when(writing(sealed=words("olga", REPLY))).then_refused(
        Code.INVALID_INPUT, field="words"
    )

    pair = AdviserKey.generate()
    assert pair.signing_public is not None
    signing = replace(listed("olga", pair.public), signing_key=pair.signing_public)
    office = organised(OFFICE, signing)
    sealed = (*words(pair.public, "omar", REPLY),)
    signature = pair.sign_words(
        [(one.key_id, one.ciphertext) for one in sealed],
        organisation=FOUNDED.known.organisation_id,
        case=ID,
    )
    signed = writing(by="olga", sealed=sealed, organisation=office, signature=signature)
    after(RECEIVED).when(signed).then(
        ComplaintWordsSent(
            by="olga", words=sealed, signature=signature, signed_by=pair.key_id, at=AT
        )
    )
    forged = writing(by="olga", sealed=sealed, organisation=office, signature=bytes(64))
    after(RECEIVED).when(forged).then_refused(Code.INVALID_INPUT, field="signature")


def test_who_was_dismissed_reads_no_more_and_needs_no_copy() -> None:
    """Words go on to those who are left; to nobody left they are refused."""
    one_left = organised(OFFICE, ComplaintsOfficerReleased(officer_id="omar", **BY))
    sealed = words("olga", REPLY)
    after(RECEIVED).when(writing(sealed=sealed, organisation=one_left)).then(
        ComplaintWordsSent(by=None, words=sealed, signature=None, signed_by=None, at=AT)
    )
    after(RECEIVED).when(writing(organisation=one_left)).then_refused(
        Code.INVALID_INPUT, field="words"
    )
    nobody = organised(one_left, ComplaintsOfficerReleased(officer_id="olga", **BY))
    lost = writing(sealed=words(REPLY), organisation=nobody)
    refused = after(RECEIVED).when(lost).then_refused(Code.INVALID_INPUT, field="words")
    assert refused.values["reason"] == "no complaints officer could read them"
    state = after(RECEIVED).state
    state.read_by(one_left, "olga")
    for officer in ("omar", "anna", "nobody"):
        with pytest.raises(Refusal) as caught:
            state.read_by(one_left, officer)
        assert caught.value.code is Code.NOT_FOUND


def test_the_reporter_is_heard_first_and_may_waive_it() -> None:
    """After the confirmation, before the answer; the record is theirs too."""
    after(RECEIVED).when(hearing()).then_refused(Code.ALREADY_DECIDED)
    waived = replace(HEARD, how="waived")
    after(RECEIVED, CONFIRMED).when(hearing(how="waived")).then(waived)
    after(RECEIVED, CONFIRMED, HEARD).when(hearing()).then(HEARD)
    after(RECEIVED, CONFIRMED).when(hearing(sealed=OFFICERS)).then_refused(
        Code.INVALID_INPUT, field="words"
    )
    after(RECEIVED, CONFIRMED).when(answering()).then_refused(Code.ALREADY_DECIDED)
    after(RECEIVED, CONFIRMED, HEARD, ANSWERED).when(hearing()).then_refused(Code.ALREADY_DECIDED)
    after(RECEIVED, CONFIRMED, HEARD, ANSWERED).when(answering()).then_refused(Code.ALREADY_DECIDED)


def test_the_adviser_is_heard_only_where_the_reporter_lets_them_be_told() -> None:
    """Not before the reporter was; and what they say is the officers' alone."""
    him = hearing("adviser", OFFICERS, "written", "omar")
    after(RECEIVED, CONFIRMED, HEARD).when(him).then_refused(Code.REPORTER_DECIDES)
    after(RECEIVED, CONFIRMED, MAY_TELL).when(him).then_refused(Code.ALREADY_DECIDED)
    after(RECEIVED, CONFIRMED, MAY_TELL, HEARD).when(him).then(ADVISER_HEARD)
    after(RECEIVED, CONFIRMED, MAY_TELL, HEARD).when(
        hearing("adviser", ALL, "written")
    ).then_refused(Code.INVALID_INPUT, field="words")
    waived = hearing("adviser", OFFICERS, "waived", "omar")
    after(RECEIVED, CONFIRMED, MAY_TELL, HEARD).when(waived).then_refused(
        Code.INVALID_INPUT, field="how"
    )


def test_the_reporter_may_say_otherwise_until_the_adviser_knows() -> None:
    """Both ways; saying it again is no news."""
    after(RECEIVED).when(telling(may_tell=True)).then(MAY_TELL)
    after(RECEIVED).when(telling(may_tell=False)).then_refused(Code.ALREADY_DECIDED)
    back = AdviserTellingDecided(may_tell=False, at=AT)
    after(RECEIVED, MAY_TELL).when(telling(may_tell=False)).then(back)
    told = (RECEIVED, CONFIRMED, MAY_TELL, HEARD, ADVISER_HEARD)
    after(*told).when(telling(may_tell=False)).then_refused(Code.ALREADY_DECIDED)


def test_a_reporter_withdraws_it_at_any_time_and_an_officer_closes_what_is_answered() -> None:
    """After the answer the reporter's closing is no withdrawal."""
    after(RECEIVED).when(closing(by_reporter=True)).then(WITHDRAWN)
    after(RECEIVED, CONFIRMED, HEARD).when(closing(by_reporter=False)).then_refused(
        Code.ALREADY_DECIDED
    )
    after(RECEIVED, CONFIRMED, HEARD, ANSWERED).when(closing(by_reporter=True)).then(CLOSED)


@pytest.mark.parametrize(
    "decision",
    [
        confirming(),
        writing(),
        hearing(),
        telling(may_tell=True),
        answering(),
        closing(by_reporter=True),
        closing(by_reporter=False),
    ],
    ids=["confirm", "write", "hear", "tell", "answer", "withdraw", "close"],
)
def test_nothing_is_added_to_one_that_is_closed_or_not_there(decision: Decision) -> None:
    """Each with its own answer."""
    after(RECEIVED, CONFIRMED, HEARD, ANSWERED, CLOSED).when(decision).then_refused(
        Code.COMPLAINT_CLOSED
    )
    after().when(decision).then_refused(Code.NOT_FOUND)


def test_a_closed_one_is_kept_for_two_years() -> None:
    """One that runs has no last day; one whose key is gone has none left."""
    last = date(2028, 3, 2)
    assert complaint.kept_until(CLOSED) == last
    assert last_day([RECEIVED, CONFIRMED, HEARD, ANSWERED, CLOSED]) == last
    assert last_day([RECEIVED, WITHDRAWN]) == last
    assert last_day([RECEIVED, CONFIRMED]) is None
    gone = KeyDestroyed(ground="expired", approved_by=(), at=AT)
    assert last_day([RECEIVED, CLOSED, gone]) is None


def test_another_code_leads_nowhere() -> None:
    """Nor does a code to a complaint that is not there."""
    after(RECEIVED).state.of_reporter(CODE)
    for state, code in ((after(RECEIVED).state, bytes(16)), (after().state, CODE)):
        with pytest.raises(Refusal) as caught:
            state.of_reporter(code)
        assert caught.value.code is Code.NOT_FOUND


def test_every_reason_is_told_in_dutch_too() -> None:
    """Those of this module."""
    assert {
        "the organisation has no such complaints officer",
        "this complaints officer has no key at present",
        "no complaints officer could read them",
        "it is longer than {weeks} weeks after receipt",
        "only an officer signs",
    } <= REASONS.keys()
