"""People's keys in a running intake: the directory in the log, signatures, recovery, hand-over."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4, uuid5

import pytest_asyncio

from hoeksteen_client import AdviserKey, PartyKey, ReporterCode, seal
from services.intake.service import DEFINITION
from shared.contracts.errors import Code
from shared.contracts.rpc import (
    ApproveRecovery,
    ById,
    Case,
    CaseIds,
    Cases,
    CasesOfAdviser,
    CloseCase,
    ConfirmRecoveryKey,
    ConsentToHandOver,
    Done,
    Empty,
    HandOver,
    KeyLog,
    MyCase,
    NameParties,
    OpenCase,
    Organisation,
    Page,
    PartyToken,
    PublishAdviserKey,
    PublishRecoveryKey,
    RecordConversation,
    RecordIntervention,
    RecordOutcome,
    Recoveries,
    RequestRecovery,
    Reseal,
    ResealedEntry,
    Sealed,
    SendMessage,
    SubjectMatches,
    SubjectMatchesQuery,
    WithdrawAdviserKey,
)
from shared.identity.roles import Role
from tests.component.test_intake import READ, Intake, set_up
from tests.conftest import Database
from tests.nats_server import Bus, running_bus
from tests.service_lab import HERE, running

STORY = "Sinds de nieuwe planning lachen collega's als ik iets zeg."
COUNCIL = {"role": Role.WORKS_COUNCIL, "subject": "wim"}


@pytest_asyncio.fixture
async def bus(tmp_path: Path) -> AsyncIterator[Bus]:
    folder = tmp_path / "nats"
    folder.mkdir()
    async with running_bus(folder) as bus:
        yield bus


class People(Intake):
    """The organisation's people with the keys that their clients hold."""

    keys: dict[str, AdviserKey]
    recovery: AdviserKey | None = None

    async def begin(self) -> None:
        """Anna and Bram have a pair in the directory each."""
        await self.running.ask("set_up_organisation", set_up(), Done, role=Role.ADMIN)
        self.keys = {}
        for name in ("anna", "bram"):
            await self.publish(name, AdviserKey.generate())

    async def publish(self, name: str, key: AdviserKey, *, signed: bool = True) -> Done:
        """Put a key in the directory, signed by the one before it."""
        before = self.keys.get(name)
        request = PublishAdviserKey(
            public_key=key.public,
            signing_key=key.signing_public,
            proof=key.prove(organisation=HERE, adviser_id=name),
            previous_signature=before.endorse(key, organisation=HERE, adviser_id=name)
            if before is not None and signed
            else None,
        )
        done: Done = await self.running.ask("publish_adviser_key", request, Done, subject=name)
        self.keys[name] = key
        return done

    async def have_recovery_key(self) -> None:
        """Anna proposes one, and Wim of the works council confirms it."""
        self.recovery = AdviserKey.generate()
        await self.running.ask(
            "publish_recovery_key", self.proposal(self.recovery, "anna"), Done, subject="anna"
        )
        confirm = ConfirmRecoveryKey(key_id=str(self.recovery.key_id))
        await self.running.ask("confirm_recovery_key", confirm, Done, **COUNCIL)

    def proposal(self, key: AdviserKey, signer: str) -> PublishRecoveryKey:
        digest = bytes(32)
        signature = self.keys[signer].sign_recovery_key(
            key.public, digest=digest, organisation=HERE
        )
        return PublishRecoveryKey(public_key=key.public, digest=digest, signature=signature)

    def sealed(self, text: str, case: UUID, *readers: AdviserKey) -> tuple[Sealed, ...]:
        """The text, sealed to the readers and, if there is one, to the recovery key."""
        keys = [*readers, *([self.recovery] if self.recovery else [])]
        return tuple(
            Sealed(
                key_id=str(key.key_id),
                ciphertext=seal(
                    text, organisation=HERE, case=case, key_id=key.key_id, public_key=key.public
                ),
            )
            for key in keys
        )

    def signature(self, name: str, case: UUID, words: tuple[Sealed, ...]) -> bytes:
        readers = [(UUID(one.key_id), one.ciphertext) for one in words]
        return self.keys[name].sign_words(readers, organisation=HERE, case=case)

    def opened_by(self, key: AdviserKey, case: UUID, words: tuple[Sealed, ...]) -> str:
        """What the holder of `key` reads."""
        (mine,) = [one for one in words if one.key_id == str(key.key_id)]
        return key.open(mine.ciphertext, organisation=HERE, case=case)

    def opening(self, case: UUID, words: tuple[Sealed, ...], **more: Any) -> OpenCase:
        return OpenCase(
            case_id=str(case),
            channel="in_person",
            anonymity="confidential",
            reporter_role="employee",
            relation="colleague",
            category="bullying",
            words=words,
            **more,
        )

    async def case_of(self, name: str, text: str = STORY, **more: Any) -> UUID:
        """A case that an adviser opened and signed."""
        case = uuid4()
        words = self.sealed(text, case, self.keys[name])
        request = self.opening(case, words, signature=self.signature(name, case, words), **more)
        await self.running.ask("open_case", request, Done, subject=name)
        return case

    async def reported_to(self, name: str) -> ReporterCode:
        """A case that a reporter opened with a code."""
        code = ReporterCode.generate()
        words = self.sealed(STORY, code.case_id, self.keys[name], code.key)
        request = self.opening(
            code.case_id,
            words,
            adviser_id=name,
            reply_key=code.key.public,
            statement=READ,
        )
        await self.running.ask("open_case", request, Done, token=self.running.session(code))
        return code

    async def code_of(self, verb: str, request: Any, **who: Any) -> tuple[Code, Any]:
        """With which code, about which field, somebody is refused."""
        refusal = await self.running.refused(verb, request, **who)
        return refusal.code, refusal.values.get("field")


