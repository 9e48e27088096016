"""Who reads a case, when that changes: hand-over, words sealed anew, recovery, both sides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import reduce
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.intake.domain import case as domain
from services.intake.domain import recovery
from services.intake.domain.case import (
    Case,
    CaseClosed,
    CaseHandedOver,
    CaseOpened,
    ConversationRecorded,
    Event,
    HandOverConsented,
    InterventionRecorded,
    PartiesNamed,
    PartyToken,
    RecoveryApproved,
    RecoveryRequested,
    RecoveryUsed,
    ResealedEntry,
    SubjectsMarked,
    WordsResealed,
    check_sides,
    evolve,
    name_parties,
    owned_by,
)
from services.intake.domain.hand_over import (
    Resealed,
    consent_to_hand_over,
    hand_over,
    must_reseal,
    reseal,
    shown_to_adviser,
)
from services.intake.domain.organisation import (
    AdviserKept,
    KeyState,
    ListedKey,
    ListedRecoveryKey,
    Organisation,
    OrganisationSetUp,
    PolicyDecided,
)
from services.intake.domain.statements import words_statement
from services.intake.domain.units import UnitKept
from services.intake.domain.words import SealedWords, key_id_of
from services.intake.signatures import verifies
from shared.contracts.errors import Code, Refusal
from tests.gwt import given

AT = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
ON = date(2026, 3, 2)
ORGANISATION_ID = UUID("6f1d2c3b-0000-4000-8000-000000000001")
CASE_ID = UUID("6f1d2c3b-0000-4000-8000-000000000003")


def key(adviser: str, seed: int, state: KeyState = "current") -> ListedKey:
    public = bytes([seed]) * 32
    return ListedKey(
        adviser_id=adviser,
        key_id=key_id_of(public),
        public_key=public,
        signing_key=signer(seed).public_key().public_bytes_raw(),
        state=state,
        own_stream=True,
        on=ON,
    )


def signer(seed: int) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)


RECOVERY = ListedRecoveryKey(
    key_id=key_id_of(bytes([9]) * 32),
    public_key=bytes([9]) * 32,
    state="current",
    by="anna",
    on=ON,
)
ANNAS, BRAMS = key("anna", 1), key("bram", 2)
ORGANISATION = Organisation(
    version=5,
    set_up=OrganisationSetUp(
        organisation_id=ORGANISATION_ID,
        token="5d41402abc4b2a76",
        name="De Hoekstee",
        language="nl",
        units=(UnitKept(id="care", name="Zorg", headcount=90, parent=None),),
        advisers=tuple(AdviserKept(id=name, name=name) for name in ("anna", "bram", "carla")),
        release=PolicyDecided(policy="exact", dimension="category", k=5, merge_order=()),
        on=ON,
    ),
    keys=(ANNAS, BRAMS),
    recovery_keys=(RECOVERY,),
)


def words(text: str, *keys: ListedKey) -> tuple[SealedWords, ...]:
    return tuple(
        SealedWords(key_id=key_id, ciphertext=text.encode())
        for key_id in (*(one.key_id for one in keys), RECOVERY.key_id)
    )


def signature(seed: int, sealed: tuple[SealedWords, ...], case: UUID = CASE_ID) -> bytes:
    statement = words_statement(organisation_id=ORGANISATION_ID, case_id=case, words=sealed)
    return signer(seed).sign(statement)


OPENED = CaseOpened(
    case_id=CASE_ID,
    organisation_id=ORGANISATION_ID,
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
    words=words("the story", ANNAS),
    at=AT,
)
REPORTED = replace(OPENED, by="reporter", reply_key=bytes(32))
SPOKEN = ConversationRecorded(mode="walk", minutes=words("the minutes", ANNAS), at=AT)
PRIVATE = ConversationRecorded(mode="walk", minutes=words("notes of her own", ANNAS), at=AT)
DONE = InterventionRecorded(intervention="listening", at=AT)
CONSENTED = HandOverConsented(adviser_id="bram", at=AT)
ASKED = RecoveryRequested(
    by="coen", role="coordinator", reason="adviser_left", to_adviser="bram", at=AT
)
APPROVED = RecoveryApproved(by="wim", role="works_council", at=AT)

FOR_BRAM = words("the story", BRAMS)
BY_ANNA = Resealed(version=1, words=FOR_BRAM, signature=signature(1, FOR_BRAM))
BY_BRAM = replace(BY_ANNA, signature=signature(2, FOR_BRAM))
HANDED = CaseHandedOver(
    from_adviser="anna",
    to_adviser="bram",
    entries=(
        ResealedEntry(
            version=1,
            words=FOR_BRAM,
            signature=BY_ANNA.signature,
            signed_by=ANNAS.key_id,
        ),
    ),
    consent="spoken",
    at=AT,
)


def handing(past: list[Event], **changes: Any) -> Callable[[Case], CaseHandedOver]:
    fields: dict[str, Any] = {
        "by": "anna",
        "to_adviser": "bram",
        "entries": (BY_ANNA,),
        "consent": "spoken",
        "at": AT,
        "verifies": verifies,
    }
    return lambda state: hand_over(state, ORGANISATION, past, **(fields | changes))


def asking(organisation: Organisation = ORGANISATION, **changes: Any) -> Callable[[Case], object]:
    fields: dict[str, Any] = {
        "by": "coen",
        "role": "coordinator",
        "reason": "adviser_left",
        "to_adviser": "bram",
        "at": AT,
    }
    return lambda state: recovery.request_recovery(state, organisation, **(fields | changes))


def approving(
    by: str = "wim", role: str = "works_council", at: datetime = AT
) -> Callable[[Case], object]:
    return lambda state: recovery.approve_recovery(state, ORGANISATION, by=by, role=role, at=at)


def using(by: str = "bram", at: datetime = AT) -> Callable[[Case], object]:
    return lambda state: recovery.use_recovery(state, by=by, at=at)


# Hand-over ------------------------------------------------------------------------------------------


def test_a_running_case_goes_to_a_successor() -> None:
    """From then on it is theirs, and to who handed it over it looks like no case."""
    given(Case(), evolve, [OPENED]).when(handing([OPENED])).then(HANDED)
    after = given(Case(), evolve, [OPENED, HANDED])
    after.when(lambda state: owned_by(state, "bram")).then(OPENED)
    after.when(lambda state: owned_by(state, "anna")).then_refused(Code.NOT_FOUND)


def test_only_the_necessary_parts_go_with_it() -> None:
    """Of what was not handed over the successor sees neither the words nor that it was there; the coded
    opening goes with every case.
    """
    past: list[Event] = [OPENED, SPOKEN, PRIVATE, DONE]
    minutes = words("the minutes", BRAMS)
    entries = (
        Resealed(version=2, words=minutes, signature=signature(1, minutes)),
        Resealed(version=4, words=(), signature=None),
    )
    event = handing(past, entries=entries)(given(Case(), evolve, past).state)
    later = replace(SPOKEN, minutes=words("later", BRAMS))
    assert [(1, ()), (2, minutes), (4, ()), (5, ()), (6, later.minutes)] == [
        (one.version, one.words) for one in shown_to_adviser([*past, event, later])
    ]


def test_a_reporter_with_a_code_agrees_themself() -> None:
    """An adviser's word for it does not do; and their consent is for this one adviser."""
    past: list[Event] = [REPORTED]
    given(Case(), evolve, past).when(handing(past)).then_refused(Code.CONSENT_MISSING)
    given(Case(), evolve, past).when(
        lambda state: consent_to_hand_over(state, ORGANISATION, adviser_id="bram", at=AT)
    ).then(CONSENTED)
    past = [REPORTED, CONSENTED]
    given(Case(), evolve, past).when(handing(past)).then(replace(HANDED, consent="reporter"))
    for_carla: list[Event] = [REPORTED, replace(CONSENTED, adviser_id="carla")]
    given(Case(), evolve, for_carla).when(handing(for_carla)).then_refused(Code.CONSENT_MISSING)
    given(Case(), evolve, [OPENED]).when(handing([OPENED], consent=None)).then_refused(
        Code.CONSENT_MISSING
    )


