"""What a service shows of its own log: to the auditor with a record of the visit, and to anybody."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import psycopg
import pytest
import pytest_asyncio

from hoeksteen_client.reporter import ReporterCode
from services.intake.service import DEFINITION
from shared.contracts.errors import Code
from shared.contracts.rpc import (
    ById,
    Case,
    Done,
    Empty,
    LedgerBundle,
    LedgerBundleQuery,
    LedgerMemories,
    LedgerMemoriesQuery,
    LedgerPage,
    LedgerQuery,
    MyCase,
    PublishedFile,
    PublishedQuery,
)
from shared.identity.roles import Role
from shared.ledger.files import Head
from tests.component.test_intake import Intake, opening
from tests.conftest import Database
from tests.nats_server import Bus, running_bus
from tests.service_lab import ELSEWHERE, HERE, START, eventually, running

AUDITOR = {"role": Role.AUDITOR}


@pytest_asyncio.fixture
async def bus(tmp_path: Path) -> AsyncIterator[Bus]:
    folder = tmp_path / "nats"
    folder.mkdir()
    async with running_bus(folder) as bus:
        yield bus


@pytest_asyncio.fixture
async def intake(database: Database, tmp_path: Path, bus: Bus) -> AsyncIterator[Intake]:
    """Intake with an organisation whose log has its first checkpoint."""
    async with running(DEFINITION, database, bus, tmp_path) as service:
        intake = Intake(service)
        await intake.found()
        await eventually(lambda: published(intake, "checkpoint"))
        yield intake


async def published(intake: Intake, path: str, organisation: UUID = HERE) -> bytes | None:
    """A file as anybody gets it, without a token; None where it is not there."""
    wanted = msgspec.json.encode(PublishedQuery(organisation_id=str(organisation), path=path))
    reply = await intake.raw("published", wanted)
    if "refused" in reply:
        assert Code.NOT_FOUND.value == reply["refused"]["code"]
        return None
    return msgspec.convert(reply["ok"], PublishedFile, builtin_types=()).content


async def visits(intake: Intake) -> list[Any]:
    return [
        one.event for one in await intake.log()
        if one.type == "AccessRecorded" and one.event.what == "ledger"
    ]  # fmt: skip


async def test_a_visit_is_recorded_once_a_day(intake: Intake) -> None:
    """Many looks of one auditor on one day are one event; another auditor, and another day, more."""
    for _ in range(3):
        await intake.ask("ledger", LedgerQuery(), LedgerPage, **AUDITOR)
        await intake.ask("ledger_bundle", LedgerBundleQuery(index=0), LedgerBundle, **AUDITOR)
    await intake.ask(
        "ledger_memories", LedgerMemoriesQuery(of="signals"), LedgerMemories, **AUDITOR
    )
    assert 1 == len(await visits(intake))

    await intake.ask("ledger", LedgerQuery(), LedgerPage, subject="auditor-2", **AUDITOR)
    assert 2 == len(await visits(intake))

    intake.clock.move(START + timedelta(days=1))
    await intake.ask("ledger", LedgerQuery(), LedgerPage, **AUDITOR)
    assert ["auditor"] * 3 == [one.role for one in await visits(intake)]


async def test_a_visit_is_known_after_a_restart(
    database: Database, tmp_path: Path, bus: Bus
) -> None:
    """A service that was started anew on the same day records no second event, and answers."""
    async with running(DEFINITION, database, bus, tmp_path) as service:
        await Intake(service).found()
        await service.ask("ledger", LedgerQuery(), LedgerPage, **AUDITOR)
    async with running(DEFINITION, database, bus, tmp_path) as service:
        again = Intake(service)
        page = await service.ask("ledger", LedgerQuery(), LedgerPage, **AUDITOR)
        assert page.size
        assert 1 == len(await visits(again))


async def test_a_refused_look_is_no_visit(intake: Intake) -> None:
    """What is asked wrongly shows nothing, and so leaves no record."""
    for request in (
        LedgerQuery(first=0),
        LedgerQuery(first=501),
        LedgerQuery(start=-1),
        LedgerQuery(until=-1),
        LedgerQuery(stream="a case"),
        LedgerQuery(actor=b"short"),
        LedgerQuery(first_week="last week"),
    ):
        refusal = await intake.refused("ledger", request, **AUDITOR)
        assert Code.INVALID_INPUT is refusal.code
    refusal = await intake.refused("ledger_bundle", LedgerBundleQuery(index=-1), **AUDITOR)
    assert Code.INVALID_INPUT is refusal.code
    assert [] == await visits(intake)


@pytest.mark.parametrize(
    ("verb", "request_"),
    [
        ("ledger", LedgerQuery()),
        ("ledger_bundle", LedgerBundleQuery(index=0)),
        ("ledger_memories", LedgerMemoriesQuery(of="signals")),
    ],
)
async def test_entries_are_for_that_organisations_auditor_alone(
    intake: Intake, verb: str, request_: Any
) -> None:
    """Every other role is refused; an auditor of an organisation that is not here finds nothing."""
    for role in set(Role) - {Role.AUDITOR, Role.ADMIN, Role.REPORTER}:
        assert Code.NOT_ALLOWED is (await intake.refused(verb, request_, role=role)).code
    strangers = await intake.refused(verb, request_, organisation=ELSEWHERE, **AUDITOR)
    assert Code.NOT_FOUND is strangers.code


async def test_a_cases_timeline_is_shown_without_content(intake: Intake) -> None:
    """One stream's steps in order, as of any position, filtered by kind, actor and week."""
    case, other = await intake.open(), await intake.open()
    await intake.anna("case", ById(id=str(case)), Case)

    page = await intake.ask("ledger", LedgerQuery(stream=str(case)), LedgerPage, **AUDITOR)
    assert [("CaseOpened", 1, str(case), "2026-W10")] == [
        (one.type, one.version, one.stream, one.week) for one in page.entries
    ]
    (opened,) = page.entries

    by_anna = await intake.ask("ledger", LedgerQuery(actor=opened.actor), LedgerPage, **AUDITOR)
    assert {"AdviserKeyPublished.v2", "KeyListed", "CaseOpened", "AccessRecorded"} == {
        one.type for one in by_anna.entries
    }
    of_kind = LedgerQuery(type="CaseOpened")
    assert [str(case), str(other)] == [
        one.stream for one in (await intake.ask("ledger", of_kind, LedgerPage, **AUDITOR)).entries
    ]
    before = LedgerQuery(type="CaseOpened", until=opened.index)
    assert () == (await intake.ask("ledger", before, LedgerPage, **AUDITOR)).entries
    later = LedgerQuery(first_week="2026-W11")
    assert () == (await intake.ask("ledger", later, LedgerPage, **AUDITOR)).entries
    earlier = LedgerQuery(last_week="2026-W10", type="CaseOpened")
    assert 2 == len((await intake.ask("ledger", earlier, LedgerPage, **AUDITOR)).entries)


