"""People's keys in a running intake: the directory in the log, signatures, recovery, hand-over."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4, uuid5

import pytest_asyncio

from hoeksteen_client import AdviserKey, ReporterCode, seal
from services.intake.domain.statements import recovery_key_statement
from services.intake.service import DEFINITION
from shared.contracts.errors import Code
from shared.contracts.rpc import (
    ById,
    Case,
    ConfirmRecoveryKey,
    Done,
    Empty,
    KeyLog,
    MyCase,
    OpenCase,
    Organisation,
    PublishAdviserKey,
    PublishRecoveryKey,
    RecordConversation,
    Sealed,
    SendMessage,
    WithdrawAdviserKey,
)
from shared.identity.roles import Role
from tests.component.test_intake import Intake, set_up
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
        statement = recovery_key_statement(organisation_id=HERE, public_key=key.public)
        return PublishRecoveryKey(
            public_key=key.public, signature=self.keys[signer]._sign(statement)
        )

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
        request = self.opening(code.case_id, words, adviser_id=name, reply_key=code.key.public)
        await self.running.ask("open_case", request, Done, token=code.token(HERE))
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
        "send_message", signed, token=code.token(HERE)
    )
    assert before == await people.types()
    await people.anna("send_message", signed)
    mine = await people.ask("my_case", Empty(), MyCase, token=code.token(HERE))
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
            token=code.token(HERE),
        )
