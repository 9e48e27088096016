"""Attachments at intake: sent in chunks, attached, read, limited, removed when nobody attaches them."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock
from uuid import UUID, uuid4

import psycopg
import pytest
import pytest_asyncio

from hoeksteen_client.reporter import ReporterCode
from services.intake.domain.attachment import CHUNK_BYTES, Limits
from services.intake.service import DEFINITION
from shared.contracts.errors import Code, Refusal
from shared.contracts.rpc import (
    ApproveErasure,
    AttachFile,
    ById,
    Case,
    Chunk,
    ChunkQuery,
    CloseCase,
    Done,
    Empty,
    MyCase,
    PutChunk,
    RecordOutcome,
    RequestErasure,
    Sealed,
)
from shared.identity.roles import Role
from tests.component.test_intake import WORDS, Intake, opening
from tests.conftest import Database
from tests.nats_server import Bus, running_bus
from tests.service_lab import eventually, running

CHUNK = os.urandom(CHUNK_BYTES)


@pytest_asyncio.fixture
async def bus(tmp_path: Path) -> AsyncIterator[Bus]:
    folder = tmp_path / "nats"
    folder.mkdir()
    async with running_bus(folder) as bus:
        yield bus


@pytest_asyncio.fixture
async def intake(database: Database, tmp_path: Path, bus: Bus) -> AsyncIterator[Intake]:
    """Files of at most 1 MiB (16 chunks), and 2 MiB (32 chunks) in a case."""
    limits = {"attachment_file_mib": 1, "attachment_case_mib": 2}
    async with running(DEFINITION, database, bus, tmp_path, settings=limits) as service:
        intake = Intake(service)
        await intake.found()
        yield intake


def piece(case: UUID, file: UUID, number: int = 0, content: bytes = CHUNK) -> PutChunk:
    return PutChunk(case_id=str(case), id=str(file), number=number, content=content)


def attach(case: UUID, file: UUID, chunks: int = 1, **changes: Any) -> AttachFile:
    digest = hashlib.sha256(hashlib.sha256(CHUNK).digest() * chunks).digest()
    fields: dict[str, Any] = {"chunks": chunks, "digest": digest, "words": WORDS}
    return AttachFile(case_id=str(case), attachment_id=str(file), **(fields | changes))


async def refusal(intake: Intake, verb: str, request: Any, **who: Any) -> Code:
    code: Code = (await intake.refused(verb, request, **({"subject": "anna"} | who))).code
    return code


async def test_a_file_is_sent_attached_and_read_by_both(intake: Intake) -> None:
    """The reporter sends it in chunks and attaches it; the adviser gets the same bytes, and that they
    took it is in the log once, before the first chunk; in the database is no chunk as it was sent.
    """
    code, file = ReporterCode.generate(), uuid4()
    me = {"token": intake.session(code)}
    await intake.ask(
        "open_case",
        opening(code.case_id, adviser_id="anna", reply_key=code.key.public, anonymity="anonymous"),
        Done,
        **me,
    )
    for number in (1, 0, 1):  # in any order, and again
        await intake.ask("put_chunk", piece(code.case_id, file, number), Empty, **me)
    words = (Sealed(key_id=str(code.key.key_id), ciphertext=b"the header"), *WORDS)
    assert Code.NOT_FOUND is await refusal(intake, "chunk", ChunkQuery(id=str(file), number=0))
    await intake.ask("attach_file", attach(code.case_id, file, 2, words=words), Done, **me)
    before = len(await intake.log())
    for number in (1, 0):
        got = await intake.anna("chunk", ChunkQuery(id=str(file), number=number), Chunk)
        assert (CHUNK, 2) == (got.content, got.chunks)
    (look,) = (await intake.log())[before:]
    assert ("attachment", file, "adviser") == (look.event.what, look.event.ref, look.event.role)
    got = await intake.ask("chunk", ChunkQuery(id=str(file), number=1), Chunk, **me)
    assert CHUNK == got.content
    assert before + 1 == len(await intake.log())
    assert Code.NOT_FOUND is await refusal(intake, "chunk", ChunkQuery(id=str(file), number=2))
    mine = (await intake.ask("my_case", Empty(), MyCase, **me)).messages[-1]
    assert (str(file), words, "reporter") == (mine.attachment_id, mine.sealed, mine.sender)
    seen = (await intake.anna("case", ById(id=str(code.case_id)), Case)).entries[-1]
    assert ("FileAttached", str(file), words) == (seen.kind, seen.ref, seen.sealed)
    own = uuid4()  # the adviser's own: not sealed to the reporter
    await intake.anna("put_chunk", piece(code.case_id, own), Empty)
    await intake.anna("attach_file", attach(code.case_id, own))
    assert Code.NOT_FOUND is await refusal(intake, "chunk", ChunkQuery(id=str(own), number=0), **me)
    await intake.anna("chunk", ChunkQuery(id=str(own), number=0), Chunk)
    assert 2 == len((await intake.ask("my_case", Empty(), MyCase, **me)).messages)
    rows = intake.rows("SELECT ciphertext FROM attachment_chunk")
    assert [len(CHUNK) + 16] * 3 == [len(one) for (one,) in rows]
    assert not any(CHUNK[:32] in one for (one,) in rows)


async def test_what_is_wrong_is_refused(intake: Intake) -> None:
    """Length, number, other bytes in a place, a gap, another digest or count, twice; and what is
    another's looks like nothing.
    """
    case, other, file = await intake.open(), await intake.open(), uuid4()
    put = piece(case, file)
    await intake.anna("put_chunk", put, Empty)
    wrong = [
        (piece(case, file, 1, CHUNK[:-1]), Code.INVALID_INPUT),
        (piece(case, file, 1, b""), Code.INVALID_INPUT),
        (piece(case, file, -1), Code.INVALID_INPUT),
        (piece(case, file, 16), Code.TOO_LARGE),
        (piece(case, UUID(int=1)), Code.INVALID_INPUT),
        (piece(case, file, 0, bytes(CHUNK_BYTES)), Code.ALREADY_EXISTS),
        (piece(other, file, 1), Code.NOT_FOUND),
        (piece(uuid4(), file, 1), Code.NOT_FOUND),
    ]
    for request, code in wrong:
        assert code is await refusal(intake, "put_chunk", request), request.number
    await intake.anna("put_chunk", piece(case, file, 3), Empty)
    for changes in ({"chunks": 4}, {"chunks": 3}, {"chunks": 0}, {"chunks": 1}):
        assert Code.INVALID_INPUT is await refusal(
            intake,
            "attach_file",
            attach(case, file) if not changes else _changed(case, file, changes),
        )
    for number in (1, 2):
        await intake.anna("put_chunk", piece(case, file, number), Empty)
    assert Code.INVALID_INPUT is await refusal(
        intake, "attach_file", attach(case, file, 4, digest=bytes(32))
    )
    stranger = {"token": intake.session(ReporterCode.generate())}
    for who in ({"subject": "bram"}, stranger):
        assert Code.NOT_FOUND is await refusal(intake, "put_chunk", piece(case, file), **who)
        assert Code.NOT_FOUND is await refusal(intake, "attach_file", attach(case, file, 4), **who)
    assert Code.NOT_FOUND is await refusal(intake, "attach_file", attach(other, file, 4))
    await intake.anna("attach_file", attach(case, file, 4), key="once-only")
    await intake.anna("attach_file", attach(case, file, 4), key="once-only")
    assert Code.ALREADY_EXISTS is await refusal(intake, "attach_file", attach(case, file, 4))
    assert Code.ALREADY_EXISTS is await refusal(intake, "put_chunk", piece(case, file, 4))
    for who in ({"subject": "bram"}, stranger):
        for number in (0, 9):
            query = ChunkQuery(id=str(file), number=number)
            assert Code.NOT_FOUND is await refusal(intake, "chunk", query, **who)
    await intake.anna(
        "record_outcome", RecordOutcome(case_id=str(case), outcome="referred", route="mediation")
    )
    await intake.anna("close_case", CloseCase(case_id=str(case)))
    assert Code.CASE_CLOSED is await refusal(intake, "put_chunk", piece(case, uuid4()))
    await intake.anna("chunk", ChunkQuery(id=str(file), number=0), Chunk)


async def test_nothing_is_added_to_what_is_attached(
    intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the service stopped before it noted in its table that the file is attached."""
    case, file = await intake.open(), uuid4()
    await intake.anna("put_chunk", piece(case, file), Empty)
    with monkeypatch.context() as cut_off:
        cut_off.setattr("services.intake.chunks.settle", AsyncMock())
        await intake.anna("attach_file", attach(case, file))
    await intake.anna("put_chunk", piece(case, file, 1), Empty)
    got = await intake.anna("chunk", ChunkQuery(id=str(file), number=0), Chunk)
    assert (CHUNK, 1) == (got.content, got.chunks)
    assert Code.NOT_FOUND is await refusal(intake, "chunk", ChunkQuery(id=str(file), number=1))