def test_nobody_consents_for_a_case_without_a_code() -> None:
    """Nor to somebody who is no adviser."""

    def consenting(adviser: str) -> Callable[[Case], object]:
        return lambda state: consent_to_hand_over(state, ORGANISATION, adviser_id=adviser, at=AT)

    given(Case(), evolve, [OPENED]).when(consenting("bram")).then_refused(Code.NOT_FOUND)
    given(Case(), evolve, [REPORTED]).when(consenting("dirk")).then_refused(
        Code.INVALID_INPUT, field="adviserId"
    )


WRONG = words("the story", ANNAS)


@pytest.mark.parametrize(
    ("past", "changes", "code", "field"),
    [
        pytest.param([OPENED], {"by": "bram"}, Code.NOT_FOUND, None, id="by another adviser"),
        pytest.param([OPENED], {"by": "beheer"}, Code.NOT_FOUND, None, id="by an administrator"),
        pytest.param(
            [OPENED], {"to_adviser": "beheer"}, Code.INVALID_INPUT, "toAdviser", id="to one"
        ),
        pytest.param(
            [OPENED], {"to_adviser": "anna"}, Code.INVALID_INPUT, "toAdviser", id="to oneself"
        ),
        pytest.param(
            [OPENED], {"to_adviser": "carla"}, Code.INVALID_INPUT, "entries", id="to who has no key"
        ),
        pytest.param([OPENED, CaseClosed(at=AT)], {}, Code.CASE_CLOSED, None, id="a closed case"),
        pytest.param([], {}, Code.NOT_FOUND, None, id="no case"),
        pytest.param(
            [OPENED],
            {"entries": (replace(BY_ANNA, version=2),)},
            Code.INVALID_INPUT,
            "entries",
            id="no entry",
        ),
        pytest.param(
            [OPENED],
            {"entries": (BY_ANNA, BY_ANNA)},
            Code.INVALID_INPUT,
            "entries",
            id="an entry twice",
        ),
        pytest.param(
            [OPENED],
            {"entries": (replace(BY_ANNA, signature=None),)},
            Code.INVALID_INPUT,
            "signature",
            id="unsigned",
        ),
        pytest.param(
            [OPENED],
            {"entries": (BY_BRAM,)},
            Code.INVALID_INPUT,
            "signature",
            id="signed by somebody else",
        ),
        pytest.param(
            [OPENED],
            {"entries": (Resealed(version=1, words=WRONG, signature=signature(1, WRONG)),)},
            Code.INVALID_INPUT,
            "entries",
            id="sealed to who leaves",
        ),
        pytest.param(
            [OPENED, DONE],
            {"entries": (replace(BY_ANNA, version=2),)},
            Code.INVALID_INPUT,
            "entries",
            id="words where there were none",
        ),
    ],
)
def test_a_hand_over_that_cannot_be_is_refused(
    past: list[Event], changes: dict[str, Any], code: Code, field: str | None
) -> None:
    """Nobody but the case's adviser adds a reader, and only an adviser becomes one."""
    given(Case(), evolve, past).when(handing(past, **changes)).then_refused(code, field=field)


