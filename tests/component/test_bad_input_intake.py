"""Bad input at intake: each is answered clearly, in Dutch and in English, and nothing of it is stored.

Gathered here so that a reader finds them. What the gateway refuses before intake is asked stands below;
more of it in tests/component/test_gateway_http.py and tests/system/test_bad_input.py, and what can be
wrong with a file in tests/component/test_attachments.py.
"""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from hoeksteen_client.reporter import ReporterCode, door
from services.gateway.guesses import AT_ONCE, HOLD_S, QUEUE, Guesses
from services.gateway.schema.sealed import ENVELOPES
from services.intake.domain.attachment import CHUNK_BYTES
from services.intake.domain.words import LARGEST
from services.intake.service import DEFINITION
from shared.contracts.errors import CATALOGUE, Code, Language, Refusal
from shared.contracts.rpc import (
    CaseRecord,
    CloseCase,
    CorrectFacts,
    Empty,
    GiveConsent,
    KeepRecord,
    PutChunk,
    RecordIntervention,
    RecordOutcome,
    Sealed,
    SendMessage,
    Shape,
    TellWithConsent,
    WithdrawConsent,
)
from tests.component.test_intake import KEY_ID, WORDS, Intake, opening
from tests.component.test_work_together import Reporter
from tests.conftest import Database
from tests.gateway_lab import PADDED, REPORTER, Lab, running_gateway
from tests.nats_server import Bus, running_bus
from tests.service_lab import HERE, running

MIB = 1024 * 1024
CONTROL = "bullying\x00\x1b[2J"


@pytest_asyncio.fixture
async def bus(tmp_path: Path) -> AsyncIterator[Bus]:
    folder = tmp_path / "nats"
    folder.mkdir()
    async with running_bus(folder) as bus:
        yield bus


@dataclass
class World:
    """Intake with cases of each kind, and who asks."""

    intake: Intake
    reporter: Reporter
    own: str
    closed: str
    lasting: str
    expired: str

    def act(self, case: str) -> tuple[str, Shape, dict[str, Any]]:
        """Anna does something in a case."""
        request = RecordIntervention(case_id=case, intervention="listening")
        return "record_intervention", request, {"subject": "anna"}

    def tell(self, consent: str) -> tuple[str, Shape, dict[str, Any]]:
        """Anna tells something on a consent."""
        request = TellWithConsent(case_id=self.reporter.case, consent_id=consent)
        return "tell_with_consent", request, {"subject": "anna"}


@pytest_asyncio.fixture
async def world(database: Database, tmp_path: Path, bus: Bus) -> AsyncIterator[World]:
    async with running(DEFINITION, database, bus, tmp_path) as service:
        intake = Intake(service)
        await intake.found()
        reporter = Reporter(intake)
        await reporter.open()
        own, closed = str(await intake.open()), str(await intake.open())
        outcome = RecordOutcome(case_id=closed, outcome="referred", route="mediation")
        await intake.anna("record_outcome", outcome)
        await intake.anna("close_case", CloseCase(case_id=closed))
        lasting, expired = str(uuid4()), str(uuid4())
        for consent, until in ((lasting, None), (expired, date(2026, 3, 3))):
            await reporter.ask(
                "give_consent",
                GiveConsent(
                    case_id=reporter.case,
                    consent_id=consent,
                    matters=("identity",),
                    recipient="to_hr",
                    until=until,
                ),
            )
        withdrawal = WithdrawConsent(case_id=reporter.case, consent_id=lasting)
        await reporter.ask("withdraw_consent", withdrawal)
        intake.clock.move(datetime(2026, 3, 4, 10, tzinfo=UTC))
        yield World(intake, reporter, own, closed, lasting, expired)


Bad = Callable[[World], tuple[str, Shape, dict[str, Any]]]


def facts(world: World, **changed: str) -> CorrectFacts:
    given = {
        "channel": "phone",
        "anonymity": "named",
        "reporter_role": "employee",
        "relation": "colleague",
        "category": "workload",
    }
    return CorrectFacts(case_id=world.own, **(given | changed))


