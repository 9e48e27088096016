"""Whoever has the whole machine, but no adviser's key and no code, reads no word of any case."""

from __future__ import annotations

import dataclasses
import gzip
import io
import json
import shutil
import zlib
from base64 import b32encode, b64decode, b64encode, urlsafe_b64encode
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

import httpx2
import msgspec
import psycopg
import pytest

from hoeksteen_client import (
    AdviserKey,
    AttachmentSealer,
    Passage,
    ReporterCode,
    document_for_subject,
    export_reporter,
    open_document,
    open_redaction,
    seal_document,
    seal_redaction,
    seal_to,
)
from services.intake.chunks import KIND as CHUNK
from services.intake.events import TYPES
from shared.eventstore.mapper import associated_data, decrypt_event
from shared.keys.case_key import CaseKey
from shared.keys.file_ring import FileKeyRing
from shared.keys.ring import KeyRingProblem
from shared.local import documents
from shared.local.session import Installation
from shared.taxonomy import confidentiality
from tests.system.people import Organisation
from tests.system.test_reporter import Reporter
from tests.system.traces import files, places, programs, rows, spellings

MARK = "Kraaiennestwachter"
"""Stands in every text of the case, as somebody's name does, and nowhere else by chance."""
NAME = f"Marijke {MARK}-Oudekerk"
STORY = f"Ik ben {NAME}. Het gaat over Bartholomeus de Wit, afdelingshoofd. Kantine, één keer."
ANSWER = f"Dank u wel, mevrouw {MARK}, voor uw moedige bericht"
MINUTES = f"Gesprek met {NAME} in de koffiekamer naast de werkplaats"
REASON = f"Er ligt een jachtgeweer in het kluisje van {MARK}"
TOLD = f"Mevrouw {MARK}, ik heb de wijkagent gebeld"
NOTE = f"De Wit vroeg met paspoort om inzage in wat {MARK} over hem zei"
REMARKS = f"Tweede lezer: alinea vier verraadt {MARK}"
FILE = f"Foto's die mevrouw {MARK} maakte. " * 4_000
KEPT = f"U vroeg op de heidag tweemaal naar de cijfers van {MARK}"
WITHHELD = f"Dat heeft {NAME} mij in vertrouwen gezegd"

ACCESS = (
    "query ($id: ID!) { subjectAccess(id: $id) { passages parts { copies { keyId ciphertext } }"
    " document { copies { keyId ciphertext } } } }"
)
PUT = "mutation ($input: {0}Input!) {{ {1}(input: $input) {{ ... on UserError {{ code message }} }} }}"


def mutation(name: str) -> str:
    return PUT.format(name[0].upper() + name[1:], name)


@dataclass
class Story:
    """A case in which everything was written that can be, and the keys of those it is for."""

    organisation: Organisation
    code: ReporterCode
    bram: AdviserKey
    access: UUID

    @property
    def case(self) -> UUID:
        return self.code.case_id

    @property
    def where(self) -> dict[str, UUID]:
        """What an envelope is bound to."""
        return {"organisation": self.organisation.id, "case": self.case}

    def to(self, words: str, *keys: AdviserKey) -> list[dict[str, str]]:
        """Words sealed to these."""
        readers = [(key.key_id, key.public) for key in keys]
        return copies(seal_to(words, readers, **self.where))


def copies(sealed: Sequence[tuple[UUID, bytes]]) -> list[dict[str, str]]:
    """Envelopes as GraphQL takes them."""
    return [
        {"keyId": str(key_id), "ciphertext": b64encode(envelope).decode()}
        for key_id, envelope in sealed
    ]


def envelopes(part: dict[str, Any]) -> list[tuple[UUID, bytes]]:
    """A part of a document as GraphQL gives it."""
    return [(UUID(one["keyId"]), b64decode(one["ciphertext"])) for one in part["copies"]]


@pytest.fixture(scope="module")
def story(installation: Installation) -> Iterator[Story]:
    """Reporter and adviser speak, confidentiality is broken, the subject gets access; facts leave."""
    with closing(Organisation(installation)) as organisation:
        yield tell(installation, organisation)


