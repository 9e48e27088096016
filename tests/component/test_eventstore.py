"""The event store on a real PostgreSQL: what lands, what is refused, what cannot be swapped."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
import pytest_asyncio

from shared.eventstore.pages import BEGIN, ENTRIES, pages
from shared.eventstore.store import (
    Change,
    Command,
    Conflict,
    EventStore,
    PositionMoved,
    Tracking,
)
from shared.eventstore.types import EventTypes
from shared.eventstore.writer import GroupWriter
from shared.keys.case_key import Unreadable
from shared.keys.file_ring import FileKeyRing
from shared.ledger.leaf import LeafRecord
from shared.postgres.pool import open_pool
from tests.conftest import Database
from tests.store_lab import QUICK

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
ORGANISATION = UUID("0c8f7a52-0d3e-4f57-9a51-3b7e9b1d0001")


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteTaken:
    """An event for these tests."""

    text: str


TYPES = EventTypes((NoteTaken,))


@pytest_asyncio.fixture
async def store(database: Database, tmp_path: Any) -> AsyncIterator[EventStore]:
    """Intake's store, as the role intake."""
    pool = await open_pool(database.url("intake"), min_size=1, max_size=4)
    writer = GroupWriter(database.url("intake"))
    await writer.start()
    ring = FileKeyRing(tmp_path / "intake.ring", b"a passphrase", QUICK)
    yield EventStore(pool=pool, writer=writer, types=TYPES, ring=ring)
    await writer.stop()
    await pool.close()


def rows(database: Database, query: str) -> list[tuple[Any, ...]]:
    """What a superuser sees in intake's schema."""
    with psycopg.connect(database.admin) as connection:
        connection.execute("SET search_path = intake")
        return connection.execute(query.encode()).fetchall()


async def append(store: EventStore, stream: UUID, version: int, text: str, **more: Any) -> int:
    """Append one note; its leaf index."""
    change = Change(stream, version, NoteTaken(text=text))
    done = await store.append(ORGANISATION, [change], actor="anna", at=NOW, **more)
    return done.last


async def test_events_come_back_in_order(store: EventStore) -> None:
    """What was appended is read back, oldest first, and each has the next leaf."""
    stream = uuid4()
    assert [0, 1, 2] == [await append(store, stream, n, f"note {n}") for n in (1, 2, 3)]
    loaded = await store.load(ORGANISATION, stream)
    assert ["note 1", "note 2", "note 3"] == [one.event.text for one in loaded]
    assert {"2026-W48"} == {one.week for one in loaded}


async def test_nothing_of_an_event_is_stored_in_clear(
    store: EventStore, database: Database
) -> None:
    """Neither the text nor the actor's name stands in any column."""
    await append(store, uuid4(), 1, "Zeer herkenbare tekst")
    stored = repr(rows(database, "SELECT * FROM event JOIN ciphertext USING (leaf_index)"))
    assert "herkenbare" not in stored
    assert b"herkenbare" not in b"".join(
        row[0] for row in rows(database, "SELECT ciphertext FROM ciphertext")
    )
    assert "anna" not in stored


async def test_leaves_are_those_of_the_documented_record(
    store: EventStore, database: Database
) -> None:
    """The leaf that SQL computes equals the one that the verifier's code computes."""
    for n in (1, 2):
        await append(store, uuid4(), 1, f"note {n}")
    for row in rows(
        database,
        "SELECT organisation, leaf_index, stream, version, type, week, actor, suite, key_id,"
        " nonce, ciphertext_sha256, leaf_hash FROM event",
    ):
        record = LeafRecord(
            organisation=row[0],
            index=row[1],
            stream=row[2],
            version=row[3],
            type=row[4],
            week=row[5],
            actor=row[6],
            suite=row[7],
            key_id=row[8],
            nonce=row[9],
            ciphertext_sha256=row[10],
        )
        assert record.hash() == row[11]


async def test_only_one_of_two_writers_gets_a_version(store: EventStore) -> None:
    """Of many who append the same version at once exactly one succeeds, and no leaf is lost."""
    stream = uuid4()
    tries = [append(store, stream, 1, f"from {n}") for n in range(8)]
    others = [append(store, uuid4(), 1, f"other {n}") for n in range(8)]
    results = await asyncio.gather(*tries, *others, return_exceptions=True)
    assert 7 == sum(isinstance(result, Conflict) for result in results[:8])
    assert all(isinstance(result, int) for result in results[8:])
    assert list(range(9)) == sorted(result for result in results if isinstance(result, int))