@pytest_asyncio.fixture
async def people(database: Database, tmp_path: Path, bus: Bus) -> AsyncIterator[People]:
    async with running(DEFINITION, database, bus, tmp_path) as service:
        people = People(service)
        await people.begin()
        yield people


# The directory --------------------------------------------------------------------------------------


async def test_a_swapped_key_is_seen_in_the_log(people: People) -> None:
    """Every key of the directory stands in the log in the stream that its owner computes from it, and
    a publication that is nobody's own stands there too: even from who can sign in as the adviser.
    """
    await people.have_recovery_key()
    log = await people.ask("key_log", Empty(), KeyLog, subject="anna")
    assert people.recovery is not None
    mine = {
        str(uuid5(HERE, f"adviser-key/{people.keys[name].key_id}")) for name in ("anna", "bram")
    } | {str(uuid5(HERE, f"recovery-key/{people.recovery.key_id}"))}
    assert mine == {entry.stream for entry in log.entries}
    assert {"AdviserKeyPublished.v2", "RecoveryKeyPublished"} == {one.type for one in log.entries}

    # The employer's sign-in page signs in as Anna, without Anna's device.
    false = AdviserKey.generate()
    swap = PublishAdviserKey(
        public_key=false.public,
        signing_key=false.signing_public,
        proof=false.prove(organisation=HERE, adviser_id="anna"),
    )
    before = await people.types()
    assert (Code.INVALID_INPUT, "previousSignature") == await people.code_of(
        "publish_adviser_key", swap, subject="anna"
    )
    assert (Code.INVALID_INPUT, "signingKey") == await people.code_of(
        "publish_adviser_key", PublishAdviserKey(public_key=false.public), subject="anna"
    )
    assert before == await people.types()
    lost = WithdrawAdviserKey(key_id=str(people.keys["anna"].key_id), reason="lost")
    await people.ask("withdraw_adviser_key", lost, Done, subject="anna")
    await people.ask("publish_adviser_key", swap, Done, subject="anna")

    log = await people.ask("key_log", Empty(), KeyLog, subject="anna")
    (strange,) = {entry.stream for entry in log.entries} - mine
    assert str(uuid5(HERE, f"adviser-key/{false.key_id}")) == strange
    seen = await people.ask("organisation", Empty(), Organisation, subject="anna")
    (anna,) = [one for one in seen.advisers if one.id == "anna"]
    assert [("lost", True), ("current", True)] == [
        (key.state, key.stream in {entry.stream for entry in log.entries}) for key in anna.keys
    ]