async def test_blank_entries_are_shown_to_who_asks(intake: Intake) -> None:
    """The skeleton leaves them out; pages go on behind them without a hole."""
    whole: list[Any] = []
    start: int | None = 0
    while start is not None:
        query = LedgerQuery(start=start, first=100, blanks=True)
        page = await intake.ask("ledger", query, LedgerPage, **AUDITOR)
        whole += page.entries
        start = page.next
    assert list(range(len(whole))) == [one.index for one in whole]
    assert 256 - 3 <= sum(one.type == "Blank" for one in whole)
    shown = await intake.ask("ledger", LedgerQuery(first=500), LedgerPage, **AUDITOR)
    assert [one for one in whole if one.type != "Blank"] == list(shown.entries)[: len(whole)]


async def test_a_bundle_holds_what_the_leaves_commit_to(intake: Intake) -> None:
    """Each record hashes to its leaf hash; beside it the hash of the content that lies there."""
    bundle = await intake.ask("ledger_bundle", LedgerBundleQuery(index=0), LedgerBundle, **AUDITOR)
    rows = intake.rows(
        "SELECT leaf_hash, sha256(ciphertext), key_id FROM event LEFT JOIN ciphertext"
        " USING (organisation, leaf_index) WHERE organisation = %s AND leaf_index < 256"
        " ORDER BY leaf_index",
        (HERE,),
    )
    records, data = [], bundle.entries
    while data:
        length = int.from_bytes(data[:2], "big")
        records.append(data[2 : 2 + length])
        data = data[2 + length :]
    assert [row[0] for row in rows] == [
        hashlib.sha256(b"\x00" + record).digest() for record in records
    ]
    assert b"".join(row[1] or bytes(32) for row in rows) == bundle.contents
    assert {row[2].bytes for row in rows if row[1]} == {
        bundle.keys[place : place + 16] for place in range(0, len(bundle.keys), 16)
    }
    none = await intake.refused("ledger_bundle", LedgerBundleQuery(index=99), **AUDITOR)
    assert Code.NOT_FOUND is none.code


