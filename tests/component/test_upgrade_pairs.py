"""Migrations in pairs: what an expand may do, when a contract may come, and how an expand is undone."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from shared.local.home import CHECKOUT
from shared.postgres.migrate import SERVICES, Upgrade, migrate, take_back
from shared.postgres.migration_files import (
    Migration,
    MigrationRefused,
    Phase,
    mark_of,
    migrations_of,
)
from shared.postgres.pool import open_pool
from shared.postgres.schema import check_schema
from tests.conftest import Database
from tests.schema_lab import breaks, schema_of, shape

BASE = Migration(
    name="intake/0001_list.sql",
    text="CREATE TABLE list (id bigint PRIMARY KEY, state text NOT NULL, note text);"
    "CREATE TABLE old_list (id bigint);"
    "INSERT INTO list VALUES (1, 'open', 'x');"
    "CREATE FUNCTION act(o bigint) RETURNS bigint LANGUAGE sql AS 'SELECT 1';",
    store=False,
)
EXPAND = Migration(
    name="intake/0002_rank.expand.sql",
    text="ALTER TABLE list ADD COLUMN rank int NOT NULL DEFAULT 0;"
    "CREATE TABLE rank (id bigint PRIMARY KEY);"
    "CREATE OR REPLACE FUNCTION act(o bigint) RETURNS bigint LANGUAGE sql AS 'SELECT 2';",
    store=False,
    back="ALTER TABLE list DROP COLUMN rank; DROP TABLE rank;"
    "CREATE OR REPLACE FUNCTION act(o bigint) RETURNS bigint LANGUAGE sql AS 'SELECT 1';",
)
CONTRACT = Migration(
    name="intake/0002_rank.contract.sql",
    text="-- Cannot be undone: the notes are gone.\nALTER TABLE list DROP COLUMN note;",
    store=False,
)
OLD, NEW = [BASE], [BASE, EXPAND, CONTRACT]


def run(
    database: Database, migrations: list[Migration], upgrade: Upgrade = Upgrade.ALL
) -> list[str]:
    """Names applied to intake's schema."""
    return asyncio.run(migrate(database.admin, "intake", migrations, upgrade))


def back(database: Database, pair: str = "intake/0002_rank") -> list[str]:
    """Names undone in intake's schema."""
    return asyncio.run(take_back(database.admin, "intake", NEW, pair))


def test_an_upgrade_step_by_step(empty_database: Database) -> None:
    """Expand, back to what was to the letter, expand again, contract; and each only in its turn."""
    assert ["intake/0001_list.sql"] == run(empty_database, OLD, Upgrade.EXPAND)
    before = shape(schema_of(empty_database.admin, "intake"))
    with pytest.raises(MigrationRefused, match=r"0002_rank\.expand\.sql is not applied yet"):
        run(empty_database, NEW, Upgrade.CONTRACT)
    assert [EXPAND.name] == run(empty_database, NEW, Upgrade.EXPAND)
    assert [] == run(empty_database, OLD)  # a release that was taken back starts beside it
    assert [EXPAND.name] == back(empty_database)
    assert before == shape(schema_of(empty_database.admin, "intake"))
    assert [EXPAND.name] == run(empty_database, NEW, Upgrade.EXPAND)
    assert [CONTRACT.name] == run(empty_database, NEW, Upgrade.CONTRACT)
    assert [] == run(empty_database, NEW)
    with pytest.raises(MigrationRefused, match=r"cannot be undone: the notes are gone"):
        back(empty_database)
    with pytest.raises(MigrationRefused, match=r"had migration intake/0002_rank\.contract\.sql"):
        run(empty_database, OLD)
    with pytest.raises(MigrationRefused, match="no pair intake/0001_list"):
        back(empty_database, "intake/0001_list")


def test_nobody_is_broken_who_is_connected(empty_database: Database) -> None:
    """A contract waits for the programs of before, an undoing for those that came; a lock for nobody."""
    run(empty_database, OLD)
    run(empty_database, NEW, Upgrade.EXPAND)

    def program(release: list[Migration]) -> psycopg.Connection[tuple[object, ...]]:
        url = make_conninfo(empty_database.url("intake"), application_name=mark_of(release))
        return psycopg.connect(url)

    with (
        program(OLD),
        pytest.raises(MigrationRefused, match="1 connections of intake are of another"),
    ):
        run(empty_database, NEW, Upgrade.CONTRACT)
    with (
        program(NEW),
        pytest.raises(MigrationRefused, match="1 connections of intake are of the rel"),
    ):
        back(empty_database)
    with program(OLD):
        assert [EXPAND.name] == back(empty_database)
        run(empty_database, NEW, Upgrade.EXPAND)
    with program(NEW):
        assert [CONTRACT.name] == run(empty_database, NEW, Upgrade.CONTRACT)