ANNA = {"subject": "anna"}
BAD: dict[str, tuple[Bad, Code]] = {
    "unknown unit": (
        lambda _: ("open_case", opening(unit_id="nowhere"), ANNA),
        Code.INVALID_INPUT,
    ),
    "closed case": (lambda world: world.act(world.closed), Code.CASE_CLOSED),
    "foreign case": (
        lambda world: (*world.act(world.own)[:2], {"subject": "bram"}),
        Code.NOT_FOUND,
    ),
    "case that is nowhere": (lambda world: world.act(str(uuid4())), Code.NOT_FOUND),
    "expired consent": (lambda world: world.tell(world.expired), Code.CONSENT_EXPIRED),
    "withdrawn consent": (lambda world: world.tell(world.lasting), Code.CONSENT_WITHDRAWN),
    "no consent": (lambda world: world.tell(str(uuid4())), Code.NOT_FOUND),
    "wrong code": (
        lambda world: (
            "my_case",
            Empty(),
            {"token": world.intake.session(ReporterCode.generate())},
        ),
        Code.NOT_FOUND,
    ),
    "another's case with a code": (
        lambda world: (
            "send_message",
            SendMessage(case_id=world.reporter.case, words=WORDS),
            {"token": world.intake.session(ReporterCode.generate())},
        ),
        Code.NOT_FOUND,
    ),
    "code that is none": (
        lambda _: ("my_case", Empty(), {"token": f"{door(HERE)}.{2**32}.{'A' * 70}"}),
        Code.NOT_SIGNED_IN,
    ),
    "words that are too long": (
        lambda _: (
            "open_case",
            opening(words=(Sealed(key_id=KEY_ID, ciphertext=bytes(LARGEST + 1)),)),
            ANNA,
        ),
        Code.TOO_LARGE,
    ),
    "attachment over the limit": (
        lambda world: (
            "put_chunk",
            PutChunk(
                case_id=world.own,
                id=str(uuid4()),
                number=25 * MIB // CHUNK_BYTES * 2,
                content=bytes(CHUNK_BYTES),
            ),
            ANNA,
        ),
        Code.TOO_LARGE,
    ),
    "control characters in a coded field": (
        lambda _: ("open_case", opening(category=CONTROL), ANNA),
        Code.UNKNOWN_CODE,
    ),
    "control characters in a correction": (
        lambda world: ("correct_facts", facts(world, relation=CONTROL), ANNA),
        Code.UNKNOWN_CODE,
    ),
    "control characters in a tag": (
        lambda world: (
            "keep_record",
            KeepRecord(case_id=world.own, record=CaseRecord(values=(CONTROL,))),
            ANNA,
        ),
        Code.INVALID_INPUT,
    ),
    "judgement in a coded field": (
        lambda _: ("open_case", opening(category="dader"), ANNA),
        Code.JUDGEMENT_WORD,
    ),
    "repeated idempotency key with other content": (
        lambda world: ("record_intervention", other_content(world), ANNA | {"key": "key-1"}),
        Code.KEY_REUSED,
    ),
}


def other_content(world: World) -> RecordIntervention:
    return RecordIntervention(case_id=world.own, intervention="coaching")


async def stored(world: World) -> tuple[Any, ...]:
    """All that intake has stored but for what the service does by itself."""
    events = world.intake.rows(
        "SELECT count(*) FROM event WHERE type NOT IN ('Blank', 'DayClosed')"
        " AND type NOT LIKE 'Term%%'"
    )
    return (
        events,
        world.intake.rows("SELECT count(*) FROM idempotency"),
        world.intake.rows("SELECT count(*) FROM attachment_chunk"),
    )


@pytest.mark.parametrize("name", BAD)
async def test_bad_input_is_answered_clearly_and_stored_nowhere(world: World, name: str) -> None:
    """A code and a sentence in each language, without a word of what was sent; and neither event, answer
    nor chunk.
    """
    bad, code = BAD[name]
    if "key" in name:
        first = RecordIntervention(case_id=world.own, intervention="listening")
        await world.intake.anna("record_intervention", first, key="key-1")
    verb, request, who = bad(world)
    before = await stored(world)
    refusal = await world.intake.refused(verb, request, **who)
    assert code is refusal.code
    pairs: tuple[tuple[Language, Language], ...] = (("en", "nl"), ("nl", "en"))
    for language, other in pairs:
        sentence = refusal.sentence(language)
        assert sentence != refusal.sentence(other)
        assert len(sentence) > 15
        assert not re.search(r"[{}\x00-\x1f]|nowhere|dader|None", sentence)
    assert before == await stored(world)


# What the gateway refuses before intake is asked ------------------------------------------------

OPEN = (
    "mutation ($input: OpenCaseInput!) { openCase(input: $input)"
    " { ... on UserError { code message path } } }"
)


@pytest_asyncio.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    async with running_gateway(tmp_path) as lab:
        yield lab


def asked(ciphertext: bytes) -> dict[str, Any]:
    words = [{"keyId": KEY_ID, "ciphertext": base64.b64encode(ciphertext).decode()}]
    given = {
        "idempotencyKey": "key-12345678",
        "caseId": str(uuid4()),
        "channel": "phone",
        "anonymity": "named",
        "reporterRole": "employee",
        "relation": "colleague",
        "category": "bullying",
        "words": words,
    }
    return {"query": OPEN, "variables": {"input": given}}


