"""Bring the database to the form that the code expects; nothing else has the right to do so.

    python -m shared.postgres.migrate --service intake --service signals --service reporting
        [--phase all|expand|contract] [--back intake/0010_name]

While programs of the release before run, `--phase expand` comes first, `--phase contract` when all of
them are replaced; in between `--back` undoes a pair and those behind it (docs/upgrade.md). Without
either, and in an empty schema, everything is applied in order.

From the environment: `HOEKSTEEN_DATABASE_ADMIN_URL`, a superuser's connection string (its database
is made when missing), and `HOEKSTEEN_PASSWORD_FOLDER`, where the password of each role stands in
`database-<role>` (made when missing). In production a platform makes database and roles;
then `HOEKSTEEN_DATABASE_OWNER_URL` alone is enough, and only the numbered SQL is applied.

Roles: `hoeksteen_owner` owns the schemas; a role per service reads its own schema, calls its
functions and writes the tables of its own migrations (its projections), never those of the event
store; `hoeksteen_auditor` reads what the ledger is verified from; `signals_answers`, under which
signals answers readers, reads what is released and nothing else of it.

Every file is applied once, in its own transaction, and remembered with its SHA-256 in the table
`migration` of the schema. `{service}` in the text becomes the service's name. A lock that others hold
is waited for briefly and asked for again, so that nobody queues behind a migration.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from contextlib import asynccontextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from shared.postgres.migration_files import (
    Migration,
    MigrationRefused,
    Phase,
    mark_of,
    migrations_of,
    phase_of,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from psycopg import AsyncConnection
    from psycopg.rows import TupleRow

OWNER = "hoeksteen_owner"
AUDITOR = "hoeksteen_auditor"
SERVICES = ("intake", "signals", "reporting")
"""The services that have a schema, in the order in which facts travel."""

ANSWERS = {"signals": "signals_answers"}
"""Services that answer readers under a role of its own, and that role. It reads the tables whose names
begin with RELEASED, which the service's projections fill, and can neither call nor write anything.
"""

RELEASED = "released_"

ROLES = (OWNER, AUDITOR, *SERVICES, *ANSWERS.values())
"""Every role that has a password; the superuser is not among them."""

LEDGER_TABLES = ("log", "event", "ciphertext")
"""What the auditor's role may read in each schema: what `hoeksteen verify` needs."""

__all__ = ("Migration", "MigrationRefused", "migrations_of")

# Migrations of one installation take turns, also when several services start at once.
_TURN = 0x486F656B

# So long a lock is waited for, in PostgreSQL's words, and so often; in between whoever queued goes on.
_LOCK_WAIT = "1s"
_ATTEMPTS = 60
_BETWEEN_SECONDS = 0.5


async def make_database(admin_dsn: str, passwords: Mapping[str, str]) -> None:
    """Make the database that `admin_dsn` names, and the roles with their passwords. Idempotent.

    `passwords` has one for each of ROLES; a service's role has the service's name, which is also its
    schema's (PostgreSQL's search path begins there).
    """
    name = str(conninfo_to_dict(admin_dsn)["dbname"])
    async with await psycopg.AsyncConnection.connect(
        make_conninfo(admin_dsn, dbname="postgres"), autocommit=True
    ) as connection:
        known = {row[0] async for row in await connection.execute("SELECT rolname FROM pg_roles")}
        for role, password in passwords.items():
            verb = "ALTER" if role in known else "CREATE"
            await connection.execute(
                sql.SQL(verb + " ROLE {} LOGIN PASSWORD {}").format(
                    sql.Identifier(role), sql.Literal(password)
                )
            )
        found = await connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
        if await found.fetchone() is None:
            await connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0").format(
                    sql.Identifier(name), sql.Identifier(OWNER)
                )
            )
    await open_database(admin_dsn, tuple(passwords))


async def open_database(admin_dsn: str, roles: Sequence[str]) -> None:
    """Let `roles`, and nobody else, connect to the database that `admin_dsn` names."""
    name = sql.Identifier(str(conninfo_to_dict(admin_dsn)["dbname"]))
    async with await psycopg.AsyncConnection.connect(admin_dsn) as connection:
        await connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
        await connection.execute(
            sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(
                name, sql.SQL(", ").join(sql.Identifier(role) for role in roles)
            )
        )


class Upgrade(StrEnum):
    """Which files a run applies."""

    ALL = "all"
    EXPAND = "expand"
    CONTRACT = "contract"


