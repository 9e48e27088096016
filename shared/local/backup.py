"""Backups of one installation: made while it runs, in two parts that lie apart (docs/restore.md).

`<to>/<name>/` holds the database, the ledger folder and the key rings; `<secrets>/<name>/` holds what opens
them: passphrases, log keys, passwords, and local mode's witnesses. A `manifest.json` in each has the
SHA-256 of every file.

The ledger folder is copied before the database, so that the database knows whatever the ledger says of
it; the key rings after it, so that they hold every key that the database needs.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import time
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from shared.cli.version import VERSION
from shared.ledger.copies import copy_without_times
from shared.local.home import write_private_json
from shared.local.problem import LocalProblem
from shared.local.topology import DATABASE, database_urls, embedded_postgres
from shared.postgres.embedded import SUPERUSER, binaries, environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from shared.local.home import Home

MANIFEST: Final = "manifest.json"
DUMP: Final = "database.dump"
BASE: Final = "base"
_NAME: Final = "%Y-%m-%dT%H%M%SZ"
_RING_ATTEMPTS: Final = 5


@dataclass(frozen=True, slots=True)
class Backup:
    """One backup as it lies there."""

    folder: Path
    made: datetime
    expires: date
    base: bool
    """Whether it is a base backup, which PostgreSQL's own log can be played on."""

    @property
    def name(self) -> str:
        """Its folder's name: the moment it was begun."""
        return self.folder.name


@dataclass
class Steps:
    """Tells each step with the seconds that it took."""

    say: Callable[[str], None]
    began: float = field(default_factory=time.monotonic)
    last: float = field(default_factory=time.monotonic)

    @contextlib.contextmanager
    def step(self, what: str) -> Iterator[None]:
        """One step; told when it is done."""
        self.last = time.monotonic()
        yield
        self.say(f"{time.monotonic() - self.last:7.1f} s  {what}")

    def end(self, what: str) -> None:
        """How long all of it took."""
        self.say(f"{time.monotonic() - self.began:7.1f} s  {what}")


def backup(
    home: Home, to: Path, secrets: Path, *, base: bool, keep_days: int, say: Callable[[str], None]
) -> Backup:
    """Make one of a running installation, and remove those whose day has come. Raises LocalProblem."""
    if not home.in_use():
        raise LocalProblem(
            f"Hoeksteen does not run on {home.path}: a backup is made while it runs."
        )
    if _lies_in(to, home.path) or _lies_in(secrets, home.path):
        raise LocalProblem(
            "A backup in the data folder would be lost with it: choose another place."
        )
    if _lies_in(to, secrets) or _lies_in(secrets, to):
        raise LocalProblem(
            "Database, key rings and passphrases in one place are the facts in the clear: keep the "
            "secrets somewhere else."
        )
    steps, now = Steps(say), datetime.now(UTC)
    folder, safe = to / f"{now:{_NAME}}", secrets / f"{now:{_NAME}}"
    try:
        for each in (folder, safe):
            each.mkdir(mode=0o700, parents=True)
        with steps.step("the ledger folder, and what says how the installation is set up"):
            # With its times it would say when something was erased last.
            copy_without_times(home.ledger, folder / "ledger", now.date(), ".*")
            for path in (home.witness_policy, home.clock, home.demo):
                if path.exists():
                    shutil.copy2(path, folder / path.name)
        with steps.step("subscriptions of webhooks"):
            _copy_webhooks(home, folder / "webhooks")
        with steps.step("the database, as a base backup" if base else "the database, as a dump"):
            (_base if base else _dump)(home, folder)
        with steps.step("the key rings"):
            _copy_rings(home, folder / "keys")
        with steps.step("passphrases, log keys, passwords, and local mode's witnesses"):
            _copy(home.secrets, safe / "secrets")
            _copy(home.witnesses, safe / "witnesses")
        made = Backup(folder, now, now.date() + timedelta(days=keep_days), base)
        for each in (folder, safe):
            _write_manifest(each, made)
    except OSError as error:
        raise LocalProblem(f"The backup was not finished: {error.strerror}.") from error
    _list(home, made)
    for old in found(to):
        if old.expires <= now.date():
            shutil.rmtree(old.folder)
            shutil.rmtree(secrets / old.name, ignore_errors=True)
            say(f"           {old.name} was to be kept until {old.expires}, and is gone")
    steps.end(f"backup {made.name}")
    return made