async def test_a_key_is_rotated_and_old_words_stay_signed(people: People) -> None:
    """Nothing may be sealed to the retired key any more; what it signed is still verified with it."""
    old = people.keys["anna"]
    case = await people.case_of("anna")
    await people.publish("anna", AdviserKey.generate())
    stale = people.sealed("minutes", case, old)
    request = RecordConversation(
        case_id=str(case),
        mode="walk",
        minutes=stale,
        signature=people.signature("anna", case, stale),
    )
    assert (Code.INVALID_INPUT, "minutes") == await people.code_of(
        "record_conversation", request, subject="anna"
    )
    seen = await people.anna("case", ById(id=str(case)), Case)
    (opened,) = seen.entries
    assert str(old.key_id) == opened.signed_by
    assert STORY == people.opened_by(old, case, opened.sealed)


async def test_a_recovery_key_takes_two_people(people: People) -> None:
    """Proposed by who holds an adviser's key, confirmed by another role; no administrator's, and
    nobody's alone. From then on words that are not sealed to it are refused.
    """
    key = AdviserKey.generate()
    forged = people.proposal(key, "bram")
    assert (Code.INVALID_INPUT, "signature") == await people.code_of(
        "publish_recovery_key", forged, subject="anna"
    )
    for role in set(Role) - {Role.ADVISER, Role.REPORTER}:
        assert (Code.NOT_ALLOWED, None) == await people.code_of(
            "publish_recovery_key", forged, role=role
        ), role
    await people.ask("publish_recovery_key", people.proposal(key, "anna"), Done, subject="anna")
    case = await people.case_of("anna")  # not needed yet
    confirm = ConfirmRecoveryKey(key_id=str(key.key_id))
    for role in set(Role) - {Role.COORDINATOR, Role.WORKS_COUNCIL, Role.REPORTER}:
        subject = "anna" if role is Role.ADVISER else f"{role}-1"
        assert (Code.NOT_ALLOWED, None) == await people.code_of(
            "confirm_recovery_key", confirm, role=role, subject=subject
        ), role
    assert (Code.SECOND_PERSON_NEEDED, None) == await people.code_of(
        "confirm_recovery_key", confirm, role=Role.COORDINATOR, subject="anna"
    )
    await people.ask("confirm_recovery_key", confirm, Done, **COUNCIL)
    words = people.sealed("minutes", case, people.keys["anna"])
    request = RecordConversation(
        case_id=str(case),
        mode="walk",
        minutes=words,
        signature=people.signature("anna", case, words),
    )
    assert (Code.INVALID_INPUT, "minutes") == await people.code_of(
        "record_conversation", request, subject="anna"
    )
    people.recovery = key
    again = await people.case_of("anna")
    seen = await people.anna("case", ById(id=str(again)), Case)
    assert STORY == people.opened_by(key, again, seen.entries[0].sealed)


# Signatures -----------------------------------------------------------------------------------------


async def test_forged_words_of_an_adviser_are_refused(people: People) -> None:
    """Without a signature, with another's, with one of other words or another case: nothing is
    recorded. What is recorded shows its signature to adviser and reporter.
    """
    code = await people.reported_to("anna")
    case, name = code.case_id, str(code.case_id)
    words = people.sealed("Dank je wel.", case, people.keys["anna"], code.key)
    other = people.sealed("Iets anders.", case, people.keys["anna"], code.key)
    good = people.signature("anna", case, words)
    before = await people.types()
    for forged in (
        None,
        bytes(64),
        b"short",
        people.signature("bram", case, words),
        people.signature("anna", case, other),
        people.signature("anna", case, words[::-1]),
        people.signature("anna", uuid4(), words),
    ):
        said = SendMessage(case_id=name, words=words, signature=forged)
        assert (Code.INVALID_INPUT, "signature") == await people.code_of(
            "send_message", said, subject="anna"
        )
    spoken = RecordConversation(case_id=name, mode="walk", minutes=words[:1], signature=good)
    assert (Code.INVALID_INPUT, "signature") == await people.code_of(
        "record_conversation", spoken, subject="anna"
    )
    opening = people.opening(uuid4(), words[:1], signature=good)
    assert (Code.INVALID_INPUT, "signature") == await people.code_of(
        "open_case", opening, subject="anna"
    )
    # A reporter's words are theirs by their code; they sign nothing.
    signed = SendMessage(case_id=name, words=words, signature=good)
    assert (Code.INVALID_INPUT, "signature") == await people.code_of(
        "send_message", signed, token=people.running.session(code)
    )
    assert before == await people.types()
    await people.anna("send_message", signed)
    mine = await people.ask("my_case", Empty(), MyCase, token=people.running.session(code))
    assert [(None, None), (good, str(people.keys["anna"].key_id))] == [
        (message.signature, message.signed_by) for message in mine.messages
    ]


