"""The embedded server, the migrations, and what each role may do."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from shared.local.home import Home
from shared.local.topology import database_urls, embedded_postgres
from shared.postgres.embedded import SUPERUSER
from shared.postgres.migrate import (
    AUDITOR,
    Migration,
    MigrationRefused,
    make_database,
    migrate,
    migrations_of,
    passwords_in,
)
from shared.postgres.pool import open_pool
from tests.conftest import Database
from tests.lines import line_to
from tests.nats_server import until

STORE = Migration(
    name="store/0001_log.sql",
    text="CREATE TABLE log (organisation int PRIMARY KEY, size int NOT NULL);"
    "CREATE TABLE wrapped (secret text);"
    "INSERT INTO log VALUES (1, 1);"
    "CREATE FUNCTION append(o int) RETURNS int LANGUAGE sql SECURITY DEFINER"
    " SET search_path = {service}, pg_catalog, pg_temp"
    " AS 'UPDATE log SET size = size + 1 WHERE organisation = o RETURNING size';",
    store=True,
)
OWN = Migration(
    name="intake/0001_list.sql",
    text="CREATE TABLE case_list (id bigint GENERATED ALWAYS AS IDENTITY, state text)",
    store=False,
)


def refused(url: str, statement: str) -> bool:
    """Whether PostgreSQL refuses `statement` for want of a privilege."""
    with psycopg.connect(url) as connection:
        try:
            connection.execute(statement.encode())
        except psycopg.errors.InsufficientPrivilege:
            return True
    return False


def apply(database: Database, *migrations: Migration, service: str = "intake") -> list[str]:
    """Apply `migrations` to one schema, as the superuser."""
    return asyncio.run(migrate(database.admin, service, migrations))


def test_migrations_are_applied_once(empty_database: Database) -> None:
    """A second run changes nothing, and a new file is applied on its own."""
    assert apply(empty_database, STORE) == ["store/0001_log.sql"]
    assert apply(empty_database, STORE, OWN) == ["intake/0001_list.sql"]
    assert apply(empty_database, STORE, OWN) == []


def test_a_changed_migration_is_refused(empty_database: Database) -> None:
    """A file that was changed after it was applied is named, and nothing after it is applied."""
    apply(empty_database, STORE)
    changed = Migration(name=STORE.name, text=f"{STORE.text} -- more", store=True)
    with pytest.raises(MigrationRefused, match=r"store/0001_log\.sql was changed"):
        apply(empty_database, changed, OWN)
    with psycopg.connect(empty_database.admin) as connection:
        assert connection.execute("SELECT to_regclass('intake.case_list')").fetchone() == (None,)


def test_an_unknown_migration_is_refused(empty_database: Database) -> None:
    """An older program does not work on a newer database."""
    apply(empty_database, STORE, OWN)
    with pytest.raises(MigrationRefused, match=r"intake/0001_list\.sql"):
        apply(empty_database, STORE)


def test_a_broken_migration_leaves_nothing(empty_database: Database) -> None:
    """A file that fails in its second statement has not been applied in part."""
    broken = Migration(
        name="intake/0001_broken.sql", text="CREATE TABLE half (); SELECT 1 / 0", store=False
    )
    with pytest.raises(psycopg.errors.DivisionByZero):
        apply(empty_database, broken)
    with psycopg.connect(empty_database.admin) as connection:
        assert connection.execute("SELECT to_regclass('intake.half')").fetchone() == (None,)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO log VALUES (2, 1)",
        "UPDATE log SET size = 0",
        "DELETE FROM log",
        "TRUNCATE log",
        "DROP TABLE log",
        "ALTER TABLE log ADD COLUMN x int",
        "CREATE TABLE mine ()",
        "CREATE TEMPORARY TABLE mine ()",
        "DELETE FROM migration",
        "TRUNCATE case_list",
        "SET ROLE hoeksteen_owner",
    ],
)
def test_a_service_cannot_change_the_store(empty_database: Database, statement: str) -> None:
    """A service's role changes the store's tables by its functions only, and makes no tables."""
    apply(empty_database, STORE, OWN)
    assert refused(empty_database.url("intake"), statement)


def test_a_service_reads_calls_and_writes_its_projections(empty_database: Database) -> None:
    """The role reads the store, calls its functions, and writes its own tables."""
    apply(empty_database, STORE, OWN)
    with psycopg.connect(empty_database.url("intake")) as connection:
        assert connection.execute("SELECT size FROM log").fetchone() == (1,)
        assert connection.execute("SELECT append(1)").fetchone() == (2,)
        connection.execute("INSERT INTO case_list (state) VALUES ('open')")
        connection.execute("UPDATE case_list SET state = 'closed'")
        deleted = connection.execute("DELETE FROM case_list RETURNING state").fetchone()
        assert deleted == ("closed",)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM intake.log",
        "SELECT * FROM intake.case_list",
        "SELECT intake.append(1)",
    ],
)
def test_a_service_cannot_look_into_another(empty_database: Database, statement: str) -> None:
    """Schemas are closed to each other's roles."""
    apply(empty_database, STORE, OWN)
    apply(empty_database, STORE, service="signals")
    assert refused(empty_database.url("signals"), statement)