def tell(installation: Installation, organisation: Organisation) -> Story:
    """Everything of one case, through the gateway."""
    anna, bram = organisation.adviser, organisation.sign_in("bram", "adviser")
    key, of_bram = organisation.key, AdviserKey.generate()
    bram.do(
        documents.PUBLISH_ADVISER_KEY,
        publicKey=b64encode(of_bram.public).decode(),
    )
    told = Story(organisation, ReporterCode.generate(), of_bram, uuid4())
    case, mine = str(told.case), told.code.key
    reporter = Reporter(organisation, told.code)
    reporter.open_case(words=told.to(STORY, key, mine))
    anna.do(mutation("sendMessage"), caseId=case, words=told.to(ANSWER, key, mine))
    minutes = told.to(MINUTES, key)
    anna.do(documents.RECORD_CONVERSATION, caseId=case, mode="meeting", minutes=minutes)
    attach(told)
    disclosure = {"caseId": case, "disclosureId": str(uuid4())}
    anna.do(
        mutation("requestDisclosure"),
        **disclosure,
        reviewerId="bram",
        ground="serious_crime",
        recipient="police_or_prosecutor",
        answers=[
            {"condition": one, "holds": "YES"}
            for one in confidentiality.current().disclosure_conditions
        ],
        reason=told.to(REASON, key, of_bram),
    )
    bram.do(mutation("confirmDisclosure"), **disclosure, agrees=True)
    anna.do(mutation("informReporter"), **disclosure, words=told.to(TOLD, key, mine))
    access = {"caseId": case, "accessId": str(told.access)}
    anna.do(
        mutation("requestSubjectAccess"),
        **access,
        reviewerId="bram",
        receivedOn=f"{installation.now():%Y-%m-%d}",
        note=told.to(NOTE, key, of_bram),
    )
    passages = [Passage(KEPT), Passage(WITHHELD, withheld="identity_of_reporter")]
    readers = [(one.key_id, one.public) for one in (key, of_bram)]
    parts = seal_redaction(passages, readers, **told.where, access=told.access)
    proposal = {
        "passages": [one.code for one in passages],
        "parts": [{"copies": copies(part)} for part in parts],
    }
    anna.do(mutation("proposeRedaction"), **access, **proposal)
    bram.do(mutation("reviewRedaction"), **access, remarks=told.to(REMARKS, key))
    anna.do(mutation("proposeRedaction"), **access, **proposal)
    shown = bram.ask(ACCESS, id=str(told.access))
    seen = open_redaction(
        [envelopes(part) for part in shown["parts"]],
        shown["passages"],
        of_bram,
        **told.where,
        access=told.access,
    )
    grounds = {"identity_of_reporter": "Zou tonen wie de melder is"}
    text = document_for_subject(seen, grounds, language="nl")
    document = seal_document(text, readers, **told.where, access=told.access)
    bram.do(
        mutation("reviewRedaction"),
        **access,
        document=[{"copies": copies(part)} for part in document],
    )
    organisation.live_to_tick()
    return told


def attach(told: Story) -> None:
    """A file of four chunks, filled up, with a telling name, sealed to adviser and reporter."""
    file, anna = uuid4(), told.organisation.adviser
    sealer = AttachmentSealer(
        organisation=told.organisation.id,
        case=told.case,
        attachment=file,
        name=f"{MARK}.txt",
        media_type="text/plain",
    )
    chunks = b"".join(sealer.chunks(io.BytesIO(FILE.encode()), keep_metadata=True))
    answer = httpx2.post(
        f"{told.organisation.installation.gateway_origin}/attachments",
        content=told.case.bytes + file.bytes + bytes(4) + chunks,
        headers={"Authorization": f"Bearer {anna.token}"},
        timeout=30,
        trust_env=False,
    )
    assert 204 == answer.status_code
    anna.do(
        mutation("attachFile"),
        caseId=str(told.case),
        attachmentId=str(file),
        chunks=sealer.header.chunks,
        digest=b64encode(sealer.header.digest).decode(),
        words=told.to(sealer.header.text, told.organisation.key, told.code.key),
    )


