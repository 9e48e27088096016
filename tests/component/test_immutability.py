"""The walls of the store: what is refused to the service's role, and to a superuser who has not yet
pulled a trigger down. What comes after that is the ledger's (test_ledger_postgres.py).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest
import pytest_asyncio

from shared.eventstore.store import Change, Command, Conflict, StreamErased, Tracking
from shared.eventstore.types import EventTypes
from shared.ledger.leaf import BLANK
from shared.postgres.migrate import AUDITOR, migrate, migrations_of
from tests.conftest import Database
from tests.store_lab import ELSEWHERE, HERE, NOW, Lab, store_lab


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteTaken:
    """An event for these tests."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyDestroyed:
    """The event after which a stream's contents go."""

    reason: str


TYPES = EventTypes((NoteTaken, KeyDestroyed))
TABLES = {
    "log": "size = size - 1",
    "event": "week = '2020-W01'",
    "ciphertext": "ciphertext = ''",
    "wrapped_key": "wrapped = ''",
    "idempotency": "answer = ''",
    "tracking": "position = position - 1",
    "relay_queue": "position = position + 100",
    "relay_mark": "size = size - 1",
    "checkpoint_mark": "size = size + 256",
}
"""Every table of the store, and a change to it that takes something back."""


@pytest_asyncio.fixture
async def lab(database: Database, tmp_path: Path) -> AsyncIterator[Lab]:
    """A store with a row in each of its tables."""
    async with store_lab(database, tmp_path, TYPES) as lab:
        await lab.append(
            uuid4(),
            1,
            NoteTaken(text="one"),
            command=Command(actor="anna", key="k", request=b"r"),
            tracking=Tracking(consumer="c", previous=0, position=1),
        )
        async with lab.pool.connection() as connection:
            await connection.execute(
                "SELECT enqueue(%s, %s, %s, %s, %s)", ([HERE], [0], [HERE], [0], [1])
            )
        await lab.store.fill_tiles(HERE, day=date(2026, 11, 23), at=NOW, actor="intake")
        yield lab


def statements(table: str) -> list[str]:
    """What would change or empty a table."""
    return [
        f"UPDATE {table} SET {TABLES[table]}",  # noqa: S608
        f"DELETE FROM {table}",  # noqa: S608
        f"TRUNCATE {table} CASCADE",
    ]


def refused(url: str, *before: str, statement: str) -> str | None:
    """With which SQLSTATE a statement is refused in intake's schema."""
    with psycopg.connect(url) as connection:
        for one in ("SET search_path = intake", *before):
            connection.execute(one.encode())
        try:
            connection.execute(statement.encode())
        except psycopg.Error as error:
            connection.rollback()
            return error.sqlstate
        connection.rollback()
        return None


async def test_the_tables_here_are_the_tables_of_the_store(lab: Lab) -> None:
    """A new table needs walls, or a reason to have none: snapshots are a cache."""
    known = {
        *TABLES,
        *("snapshot", "migration", "projection_position", "projection_table", "schedule"),
        *("case_index", "erasure_index", "party_index", "recovery_index", "term_watch"),
        "matter_index",
        "expiry_watch",
        # With walls of their own (test_attachments.py): no events, they go with their key.
        *("attachment", "attachment_chunk"),
    }
    tables = {
        row[0] for row in lab.rows("SELECT tablename FROM pg_tables WHERE schemaname='intake'")
    }
    assert set(TABLES) <= tables
    assert tables - known == set()


@pytest.mark.parametrize("table", TABLES)
async def test_the_service_is_refused_by_privilege(lab: Lab, table: str) -> None:
    """Its role may read, and call functions; not one row can be written in another way."""
    url = lab.database.url("intake")
    for statement in (
        *statements(table),
        f"INSERT INTO {table} SELECT * FROM {table}",  # noqa: S608
        f"ALTER TABLE {table} DISABLE TRIGGER ALL",
        f"DROP TABLE {table} CASCADE",
        f"CREATE INDEX ON {table} ((1))",
    ):
        assert refused(url, statement=statement) == "42501", statement
    assert refused(url, statement="CREATE TABLE mine (x int)") == "42501"
    assert refused(url, statement="CREATE OR REPLACE FUNCTION f() RETURNS int RETURN 1") == "42501"