async def test_a_gap_in_a_stream_is_refused(store: EventStore, database: Database) -> None:
    """Version 3 cannot follow version 1, nor can a stream continue in another organisation."""
    stream = uuid4()
    await append(store, stream, 1, "first")
    with pytest.raises(Conflict):
        await append(store, stream, 3, "third")
    with pytest.raises(Conflict):
        await store.append(uuid4(), [Change(stream, 2, NoteTaken(text="x"))], actor="anna", at=NOW)
    assert [(1,)] == rows(database, "SELECT count(*) FROM event")


async def test_a_command_is_answered_once(store: EventStore, database: Database) -> None:
    """The answer is stored with the events; the same key again conflicts and gives it back."""
    command = Command(actor="anna", key="key-1", request=b"open")
    await append(store, uuid4(), 1, "first", command=command, answer=b"the answer")
    with pytest.raises(Conflict):
        await append(store, uuid4(), 1, "again", command=command, answer=b"another")
    answered = await store.answered(ORGANISATION, command)
    assert answered is not None
    assert (b"the answer", 0, True) == (answered.answer, answered.position, answered.same_content)
    other = await store.answered(
        ORGANISATION, Command(actor="anna", key="key-1", request=b"something else")
    )
    assert other is not None
    assert not other.same_content
    assert (
        await store.answered(ORGANISATION, Command(actor="bram", key="key-1", request=b"")) is None
    )
    assert [(1,)] == rows(database, "SELECT count(*) FROM event")


async def test_a_position_moves_with_its_change_or_not_at_all(
    store: EventStore, database: Database
) -> None:
    """A consumer's second worker and its duplicate change nothing."""
    step = Tracking(consumer="facts", previous=0, position=1)
    await append(store, uuid4(), 1, "one", tracking=step)
    with pytest.raises(PositionMoved):
        await append(store, uuid4(), 1, "one again", tracking=step)
    with pytest.raises(PositionMoved):
        await append(
            store, uuid4(), 1, "gap", tracking=Tracking(consumer="facts", previous=4, position=5)
        )
    await store.append(
        ORGANISATION,
        [],
        actor="x",
        at=NOW,
        tracking=Tracking(consumer="facts", previous=1, position=2),
    )
    assert [(1,)] == rows(database, "SELECT count(*) FROM event")
    assert [("facts", 2)] == rows(database, "SELECT * FROM tracking")