async def migrate(
    dsn: str, service: str, migrations: Sequence[Migration], upgrade: Upgrade = Upgrade.ALL
) -> list[str]:
    """Apply what is new of `migrations` to the schema of `service`; gives the names applied.

    `dsn` signs in as OWNER, or as a superuser, who then acts as OWNER. Raises MigrationRefused
    when a file has changed after it was applied, or is missing; when a role is missing; when a file is
    not for now, or programs of another release are connected that it would break; and when a lock was
    not to be had.
    """
    async with _connected(dsn) as connection:
        applied = await _prepare_schema(connection, service)
        await connection.commit()
        _check(applied, migrations)
        wanted = _wanted(applied, migrations, upgrade)
        if applied and any(one.phase is not Phase.EXPAND for one in wanted):
            await _alone(connection, service, migrations)
        for migration in wanted:
            await _patiently(connection, service, migration)
        if service in ANSWERS:
            async with connection.transaction():
                await _let_answer(connection, service, ANSWERS[service])
        return [one.name for one in wanted]


async def take_back(
    dsn: str, service: str, migrations: Sequence[Migration], pair: str
) -> list[str]:
    """Undo the expand of `pair`, and every one behind it of the same origin, newest first; gives the
    names undone.

    Raises MigrationRefused when there is no such pair, when a contract among them was applied, and
    while programs that need what goes are connected.
    """
    origin = [one for one in migrations if one.name.split("/")[0] == pair.split("/", maxsplit=1)[0]]
    names = [one.pair for one in origin]
    if pair not in names or origin[names.index(pair)].phase is not Phase.EXPAND:
        raise MigrationRefused(f"{service} has no pair {pair} that could be undone.")
    async with _connected(dsn) as connection:
        applied = await _prepare_schema(connection, service)
        await connection.commit()
        _check(applied, migrations)
        going = [one for one in origin[names.index(pair) :] if one.name in applied]
        for one in going:
            if one.phase is Phase.CONTRACT:
                raise MigrationRefused(
                    f"{one.name} has been applied. It cannot be undone: {one.lost} A release from "
                    "before it needs a backup from before it (docs/restore.md)."
                )
        found = await _connected_programs(connection, service)
        await connection.commit()
        if mark_of(migrations) in found:
            raise MigrationRefused(
                f"{found.count(mark_of(migrations))} connections of {service} are of the release that "
                f"needs {pair}; put the programs of the release before in their place first."
            )
        for migration in reversed(going):
            await _patiently(connection, service, migration, back=True)
        return [one.name for one in reversed(going)]


@asynccontextmanager
async def _connected(dsn: str) -> AsyncIterator[AsyncConnection[TupleRow]]:
    """As OWNER, and alone among migrations."""
    async with await psycopg.AsyncConnection.connect(dsn) as connection:
        await connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(OWNER)))
        await connection.execute("SELECT pg_advisory_lock(%s)", (_TURN,))
        yield connection


def _wanted(
    applied: Mapping[str, str], migrations: Sequence[Migration], upgrade: Upgrade
) -> list[Migration]:
    """What this run applies, in order. Nothing runs on an empty schema: there it is everything."""
    new = [one for one in migrations if one.name not in applied]
    if not applied or upgrade is Upgrade.ALL:
        return new
    if upgrade is Upgrade.EXPAND:
        for one in new:
            if one.phase is Phase.PLAIN:
                raise MigrationRefused(
                    f"{one.name} is of before there were pairs: stop the programs, and run the "
                    "migrations without --phase."
                )
        return [one for one in new if one.phase is Phase.EXPAND]
    for one in new:
        if one.phase is not Phase.CONTRACT:
            raise MigrationRefused(
                f"{one.name} is not applied yet: --phase expand comes first, then the programs are "
                "replaced."
            )
    return new


async def _alone(
    connection: AsyncConnection[TupleRow], service: str, migrations: Sequence[Migration]
) -> None:
    """No program of another release may be connected: what is applied now would break it."""
    others = [
        one for one in await _connected_programs(connection, service) if one != mark_of(migrations)
    ]
    await connection.commit()
    if others:
        raise MigrationRefused(
            f"{len(others)} connections of {service} are of another release, which what is applied "
            "now would break; replace or stop those programs first."
        )


async def _connected_programs(connection: AsyncConnection[TupleRow], service: str) -> list[str]:
    """What the programs call themselves that are connected as the service, or as who answers for it."""
    roles = [service, *([ANSWERS[service]] if service in ANSWERS else [])]
    rows = await connection.execute(
        "SELECT coalesce(application_name, '') FROM pg_stat_activity"
        " WHERE datname = current_database() AND usename = ANY (%s)",
        (roles,),
    )
    return [str(row[0]) async for row in rows]


