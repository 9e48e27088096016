"""After an erasure: nothing of the case is anywhere, and nothing else has changed."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx2
import psycopg
import pytest
from nats.js.errors import NotFoundError

from hoeksteen_client.attachments import AttachmentSealer
from services.intake.events import TYPES
from shared.bus.connection import connect
from shared.eventstore.mapper import decrypt_event
from shared.keys.case_key import CaseKey
from shared.keys.file_ring import FileKeyRing
from shared.ledger.note import Verifier
from shared.ledger.statement import read_statement
from shared.local import documents
from shared.local.session import Installation
from shared.local.verified import verify
from tests.system.people import Organisation, until
from tests.system.test_cli import hoeksteen
from tests.system.traces import rows, spellings

MARKER = "Zeldzaamvoorkomend woord over de fietsenkelder"

ASK = (
    "mutation ($input: RequestErasureInput!) { requestErasure(input: $input) { __typename"
    " ... on RequestErasurePayload { caseId } ... on UserError { code message } } }"
)
APPROVE = (
    "mutation ($input: ApproveErasureInput!) { approveErasure(input: $input) { __typename"
    " ... on ApproveErasurePayload { caseId erasure { status } }"
    " ... on UserError { code message } } }"
)
STATEMENT = "query ($case: ID!) { erasure(caseId: $case) { statement { statement vkey } } }"


@dataclass
class Needles:
    """What there is of a case before it goes, as bytes to look for."""

    key: tuple[bytes, ...]
    """The case key itself, raw, in hex and in base64; nowhere at any time."""
    wrapped: tuple[bytes, ...]
    """That key as it is stored, and the key of its facts."""
    contents: tuple[bytes, ...]
    """A piece of each ciphertext, intake's and signals'."""


def superuser(installation: Installation) -> psycopg.Connection[Any]:
    return psycopg.connect(installation.database_url("postgres"), autocommit=True)


def needles(installation: Installation, organisation: UUID, case: UUID, facts: UUID) -> Needles:
    """What a superuser with intake's key ring and its passphrase finds of the case."""
    home = installation.home
    passphrase = home.secret("key-ring-intake").read_bytes().strip()
    ring = FileKeyRing(home.key_ring("intake"), passphrase)
    wrapped, contents = [], []
    with superuser(installation) as connection:
        for schema, stream in (("intake", case), ("signals", facts)):
            connection.execute(f"SET search_path = {schema}".encode())
            wrapped += connection.execute(
                "SELECT key_id, wrapped FROM wrapped_key WHERE key_id IN"
                " (SELECT key_id FROM event WHERE stream = %s)",
                (stream,),
            ).fetchall()
            contents += connection.execute(
                "SELECT ciphertext FROM event JOIN ciphertext USING (organisation, leaf_index)"
                " WHERE stream = %s",
                (stream,),
            ).fetchall()
    (key_id, first), _ = wrapped
    secret = ring.open(organisation, b"case-key" + key_id.bytes, first)
    CaseKey(secret)  # it is one
    return Needles(
        key=(secret, secret.hex().encode(), base64.b64encode(secret)[:-1]),
        wrapped=tuple(one for _, one in wrapped),
        contents=tuple(one[:64] for (one,) in contents),
    )


def files(installation: Installation) -> Iterator[Path]:
    """Every file of the data folder but PostgreSQL's own log, which `hoeksteen backups` lists."""
    for file in installation.home.path.rglob("*"):
        if file.is_file() and not file.is_socket() and "pg_wal" not in file.parts:
            yield file


def found(installation: Installation, wanted: dict[str, Iterable[bytes]]) -> dict[str, set[str]]:
    """For each name, where any of its bytes are: `row`, or the first folder of a file."""
    sought = {
        name: [form for each in values for form in (each, each.hex().encode())]
        for name, values in wanted.items()
    }
    places: dict[str, set[str]] = {name: set() for name in wanted}

    def look(content: bytes, place: str) -> None:
        for name, forms in sought.items():
            if place not in places[name] and any(form in content for form in forms):
                places[name].add(place)

    for row in rows(installation):
        look(row, "row")
    for file in files(installation):
        with contextlib.suppress(FileNotFoundError):  # PostgreSQL's temporary ones come and go
            look(file.read_bytes(), file.relative_to(installation.home.path).parts[0])
    return places