def test_the_auditor_reads_the_ledger_only(empty_database: Database) -> None:
    """The auditor's role reads what the ledger is verified from; no keys, projections, functions."""
    apply(empty_database, STORE, OWN)
    url = empty_database.url(AUDITOR)
    assert not refused(url, "SELECT * FROM intake.log")
    assert refused(url, "SELECT * FROM intake.wrapped")
    assert refused(url, "SELECT * FROM intake.case_list")
    assert refused(url, "SELECT intake.append(1)")
    assert refused(url, "UPDATE intake.log SET size = 0")


@pytest.mark.parametrize("service", ["intake", "signals", "reporting"])
def test_no_role_changes_the_real_store(database: Database, service: str) -> None:
    """With the migrations that ship, every table of the store is closed to its service's writes."""
    with psycopg.connect(database.admin) as connection:
        tables = {
            str(name)
            for (name,) in connection.execute(
                "SELECT tablename FROM pg_tables WHERE schemaname = %s", (service,)
            )
        }
    store = {"log", "event", "ciphertext", "wrapped_key", "idempotency", "tracking"}
    assert store <= tables
    for table in store:
        assert refused(database.url(service), f"DELETE FROM {table}")  # noqa: S608
        assert not refused(database.url(service), f"SELECT * FROM {table}")  # noqa: S608


def test_numbers_decide_the_order(tmp_path: Path) -> None:
    """The store's files come first, then the service's, each by number; other files are left."""
    store = tmp_path / "shared/eventstore/migrations"
    own = tmp_path / "services/intake/migrations"
    for folder, names in ((store, ["0002_b.sql", "0001_a.sql"]), (own, ["0001_c.sql", "note.sql"])):
        folder.mkdir(parents=True)
        for name in names:
            (folder / name).write_text("SELECT 1")
    names = [migration.name for migration in migrations_of("intake", tmp_path)]
    assert names == ["store/0001_a.sql", "store/0002_b.sql", "intake/0001_c.sql"]


async def test_the_pool_gives_connections(database: Database) -> None:
    """A pool signs in as the service and sees its schema first."""
    pool = await open_pool(database.url("intake"), min_size=1, max_size=2)
    try:
        async with pool.connection() as connection:
            row = await (await connection.execute("SELECT current_schema()")).fetchone()
        assert row == ("intake",)
    finally:
        await pool.close()