async def _patiently(
    connection: AsyncConnection[TupleRow],
    service: str,
    migration: Migration,
    *,
    back: bool = False,
) -> None:
    """Apply or undo one file, each time waiting for a lock so briefly that nobody notices who queues
    behind it.
    """
    for _ in range(_ATTEMPTS):
        try:
            if migration.outside and not back:
                await _apply_outside(connection, service, migration)
                return
            async with connection.transaction():
                await connection.execute(
                    "SELECT set_config('lock_timeout', %s, true)", (_LOCK_WAIT,)
                )
                await (_undo if back else _apply)(connection, service, migration)
        except psycopg.errors.LockNotAvailable:
            await asyncio.sleep(_BETWEEN_SECONDS)
        else:
            return
    raise MigrationRefused(
        f"{migration.name} did not get a table for itself: something keeps it locked, a pg_dump for "
        "instance. Nothing of it was applied; run the migrations again when that is over."
    )


async def _apply_outside(
    connection: AsyncConnection[TupleRow], service: str, migration: Migration
) -> None:
    """One statement outside a transaction. An index of which an attempt before left half goes first."""
    schema = sql.Identifier(service)
    await connection.commit()
    await connection.set_autocommit(True)
    try:
        await connection.execute(sql.SQL("SET search_path = {}").format(schema))
        rows = await connection.execute(
            "SELECT relname FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid"
            " WHERE NOT indisvalid AND relnamespace = to_regnamespace(quote_ident(%s))::oid",
            (service,),
        )
        for (name,) in await rows.fetchall():
            await connection.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(str(name))))
        await connection.execute(migration.text.replace("{service}", service).encode())
        await connection.execute(
            sql.SQL("INSERT INTO {}.migration VALUES (%s, %s)").format(schema),
            (migration.name, migration.sha256),
        )
        await connection.execute("RESET search_path")
    finally:
        await connection.set_autocommit(False)


async def _undo(connection: AsyncConnection[TupleRow], service: str, migration: Migration) -> None:
    schema = sql.Identifier(service)
    await connection.execute(sql.SQL("SET LOCAL search_path = {}").format(schema))
    await connection.execute((migration.back or "").replace("{service}", service).encode())
    await connection.execute(
        sql.SQL("DELETE FROM {}.migration WHERE name = %s").format(schema), (migration.name,)
    )


async def _let_answer(connection: AsyncConnection[TupleRow], service: str, role: str) -> None:
    """Let the role that answers read every released table, also those of earlier migrations."""
    found = await connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,))
    if await found.fetchone() is None:
        raise MigrationRefused(
            f"The role {role} is missing; make it, with a password of its own and no other right "
            "than to sign in to this database."
        )
    relations, _ = await _objects(connection, service)
    for name in sorted(name for name, _ in relations if name.startswith(RELEASED)):
        await connection.execute(
            sql.SQL("GRANT USAGE ON SCHEMA {0} TO {2}; GRANT SELECT ON {0}.{1} TO {2}").format(
                sql.Identifier(service), sql.Identifier(name), sql.Identifier(role)
            )
        )


async def _prepare_schema(connection: AsyncConnection[TupleRow], service: str) -> dict[str, str]:
    schema = sql.Identifier(service)
    found = await connection.execute(
        "SELECT to_regclass(%s) IS NOT NULL", (f'"{service}".migration',)
    )
    if (await found.fetchone()) != (True,):
        await connection.execute(
            sql.SQL(
                "CREATE SCHEMA IF NOT EXISTS {0};"
                "CREATE TABLE {0}.migration (name text PRIMARY KEY, sha256 text NOT NULL);"
                "GRANT USAGE ON SCHEMA {0} TO {0}, {1};"
                "GRANT SELECT ON {0}.migration TO {0}"
            ).format(schema, sql.Identifier(AUDITOR))
        )
    rows = await connection.execute(sql.SQL("SELECT name, sha256 FROM {}.migration").format(schema))
    return {str(name): str(sha256) async for name, sha256 in rows}


def _check(applied: Mapping[str, str], migrations: Sequence[Migration]) -> None:
    by_name = {migration.name: migration for migration in migrations}
    for name, sha256 in applied.items():
        if name not in by_name:
            if phase_of(name) is Phase.EXPAND:
                continue  # of a newer release, which was taken back: it breaks nothing of this one
            raise MigrationRefused(
                f"The database has had migration {name}, which this version does not know; "
                "run the version that made it, or a newer one."
            )
        if by_name[name].sha256 != sha256:
            raise MigrationRefused(
                f"Migration {name} was changed after it had been applied; put it back as it was "
                "and write the change as a new file with the next number."
            )


