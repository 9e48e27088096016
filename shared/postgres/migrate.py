"""Bring the database to the form that the code expects; nothing else has the right to do so.

    python -m shared.postgres.migrate --service intake --service signals --service reporting

From the environment: `HOEKSTEEN_DATABASE_ADMIN_URL`, a superuser's connection string (its database
is made when missing), and `HOEKSTEEN_PASSWORD_FOLDER`, where the password of each role stands in
`database-<role>` (made when missing). In production a platform makes database and roles;
then `HOEKSTEEN_DATABASE_OWNER_URL` alone is enough, and only the numbered SQL is applied.

Roles: `hoeksteen_owner` owns the schemas; a role per service reads its own schema, calls its
functions and writes the tables of its own migrations (its projections), never those of the event
store; `hoeksteen_auditor` reads what the ledger is verified from; `signals_answers`, under which
signals answers readers, reads what is released and nothing else of it.

Every file is applied once, in its own transaction, and remembered with its SHA-256 in the table
`migration` of the schema. `{service}` in the text becomes the service's name.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from shared.local.home import CHECKOUT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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

# Migrations of one installation take turns, also when several services start at once.
_TURN = 0x486F656B


class MigrationRefused(Exception):  # noqa: N818  its text is the sentence that an operator reads
    """The migrations do not fit the database; the text says which file and what to do."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file of SQL. `name` is `<origin>/<file name>`, as remembered in the database."""

    name: str
    text: str
    store: bool
    """Whether it belongs to the event store, whose tables a service may only read."""

    @property
    def sha256(self) -> str:
        """Of the text as it stands in the file, in hexadecimal."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def migrations_of(service: str, root: Path = CHECKOUT) -> list[Migration]:
    """The migrations of one service, in order: the store's, then its own."""
    return [
        *_read("store", root / "shared/eventstore/migrations", store=True),
        *_read(service, root / "services" / service / "migrations", store=False),
    ]


def _read(origin: str, folder: Path, *, store: bool) -> list[Migration]:
    return [
        Migration(name=f"{origin}/{file.name}", text=file.read_text(encoding="utf-8"), store=store)
        for file in sorted(folder.glob("[0-9][0-9][0-9][0-9]_*.sql"))
    ]


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


async def migrate(dsn: str, service: str, migrations: Sequence[Migration]) -> list[str]:
    """Apply what is new of `migrations` to the schema of `service`; gives the names applied.

    `dsn` signs in as OWNER, or as a superuser, who then acts as OWNER. Raises MigrationRefused
    when a file has changed after it was applied, or is missing; or when a role is missing.
    """
    async with await psycopg.AsyncConnection.connect(dsn) as connection:
        await connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(OWNER)))
        await connection.execute("SELECT pg_advisory_lock(%s)", (_TURN,))
        applied = await _prepare_schema(connection, service)
        await connection.commit()
        _check(applied, migrations)
        done = []
        for migration in migrations:
            if migration.name not in applied:
                async with connection.transaction():
                    await _apply(connection, service, migration)
                done.append(migration.name)
        if service in ANSWERS:
            async with connection.transaction():
                await _let_answer(connection, service, ANSWERS[service])
        return done


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


async def _main(services: Sequence[str]) -> None:
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
        applied = await migrate(dsn, service, migrations_of(service))
        sys.stdout.write(f"{service}: {', '.join(applied) or 'nothing new'}\n")


def main() -> int:
    """Entry point; gives the exit status."""
    parser = argparse.ArgumentParser(prog="python -m shared.postgres.migrate")
    parser.add_argument("--service", action="append", choices=SERVICES, required=True)
    services: list[str] = parser.parse_args().service
    try:
        asyncio.run(_main(services))
    except MigrationRefused as refused:
        sys.stderr.write(f"{refused}\n")
        return 1
    except (psycopg.Error, OSError) as error:
        sys.stderr.write(f"The migrations could not be applied: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
