"""The databases as CloudNativePG makes them of the manifests: the migrations run there, as their owner.

One real PostgreSQL stands for the three clusters; a service's roles are made when its turn comes.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from shared.postgres.embedded import EmbeddedPostgres
from tests.deploy.custom import made_secrets
from tests.deploy.manifests import CHECKOUT, Document, Program, kind, programs

PASSWORD = "for-this-test-alone"


def make(cluster: Document, admin: str) -> str:
    """Roles and database of one cluster, with the rights that its manifest gives; the database."""
    first, name = cluster["spec"]["bootstrap"]["initdb"], cluster["metadata"]["name"]
    roles = [
        {"name": first["owner"], "login": True},
        *cluster["spec"]["managed"]["roles"],
    ]
    with psycopg.connect(f"{admin} dbname=postgres", autocommit=True) as connection:
        for role in roles:
            found = connection.execute(
                "SELECT 1 FROM pg_roles WHERE rolname = %s", (role["name"],)
            ).fetchone()
            if found is None:
                connection.execute(
                    sql.SQL("CREATE ROLE {} {} PASSWORD {}").format(
                        sql.Identifier(role["name"]),
                        sql.SQL("LOGIN" if role["login"] else "NOLOGIN"),
                        sql.Literal(PASSWORD),
                    )
                )
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0").format(
                sql.Identifier(first["database"]), sql.Identifier(first["owner"])
            )
        )
    with psycopg.connect(f"{admin} dbname={first['database']}", autocommit=True) as connection:
        for statement in first["postInitApplicationSQL"]:
            connection.execute(statement.encode())
    return str(name)


def run(program: Program, sockets: Path, passwords: Path) -> subprocess.CompletedProcess[str]:
    """The migration as rendered; only the server's place is another, and it needs no certificate."""
    given = {
        name: value.replace(f"host={name_of(program)}-db port=5432", f"host={sockets}")
        for name, value in program.environment.items()
        if name not in {"PGSSLMODE", "PGSSLROOTCERT"}
    }
    given["PGSERVICEFILE"] = str(passwords)
    return subprocess.run(
        [sys.executable, "-m", *program.arguments],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(CHECKOUT), **given},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def name_of(program: Program) -> str:
    """The service that a migration is for."""
    return program.name.split("/")[2]


def test_migrations_need_no_more_than_the_manifests_give(
    production: list[Document], tmp_path: Path
) -> None:
    """Owner, auditor and the service's own roles are enough; who is not named signs in to nothing."""
    admin_password = tmp_path / "password"
    admin_password.write_text(PASSWORD)
    passwords = tmp_path / "pg_service.conf"
    passwords.write_text(
        "".join(f"[{name}]\npassword={PASSWORD}\n" for name in ("intake", "signals", "reporting"))
    )
    migrations = {
        name_of(each): each
        for each in programs(production, made_secrets(production))
        if each.name.startswith("Job/migrations")
    }
    with EmbeddedPostgres(
        tmp_path / "postgres", password_file=admin_password, durable=False
    ) as postgres:
        admin = f"host={postgres.sockets} user=postgres password={PASSWORD}"
        for cluster in kind(production, "Cluster"):
            service = make(cluster, admin).removesuffix("-db")
            done = run(migrations[service], postgres.sockets, passwords)
            assert done.returncode == 0, done.stderr
            assert f"{service}: store/0001_store.sql" in done.stdout
            with (
                pytest.raises(psycopg.OperationalError, match="not permitted to log in"),
                psycopg.connect(
                    f"host={postgres.sockets} user=hoeksteen_auditor password={PASSWORD}"
                    " dbname=hoeksteen"
                ),
            ):
                pass
            with psycopg.connect(f"{admin} dbname=postgres", autocommit=True) as connection:
                connection.execute(
                    sql.SQL("ALTER DATABASE hoeksteen RENAME TO {}").format(sql.Identifier(service))
                )
