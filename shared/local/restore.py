"""Put a backup back: everything on an empty data folder, or the database alone (docs/restore.md)."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final

import psycopg
from psycopg import sql

from shared.local.backup import BASE, DUMP, Backup, Steps, check, found
from shared.local.problem import LocalProblem
from shared.local.session import ANSWERS, SERVICES
from shared.local.topology import DATABASE, database_urls, embedded_postgres
from shared.postgres.embedded import SUPERUSER, binaries, environment
from shared.runtime.clock import MovableClock
from shared.taxonomy.calendar import moment_of, next_quarterly_tick

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from shared.local.home import Home
    from shared.postgres.embedded import EmbeddedPostgres

_ROLES: Final = ("hoeksteen_owner", "hoeksteen_auditor", *SERVICES, *ANSWERS.values())


def newest(
    folder: Path, name: str | None, *, base: bool = False, before: datetime | None = None
) -> Backup:
    """The backup of that name, or the newest that will do. Raises LocalProblem."""
    for one in reversed(found(folder)):
        if name is not None and one.name != name:
            continue
        if (base and not one.base) or (before is not None and one.made > before):
            continue
        return one
    which = f"called {name}" if name else "that would do"
    raise LocalProblem(f"There is no backup {which} in {folder}.")


def restore_all(
    home: Home, chosen: Backup, secrets: Path, *, although: bool, say: Callable[[str], None]
) -> None:
    """Everything on an empty data folder. The streams are filled from the database when it runs.

    Figures of a tick between the backup and now may be out, and the streams that would tell are lost:
    refused, unless `although`. Raises LocalProblem.
    """
    if _holds_something(home.secrets) or _holds_something(home.postgres):
        raise LocalProblem(
            f"{home.path} is not empty. Where only the database is to be put back, leave --secrets out."
        )
    tick = _tick_since(chosen)
    if tick is not None and not although:
        raise LocalProblem(
            f"Between this backup and now lies the tick of {tick}. If figures were released at it, they "
            "would be drawn a second time, with other noise. Take a newer backup, or one with the "
            "archive of PostgreSQL's log; --although-released if nothing was."
        )
    steps = Steps(say)
    safe = secrets / chosen.name
    with steps.step(f"{chosen.name}: every file is as it was written"):
        check(chosen.folder)
        check(safe)
    home.create()
    with home.locked():
        with steps.step("passphrases, log keys, passwords, key rings, the ledger folder"):
            for folder, part in (
                (safe, home.secrets),
                (safe, home.witnesses),
                (chosen.folder, home.keys),
                (chosen.folder, home.ledger),
                (chosen.folder, home.webhooks),
            ):
                shutil.copytree(folder / part.name, part, dirs_exist_ok=True)
            for path in (home.witness_policy, home.clock, home.demo):
                if (chosen.folder / path.name).exists():
                    shutil.copy2(chosen.folder / path.name, path)
        _database(home, chosen, None, steps)
    steps.end("restored; start it, and its streams are filled again from the database")


def restore_database(
    home: Home, chosen: Backup, *, until: datetime | None, say: Callable[[str], None]
) -> None:
    """The database alone, with `until` as it was at that moment (aware); all else stays as it is.

    What was there is moved to `postgres/data.before-<moment>`. Raises LocalProblem.
    """
    if not _holds_something(home.secrets):
        raise LocalProblem(
            f"{home.path} is empty: give --secrets, for the part that lies in the safe."
        )
    steps = Steps(say)
    with steps.step(f"{chosen.name}: every file is as it was written"):
        check(chosen.folder)
    with home.locked():
        data = home.postgres / "data"
        kept = data.with_name(f"data.before-{datetime.now(UTC):%Y-%m-%dT%H%M%SZ}")
        there = data.exists()
        if there:
            with steps.step(f"what was there is kept as {kept.name}"):
                data.rename(kept)
        try:
            _database(home, chosen, until, steps, kept / "pg_wal" if there else None)
        except BaseException:
            if there:  # as if nothing had been tried
                shutil.rmtree(data, ignore_errors=True)
                kept.rename(data)
            raise
    steps.end("the database is put back; start it: it destroys again what was erased since")


def _database(
    home: Home,
    chosen: Backup,
    until: datetime | None,
    steps: Steps,
    unarchived: Path | None = None,
) -> None:
    server = embedded_postgres(home)
    if chosen.base:
        with steps.step("the base backup in its place"):
            server.place(chosen.folder / BASE)
        told = (
            "what is archived" if until is None else f"what is archived, until {until.isoformat()}"
        )
        with steps.step(f"PostgreSQL plays its log: {told}"):
            _play(server, until, unarchived)
        return
    with steps.step("a new PostgreSQL, and its roles"), server:
        _make_roles(home, server)
    with steps.step("pg_restore"), server:
        url = _admin(home, server)
        done = subprocess.run(
            (
                str(binaries() / "pg_restore"),
                "--create",
                "--exit-on-error",
                f"--dbname={url}",
                str(chosen.folder / DUMP),
            ),
            check=False,
            capture_output=True,
            text=True,
            env=dict(environment()),
        )
        if done.returncode:
            raise LocalProblem("pg_restore failed.", log=done.stderr[-2000:])


def _play(server: EmbeddedPostgres, until: datetime | None, unarchived: Path | None) -> None:
    try:
        with server.recovering(until, unarchived):
            return  # it answers when it has played all of it
    except LocalProblem as problem:
        raise LocalProblem(
            "PostgreSQL could not play its log: the archive lacks a file, or ends before that moment.",
            log=problem.log,
        ) from problem


def _make_roles(home: Home, server: EmbeddedPostgres) -> None:
    with psycopg.connect(_admin(home, server), autocommit=True) as connection:
        for role in _ROLES:
            password = (home.secrets / f"database-{role}").read_text(encoding="utf-8").strip()
            connection.execute(
                sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(
                    sql.Identifier(role), sql.Literal(password)
                )
            )


def _admin(home: Home, server: EmbeddedPostgres) -> str:
    url = database_urls(home, server)[SUPERUSER]
    return url.replace(f"dbname='{DATABASE}'", "dbname='postgres'")


def _tick_since(chosen: Backup) -> date | None:
    """The first day of a tick between the backup and now, by the installation's clock."""
    moment = MovableClock(chosen.folder / "clock.json").now()
    moved = moment - datetime.now(UTC)
    tick = next_quarterly_tick((chosen.made + moved).date() - timedelta(days=1))
    return tick if chosen.made + moved < moment_of(tick) <= moment else None


def _holds_something(folder: Path) -> bool:
    return folder.is_dir() and any(folder.iterdir())