def test_who_lost_their_key_hands_over_no_unsigned_words() -> None:
    """Calling one's key lost takes only a sign-in: by that nobody may put in words that none signed."""
    lost = replace(ORGANISATION, keys=(replace(ANNAS, state="lost"), BRAMS))

    def handing_over(*entries: Resealed) -> Callable[[Case], object]:
        return lambda state: hand_over(
            state,
            lost,
            [OPENED],
            by="anna",
            to_adviser="bram",
            entries=entries,
            consent="spoken",
            at=AT,
            verifies=verifies,
        )

    there = given(Case(), evolve, [OPENED])
    there.when(handing_over(replace(BY_ANNA, signature=None))).then_refused(
        Code.INVALID_INPUT, field="signature"
    )
    assert isinstance(handing_over()(there.state), CaseHandedOver)


# Sealed anew ----------------------------------------------------------------------------------------


def test_a_stolen_key_leaves_words_to_seal_anew() -> None:
    """Until each of them is; the adviser's new key signs it."""
    stolen, fresh = replace(ANNAS, state="stolen"), key("anna", 3)
    organisation = replace(ORGANISATION, keys=(stolen, BRAMS, fresh))
    past: list[Event] = [OPENED, SPOKEN, DONE]
    assert must_reseal(past, organisation, "anna")
    assert not must_reseal(past, ORGANISATION, "anna")
    both = [words(text, fresh) for text in ("the story", "the minutes")]

    def sealing(*versions: int) -> WordsResealed:
        return reseal(
            reduce(evolve, past, Case()),
            organisation,
            past,
            by="anna",
            entries=tuple(
                Resealed(
                    version=version,
                    words=both[version - 1],
                    signature=signature(3, both[version - 1]),
                )
                for version in versions
            ),
            at=AT,
            verifies=verifies,
        )

    assert must_reseal([*past, sealing(1)], organisation, "anna")
    whole = sealing(1, 2)
    assert not must_reseal([*past, whole], organisation, "anna")
    assert [both[0], both[1], (), ()] == [one.words for one in shown_to_adviser([*past, whole])]


