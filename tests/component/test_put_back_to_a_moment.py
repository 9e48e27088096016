"""What docs/restore.md has an operator say to a database before its cluster is removed: without it PostgreSQL
refuses a moment after which nothing happened, and nothing would be put back.
"""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from shared.local.problem import LocalProblem
from shared.postgres.embedded import SUPERUSER, EmbeddedPostgres, binaries, environment
from tests.deploy.manifests import CHECKOUT

PAGE = (CHECKOUT / "docs/restore.md").read_text()
((LAST, SWITCH),) = re.findall(r"psql -c '(.+?)' -c '(.+?)'\n", PAGE)
(ARCHIVED,) = re.findall(r"psql -c '([^']+)'\n", PAGE)
PASSWORD = "of-a-server-that-lives-for-a-test"


def server(folder: Path, name: str, archive: Path) -> EmbeddedPostgres:
    """A server of one's own, with an archive."""
    password_file = folder / "password"
    password_file.write_text(PASSWORD)
    return EmbeddedPostgres(
        folder / name, password_file=password_file, durable=False, wal_archive=archive
    )


def url(postgres: EmbeddedPostgres) -> str:
    return f"host={postgres.sockets} user={SUPERUSER} password={PASSWORD} dbname=postgres"


def say(postgres: EmbeddedPostgres, *statements: str) -> Any:
    """Each in a transaction of its own, as psql does; the last one's first row."""
    row = None
    with psycopg.connect(url(postgres), autocommit=True) as connection:
        for statement in statements:
            cursor = connection.execute(statement.encode())
            row = cursor.fetchone() if cursor.description else None
    return row


def lose(folder: Path, closing: Sequence[str]) -> datetime:
    """A database with a row, its base backup and its archive; nothing happens after the moment but what
    `closing` says.
    """
    origin = server(folder, "origin", folder / "archive")
    with origin:
        say(origin, "CREATE TABLE kept AS SELECT 1 AS row")
        subprocess.run(
            (
                str(binaries() / "pg_basebackup"),
                f"--pgdata={folder / 'base'}",
                "--wal-method=stream",
                "--checkpoint=fast",
                f"--dbname={url(origin)}",
            ),
            check=True,
            env=dict(environment()),
        )
        say(origin, "CREATE TABLE kept_too AS SELECT 1 AS row")
        time.sleep(0.1)
        moment = datetime.now(UTC)
        time.sleep(0.1)
        (file,) = say(origin, *closing)
        until = time.monotonic() + 30
        while (say(origin, ARCHIVED)[0] or "") < file:
            assert time.monotonic() < until, "the archive was not closed"
            time.sleep(0.1)
    return moment


def put_back(folder: Path, moment: datetime) -> None:
    """The base in another server's place, which plays the archive up to the moment."""
    restored = server(folder, "restored", folder / "archive")
    restored.place(folder / "base")
    with restored.recovering(moment):
        assert say(restored, "SELECT count(*) FROM kept_too") == (1,)


def test_a_database_that_nobody_used_is_put_back(tmp_path: Path) -> None:
    """With the page's two statements there is a transaction after the moment, and it is archived."""
    put_back(tmp_path, lose(tmp_path, [LAST, SWITCH]))


def test_without_the_first_statement_it_is_refused(tmp_path: Path) -> None:
    """Closing the archive alone is not enough; the words are those that the page explains."""
    moment = lose(tmp_path, [SWITCH])
    with pytest.raises(LocalProblem) as refused:
        put_back(tmp_path, moment)
    words = "recovery ended before configured recovery target was reached"
    assert words in (refused.value.log or "")
    assert words in " ".join(PAGE.split())