def test_a_lock_is_not_queued_for(
    empty_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a long transaction holds a table, others go on writing; when it is held too long the
    migration gives up, in a sentence, and has changed nothing.
    """
    monkeypatch.setattr("shared.postgres.migrate._ATTEMPTS", 2)
    monkeypatch.setattr("shared.postgres.migrate._LOCK_WAIT", "50ms")
    monkeypatch.setattr("shared.postgres.migrate._BETWEEN_SECONDS", 0)
    run(empty_database, OLD)
    before = schema_of(empty_database.admin, "intake")
    with psycopg.connect(empty_database.admin) as long:
        long.execute("SELECT FROM intake.list")
        with pytest.raises(MigrationRefused, match="did not get a table for itself"):
            run(empty_database, NEW, Upgrade.EXPAND)
    assert before == schema_of(empty_database.admin, "intake")


def test_an_index_is_made_beside_writers(empty_database: Database) -> None:
    """A file outside a transaction is applied, remembered and undone; what a crash left half is made
    anew.
    """
    beside = Migration(
        name="intake/0003_state.expand.sql",
        text="-- Outside a transaction\nCREATE INDEX CONCURRENTLY list_state ON list (state)",
        store=False,
        back="DROP INDEX list_state",
    )
    run(empty_database, OLD)
    before = schema_of(empty_database.admin, "intake")
    with psycopg.connect(empty_database.admin, autocommit=True) as connection:
        connection.execute("CREATE INDEX list_state ON intake.list (state)")
        connection.execute(
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'intake.list_state'::regclass"
        )
    assert [beside.name] == run(empty_database, [BASE, beside], Upgrade.EXPAND)
    after = schema_of(empty_database.admin, "intake")
    assert {("index", "list", "list_state")} == after.keys() - before.keys()
    assert [] == breaks(before, after, beside)
    asyncio.run(take_back(empty_database.admin, "intake", [BASE, beside], "intake/0003_state"))
    assert before == schema_of(empty_database.admin, "intake")


def test_a_plain_file_needs_that_nothing_runs(empty_database: Database) -> None:
    """Such as a release of before pairs has: not in a rolling upgrade."""
    run(empty_database, OLD)
    plain = replace(EXPAND, name="intake/0002_rank.sql", back=None)
    with pytest.raises(MigrationRefused, match="stop the programs"):
        run(empty_database, [BASE, plain], Upgrade.EXPAND)
    assert [plain.name] == run(empty_database, [BASE, plain])


async def test_a_program_refuses_a_schema_that_does_not_fit(empty_database: Database) -> None:
    """Neither before its migrations nor after a contract of a later release."""
    await migrate(empty_database.admin, "intake", OLD)
    pool = await open_pool(empty_database.url("intake"))
    with pytest.raises(MigrationRefused, match=r"has not had intake/0002_rank\.expand\.sql"):
        await check_schema(pool, "intake", NEW)
    await migrate(empty_database.admin, "intake", NEW, Upgrade.EXPAND)
    await check_schema(pool, "intake", NEW)
    await check_schema(pool, "intake", OLD)
    await pool.close()
    await migrate(empty_database.admin, "intake", NEW, Upgrade.CONTRACT)
    pool = await open_pool(empty_database.url("intake"))
    await check_schema(pool, "intake", NEW)
    with pytest.raises(MigrationRefused, match=r"0002_rank\.contract\.sql, which took away"):
        await check_schema(pool, "intake", OLD)
    await pool.close()


BREAKING = {
    "drops a table": ("DROP TABLE old_list", "table old_list is gone"),
    "drops a column": ("ALTER TABLE list DROP COLUMN note", "column list.note is gone"),
    "renames": ("ALTER TABLE list RENAME note TO remark", "column list.note is gone"),
    "asks for a value": (
        "ALTER TABLE old_list ADD COLUMN kind text NOT NULL",
        "column old_list.kind must be given",
    ),
    "forbids null": ("ALTER TABLE list ALTER note SET NOT NULL", "column list.note is another"),
    "another type": ("ALTER TABLE list ALTER id TYPE text", "column list.id is another"),
    "written anew": (
        "ALTER TABLE list ADD COLUMN luck float NOT NULL DEFAULT random()",
        "table list is written anew",
    ),
    "a check": ("ALTER TABLE list ADD CHECK (id > 0)", "constraint list.list_id_check is new"),
    "unique": ("CREATE UNIQUE INDEX one ON list (state)", "index list.one refuses"),
    "locks out": ("CREATE INDEX slow ON list (state)", "index list.slow keeps writers out"),
    "a trigger": (
        "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';"
        "CREATE TRIGGER no BEFORE INSERT ON list FOR EACH ROW EXECUTE FUNCTION no()",
        "trigger list.no is new",
    ),
    "hides rows": ("ALTER TABLE list ENABLE ROW LEVEL SECURITY", "table list is another"),
    "takes a right": ("REVOKE INSERT ON list FROM intake", "table list is another"),
    "another call": (
        "DROP FUNCTION act(bigint); CREATE FUNCTION act(o int) RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "function act.o bigint is gone",
    ),
    "another answer": (
        "DROP FUNCTION act(bigint);"
        "CREATE FUNCTION act(o bigint) RETURNS text LANGUAGE sql AS $$SELECT 'x'$$",
        "function act.o bigint is called otherwise",
    ),
    "changes rows": ("UPDATE list SET state = 'closed'", "UPDATE: rows of before"),
}


@pytest.mark.parametrize("case", BREAKING)
def test_what_breaks_the_release_before_is_found(empty_database: Database, case: str) -> None:
    """Each thing that an expand may not do is told in a sentence; a good expand has none."""
    text, told = BREAKING[case]
    run(empty_database, OLD)
    before = schema_of(empty_database.admin, "intake")
    bad = Migration(name="intake/0003_bad.expand.sql", text=text, store=False, back="")
    run(empty_database, [BASE, bad], Upgrade.EXPAND)
    found = breaks(before, schema_of(empty_database.admin, "intake"), bad)
    assert any(sentence.startswith(told) for sentence in found), found


def test_a_good_expand_breaks_nothing(empty_database: Database) -> None:
    """New columns with a default, new tables, another body of a function."""
    run(empty_database, OLD)
    before = schema_of(empty_database.admin, "intake")
    run(empty_database, NEW, Upgrade.EXPAND)
    assert [] == breaks(before, schema_of(empty_database.admin, "intake"), EXPAND)


RELEASED = {
    name: sha256
    for sha256, name in (
        line.split()
        for line in (CHECKOUT / "deploy/RELEASE").read_text().splitlines()
        if line.count("  ") == 1
    )
}
"""The migrations of the last release."""


def test_what_was_released_stays() -> None:
    """No file of the last release is changed or gone, and what came since is of a pair."""
    found = {one.name: one for service in SERVICES for one in migrations_of(service)}
    assert RELEASED.items() <= {name: one.sha256 for name, one in found.items()}.items()
    new = [one for name, one in found.items() if name not in RELEASED]
    assert [] == [one.name for one in new if one.phase is Phase.PLAIN]
    assert [] == [one.name for one in new if one.phase is Phase.CONTRACT and one.lost is None]


@pytest.mark.parametrize("service", SERVICES)
def test_every_pair_of_this_release_is_one(empty_database: Database, service: str) -> None:
    """Each expand since the last release breaks nothing of it and is undone without a trace; contracts
    may come one by one or all at the end.
    """
    everything = migrations_of(service)
    known = [one for one in everything if one.name in RELEASED]
    url = empty_database.admin
    asyncio.run(migrate(url, service, known))
    pairs = [one for one in everything if one.name not in RELEASED and one.phase is Phase.EXPAND]
    for expand in pairs:
        before = schema_of(url, service)
        known.append(expand)
        asyncio.run(migrate(url, service, known, Upgrade.EXPAND))
        after = schema_of(url, service)
        assert [] == breaks(before, after, expand), expand.name
        asyncio.run(take_back(url, service, known, expand.pair))
        assert shape(before) == shape(schema_of(url, service)), f"{expand.name} leaves a trace"
        asyncio.run(migrate(url, service, known, Upgrade.EXPAND))
    asyncio.run(migrate(url, service, everything, Upgrade.CONTRACT))
    at_the_end = shape(schema_of(url, service))
    with psycopg.connect(url) as connection:
        for schema in (service, f"{service}_rebuild"):
            connection.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE".encode())
    asyncio.run(migrate(url, service, everything))
    assert at_the_end == shape(schema_of(url, service))


def test_a_file_without_its_other_half_is_refused(tmp_path: Path) -> None:
    """An expand that nothing undoes, an undoing of nothing, a contract alone: named, and nothing runs."""
    folder = tmp_path / "services/intake/migrations"
    folder.mkdir(parents=True)
    for name, told in (
        ("0001_a.expand.sql", "has nothing that undoes it"),
        ("0001_a.back.sql", "undoes nothing"),
        ("0001_a.contract.sql", "stands alone"),
    ):
        (folder / name).touch()
        with pytest.raises(MigrationRefused, match=told):
            migrations_of("intake", tmp_path)
        (folder / name).unlink()