def test_the_right_keys_open_what_the_machine_cannot(story: Story) -> None:
    """The reporter's export has their words, the auditor's log the codes, the document what is kept."""
    organisation = story.organisation
    reporter = Reporter(organisation, story.code)
    export = export_reporter(reporter.person.client, story.code, organisation.id, language="nl")
    # Half a year went by: what became of the terms meanwhile stands there too, once it is noticed.
    entries = [one for one in export["entries"] if not one["kind"].startswith("Term")]
    assert [STORY, ANSWER, None, None] == [entry["words"] for entry in entries]
    assert [True, True, False, True] == [entry["readable"] for entry in entries]
    assert (f"{MARK}.txt", len(FILE.encode())) == (
        entries[3]["file"]["name"],
        entries[3]["file"]["size"],
    )
    assert {"code": "intimidation", "label": "Intimidatie"} == export["case"]["category"]
    (breach,) = export["disclosures"]
    assert (TOLD, True, "serious_crime") == (
        breach["words"],
        breach["confirmed"],
        breach["ground"]["code"],
    )
    access = organisation.adviser.ask(ACCESS, id=str(story.access))
    document = open_document(
        [envelopes(part) for part in access["document"]],
        organisation.key,
        **story.where,
        access=story.access,
    )
    assert KEPT in document
    assert WITHHELD not in document
    assert "[Passage 2 is weggelaten. Grond: Zou tonen wie de melder is.]" in document
    log = organisation.auditor.ask("{ disclosureLog { steps { kind ground actor } } }")["steps"]
    assert ["DisclosureRequested", "DisclosureConfirmed", "ReporterInformed"] == [
        step["kind"] for step in log
    ]
    assert len({step["actor"] for step in log}) == 2


@pytest.mark.usefixtures("story")
def test_nobody_with_the_whole_machine_finds_a_word(installation: Installation) -> None:
    """Not in a row of any table, a file of PostgreSQL or NATS, a key ring, a ledger, a log, a span,
    a secret, nor in a program's environment: in no encoding, packed or not.
    """
    control, setting = "ConversationRecorded", "HOEKSTEEN_KEY_RING_PASSPHRASE_FILE"
    found = places(installation, MARK, control, setting)
    assert set() == found[MARK]
    # The search does find what is there: a type of event, in rows and in PostgreSQL's files; a
    # setting, in the environment of each service that has it.
    assert "row" in found[control]
    assert any("/postgres" in one for one in found[control])
    for service in ("intake", "signals", "reporting"):
        assert any(f"services.{service}" in one for one in found[setting]), service
    seen = {str(file.relative_to(installation.home.path)) for file, _ in files(installation)}
    for part in ("keys/intake.ring", "nats/", "log/intake.log", "log/gateway.log", "ledger/intake"):
        assert any(part in one for one in seen), part
    assert any("services.gateway" in name for name, _ in programs(installation))


def test_each_way_of_writing_would_be_found(installation: Installation) -> None:
    """The control of the control: a word that nobody wrote, planted in many ways, is seen in each."""
    word = "Zeldzaamplantsel onder de trap, één keer"
    plain = word.encode()
    ways = {
        "plain": plain,
        "utf16": word.encode("utf-16-le"),
        "hex": plain.hex().encode(),
        "json": json.dumps({"x": word}).encode(),
        "gzip": gzip.compress(b"before " + plain),
        "pdf": b"%PDF-1.7\nstream\n" + zlib.compress(b"(" + plain + b")") + b"\nendstream",
        "address": b"/x?y=" + quote(word).encode(),
        "reversed": plain[::-1],
        **{f"base64-{n}": b64encode(b"." * n + plain + b"behind") for n in range(4)},
        **{f"base32-{n}": b32encode(b"." * n + plain + b"behind") for n in range(6)},
        "base64url": urlsafe_b64encode(plain + b"?>?>"),
    }
    folder = installation.home.logs / "planted"
    folder.mkdir()
    try:
        for name, content in ways.items():
            (folder / name).write_bytes(b"\x00" * 7 * (name[0] not in "gp") + content)
        found = places(installation, word)
    finally:
        shutil.rmtree(folder)
    assert {str(folder / name) for name in ways} == found[word]