@pytest.mark.parametrize("mode", ["origin", "replica"])
@pytest.mark.parametrize("table", TABLES)
async def test_a_superuser_meets_a_trigger(lab: Lab, table: str, mode: str) -> None:
    """Also as a replica: each table refuses UPDATE, DELETE and TRUNCATE by itself."""
    assert lab.rows(f"SELECT 1 FROM {table} LIMIT 1") == [(1,)]  # noqa: S608
    for statement in statements(table):
        assert (
            refused(
                lab.database.admin, f"SET session_replication_role = {mode}", statement=statement
            )
            == "42501"
        ), statement


async def test_the_walls_are_always_enabled(lab: Lab) -> None:
    """Each trigger of each table stands on ENABLE ALWAYS."""
    found = lab.rows(
        "SELECT DISTINCT tgrelid::regclass::text, tgenabled::text FROM pg_trigger JOIN pg_class"
        " ON pg_class.oid = tgrelid WHERE NOT tgisinternal AND relnamespace = 'intake'::regnamespace"
    )
    walled = (*TABLES, "attachment", "attachment_chunk")
    assert {(table, "A") for table in walled} == set(found)


@pytest.mark.parametrize("count", [1, 3])
async def test_an_event_of_the_wrong_form_is_refused(lab: Lab, count: int) -> None:
    """By the function that writes it, alone and in a group: each field that the ledger gives a form."""
    head = lab.rows("SELECT size, week FROM log")
    url = lab.database.url("intake")
    right = {
        "version": "1",
        "type": "'NoteTaken'",
        "week": "'2026-W48'",
        "actor": f"decode('{bytes(16).hex()}', 'hex')",
        "nonce": f"decode('{bytes(12).hex()}', 'hex')",
    }

    def call(**changed: str) -> str:
        values = right | changed
        streams = ", ".join(f"'{uuid4()}'::uuid" for _ in range(count))
        last = {name: ", ".join([right[name]] * (count - 1) + [values[name]]) for name in right}
        return (
            f"SELECT append(array_fill('{HERE}'::uuid, ARRAY[{count}]), ARRAY[{streams}],"
            f" ARRAY[{last['version']}]::bigint[], ARRAY[{last['type']}], ARRAY[{last['week']}],"
            f" ARRAY[{last['actor']}], ARRAY[{streams}], ARRAY[{last['nonce']}],"
            f" array_fill('\\x01'::bytea, ARRAY[{count}])," + ", ".join(["'{}'"] * 12) + ")"
        )

    for wrong in (
        {"version": "0"},
        {"type": "'1Note'"},
        {"type": "''"},
        {"type": "'Note taken'"},
        {"type": f"'{'N' * 64}'"},
        {"type": "NULL"},
        {"week": "'9999-48'"},
        {"week": "'9999-W480'"},
        {"actor": "decode('00', 'hex')"},
        {"nonce": f"decode('{bytes(13).hex()}', 'hex')"},
    ):
        assert refused(url, statement=call(**wrong)) == "23514", wrong
    fill = (
        f"SELECT fill_tiles('{HERE}', '2026-11-24', '9999-99', {right['actor']}, '{HERE}', '{{}}')"
    )
    assert refused(url, statement=fill) == "23514"
    assert head == lab.rows("SELECT size, week FROM log")
    assert refused(url, statement=call(type=f"'{'N' * 63}'")) is None


async def test_nothing_is_erased_without_its_event(lab: Lab) -> None:
    """erase_case() refuses a stream whose destruction is not recorded, and one elsewhere."""
    stream = uuid4()
    await lab.append(stream, 1, NoteTaken(text="stays"))
    url = lab.database.url("intake")
    call = f"SELECT erase_case('{HERE}', '{stream}')"
    assert refused(url, statement=call) == "P0H03"
    await lab.append(stream, 2, KeyDestroyed(reason="asked"))
    elsewhere = f"SELECT erase_case('{ELSEWHERE}', '{stream}')"
    assert refused(url, statement=elsewhere) == "P0H03"
    assert refused(url, statement=call) is None
    assert refused(url, statement="DELETE FROM ciphertext") == "42501"