async def _apply(connection: AsyncConnection[TupleRow], service: str, migration: Migration) -> None:
    schema = sql.Identifier(service)
    await connection.execute(sql.SQL("SET LOCAL search_path = {}").format(schema))
    relations, functions = await _objects(connection, service)
    text = migration.text.replace("{service}", service)
    await connection.execute(text.encode())
    tables = "SELECT" if migration.store else "SELECT, INSERT, UPDATE, DELETE"
    now_relations, now_functions = await _objects(connection, service)
    for name, kind in now_relations - relations:
        await connection.execute(
            sql.SQL("GRANT {} ON {}.{} TO {}").format(
                # S: a sequence; the rest are tables, views and their partitions.
                sql.SQL("USAGE, SELECT" if kind == "S" else tables),
                schema,
                sql.Identifier(name),
                schema,
            )
        )
        if migration.store and name in LEDGER_TABLES:
            await connection.execute(
                sql.SQL("GRANT SELECT ON {}.{} TO {}").format(
                    schema, sql.Identifier(name), sql.Identifier(AUDITOR)
                )
            )
    for signature in now_functions - functions:
        # PostgreSQL lets everybody call a new function; here only the schema's own service may.
        await connection.execute(
            (
                f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC;"
                f' GRANT EXECUTE ON FUNCTION {signature} TO "{service}"'
            ).encode()
        )
    await connection.execute(
        sql.SQL("INSERT INTO {}.migration VALUES (%s, %s)").format(schema),
        (migration.name, migration.sha256),
    )


async def _objects(
    connection: AsyncConnection[TupleRow], service: str
) -> tuple[set[tuple[str, str]], set[str]]:
    """Names and kinds of the schema's relations, and signatures of its functions."""
    relations = await connection.execute(
        "SELECT relname, relkind FROM pg_class"
        " WHERE relnamespace = to_regnamespace(quote_ident(%s))::oid"
        " AND relkind IN ('r', 'p', 'v', 'm', 'S')",
        (service,),
    )
    functions = await connection.execute(
        "SELECT oid::regprocedure::text FROM pg_proc"
        " WHERE pronamespace = to_regnamespace(quote_ident(%s))::oid",
        (service,),
    )
    return (
        {(str(name), str(kind)) async for name, kind in relations},
        {str(row[0]) async for row in functions},
    )


def passwords_in(folder: Path) -> dict[str, str]:
    """The password of every role, from `database-<role>` in `folder`."""
    return {
        role: (folder / f"database-{role}").read_text(encoding="utf-8").strip() for role in ROLES
    }


def _password_folder() -> Path:
    folder = os.environ.get("HOEKSTEEN_PASSWORD_FOLDER")
    if folder is None:
        raise MigrationRefused("Set HOEKSTEEN_PASSWORD_FOLDER: the folder with a file per role.")
    return Path(folder)


async def _main(services: Sequence[str], upgrade: Upgrade, back: str | None) -> None:
    admin = os.environ.get("HOEKSTEEN_DATABASE_ADMIN_URL")
    dsn = os.environ.get("HOEKSTEEN_DATABASE_OWNER_URL") or admin
    if dsn is None:
        raise MigrationRefused(
            "Set HOEKSTEEN_DATABASE_OWNER_URL (or HOEKSTEEN_DATABASE_ADMIN_URL, to make the "
            "database and its roles too)."
        )
    if admin is not None:
        await make_database(admin, passwords_in(_password_folder()))
    for service in services:
        files = migrations_of(service)
        if back is not None:
            undone = await take_back(dsn, service, files, back)
            sys.stdout.write(f"{service}: {', '.join(undone) or 'nothing'} undone\n")
            continue
        applied = await migrate(dsn, service, files, upgrade)
        sys.stdout.write(f"{service}: {', '.join(applied) or 'nothing new'}\n")


def main() -> int:
    """Entry point; gives the exit status."""
    parser = argparse.ArgumentParser(prog="python -m shared.postgres.migrate")
    parser.add_argument("--service", action="append", choices=SERVICES, required=True)
    parser.add_argument("--phase", type=Upgrade, choices=Upgrade, default=Upgrade.ALL)
    parser.add_argument("--back", metavar="PAIR", help="undo this pair and those behind it")
    chosen = parser.parse_args()
    try:
        asyncio.run(_main(chosen.service, chosen.phase, chosen.back))
    except MigrationRefused as refused:
        sys.stderr.write(f"{refused}\n")
        return 1
    except (psycopg.Error, OSError) as error:
        sys.stderr.write(f"The migrations could not be applied: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
