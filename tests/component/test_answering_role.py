"""Readers are answered under a role of the database that can read what is released and nothing else."""

from __future__ import annotations

import asyncio
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from services.signals.service import DEFINITION
from shared.contracts.errors import Code
from shared.identity.roles import Role
from shared.postgres.embedded import SUPERUSER
from shared.postgres.migrate import (
    ANSWERS,
    RELEASED,
    ROLES,
    SERVICES,
    MigrationRefused,
    make_database,
    migrate,
    migrations_of,
)
from shared.runtime.settings import SettingProblem
from tests.component.test_noisy_release import APRIL, Noisy
from tests.component.test_postgres import refused
from tests.conftest import Database
from tests.nats_server import running_bus
from tests.service_lab import code_of, running

ROLE = ANSWERS["signals"]


def tables_of(database: Database, schema: str) -> list[str]:
    """Every table and view of a schema, as a superuser sees them."""
    with psycopg.connect(database.admin) as connection:
        found = connection.execute(
            "SELECT relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace"
            " WHERE nspname = %s AND relkind IN ('r', 'p', 'v', 'm') ORDER BY relname",
            (schema,),
        )
        return [str(name) for (name,) in found]


def test_it_reads_what_is_released_and_no_other_table(database: Database) -> None:
    """Facts, the event store, keys, positions, other services: every one is refused, table by table."""
    url = database.url(ROLE)
    ours = tables_of(database, "signals")
    open_to_it = {name for name in ours if not refused(url, f"SELECT * FROM signals.{name}")}  # noqa: S608
    assert {name for name in ours if name.startswith(RELEASED)} == open_to_it
    assert {"released_table", "released_draw", "released_grid"} <= open_to_it
    assert {"event", "ciphertext", "wrapped_key", "held_facts", "log"} <= set(ours) - open_to_it
    for service in SERVICES:
        for schema in (service, f"{service}_rebuild"):
            for name in tables_of(database, schema):
                if (schema, name) not in {("signals", one) for one in open_to_it}:
                    assert refused(url, f"SELECT * FROM {schema}.{name}")  # noqa: S608


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO signals.released_organisation VALUES (gen_random_uuid(), 0, '{}')",
        "UPDATE signals.released_table SET content = ''",
        "DELETE FROM signals.released_draw",
        "TRUNCATE signals.released_grid",
        "DROP TABLE signals.released_table",
        "CREATE TABLE signals.mine ()",
        "CREATE TEMPORARY TABLE mine ()",
        "SELECT signals.enqueue('{}', '{}', '{}', '{}', '{}')",
        "SELECT signals.erase_case(gen_random_uuid(), gen_random_uuid())",
        "SET ROLE signals",
        "SET ROLE hoeksteen_owner",
    ],
)
def test_it_changes_and_calls_nothing(database: Database, statement: str) -> None:
    """Not even what it may read, nor another role."""
    assert refused(database.url(ROLE), statement)


async def test_what_is_answered_is_answered_under_it(database: Database, tmp_path: Path) -> None:
    """With its right to the released tables taken away there is no answer; given back by the next
    migration, the same one.
    """
    (tmp_path / "nats").mkdir()
    async with (
        running_bus(tmp_path / "nats") as bus,
        running(DEFINITION, database, bus, tmp_path) as service,
    ):
        noisy = Noisy(service)
        await noisy.set_up()
        await noisy.cases(30)
        await noisy.tick(APRIL)
        before = await noisy.released()
        with psycopg.connect(database.admin) as superuser:
            superuser.execute(
                sql.SQL("REVOKE ALL ON ALL TABLES IN SCHEMA signals FROM {}").format(
                    sql.Identifier(ROLE)
                )
            )
        token = noisy.token(Role.HR)
        reply = await noisy.raw("statistics", b"{}", Authorization=f"Bearer {token}")
        assert Code.INTERNAL is code_of(reply)
        await migrate(database.admin, "signals", migrations_of("signals"))
        assert before == await noisy.statistics()


async def test_signals_does_not_start_without_it(database: Database, tmp_path: Path) -> None:
    """Rather than answer readers under the role that may read facts."""
    (tmp_path / "nats").mkdir()
    async with running_bus(tmp_path / "nats") as bus:
        with pytest.raises(SettingProblem, match="HOEKSTEEN_DATABASE_ANSWERS_URL"):
            async with running(
                DEFINITION, database, bus, tmp_path, settings={"database_answers_url": None}
            ):
                pass


def test_a_database_without_the_role_is_not_migrated(empty_database: Database) -> None:
    """Where a platform makes the roles, the sentence names the one that is missing."""
    name = "without_answers"
    url = make_conninfo(empty_database.postgres.url(SUPERUSER), dbname=name)
    roles = {role: "a-password-for-tests" for role in ROLES if role != ROLE}
    asyncio.run(make_database(url, roles))
    with psycopg.connect(empty_database.postgres.url(), autocommit=True) as connection:
        connection.execute(
            sql.SQL("ALTER ROLE {} RENAME TO {}").format(
                sql.Identifier(ROLE), sql.Identifier("elsewhere")
            )
        )
        try:
            with pytest.raises(MigrationRefused, match=ROLE):
                asyncio.run(migrate(url, "signals", migrations_of("signals")))
        finally:
            connection.execute(
                sql.SQL("ALTER ROLE {} RENAME TO {}").format(
                    sql.Identifier("elsewhere"), sql.Identifier(ROLE)
                )
            )
            connection.execute(
                sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
            )