async def test_an_erased_stream_is_gone_and_its_leaves_stay(lab: Lab) -> None:
    """Key and ciphertexts go, its neighbours' stay; it reads as events of which only the place is
    left, and takes nothing more.
    """
    stream, neighbour = uuid4(), uuid4()
    for version in (1, 2):
        await lab.append(stream, version, NoteTaken(text="goes"))
    await lab.append(neighbour, 1, NoteTaken(text="stays"))
    leaves = lab.rows("SELECT leaf_index, leaf_hash FROM event ORDER BY leaf_index")
    await lab.store.erase(HERE, stream, KeyDestroyed(reason="asked"), actor="anna", at=NOW)
    assert [None, None, None] == [one.event for one in await lab.store.load(HERE, stream)]
    (kept,) = await lab.store.load(HERE, neighbour)
    assert kept.event == NoteTaken(text="stays")
    now = lab.rows("SELECT leaf_index, leaf_hash FROM event ORDER BY leaf_index")
    assert leaves == now[: len(leaves)]
    assert len(now) == len(leaves) + 1
    assert [(0, 0)] == lab.rows(
        "SELECT (SELECT count(*) FROM wrapped_key JOIN event USING (key_id)"  # noqa: S608
        f" WHERE stream = '{stream}'), (SELECT count(*) FROM ciphertext JOIN event"
        f" USING (organisation, leaf_index) WHERE stream = '{stream}')"
    )
    with pytest.raises(StreamErased):
        await lab.append(stream, 4, NoteTaken(text="late"))
    with pytest.raises(StreamErased):
        await lab.store.erase(HERE, stream, KeyDestroyed(reason="x"), actor="anna", at=NOW)
    with pytest.raises(LookupError):
        await lab.store.erase(HERE, uuid4(), KeyDestroyed(reason="x"), actor="anna", at=NOW)
    with pytest.raises(ValueError, match="KeyDestroyed"):
        await lab.store.erase(HERE, neighbour, NoteTaken(text="x"), actor="anna", at=NOW)


async def test_every_key_that_a_stream_ever_had_is_destroyed(lab: Lab) -> None:
    """A stream whose key was renewed has a KeyDestroyed under each, and nothing is left under any."""
    stream = uuid4()
    await lab.append(stream, 1, NoteTaken(text="under the first"))
    change = Change(stream, 2, NoteTaken(text="under the second"), renew=True)
    await lab.store.append(HERE, [change], actor="anna", at=NOW)
    counted = (
        "SELECT count(DISTINCT key_id), count(*) FILTER (WHERE type = 'KeyDestroyed'),"  # noqa: S608
        " (SELECT count(*) FROM wrapped_key WHERE key_id IN"
        f"   (SELECT key_id FROM event WHERE stream = '{stream}')),"
        " count(ciphertext) FROM event LEFT JOIN ciphertext USING (organisation, leaf_index)"
        f" WHERE stream = '{stream}'"
    )
    assert [(2, 0, 2, 2)] == lab.rows(counted)
    await lab.store.erase(HERE, stream, KeyDestroyed(reason="asked"), actor="anna", at=NOW)
    assert [(2, 2, 0, 0)] == lab.rows(counted)
    assert 0 == await lab.store.destroy_again(
        HERE, [stream, uuid4()], KeyDestroyed(reason="restored"), actor="intake", at=NOW
    )


async def test_an_erasure_that_was_cut_off_is_finished(lab: Lab) -> None:
    """What stands in the log is done at the next start, once."""
    stream = uuid4()
    await lab.append(stream, 1, NoteTaken(text="goes"))
    await lab.append(stream, 2, KeyDestroyed(reason="asked"))
    assert await lab.store.finish_erasures() == 1
    assert await lab.store.finish_erasures() == 0
    assert [None, None] == [one.event for one in await lab.store.load(HERE, stream)]