async def test_nobody_else_is_made_a_reader(people: People) -> None:
    """Not another adviser of the organisation, not a key of nobody's: the case's own adviser, the
    reporter and the recovery key are all the readers there are.
    """
    code = await people.reported_to("anna")
    case = code.case_id
    for stranger in (people.keys["bram"], AdviserKey.generate()):
        words = people.sealed("Dank je wel.", case, people.keys["anna"], code.key, stranger)
        said = SendMessage(
            case_id=str(case), words=words, signature=people.signature("anna", case, words)
        )
        assert (Code.INVALID_INPUT, "words") == await people.code_of(
            "send_message", said, subject="anna"
        )
        assert (Code.INVALID_INPUT, "words") == await people.code_of(
            "send_message",
            SendMessage(case_id=str(case), words=words),
            token=people.running.session(code),
        )


# A device that is gone, a hand-over, a recovery ------------------------------------------------------


async def test_a_stolen_device_gives_every_running_case_a_new_key(people: People) -> None:
    """New words go to a new key only, what follows in each running case goes under a new case key, and
    the cases are listed until their words are sealed anew.
    """
    stolen = people.keys["anna"]
    case, closed = await people.case_of("anna"), await people.case_of("anna")
    await people.anna(
        "record_outcome", RecordOutcome(case_id=str(closed), outcome="referred", route="mediation")
    )
    await people.anna("close_case", CloseCase(case_id=str(closed)))
    gone = WithdrawAdviserKey(key_id=str(stolen.key_id), reason="stolen")
    await people.ask("withdraw_adviser_key", gone, Done, subject="anna")
    assert (Code.INVALID_INPUT, "words") == await people.code_of(
        "open_case", people.opening(uuid4(), people.sealed("x", uuid4(), stolen)), subject="anna"
    )
    await people.publish("anna", AdviserKey.generate(), signed=False)
    await people.anna(
        "record_intervention", RecordIntervention(case_id=str(case), intervention="listening")
    )
    keys = [(one.type, one.key_id) for one in await people.log() if one.stream == case]
    (first, _), (renewed, second), (after, third) = (keys[0], keys[1], keys[2])
    assert ("CaseOpened", "CaseKeyRenewed", "InterventionRecorded") == (first, renewed, after)
    assert keys[0][1] != second
    assert second == third
    assert 1 == len({one.key_id for one in await people.log() if one.stream == closed})

    listed = {one.id: one.reseal for one in (await people.anna("cases", Page(), Cases)).items}
    assert {str(case): True, str(closed): False} == listed
    words = people.sealed(STORY, case, people.keys["anna"])
    anew = Reseal(
        case_id=str(case),
        entries=(
            ResealedEntry(version=1, words=words, signature=people.signature("anna", case, words)),
        ),
    )
    await people.anna("reseal", anew)
    assert not any(one.reseal for one in (await people.anna("cases", Page(), Cases)).items)
    seen = await people.anna("case", ById(id=str(case)), Case)
    assert STORY == people.opened_by(people.keys["anna"], case, seen.entries[0].sealed)
    # Whoever comes later reads all of it, under both keys.
    people.service.parts.store._memory.streams.drop(case)
    people.service.parts.store._memory.keys = type(people.service.parts.store._memory)().keys
    again = await people.anna("case", ById(id=str(case)), Case)
    assert seen.entries == again.entries