def facts_of(installation: Installation) -> list[str]:
    """The ids of all facts that stand on the bus, as the superuser of the bus reads them."""

    async def read() -> list[str]:
        client = await connect(
            servers=installation.nats_url,
            user="intake",
            password=installation.nats_password_file("intake").read_text().strip(),
            name="test",
        )
        js = client.jetstream()
        last = (await js.stream_info("INTAKE")).state.last_seq
        ids = []
        for place in range(1, last + 1):
            try:
                message = await js.get_msg("INTAKE", place)
            except NotFoundError:  # taken out
                continue
            event = json.loads(message.data or b"{}")
            if event.get("type") == "intake.v1.facts.booked":
                ids += [one["facts_id"] for one in event["data"]["facts"]]
        await client.close()
        return ids

    return asyncio.run(read())


def test_after_an_erasure_nothing_of_the_case_is_anywhere(
    installation: Installation, found_organisation: Organisation, tmp_path: Path
) -> None:
    """Neither its words nor its key, wrapped or not, nor a ciphertext is in any row after VACUUM FULL,
    any file, stream, projection, snapshot, export or log, where before it was found; the logs
    verify, and the released figures and the report's bytes are the same.
    """
    organisation = found_organisation
    for _ in range(5):
        organisation.open_case()
    case = organisation.open_case(MARKER)
    organisation.adviser.do(
        documents.RECORD_CONVERSATION,
        caseId=str(case),
        mode="meeting",
        minutes=[organisation.sealed(MARKER[::-1], case)],
    )
    file, chunks = _attached(organisation, case)
    period = str(organisation.live_to_tick())
    figures = organisation.release(period)
    report = organisation.publish(period, "Er waren enkele meldingen.")
    facts = facts_of_case(installation, organisation.id, case)
    its = needles(installation, organisation.id, case, facts)
    its.contents += tuple(_stored_chunks(installation, file))
    with superuser(installation) as connection:
        connection.execute("CHECKPOINT")
    everything: dict[str, Iterable[bytes]] = {
        "wrapped": its.wrapped,
        "contents": its.contents,
        "key": its.key,
        "words": [*spellings(MARKER), *spellings(MARKER[::-1])],
        "file": [b"Bijlagetekst die nergens mag staan", *(one[:48] for one in chunks)],
    }
    # The search finds what is there.
    before = found(installation, everything)
    assert {"row", "postgres"} <= before["wrapped"]
    assert {"row", "postgres"} <= before["contents"]
    assert set() == before["key"] | before["words"] | before["file"]
    assert b"".join(chunks) == _got(organisation, file, 0).content
    assert chunks[1] == _got(organisation, file, 1).content
    assert str(facts) in facts_of(installation)

    coordinator = organisation.sign_in("coby", "coordinator")
    organisation.adviser.do(ASK, caseId=str(case), ground="REPORTER")
    coordinator.do(APPROVE, caseId=str(case))
    assert organisation.adviser.ask(documents.CASE, id=str(case)) is None
    assert 404 == _got(organisation, file, 0).status_code
    installation.move_clock(installation.now() + timedelta(days=1))
    until(lambda: not _held(installation, facts))
    until(lambda: str(facts) not in facts_of(installation))

    export = tmp_path / "export"
    assert (
        hoeksteen(
            "export",
            "--organisation",
            str(organisation.id),
            "--to",
            str(export),
            HOEKSTEEN_HOME=str(installation.home.path),
        ).returncode
        == 0
    )
    with superuser(installation) as connection:
        connection.execute("VACUUM FULL")
        connection.execute("CHECKPOINT")
    assert {name: set() for name in everything} == found(installation, everything)
    exported = [file.read_bytes() for file in export.rglob("*") if file.is_file()]
    assert exported
    assert not any(
        each in one for one in exported for values in everything.values() for each in values
    )

    assert 0 == verify(installation, organisation.id)
    assert figures == organisation.release(period)
    path = next(
        organisation.hr.ask(documents.REPORT, id=one["id"])["pdfPath"]
        for one in organisation.hr.ask(documents.REPORTS)
        if one["period"] == period
    )
    assert report == organisation.pdf(path)
    signed = organisation.adviser.ask(STATEMENT, case=str(case))["statement"]
    body = read_statement(signed["statement"].encode(), [Verifier.parse(signed["vkey"])])
    left = [line for line in body.splitlines() if line.startswith("left ")]
    assert left
    assert all(line.endswith(" 0") for line in left)