async def test_anybody_gets_hashes_and_signatures_alone(intake: Intake) -> None:
    """Checkpoint, keys and tiles without a token; no entries, no other file, no other folder."""
    checkpoint = await published(intake, "checkpoint")
    assert checkpoint is not None
    origin, size, *_ = checkpoint.decode().split("\n")
    assert (f"hoeksteen.local/intake/{HERE}", "256") == (origin, size)
    keys = await published(intake, "log.vkey")
    assert keys is not None
    assert keys.decode().startswith(f"{origin}+")
    tile = await published(intake, "tile/0/000")
    assert tile is not None
    assert 256 * 32 == len(tile)
    first = intake.rows(
        "SELECT leaf_hash FROM event WHERE organisation = %s AND leaf_index = 0", (HERE,)
    )
    assert first == [(tile[:32],)]
    for path in (
        "tile/entries/000",
        "tile/0/001",
        "tile/0/0",
        "tile/0/../0/000",
        "../intake/checkpoint",
        "heads/signals",
        "",
        "tile/0/000.p/0",
    ):
        assert await published(intake, path) is None
    assert await published(intake, "checkpoint", ELSEWHERE) is None


async def test_a_memory_is_told_to_the_auditor(intake: Intake) -> None:
    """What intake remembers of signals' log, and the evidence it kept; nothing of another's."""
    folder = intake.service.folder
    folder.remember("intake", "signals", HERE, Head(3, b"\x01" * 32))
    folder.remember("intake", "signals", HERE, Head(3, b"\x02" * 32))
    folder.remember("intake", "signals", ELSEWHERE, Head(9, b"\x03" * 32))
    query = LedgerMemoriesQuery(of="signals")
    told = await intake.ask("ledger_memories", query, LedgerMemories, **AUDITOR)
    assert [(3, b"\x01" * 32, False), (3, b"\x02" * 32, True)] == [
        (one.size, one.root, one.evidence) for one in told.memories
    ]


async def test_looks_that_wait_share_one_commit(intake: Intake) -> None:
    """A look costs an answer one group commit at the most: what queued is written together."""
    case = await intake.open()
    before = {row[0] for row in intake.rows("SELECT leaf_index FROM event")}
    async with await psycopg.AsyncConnection.connect(intake.database.admin) as superuser:
        await superuser.execute("LOCK TABLE intake.event IN SHARE ROW EXCLUSIVE MODE")
        looks = [
            asyncio.create_task(intake.anna("case", ById(id=str(case)), Case)) for _ in range(20)
        ]
        writer = intake.service.parts.store._writer

        async def all_wait() -> bool:
            return bool(writer._unsettled == 20)

        await eventually(all_wait)
        assert not any(look.done() for look in looks)
    await asyncio.gather(*looks)
    written = intake.rows("SELECT leaf_index, xmin::text FROM event WHERE type = 'AccessRecorded'")
    new = [transaction for index, transaction in written if index not in before]
    assert 20 == len(new)
    # Two groups were on their way when the lock came; all others waited for the same commit.
    assert len(set(new)) <= 3


async def test_a_reporter_learns_since_when_their_case_is_in_the_log(intake: Intake) -> None:
    """Not before a checkpoint covers it, then the week; never when the entry was changed since; and
    the look itself is recorded nowhere.
    """
    code = ReporterCode.generate()
    token = intake.session(code)
    reported = opening(code.case_id, adviser_id="anna", reply_key=code.key.public)
    await intake.ask("open_case", reported, Done, token=token)
    before = await intake.types()
    assert (await intake.ask("my_case", Empty(), MyCase, token=token)).in_log_since is None
    assert before == await intake.types()

    intake.clock.move(START + timedelta(days=8))

    async def proven() -> str | None:
        mine: MyCase = await intake.ask("my_case", Empty(), MyCase, token=token)
        return mine.in_log_since

    assert "2026-W10" == await eventually(proven)

    with psycopg.connect(intake.database.admin) as superuser:
        superuser.execute("ALTER TABLE intake.event DISABLE TRIGGER ALL")
        superuser.execute(
            "UPDATE intake.event SET week = '2026-W09' WHERE stream = %s", (code.case_id,)
        )
    assert await proven() is None