def _changed(case: UUID, file: UUID, changes: dict[str, Any]) -> AttachFile:
    digest = hashlib.sha256(hashlib.sha256(CHUNK).digest() * changes["chunks"]).digest()
    return attach(case, file, changes["chunks"], digest=digest)


async def test_a_case_takes_so_much_and_no_more(intake: Intake) -> None:
    """Also when chunks of several files come at once; another case has its own room."""
    case, files = await intake.open(), [uuid4() for _ in range(3)]

    async def send(file: UUID, number: int) -> bool:
        try:
            await intake.anna("put_chunk", piece(case, file, number), Empty)
        except Refusal as refused:
            return refused.code is not Code.TOO_LARGE
        return True

    taken = await asyncio.gather(*(send(file, number) for file in files for number in range(12)))
    assert 32 == sum(taken)
    assert [(32,)] == intake.rows("SELECT count(*) FROM attachment_chunk")
    await intake.anna("put_chunk", piece(await intake.open(), uuid4()), Empty)
    # 25 MiB are 400 chunks, filled up to 512; 100 MiB are 1600.
    assert Limits(512, 1600) == Limits.of(file_mib=25, case_mib=100)
    assert Limits(16, 16) == Limits.of(file_mib=1, case_mib=1)


async def test_what_nobody_attaches_is_removed_after_a_day(intake: Intake) -> None:
    """What is attached stays, and what a crash left between is noticed; a file in progress waits."""
    case, orphan, kept, crashed = await intake.open(), uuid4(), uuid4(), uuid4()
    for file in (orphan, kept, crashed):
        await intake.anna("put_chunk", piece(case, file), Empty)
    for file in (kept, crashed):
        await intake.anna("attach_file", attach(case, file))
    with psycopg.connect(intake.database.admin) as connection:
        connection.execute(
            "UPDATE intake.attachment SET begun = '2026-03-02' WHERE attachment_id = %s", (crashed,)
        )

    async def there() -> list[Any]:
        return sorted(one for (one,) in intake.rows("SELECT attachment_id FROM attachment"))

    async def day_closed(many: int) -> bool:
        types: list[str] = await intake.types()
        return types.count("DayClosed") == many

    intake.clock.move(datetime(2026, 3, 3, 4, 0, tzinfo=UTC))
    await eventually(lambda: day_closed(1))
    assert sorted([orphan, kept, crashed]) == await there()
    intake.clock.move(datetime(2026, 3, 4, 4, 0, tzinfo=UTC))
    await eventually(lambda: day_closed(2))
    assert sorted([kept, crashed]) == await there()
    assert [] == intake.rows("SELECT * FROM attachment WHERE begun IS NOT NULL")
    assert [(2,)] == intake.rows("SELECT count(*) FROM attachment_chunk")