def test_only_its_adviser_seals_a_case_anew() -> None:
    """To anybody else there is no such case."""

    def sealing(by: str, *entries: Resealed) -> Callable[[Case], object]:
        return lambda state: reseal(
            state, ORGANISATION, [OPENED], by=by, entries=entries, at=AT, verifies=verifies
        )

    there = given(Case(), evolve, [OPENED])
    there.when(sealing("bram", BY_BRAM)).then_refused(Code.NOT_FOUND)
    there.when(sealing("anna")).then_refused(Code.INVALID_INPUT, field="entries")


# Recovery -------------------------------------------------------------------------------------------


def test_a_recovery_takes_two_people_with_two_roles() -> None:
    """Asked for, agreed to, used; then the successor takes the case, and no request is left."""
    given(Case(), evolve, [OPENED]).when(asking()).then(ASKED)
    given(Case(), evolve, [OPENED, ASKED]).when(approving()).then(APPROVED)
    there = given(Case(), evolve, [OPENED, ASKED, APPROVED])
    there.when(using()).then(RecoveryUsed(by="bram", at=AT))
    taken = handing([OPENED, ASKED, APPROVED], by="bram", entries=(BY_BRAM,), consent=None)
    there.when(taken).then(
        replace(
            HANDED,
            consent="recovery",
            entries=(
                ResealedEntry(
                    version=1,
                    words=FOR_BRAM,
                    signature=BY_BRAM.signature,
                    signed_by=BRAMS.key_id,
                ),
            ),
        )
    )
    done = given(Case(), evolve, [OPENED, ASKED, APPROVED, HANDED])
    done.when(using()).then_refused(Code.NOT_FOUND)


def test_an_adviser_asks_for_their_own_new_device() -> None:
    """For themself alone."""
    own = asking(by="bram", role="adviser", reason="device_lost")
    given(Case(), evolve, [OPENED]).when(own).then(
        replace(ASKED, by="bram", role="adviser", reason="device_lost")
    )
    given(Case(), evolve, [OPENED]).when(asking(by="anna", role="adviser")).then_refused(
        Code.NOT_ALLOWED
    )