async def test_a_case_is_handed_over_with_consent_alone(people: People) -> None:
    """The reporter agrees by their code; the successor sees the necessary parts; who handed it over,
    an administrator and anybody else sees nothing.
    """
    code = await people.reported_to("anna")
    case, name = code.case_id, str(code.case_id)
    minutes = people.sealed("Notities voor mezelf.", case, people.keys["anna"])
    await people.anna(
        "record_conversation",
        RecordConversation(
            case_id=name,
            mode="walk",
            minutes=minutes,
            signature=people.signature("anna", case, minutes),
        ),
    )
    words = people.sealed(STORY, case, people.keys["bram"], code.key)
    part = ResealedEntry(version=1, words=words, signature=people.signature("anna", case, words))
    over = HandOver(case_id=name, to_adviser="bram", entries=(part,), consent="spoken")
    before = await people.types()
    assert (Code.CONSENT_MISSING, None) == await people.code_of("hand_over", over, subject="anna")
    assert (Code.NOT_FOUND, None) == await people.code_of("hand_over", over, subject="bram")
    for role in set(Role) - {Role.ADVISER, Role.REPORTER}:
        assert (Code.NOT_ALLOWED, None) == await people.code_of("hand_over", over, role=role)
    assert before == await people.types()

    consent = ConsentToHandOver(adviser_id="bram")
    assert (Code.NOT_FOUND, None) == await people.code_of(
        "consent_to_hand_over", consent, token=people.running.session(ReporterCode.generate())
    )
    await people.ask("consent_to_hand_over", consent, Done, token=people.running.session(code))
    await people.anna("hand_over", over)
    seen = await people.ask("case", ById(id=name), Case, subject="bram")
    assert ["CaseOpened", "HandOverConsented", "CaseHandedOver"] == [
        one.kind for one in seen.entries
    ]
    assert STORY == people.opened_by(people.keys["bram"], case, seen.entries[0].sealed)
    assert (Code.NOT_FOUND, None) == await people.code_of("case", ById(id=name), subject="anna")
    assert () == (await people.anna("cases", Page(), Cases)).items
    (mine,) = (await people.ask("cases", Page(), Cases, subject="bram")).items
    assert name == mine.id
    told = await people.ask("my_case", Empty(), MyCase, token=people.running.session(code))
    assert ("bram", ["consented", "handed_over"]) == (
        told.adviser_id,
        [one.step for one in told.steps],
    )
    # What Bram and the reporter say from now on is under another case key.
    keys = [one.key_id for one in await people.log() if one.stream == case]
    assert keys[-1] != keys[0]


async def test_a_recovery_is_by_two_people_and_shown_to_the_reporter(people: People) -> None:
    """Without a second approval, with the same person or role twice, or by an administrator: no words.
    With it the successor opens them with the recovery key, and each step stands in the case's log.
    """
    await people.have_recovery_key()
    code = await people.reported_to("anna")
    case, name = code.case_id, str(code.case_id)
    ask = RequestRecovery(case_id=name, reason="adviser_left", to_adviser="bram")
    coen: dict[str, Any] = {"role": Role.COORDINATOR, "subject": "coen"}
    lost = WithdrawAdviserKey(key_id=str(people.keys["anna"].key_id), reason="lost")
    theirs = CasesOfAdviser(adviser_id="anna")
    assert () == (await people.ask("lost_cases", theirs, CaseIds, **coen)).ids
    await people.ask("withdraw_adviser_key", lost, Done, **coen)
    assert (name,) == (await people.ask("lost_cases", theirs, CaseIds, **coen)).ids

    for role in set(Role) - {Role.ADVISER, Role.COORDINATOR, Role.REPORTER}:
        assert (Code.NOT_ALLOWED, None) == await people.code_of("request_recovery", ask, role=role)
    approve = ApproveRecovery(case_id=name)
    assert (Code.NOT_FOUND, None) == await people.code_of("approve_recovery", approve, **COUNCIL)
    await people.ask("request_recovery", ask, Done, **coen)
    assert (Code.RECOVERY_NOT_APPROVED, None) == await people.code_of(
        "recovered_words", ById(id=name), subject="bram"
    )
    for who in (
        {"role": Role.WORKS_COUNCIL, "subject": "coen"},
        {"role": Role.COORDINATOR, "subject": "cora"},
        {"role": Role.WORKS_COUNCIL, "subject": "bram"},
    ):
        assert (Code.SECOND_PERSON_NEEDED, None) == await people.code_of(
            "approve_recovery", approve, **who
        )
    for role in set(Role) - {Role.COORDINATOR, Role.WORKS_COUNCIL, Role.REPORTER}:
        subject = "bram" if role is Role.ADVISER else f"{role}-1"
        assert (Code.NOT_ALLOWED, None) == await people.code_of(
            "approve_recovery", approve, role=role, subject=subject
        )
    (waits,) = (await people.ask("recoveries", Empty(), Recoveries, **COUNCIL)).items
    assert (name, "bram", "adviser_left", "coordinator", False) == (
        waits.case_id,
        waits.to_adviser,
        waits.reason,
        waits.requested_by,
        waits.approved,
    )
    await people.ask("approve_recovery", approve, Done, **COUNCIL)

    assert (Code.NOT_FOUND, None) == await people.code_of(
        "recovered_words", ById(id=name), subject="anna"
    )
    seen = await people.ask("recovered_words", ById(id=name), Case, subject="bram")
    assert people.recovery is not None
    story = people.opened_by(people.recovery, case, seen.entries[0].sealed)
    assert STORY == story
    words = people.sealed(story, case, people.keys["bram"], code.key)
    part = ResealedEntry(version=1, words=words, signature=people.signature("bram", case, words))
    over = HandOver(case_id=name, to_adviser="bram", entries=(part,))
    await people.ask("hand_over", over, Done, subject="bram")
    assert (Code.NOT_FOUND, None) == await people.code_of(
        "recovered_words", ById(id=name), subject="bram"
    )
    told = await people.ask("my_case", Empty(), MyCase, token=people.running.session(code))
    assert [
        ("requested", "coordinator", "adviser_left"),
        ("approved", "works_council", None),
        ("used", None, None),
        ("handed_over", None, None),
    ] == [(one.step, one.role, one.reason) for one in told.steps]
    assert [
        "CaseOpened",
        "RecoveryRequested",
        "RecoveryApproved",
        "RecoveryUsed",
        "CaseHandedOver",
    ] == [one.type for one in await people.log() if one.stream == case]
    assert () == (await people.ask("recoveries", Empty(), Recoveries, **COUNCIL)).items