async def test_another_replica_lets_go_of_an_erased_stream(
    lab: Lab, database: Database, tmp_path: Path
) -> None:
    """What it still has in memory decides nothing: its command meets the event, and then nothing."""
    stream = uuid4()
    await lab.append(stream, 1, NoteTaken(text="goes"))
    async with store_lab(database, tmp_path, TYPES) as other:
        session = other.store.session()
        assert len(await session.load(HERE, stream)) == 1
        await lab.store.erase(HERE, stream, KeyDestroyed(reason="asked"), actor="anna", at=NOW)
        with pytest.raises(Conflict):
            await session.append(
                HERE, [Change(stream, 2, NoteTaken(text="late"))], actor="bram", at=NOW
            )
        assert [None, None] == [one.event for one in await other.store.load(HERE, stream)]
        with pytest.raises(StreamErased):
            await other.append(stream, 3, NoteTaken(text="late"))


# Whole tiles ------------------------------------------------------------------------------------


async def test_two_replicas_sign_at_one_size(lab: Lab, database: Database, tmp_path: Path) -> None:
    """Whoever asks for a day's size gets the same, however many ask; the next day has a tile more."""
    day, next_day = date(2026, 11, 24), date(2026, 11, 25)
    async with store_lab(database, tmp_path, TYPES) as other:

        async def ask(store: Lab, when: date) -> int:
            return await store.store.fill_tiles(HERE, day=when, at=NOW, actor="intake")

        sizes = await asyncio.gather(*(ask(one, day) for one in (lab, other) * 4))
        assert set(sizes) == {512}
        await lab.append(uuid4(), 1, NoteTaken(text="between"))
        assert await ask(other, day) == 512
        assert await ask(other, next_day) == 768
        assert 0 == await other.store.fill_tiles(uuid4(), day=day, at=NOW, actor="intake")
    assert [(768, 768)] == lab.rows("SELECT count(*), max(leaf_index) + 1 FROM event")


async def test_blank_entries_look_like_the_others(lab: Lab) -> None:
    """A type, a random stream, versions from 1, nonces of their own, nothing to read."""
    recorded = [one async for one in lab.store.replay(HERE)]
    blanks = [one for one in recorded if one.type == BLANK]
    assert len(recorded) == 256
    assert len(blanks) == 255
    assert list(range(1, 256)) == [one.version for one in blanks]
    assert {None} == {one.event for one in blanks}
    assert {UUID(int=0)} == {one.key_id for one in blanks}
    assert 1 == len({one.stream for one in blanks})
    assert [(256, 1)] == lab.rows("SELECT count(DISTINCT nonce), count(DISTINCT week) FROM event")
    assert [(1,)] == lab.rows("SELECT count(*) FROM ciphertext")


# Roles and migrations ---------------------------------------------------------------------------


async def test_the_auditor_sees_key_ids_and_no_keys(lab: Lab) -> None:
    """Enough to see that a destroyed key has come back."""
    url = lab.database.url(AUDITOR)
    assert refused(url, statement="SELECT key_id, organisation FROM wrapped_key") is None
    assert refused(url, statement="SELECT wrapped FROM wrapped_key") == "42501"
    assert refused(url, statement="SELECT * FROM snapshot") == "42501"


async def test_migrations_that_start_at_once_run_once(empty_database: Database) -> None:
    """Four starts at the same moment apply each file a single time, as the owner of the schemas."""
    applied = await asyncio.gather(
        *(migrate(empty_database.admin, "intake", migrations_of("intake")) for _ in range(4))
    )
    names = [migration.name for migration in migrations_of("intake")]
    assert sorted(names) == sorted(name for names_ in applied for name in names_)
    with psycopg.connect(empty_database.admin) as connection:
        owners = connection.execute(
            "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'intake'"
        ).fetchall()
    assert [("hoeksteen_owner",)] == owners