def found(to: Path) -> list[Backup]:
    """The whole backups in a folder, oldest first."""
    backups = []
    for path in sorted(to.glob(f"*/{MANIFEST}")):
        with contextlib.suppress(OSError, ValueError, KeyError):
            told = json.loads(path.read_bytes())
            backups.append(
                Backup(
                    path.parent,
                    datetime.fromisoformat(told["made"]),
                    date.fromisoformat(told["expires"]),
                    bool(told["base"]),
                )
            )
    return backups


def check(folder: Path) -> dict[str, Any]:
    """The manifest of a folder whose files are as they were written. Raises LocalProblem."""
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_bytes())
        written = dict(manifest["files"])
    except (OSError, ValueError, KeyError) as error:
        raise LocalProblem(f"{folder} is no whole backup: it has no manifest.") from error
    there = _digests(folder)
    wrong = sorted(name for name in written if there.get(name) != written[name])
    if wrong:
        raise LocalProblem(
            f"{folder}: {len(wrong)} files are not as they were written, {wrong[0]} first. Take "
            "another backup, or the copy of this one that lies elsewhere."
        )
    return manifest


def _dump(home: Home, folder: Path) -> None:
    _run_client(home, "pg_dump", "--format=custom", f"--file={folder / DUMP}", database=DATABASE)


def _base(home: Home, folder: Path) -> None:
    if home.wal_archive is None:
        raise LocalProblem(
            "A base backup is worth something with an archive of PostgreSQL's log: start with "
            "HOEKSTEEN_WAL_ARCHIVE first."
        )
    _run_client(
        home,
        "pg_basebackup",
        f"--pgdata={folder / BASE}",
        "--wal-method=stream",
        "--checkpoint=fast",
        database="postgres",
    )


def _run_client(home: Home, program: str, *arguments: str, database: str) -> None:
    url = database_urls(home, embedded_postgres(home))[SUPERUSER]
    url = url.replace(f"dbname='{DATABASE}'", f"dbname='{database}'")
    done = subprocess.run(
        (str(binaries() / program), *arguments, f"--dbname={url}"),
        check=False,
        capture_output=True,
        text=True,
        env=dict(environment()),
    )
    if done.returncode:
        raise LocalProblem(f"{program} failed.", log=done.stderr[-2000:])


def _copy_rings(home: Home, to: Path) -> None:
    """Until nothing changed meanwhile: a ring that was rotated in between opens nothing older."""
    for _ in range(_RING_ATTEMPTS):
        before = _digests(home.keys)
        shutil.rmtree(to, ignore_errors=True)
        _copy(home.keys, to)
        if before == _digests(to) == _digests(home.keys):
            return
    raise LocalProblem(
        "The key rings change all the time; make the backup when nobody rotates keys."
    )


def _copy_webhooks(home: Home, to: Path) -> None:
    """SQLite's own copy of its file, whole while the program writes; other files as they are."""
    to.mkdir(mode=0o700)
    for path in sorted(home.webhooks.iterdir()):
        if path.suffix == ".sqlite":
            with (
                contextlib.closing(sqlite3.connect(path)) as source,
                contextlib.closing(sqlite3.connect(to / path.name)) as copy,
            ):
                source.backup(copy)
        elif path.suffix == ".json":
            shutil.copy2(path, to)


def _copy(folder: Path, to: Path) -> None:
    shutil.copytree(folder, to, ignore=shutil.ignore_patterns(".*"))


def _write_manifest(folder: Path, made: Backup) -> None:
    write_private_json(
        folder / MANIFEST,
        {
            "made": made.made.isoformat(),
            "expires": made.expires.isoformat(),
            "base": made.base,
            "version": VERSION,
            "files": _digests(folder),
        },
    )


def _digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): _sha256(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != MANIFEST and not path.name.startswith(".")
    }


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _list(home: Home, made: Backup) -> None:
    """Into the inventory, which says what may still hold an erased case."""
    try:
        inventory = json.loads(home.backup_inventory.read_bytes())
    except FileNotFoundError:
        inventory = {}
    today = made.made.date().isoformat()
    listed = [one for one in inventory.get("backups", []) if one["expires"] > today]
    listed += [
        {"name": made.name, "kind": kind, "made": today, "expires": made.expires.isoformat()}
        for kind in ("database", "key_ring", "ledger")
    ]
    write_private_json(home.backup_inventory, inventory | {"backups": listed})


def _lies_in(path: Path, folder: Path) -> bool:
    return Path(os.path.abspath(path)).is_relative_to(os.path.abspath(folder))