async def test_a_swapped_ciphertext_does_not_open(store: EventStore, database: Database) -> None:
    """Two events' ciphertexts exchanged by a superuser, under one key, are both refused."""
    stream = uuid4()
    await append(store, stream, 1, "first")
    await append(store, stream, 2, "other")
    with psycopg.connect(database.admin) as connection:
        connection.execute("SET search_path = intake")
        connection.execute("ALTER TABLE event DISABLE TRIGGER ALL")
        connection.execute("ALTER TABLE ciphertext DISABLE TRIGGER ALL")
        connection.execute(
            "UPDATE ciphertext SET ciphertext = (SELECT ciphertext FROM ciphertext"
            " AS other WHERE other.leaf_index = 1 - ciphertext.leaf_index)"
        )
        connection.execute(
            "UPDATE event SET nonce = (SELECT nonce FROM event AS other"
            " WHERE other.leaf_index = 1 - event.leaf_index)"
        )
    with pytest.raises(Unreadable):
        await store.load(ORGANISATION, stream)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE event SET week = '2020-W01'",
        "DELETE FROM event",
        "TRUNCATE event CASCADE",
        "INSERT INTO event SELECT * FROM event",
        "DELETE FROM ciphertext",
        "UPDATE ciphertext SET ciphertext = ''",
        "UPDATE tracking SET position = 0",
        "UPDATE idempotency SET answer = ''",
        "DELETE FROM wrapped_key",
        "ALTER TABLE event DISABLE TRIGGER ALL",
        "CREATE TABLE mine (x int)",
    ],
)
async def test_a_service_can_only_append(
    store: EventStore, database: Database, statement: str
) -> None:
    """The service's own role is refused everything but reading and append()."""
    await append(store, uuid4(), 1, "first")
    with (
        psycopg.connect(database.url("intake")) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(statement.encode())


async def test_triggers_hold_against_replica_mode(store: EventStore, database: Database) -> None:
    """Even a superuser in replication role must first switch the triggers off, visibly."""
    await append(store, uuid4(), 1, "first")
    with psycopg.connect(database.admin) as connection:
        connection.execute("SET search_path = intake")
        connection.execute("SET session_replication_role = replica")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("DELETE FROM event")


async def test_the_week_never_runs_back(store: EventStore) -> None:
    """A clock set back does not take the log's weeks back with it."""
    stream = uuid4()
    await append(store, stream, 1, "now")
    change = Change(stream, 2, NoteTaken(text="then"))
    await store.append(ORGANISATION, [change], actor="anna", at=datetime(2025, 1, 6, tzinfo=UTC))
    assert ["2026-W48", "2026-W48"] == [one.week for one in await store.load(ORGANISATION, stream)]


async def test_a_lost_connection_loses_nothing_and_doubles_nothing(
    store: EventStore, database: Database
) -> None:
    """Backends killed under way, again as soon as something was answered: every answered append is
    there once.
    """
    done: list[int] = []
    killed = 0

    async def add(stream: UUID) -> None:
        done.append(await append(store, stream, 1, "x"))

    async def kill() -> None:
        nonlocal killed
        before = -1
        while len(done) < 200:
            if before < len(done):  # otherwise a slow machine would never come to an answer
                with psycopg.connect(database.admin, autocommit=True) as connection:
                    found = connection.execute(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                        " WHERE usename = 'intake' AND query LIKE '%append(%'"
                    ).rowcount
                if found:
                    before, killed = len(done), killed + found
            await asyncio.sleep(0.002)

    killer = asyncio.create_task(kill())
    streams = [uuid4() for _ in range(200)]
    for start in range(0, 200, 20):
        await asyncio.gather(*(add(one) for one in streams[start : start + 20]))
    await killer
    assert killed > 5
    assert [(200, 200, 200)] == rows(
        database, "SELECT count(*), count(DISTINCT stream), max(leaf_index) + 1 FROM event"
    )


# What a command decides on ----------------------------------------------------------------------


async def test_a_decision_on_memory_costs_no_round_trip(store: EventStore) -> None:
    """A stream that this process wrote is not read again."""
    stream = uuid4()
    await append(store, stream, 1, "first")
    await append(store, stream, 2, "second")
    session = store.session()
    loaded = await session.load(ORGANISATION, stream)
    assert ["first", "second"] == [one.event.text for one in loaded]
    assert session.from_memory
    assert [(one.version, one.index) for one in await store.load(ORGANISATION, stream)] == [
        (one.version, one.index) for one in loaded
    ]


async def test_what_a_decision_was_made_on_must_still_hold(
    store: EventStore, database: Database, tmp_path: Any
) -> None:
    """Another replica changed a stream that was only looked at: the command is decided again."""
    directory, case = uuid4(), uuid4()
    await append(store, directory, 1, "anna advises")
    session = store.session()
    await session.load(ORGANISATION, directory)
    pool = await open_pool(database.url("intake"), min_size=1, max_size=2)
    writer = GroupWriter(database.url("intake"))
    await writer.start()
    ring = FileKeyRing(tmp_path / "intake.ring", b"a passphrase", QUICK)
    other = EventStore(pool=pool, writer=writer, types=TYPES, ring=ring)
    await append(other, directory, 2, "anna has left")
    await writer.stop()
    await pool.close()
    change = Change(case, 1, NoteTaken(text="for anna"))
    with pytest.raises(Conflict):
        await session.append(ORGANISATION, [change], actor="anna", at=NOW)
    again = store.session(hopeful=False)
    loaded = await again.load(ORGANISATION, directory)
    assert ["anna advises", "anna has left"] == [one.event.text for one in loaded]
    await again.append(ORGANISATION, [change], actor="anna", at=NOW)
    assert again.appended


async def test_what_a_command_reads_twice_is_no_memory_of_another(store: EventStore) -> None:
    """Read from the database at first it is not decided again; and what it saw first is what must hold."""
    directory = uuid4()
    await append(store, directory, 1, "anna advises")
    store.forget_keys()
    session = store.session()
    for _ in range(2):
        await session.load(ORGANISATION, directory)
    assert not session.from_memory
    await append(store, directory, 2, "anna has left")
    assert 2 == len(await session.load(ORGANISATION, directory))
    with pytest.raises(Conflict):
        await session.append(
            ORGANISATION, [Change(uuid4(), 1, NoteTaken(text="for anna"))], actor="anna", at=NOW
        )


async def test_a_second_try_believes_nothing_that_others_read(store: EventStore) -> None:
    """What a command was refused on is read anew, also where another one has brought it back to memory.
    Else each try of it would be refused on memory, and it be told in the end that others were quicker.
    """
    directory = uuid4()
    await append(store, directory, 1, "anna advises")
    for hopeful in (True, False):
        beside = store.session()
        await beside.load(ORGANISATION, directory)
        session = store.session(hopeful=hopeful)
        assert 1 == len(await session.load(ORGANISATION, directory))
        assert hopeful == session.from_memory
        session.forget()


async def test_decisions_of_one_group_see_each_other(store: EventStore) -> None:
    """Two commands queue together and the first changes what the second looked at: one is refused."""
    directory = uuid4()
    await append(store, directory, 1, "anna advises")
    session = store.session()
    await session.load(ORGANISATION, directory)
    results = await asyncio.gather(
        append(store, uuid4(), 1, "keeps the writer busy"),
        append(store, directory, 2, "anna has left"),
        session.append(
            ORGANISATION, [Change(uuid4(), 1, NoteTaken(text="for anna"))], actor="anna", at=NOW
        ),
        return_exceptions=True,
    )
    assert [int, int, Conflict] == [type(result) for result in results]


async def test_a_stream_that_should_be_new_and_is_not_is_found(store: EventStore) -> None:
    """At first it is believed; the second try reads it."""
    stream = uuid4()
    await append(store, stream, 1, "first")
    # A store without this process's memory: as after a start.
    fresh = EventStore(pool=store._pool, writer=store._writer, types=TYPES, ring=store._ring)
    hopeful = fresh.session()
    assert [] == await hopeful.load(ORGANISATION, stream, new=True)
    with pytest.raises(Conflict):
        await hopeful.append(
            ORGANISATION, [Change(stream, 1, NoteTaken(text="again"))], actor="anna", at=NOW
        )
    assert 1 == len(await fresh.session(hopeful=False).load(ORGANISATION, stream, new=True))


async def test_replay_gives_what_reading_gives(store: EventStore) -> None:
    """Over the borders of pages, from anywhere, up to anywhere; the skeleton in the same order."""
    streams = [uuid4() for _ in range(300)]
    for start in range(0, 300, 100):
        changes = [
            Change(stream, version, NoteTaken(text=f"{stream} {version}"))
            for stream in streams[start : start + 100]
            for version in range(1, 8)
        ]
        await store.append(ORGANISATION, changes, actor="anna", at=NOW)
    everything = await store.read(ORGANISATION, 0, 10_000)
    assert 2_100 == len(everything)
    assert everything == [one async for one in store.replay(ORGANISATION)]
    for start, until in ((0, 1_000), (999, 2_001), (1_000, 2_000), (2_099, 5_000), (2_100, None)):
        assert everything[start:until] == [
            one async for one in store.replay(ORGANISATION, start, until=until)
        ]
    assert [(one.index, one.stream, one.version, one.type, one.key_id) for one in everything] == [
        (one.index, one.stream, one.version, one.type, one.key_id)
        async for one in store.skeleton(ORGANISATION)
    ]


async def test_pages_of_large_events_are_small(store: EventStore, database: Database) -> None:
    """Two thousand of the longest events at once would be gigabytes: a page adapts. Each page is asked
    for while the one before it is worked on, so one page later.
    """
    for text, many in (("long" * 12_500, 400), ("short", 2_000)):
        changes = [Change(uuid4(), 1, NoteTaken(text=text)) for _ in range(many)]
        await store.append(ORGANISATION, changes, actor="anna", at=NOW)
    pool = await open_pool(database.url("intake"), min_size=1, max_size=1)
    found = [len(entries) async for entries, _ in pages(pool, ENTRIES, ORGANISATION, 0, None)]
    await pool.close()
    assert 2_400 == sum(found)
    assert max(found[2:4]) < found[0] < max(found)
    lengths = [len(one.event.text) async for one in store.replay(ORGANISATION)]
    assert [50_000] * 400 + [5] * 2_000 == lengths


async def test_who_replays_keeps_nobody_waiting(store: EventStore) -> None:
    """More replays than the store has connections, left half way: each page lets go of its own, so that
    whoever works on one can ask the store meanwhile, and what is left leaves nothing behind.
    """
    changes = [Change(uuid4(), 1, NoteTaken(text="x")) for _ in range(2_500)]
    await store.append(ORGANISATION, changes, actor="anna", at=NOW)
    replays = [store.replay(ORGANISATION) for _ in range(8)]
    async with asyncio.timeout(30):
        for replay in replays:
            assert 0 == (await anext(replay)).index
            assert 1 == len(await store.read(ORGANISATION, 5, 1))
        for replay in replays:
            await replay.aclose()
    assert 2_500 == (await store.heads())[ORGANISATION]


async def test_a_page_is_read_while_the_one_before_it_is_worked_on(
    store: EventStore, database: Database
) -> None:
    """Also where who works on a page lets nobody else run: its reader has begun before it is handed over."""

    class Counted(ThreadPoolExecutor):
        begun = 0

        def submit(self, *args: Any, **kwargs: Any) -> Future[Any]:
            self.begun += 1
            return super().submit(*args, **kwargs)

    changes = [Change(uuid4(), 1, NoteTaken(text="x")) for _ in range(1_000)]
    await store.append(ORGANISATION, changes, actor="anna", at=NOW)
    threads = Counted(max_workers=2)
    asyncio.get_running_loop().set_default_executor(threads)
    pool = await open_pool(database.url("intake"), min_size=1, max_size=1)
    async with contextlib.aclosing(pages(pool, ENTRIES, ORGANISATION, 0, None)) as log:
        for number in (1, 2, 3):
            await anext(log)
            assert number + 1 == threads.begun
    await pool.close()


async def test_a_log_that_grew_is_read_as_quickly(store: EventStore, database: Database) -> None:
    """Statistics of when it was small do not make a page cost what its square would."""
    first = [Change(uuid4(), 1, NoteTaken(text="x")) for _ in range(600)]
    await store.append(ORGANISATION, first, actor="anna", at=NOW)
    with psycopg.connect(database.admin, autocommit=True) as connection:
        connection.execute("ANALYZE")
    for _ in range(4):
        more = [Change(uuid4(), 1, NoteTaken(text="x")) for _ in range(600)]
        await store.append(ORGANISATION, more, actor="anna", at=NOW)
    place = f"'{ORGANISATION}', 1500, 2524"
    with psycopg.connect(database.url("intake"), autocommit=True) as connection:
        connection.execute(BEGIN)
        connection.execute(
            f"PREPARE page (uuid, bigint, bigint) AS {ENTRIES.statements[0].decode()}".encode()
        )
        rows = connection.execute(f"EXPLAIN EXECUTE page ({place})".encode()).fetchall()
    assert any("Merge" in row[0] for row in rows), rows
    assert not any("Nested Loop" in row[0] for row in rows), rows


async def test_the_end_of_a_log_is_read_without_its_beginning(
    store: EventStore, database: Database
) -> None:
    """Of one log and of several, also where PostgreSQL plans for any range, of logs of a million; counted is
    what it looked at.
    """
    organisations = ORGANISATION, UUID(int=ORGANISATION.int + 1)
    for organisation in organisations:
        for _ in range(5):
            changes = [Change(uuid4(), 1, NoteTaken(text="x" * 500)) for _ in range(600)]
            await store.append(organisation, changes, actor="anna", at=NOW)
    with psycopg.connect(database.admin, autocommit=True) as connection:
        connection.execute("ANALYZE")
        connection.execute(
            "UPDATE pg_class SET reltuples = reltuples * 170 WHERE relnamespace = 'intake'::regnamespace"
            " AND relname IN ('event', 'ciphertext')"
        )
    pool = await open_pool(database.url("intake"), min_size=1, max_size=1)
    async with pool.connection() as connection:
        await connection.execute("SET plan_cache_mode = force_generic_plan")
        for _ in range(7):
            ranges = dict.fromkeys(organisations, (2_990, 2_995))
            assert len(await store.read_across(ranges, connection=connection)) == 10
            assert len(await store.read(ORGANISATION, 2_995, 500, connection=connection)) == 5
        cursor = await connection.execute(
            "SELECT relname, seq_tup_read, idx_tup_fetch FROM pg_stat_xact_user_tables"
            " WHERE schemaname = 'intake' AND relname IN ('event', 'ciphertext') ORDER BY relname"
        )
        looked_at = await cursor.fetchall()
    await pool.close()
    assert looked_at == [("ciphertext", 0, 7 * 15), ("event", 0, 7 * 15)]


async def test_a_value_that_does_not_fit_spoils_nobody_else_s(store: EventStore) -> None:
    """Its own caller is told; the writer goes on."""
    results = await asyncio.gather(
        append(store, uuid4(), 1, "before"),
        append(store, uuid4(), 2**70, "no number of the database"),
        append(store, uuid4(), 1, "after"),
        return_exceptions=True,
    )
    assert isinstance(results[1], Exception)
    assert [0, 1] == [results[0], results[2]]