async def test_a_connection_is_asked_when_it_was_idle(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether it still stands costs no round trip between two uses, and one after a pause."""

    async def last_asked() -> str:
        async with pool.connection() as connection:
            with psycopg.connect(database.admin) as admin:
                found = admin.execute(
                    "SELECT query FROM pg_stat_activity WHERE pid = %s",
                    (connection.info.backend_pid,),
                ).fetchone()
            assert found is not None
            await connection.execute("SELECT 1")
        return str(found[0])

    pool = await open_pool(database.url("intake"), min_size=1, max_size=1)
    try:
        assert await last_asked() == ""
        assert await last_asked() == "COMMIT"
        monkeypatch.setattr("shared.postgres.pool.IDLE_SECONDS", 0.0)
        assert await last_asked() == ""
    finally:
        await pool.close()


async def test_a_connection_that_was_ended_is_given_to_nobody(database: Database) -> None:
    """Also a moment after it was of use."""
    pool = await open_pool(database.url("intake"), min_size=1, max_size=1)
    try:
        for _ in range(5):
            async with pool.connection() as connection:
                ended = connection.info.backend_pid
            with psycopg.connect(database.admin, autocommit=True) as admin:
                admin.execute("SELECT pg_terminate_backend(%s, 10000)", (ended,))
            async with pool.connection() as connection:
                row = await (await connection.execute("SELECT pg_backend_pid()")).fetchone()
            assert row is not None
            assert row[0] != ended
    finally:
        await pool.close()


async def test_who_asks_after_all_were_lost_pays_for_one(database: Database) -> None:
    """A server that was away ended all that stood: nobody looks at them one by one. The second time most of
    them were never used.
    """
    pool = await open_pool(database.url("intake"), min_size=8, max_size=8)
    try:
        for _ in range(2):
            await pool.wait(15)
            with psycopg.connect(database.admin, autocommit=True) as admin:
                admin.execute(
                    "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
                    " WHERE usename = 'intake'"
                )
            async with pool.connection(timeout=8) as connection:
                await connection.execute("SELECT 1")
    finally:
        await pool.close()


async def test_a_server_that_vanished_is_missed_soon(database: Database) -> None:
    """What the kernel was told of a real connection over TCP, in a pool's and in a setting's own words."""
    at = conninfo_to_dict(database.url("intake"))
    # The database listens on a socket file alone.
    file = f"{at['host']}/.s.PGSQL.{at.get('port', 5432)}"
    options = (
        socket.TCP_USER_TIMEOUT,
        socket.TCP_KEEPIDLE,
        socket.TCP_KEEPINTVL,
        socket.TCP_KEEPCNT,
    )
    found = []
    async with line_to(lambda: asyncio.open_unix_connection(file)) as line:
        over_tcp = make_conninfo(database.url("intake"), host="127.0.0.1", port=line.port)
        own_words = make_conninfo(over_tcp, tcp_user_timeout=90_000, keepalives_idle=60)
        for dsn in (over_tcp, own_words):
            pool = await open_pool(dsn)
            async with pool.connection() as connection:
                with socket.socket(fileno=os.dup(connection.fileno())) as end:
                    found.append([end.getsockopt(socket.IPPROTO_TCP, each) for each in options])
                    assert end.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            await pool.close()
    assert [[10_000, 10, 5, 3], [90_000, 60, 5, 3]] == found


async def test_a_server_that_is_back_is_found_soon(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long it was away: the pool dials at one pace."""
    at = conninfo_to_dict(database.url("intake"))
    file = f"{at['host']}/.s.PGSQL.{at.get('port', 5432)}"
    away = True

    async def there() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if away:
            raise ConnectionRefusedError
        return await asyncio.open_unix_connection(file)

    monkeypatch.setattr("shared.postgres.pool.REDIAL_SECONDS", 0.05)
    async with line_to(there) as line:
        opening = asyncio.create_task(
            open_pool(make_conninfo(database.url("intake"), host="127.0.0.1", port=line.port))
        )
        await until(lambda: line.count >= 12)
        away = False
        pool = await opening
        async with pool.connection() as connection:
            await connection.execute("SELECT 1")
        await pool.close()


def test_passwords_are_asked_for(home: Home) -> None:
    """Nobody signs in without the role's password, not even over the socket."""
    with embedded_postgres(home) as server:
        empty = home.path / "empty"
        empty.touch(mode=0o600)
        with pytest.raises(psycopg.OperationalError, match="no password supplied"):
            psycopg.connect(server.dsn(SUPERUSER, database=SUPERUSER, passfile=empty))


@pytest.mark.parametrize("name", ["short", "x" * 150])
def test_any_folder_will_do(tmp_path: Path, name: str) -> None:
    """A folder closed to other users and a path too long for a socket are no obstacle; data stay."""
    (tmp_path / name).mkdir(mode=0o700)
    home = Home(tmp_path / name / "home")
    home.create()
    urls = database_urls(home, embedded_postgres(home))
    with embedded_postgres(home):
        asyncio.run(make_database(urls[SUPERUSER], passwords_in(home.secrets)))
        asyncio.run(migrate(urls[SUPERUSER], "intake", [OWN]))
        with psycopg.connect(urls["intake"]) as connection:
            connection.execute("INSERT INTO case_list (state) VALUES ('open')")
    with embedded_postgres(home), psycopg.connect(urls["intake"]) as connection:
        assert connection.execute("SELECT state FROM case_list").fetchall() == [("open",)]


CRASHES = """
import sys, time
from shared.local.home import Home
from shared.local.topology import embedded_postgres
with embedded_postgres(Home()) as server:
    print(server._process.pid, flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("crash", ["its parent", "the server"])
def test_the_server_recovers_from_a_crash(home: Home, crash: str) -> None:
    """After `kill -9` of the parent no server is left; after one of the server, it starts again."""
    embedded_postgres(home)  # makes the password before the child does
    with subprocess.Popen(
        (sys.executable, "-c", CRASHES), stdout=subprocess.PIPE, text=True, env=os.environ | {}
    ) as parent:
        assert parent.stdout is not None
        server = int(parent.stdout.readline())
        os.kill(parent.pid if crash == "its parent" else server, signal.SIGKILL)
        if crash == "the server":
            parent.kill()
    until = time.monotonic() + 10
    while Path(f"/proc/{server}").exists() and time.monotonic() < until:
        time.sleep(0.02)
    assert not Path(f"/proc/{server}").exists()
    urls = database_urls(home, embedded_postgres(home))
    with embedded_postgres(home):
        asyncio.run(make_database(urls[SUPERUSER], passwords_in(home.secrets)))


def test_the_log_quotes_nobody(home: Home) -> None:
    """A value in a statement that fails stands in no log of the server, and no port is open."""
    urls = database_urls(home, embedded_postgres(home))
    with embedded_postgres(home) as server:
        asyncio.run(make_database(urls[SUPERUSER], passwords_in(home.secrets)))
        with psycopg.connect(urls[SUPERUSER], autocommit=True) as connection:
            with pytest.raises(psycopg.errors.InvalidTextRepresentation):
                connection.execute("SELECT CAST(%s::text AS uuid)", ("iemand-zei-dit",))
            connection.execute("CREATE TABLE once (word text PRIMARY KEY)")
            connection.execute("INSERT INTO once VALUES ('iemand-zei-dit')")
            with pytest.raises(psycopg.errors.UniqueViolation):
                connection.execute("INSERT INTO once VALUES ('iemand-zei-dit')")
            assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
            assert connection.execute("SHOW data_checksums").fetchone() == ("on",)
        log = server.folder / "server.log"
    text = log.read_text()
    assert "ready to accept connections" in text
    assert "iemand" not in text