async def test_one_adviser_never_has_both_sides(people: People) -> None:
    """By tokens: opened, named later or handed over, the other side of one's own case is refused. Several
    reports about one subject are counted without opening one.
    """
    key = PartyKey.generate()
    jan, piet = (key.token(name, organisation=HERE) for name in ("Jan Jansen", "Piet Pieters"))
    reported = (PartyToken(role="reporter", token=jan), PartyToken(role="subject", token=piet))
    first = await people.case_of("anna", parties=reported)
    turned = (PartyToken(role="subject", token=jan),)

    async def refused(name: str, **more: Any) -> Code:
        case = uuid4()
        words = people.sealed(STORY, case, people.keys[name])
        request = people.opening(case, words, signature=people.signature(name, case, words), **more)
        code, _ = await people.code_of("open_case", request, subject=name)
        return code

    assert Code.CONFLICT_OF_INTEREST is await refused("anna", parties=turned)
    again = (PartyToken(role="reporter", token=piet),)
    assert Code.CONFLICT_OF_INTEREST is await refused("anna", parties=again)
    await people.case_of("bram", parties=turned)
    later = await people.case_of("anna")
    name = NameParties(case_id=str(later), parties=turned)
    assert (Code.CONFLICT_OF_INTEREST, None) == await people.code_of(
        "name_parties", name, subject="anna"
    )
    assert (Code.NOT_FOUND, None) == await people.code_of("name_parties", name, subject="bram")
    words = people.sealed(STORY, first, people.keys["bram"])
    part = ResealedEntry(version=1, words=words, signature=people.signature("anna", first, words))
    over = HandOver(case_id=str(first), to_adviser="bram", entries=(part,), consent="written")
    assert (Code.CONFLICT_OF_INTEREST, None) == await people.code_of(
        "hand_over", over, subject="anna"
    )
    # A recovery gives no words of the other side either, whoever agreed to it.
    await people.have_recovery_key()
    ask = RequestRecovery(case_id=str(first), reason="adviser_absent")
    await people.ask("request_recovery", ask, Done, subject="bram")
    await people.ask("approve_recovery", ApproveRecovery(case_id=str(first)), Done, **COUNCIL)
    assert (Code.CONFLICT_OF_INTEREST, None) == await people.code_of(
        "recovered_words", ById(id=str(first)), subject="bram"
    )
    await people.case_of("bram", parties=(PartyToken(role="subject", token=piet),))
    for token, count in ((piet, 2), (jan, 1), (bytes(32), 0)):
        asked = SubjectMatchesQuery(token=token)
        found = await people.ask("subject_matches", asked, SubjectMatches, subject="anna")
        assert count == found.reports
    # The table holds pseudonyms of tokens, and nobody's words or names.
    stored = b"".join(row[0] for row in people.rows("SELECT token FROM party_index"))
    assert jan not in stored
    assert jan[:16] not in stored