@pytest.mark.parametrize("language", ["en", "nl"])
async def test_ten_megabytes_of_text_are_refused(lab: Lab, language: str) -> None:
    """Before anything of it is read, with the limit in the sentence; no service is asked."""
    answer = await lab.post(asked(bytes(10 * MIB)), Accept_Language=language)
    assert 413 == answer.status_code
    (error,) = answer.json()["errors"]
    assert "TOO_LARGE" == error["extensions"]["code"]
    assert re.search(r"\d", error["message"])
    assert [] == lab.neighbours.asked


@pytest.mark.parametrize("language", ["en", "nl"])
@pytest.mark.parametrize("size", [0, 1, 5, 1072, 1074, 4000, 65536])
async def test_ciphertext_that_was_not_padded_is_refused(
    lab: Lab, language: str, size: int
) -> None:
    """Its length would tell how long the words are. What a client makes is taken."""
    answer = (await lab.post(asked(bytes(size)), Accept_Language=language)).json()
    told = answer["data"]["openCase"]
    assert ("INVALID_INPUT", ["input", "ciphertext"]) == (told["code"], told["path"])
    assert ("padded" if language == "en" else "lengte") in told["message"]
    assert [] == lab.neighbours.asked


def test_the_lengths_that_are_taken_are_those_of_the_clients() -> None:
    """As the client's own table of buckets says."""
    from hoeksteen_client.sealing import BUCKETS

    assert ENVELOPES == {1 + 32 + bucket + 16 for bucket in BUCKETS}
    assert len(PADDED) in ENVELOPES


# Guessing codes ---------------------------------------------------------------------------------


class Sleeper:
    """Sleeps until it is woken; counts who sleeps."""

    def __init__(self) -> None:
        self.asleep = 0
        self.wake = asyncio.Event()

    async def __call__(self, seconds: float) -> None:
        assert seconds == HOLD_S
        self.asleep += 1
        await self.wake.wait()


async def settled() -> None:
    """Everything that could go on has gone on."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_code_guessing_is_limited_without_addresses() -> None:
    """Twenty answers to wrong codes are under way at a time, the others wait, and past four hundred one is
    turned away; afterwards there is room again. What is counted is a number and nothing else.
    """
    sleeper = Sleeper()
    guesses = Guesses(sleeper)
    waiting = [asyncio.create_task(guesses.missed()) for _ in range(QUEUE)]
    await settled()
    assert AT_ONCE == sleeper.asleep
    with pytest.raises(Refusal) as refused:
        await guesses.missed()
    assert Code.UNAVAILABLE is refused.value.code
    assert CATALOGUE[Code.UNAVAILABLE].en != CATALOGUE[Code.UNAVAILABLE].nl
    sleeper.wake.set()
    await asyncio.gather(*waiting)
    await guesses.missed()
    assert QUEUE + 1 == sleeper.asleep


async def test_a_wrong_code_waits_and_nobody_else_does(tmp_path: Path) -> None:
    """Wherever it is tried. An adviser who asks for what is not there is answered at once."""
    sleeper = Sleeper()
    sleeper.wake.set()
    bearer = f"Bearer {REPORTER}"
    async with running_gateway(tmp_path, guesses=Guesses(sleeper)) as lab:
        mine = await lab.post({"query": "{ myCase { id } }"}, Authorization=bearer)
        assert {"myCase": None} == mine.json()["data"]
        assert 1 == sleeper.asleep
        file = await lab.http.get(f"/attachments/{uuid4()}", headers={"Authorization": bearer})
        assert (404, 2) == (file.status_code, sleeper.asleep)
        await lab.ask('{ case(id: "11111111-1111-4111-8111-111111111111") { id } }')
        assert 2 == sleeper.asleep


def test_no_address_is_looked_at() -> None:
    """Neither the limiter nor who calls it knows where a request came from."""
    gateway = Path(__file__).parents[2] / "services" / "gateway"
    for file in gateway.rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        assert not re.search(
            r"request\.client|\bREMOTE_ADDR|x-forwarded-for|\"client\"", text, re.IGNORECASE
        ), file


def test_every_bad_input_of_the_list_has_its_test() -> None:
    """By the names with which they were asked for."""
    here = Path(__file__).read_text(encoding="utf-8")
    for name in (
        "unknown unit",
        "closed case",
        "foreign case",
        "expired consent",
        "withdrawn consent",
        "wrong code",
        "code_guessing",
        "ten_megabytes",
        "attachment over the limit",
        "control characters in a coded field",
        "ciphertext_that_was_not_padded",
        "repeated idempotency key with other content",
    ):
        assert name in BAD or f"async def test_{name}" in here