@pytest.mark.parametrize(
    ("past", "by", "role", "code"),
    [
        pytest.param([ASKED], "coen", "works_council", Code.SECOND_PERSON_NEEDED, id="the same"),
        pytest.param([ASKED], "cora", "coordinator", Code.SECOND_PERSON_NEEDED, id="same role"),
        pytest.param([ASKED], "bram", "works_council", Code.SECOND_PERSON_NEEDED, id="for whom"),
        pytest.param([ASKED], "anna", "works_council", Code.SECOND_PERSON_NEEDED, id="an adviser"),
        pytest.param([ASKED, APPROVED], "wil", "works_council", Code.ALREADY_EXISTS, id="again"),
        pytest.param([], "wim", "works_council", Code.NOT_FOUND, id="nothing asked for"),
    ],
)
def test_a_second_approval_is_by_somebody_else(
    past: list[Event], by: str, role: str, code: Code
) -> None:
    """Another person and another role, and not whoever gets to read the words."""
    given(Case(), evolve, [OPENED, *past]).when(approving(by, role)).then_refused(code)


def test_without_an_approval_there_are_no_words() -> None:
    """Nor for anybody but the adviser whom it was asked for, nor when it has lapsed."""
    given(Case(), evolve, [OPENED, ASKED]).when(using()).then_refused(Code.RECOVERY_NOT_APPROVED)
    given(Case(), evolve, [OPENED]).when(using()).then_refused(Code.NOT_FOUND)
    there = given(Case(), evolve, [OPENED, ASKED, APPROVED])
    there.when(using("carla")).then_refused(Code.NOT_FOUND)
    there.when(using("coen")).then_refused(Code.NOT_FOUND)
    there.when(using(at=AT + timedelta(days=30))).then_refused(Code.NOT_FOUND)
    there.when(using(at=AT + timedelta(days=29))).then(
        RecoveryUsed(by="bram", at=AT + timedelta(days=29))
    )
    past: list[Event] = [OPENED, ASKED]
    given(Case(), evolve, past).when(handing(past, by="bram", entries=(BY_BRAM,))).then_refused(
        Code.NOT_FOUND
    )
    late = handing([OPENED], by="bram", at=AT + timedelta(days=30))
    there.when(late).then_refused(Code.NOT_FOUND)


def test_an_approved_recovery_gives_the_case_to_nobody_else() -> None:
    """Bram takes it for himself, not for Carla."""
    past: list[Event] = [OPENED, ASKED, APPROVED]
    given(Case(), evolve, past).when(handing(past, by="bram", to_adviser="carla")).then_refused(
        Code.RECOVERY_NOT_APPROVED
    )


@pytest.mark.parametrize(
    ("past", "changes", "code", "field"),
    [
        pytest.param([OPENED, ASKED], {}, Code.ALREADY_EXISTS, None, id="twice"),
        pytest.param([OPENED, CaseClosed(at=AT)], {}, Code.CASE_CLOSED, None, id="a closed case"),
        pytest.param([], {}, Code.NOT_FOUND, None, id="no case"),
        pytest.param(
            [OPENED], {"to_adviser": "beheer"}, Code.INVALID_INPUT, "toAdviser", id="to no adviser"
        ),
        pytest.param(
            [OPENED],
            {"to_adviser": "carla"},
            Code.INVALID_INPUT,
            "toAdviser",
            id="to one without key",
        ),
        pytest.param(
            [OPENED], {"by": "anna"}, Code.SECOND_PERSON_NEEDED, None, id="an adviser's session"
        ),
        pytest.param(
            [OPENED],
            {"organisation": replace(ORGANISATION, recovery_keys=())},
            Code.INVALID_INPUT,
            "caseId",
            id="no recovery key",
        ),
    ],
)
def test_a_recovery_that_cannot_be_is_not_asked_for(
    past: list[Event], changes: dict[str, Any], code: Code, field: str | None
) -> None:
    """A lapsed request is no hindrance to a new one."""
    given(Case(), evolve, past).when(asking(**changes)).then_refused(code, field=field)
    month = AT + timedelta(days=30)
    given(Case(), evolve, [OPENED, ASKED]).when(asking(at=month)).then(replace(ASKED, at=month))