ATTACH = (
    "mutation ($input: AttachFileInput!) { attachFile(input: $input) { __typename"
    " ... on AttachFilePayload { attachmentId } ... on UserError { code message } } }"
)


def _attached(organisation: Organisation, case: UUID) -> tuple[UUID, list[bytes]]:
    """A file of two chunks, sealed by the client, sent through the gateway and attached."""
    file = uuid4()
    sealer = AttachmentSealer(
        organisation=organisation.id,
        case=case,
        attachment=file,
        name="b.txt",
        media_type="text/plain",
    )
    text = b"Bijlagetekst die nergens mag staan. " * 3_000
    chunks = list(sealer.chunks(io.BytesIO(text), keep_metadata=True))
    assert 2 == len(chunks)
    head = case.bytes + file.bytes + (0).to_bytes(4, "big")
    refused = _post(organisation, head + b"".join(chunks)[:-1])
    assert 400 == refused.status_code
    assert "INVALID_INPUT" in refused.text
    assert 204 == _post(organisation, head + b"".join(chunks)).status_code
    organisation.adviser.do(
        ATTACH,
        caseId=str(case),
        attachmentId=str(file),
        chunks=sealer.header.chunks,
        digest=base64.b64encode(sealer.header.digest).decode(),
        words=[organisation.sealed(sealer.header.text, case)],
    )
    return file, chunks


def _post(organisation: Organisation, body: bytes) -> httpx2.Response:
    return httpx2.post(
        f"{organisation.installation.gateway_origin}/attachments",
        content=body,
        headers={"Authorization": f"Bearer {organisation.adviser.token}"},
        timeout=30,
        trust_env=False,
    )


def _got(organisation: Organisation, file: UUID, first: int) -> httpx2.Response:
    return httpx2.get(
        f"{organisation.installation.gateway_origin}/attachments/{file}?from={first}",
        headers={"Authorization": f"Bearer {organisation.adviser.token}"},
        timeout=30,
        trust_env=False,
    )


def _stored_chunks(installation: Installation, file: UUID) -> list[bytes]:
    """A piece of each chunk as it lies in the database."""
    with superuser(installation) as connection:
        rows = connection.execute(
            "SELECT ciphertext FROM intake.attachment_chunk WHERE attachment_id = %s", (file,)
        ).fetchall()
    return [bytes(one)[:64] for (one,) in rows]


def facts_of_case(installation: Installation, organisation: UUID, case: UUID) -> UUID:
    """The id of a case's facts, as intake's own event says it."""
    home = installation.home
    passphrase = home.secret("key-ring-intake").read_bytes().strip()
    ring = FileKeyRing(home.key_ring("intake"), passphrase)
    with superuser(installation) as connection:
        connection.execute(b"SET search_path = intake")
        row = connection.execute(
            "SELECT type, key_id, nonce, ciphertext, wrapped FROM event"
            " JOIN ciphertext USING (organisation, leaf_index) JOIN wrapped_key USING (key_id)"
            " WHERE stream = %s AND version = 1",
            (case,),
        ).fetchone()
    assert row is not None
    name, key_id, nonce, ciphertext, wrapped = row
    key = CaseKey(ring.open(organisation, b"case-key" + key_id.bytes, wrapped))
    opened = decrypt_event(TYPES, key, case, 1, name, key_id, nonce, ciphertext)
    facts: UUID = opened.facts_id
    return facts


def _held(installation: Installation, facts: UUID) -> bool:
    with superuser(installation) as connection:
        connection.execute(b"SET search_path = signals")
        return bool(
            connection.execute(
                "SELECT 1 FROM event JOIN ciphertext USING (organisation, leaf_index)"
                " WHERE stream = %s",
                (facts,),
            ).fetchall()
        )


@pytest.fixture
def found_organisation(installation: Installation) -> Iterator[Organisation]:
    """An organisation of one's own."""
    made = Organisation(installation)
    yield made
    made.close()