def decrypted(installation: Installation, organisation: UUID) -> Iterator[tuple[str, bytes]]:
    """With intake's key ring, its passphrase and its tables: type and content of every event, and
    every chunk of a file.
    """
    ring = FileKeyRing(
        installation.home.key_ring("intake"),
        installation.home.secret("key-ring-intake").read_text().strip().encode(),
    )
    with psycopg.connect(installation.database_url("postgres")) as connection:
        connection.execute("SET search_path = intake")
        keys = {
            key_id: CaseKey(ring.open(organisation, b"case-key" + key_id.bytes, wrapped))
            for key_id, wrapped in connection.execute(
                "SELECT key_id, wrapped FROM wrapped_key WHERE organisation = %s", (organisation,)
            )
        }
        for stream, version, name, key_id, nonce, ciphertext in connection.execute(
            "SELECT stream, version, type, key_id, nonce, ciphertext FROM event"
            " JOIN ciphertext USING (organisation, leaf_index) WHERE organisation = %s",
            (organisation,),
        ):
            event = decrypt_event(
                TYPES, keys[key_id], stream, version, name, key_id, nonce, ciphertext
            )
            yield name, b"|".join([msgspec.json.encode(event), *raw_bytes(event)])
        for case, file, number, key_id, nonce, ciphertext in connection.execute(
            "SELECT case_id, attachment_id, number, key_id, nonce, ciphertext FROM attachment"
            " JOIN attachment_chunk USING (attachment_id) WHERE organisation = %s",
            (organisation,),
        ):
            associated = associated_data(CHUNK, case, number, str(file), key_id)
            yield "chunk", keys[key_id].decrypt_block(nonce, ciphertext, associated)


def raw_bytes(value: Any) -> Iterator[bytes]:
    """All bytes in an event, however deep, as they are."""
    if isinstance(value, bytes):
        yield value
    elif isinstance(value, tuple):
        for one in value:
            yield from raw_bytes(one)
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from raw_bytes(getattr(value, field.name))


def test_with_the_organisations_key_facts_open_and_words_do_not(
    installation: Installation, story: Story
) -> None:
    """Who has the key ring with its passphrase too reads codes, times and advisers, and no word."""
    events = list(decrypted(installation, story.organisation.id))
    opened = dict(events)
    for name, facts in {
        "CaseOpened": (b'"intimidation"', b'"manager_to_employee"', b'"anna"', b'"at"'),
        "ConversationRecorded": (b'"meeting"',),
        "DisclosureRequested": (b'"serious_crime"', b'"police_or_prosecutor"', b'"bram"'),
        "RedactionProposed": (b'"identity_of_reporter"',),
    }.items():
        for fact in facts:
            assert fact in opened[name], (name, fact)
    assert 4 == [name for name, _ in events].count("chunk")
    assert all(len(content) == 65_552 for name, content in events if name == "chunk")
    wanted = spellings(MARK)
    assert [] == [name for name, content in events if any(way in content for way in wanted)]
    # What lies there is what the clients sealed: the adviser's key, which no server has, opens it.
    entry = story.organisation.adviser.ask(documents.CASE, id=str(story.case))["entries"][0]
    envelope = b64decode(entry["sealed"][0]["ciphertext"])
    assert b64encode(envelope) in opened["CaseOpened"]
    assert STORY in story.organisation.key.open(envelope, **story.where)


def test_the_ring_without_its_passphrase_opens_nothing(installation: Installation) -> None:
    """The file alone, as it lies in a backup, does not even give the facts."""
    path = installation.home.key_ring("intake")
    for guess in (b"hoeksteen", b"", path.read_bytes()[:40]):
        with pytest.raises(KeyRingProblem):
            FileKeyRing(path, guess)
    assert len(list(rows(installation))) > 100