def test_an_approved_recovery_is_of_the_one_adviser_it_was_asked_for() -> None:
    """To Carla it gives nothing, not for herself either."""
    past: list[Event] = [OPENED, ASKED, APPROVED]
    given(Case(), evolve, past).when(handing(past, by="carla", to_adviser="carla")).then_refused(
        Code.NOT_FOUND
    )


def test_a_case_that_was_closed_is_not_recovered() -> None:
    """Neither approved nor used: nothing is added behind the close."""
    closed = CaseClosed(at=AT)
    given(Case(), evolve, [OPENED, ASKED, closed]).when(approving()).then_refused(Code.CASE_CLOSED)
    given(Case(), evolve, [OPENED, ASKED, APPROVED, closed]).when(using()).then_refused(
        Code.CASE_CLOSED
    )


def test_who_has_a_key_and_no_seat_is_nobody_to_recover_for() -> None:
    """An officer for reports has a key in the directory, and is no adviser."""
    officers = replace(ORGANISATION, keys=(*ORGANISATION.keys, key("olga", 5)))
    there = given(Case(), evolve, [OPENED])
    refused = there.when(asking(officers, to_adviser="olga"))
    assert (
        "the organisation has no such adviser"
        == refused.then_refused(Code.INVALID_INPUT, field="toAdviser").values["reason"]
    )


# Both sides -----------------------------------------------------------------------------------------

JAN, PIET = bytes([1]) * 32, bytes([2]) * 32


def party(role: Any, token: bytes) -> PartyToken:
    return PartyToken(role=role, token=token)


@pytest.mark.parametrize(
    ("parties", "held", "refused"),
    [
        pytest.param([party("subject", JAN)], [party("reporter", JAN)], True, id="he reported"),
        pytest.param([party("reporter", JAN)], [party("subject", JAN)], True, id="he is accused"),
        pytest.param([party("subject", JAN)], [party("subject", JAN)], False, id="accused twice"),
        pytest.param([party("reporter", JAN)], [party("reporter", JAN)], False, id="reports twice"),
        pytest.param([party("subject", JAN)], [party("reporter", PIET)], False, id="another"),
        pytest.param([party("subject", JAN)], [], False, id="no other case"),
        pytest.param(
            [party("reporter", PIET), party("subject", JAN)],
            [party("subject", PIET)],
            True,
            id="one of two",
        ),
    ],
)
def test_nobody_supports_both_sides(
    parties: list[PartyToken], held: list[PartyToken], refused: bool
) -> None:
    """The other side of one's own case is refused, in both directions."""
    if refused:
        with pytest.raises(Refusal) as caught:
            check_sides(tuple(parties), held)
        assert Code.CONFLICT_OF_INTEREST is caught.value.code
    else:
        check_sides(tuple(parties), held)


def test_parties_are_named_once_each() -> None:
    """By tokens of 32 bytes; nobody is both sides of one case."""

    def naming(*parties: PartyToken) -> Callable[[Case], object]:
        return lambda state: name_parties(
            state,
            ORGANISATION,
            parties=parties,
            at=AT,
            message_id=CASE_ID,
            mark=lambda _period, token: token[:16],
        )

    there = given(Case(), evolve, [OPENED])
    event = PartiesNamed(parties=(party("subject", JAN),), at=AT)
    marked = SubjectsMarked(
        organisation_id=ORGANISATION_ID,
        facts_id=OPENED.facts_id,
        message_id=CASE_ID,
        marks=(JAN[:16],),
    )
    there.when(naming(party("subject", JAN))).then(event, marked)
    assert event.parties == given(Case(), evolve, [OPENED, event]).state.parties
    named = given(Case(), evolve, [OPENED, event])
    for wrong in (
        naming(party("subject", JAN)),
        naming(party("reporter", JAN)),
        naming(party("reporter", bytes(31))),
        naming(),
    ):
        named.when(wrong).then_refused(Code.INVALID_INPUT, field="parties")
    many = tuple(party("subject", bytes([n]) * 32) for n in range(3, 23))
    named.when(naming(*many)).then_refused(Code.TOO_LARGE)
    assert 20 == domain.MOST_PARTIES