async def test_attachments_go_with_the_case(intake: Intake) -> None:
    """In the transaction in which its key goes; before that nobody can delete what is attached, and
    afterwards nothing comes in.
    """
    case, file, begun = await intake.open(), uuid4(), uuid4()
    await intake.anna("put_chunk", piece(case, file), Empty)
    await intake.anna("attach_file", attach(case, file))
    await intake.anna("put_chunk", piece(case, begun), Empty)
    for statement in (
        f"DELETE FROM intake.attachment WHERE attachment_id = '{file}'",  # noqa: S608
        "DELETE FROM intake.attachment_chunk",
        "UPDATE intake.attachment_chunk SET ciphertext = ''",
        "TRUNCATE intake.attachment CASCADE",
    ):
        with (
            psycopg.connect(intake.database.admin) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute(statement.encode())
    await intake.anna("request_erasure", RequestErasure(case_id=str(case), ground="reporter"))
    approve = ApproveErasure(case_id=str(case))
    await intake.ask("approve_erasure", approve, Done, role=Role.WORKS_COUNCIL, subject="olga")
    assert [(0, 0)] == intake.rows(
        "SELECT (SELECT count(*) FROM attachment), (SELECT count(*) FROM attachment_chunk)"
    )
    assert Code.NOT_FOUND is await refusal(intake, "chunk", ChunkQuery(id=str(file), number=0))
    assert Code.NOT_FOUND is await refusal(intake, "put_chunk", piece(case, uuid4()))
