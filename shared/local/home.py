"""The data folder of one local installation: where each thing lies, and who may open it."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import string
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared.local.problem import LocalProblem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CHECKOUT = Path(__file__).resolve().parents[2]
"""The folder that holds `services/`, `shared/` and the Makefile."""

_PRIVATE = 0o700


class Home:
    """One data folder (`HOEKSTEEN_HOME`, else `var/` in the checkout) and everything in it.

    All folders are open to their owner alone. Nothing is made before `create()`.
    """

    def __init__(self, path: Path | None = None) -> None:
        chosen = path or Path(os.environ.get("HOEKSTEEN_HOME") or CHECKOUT / "var")
        self.path = chosen.expanduser().absolute()
        self.postgres = self.path / "postgres"
        self.nats = self.path / "nats"
        self.logs = self.path / "log"
        self.telemetry = self.path / "telemetry"
        self.secrets = self.path / "secrets"
        self.keys = self.path / "keys"
        self.ledger = self.path / "ledger"
        self.witnesses = self.path / "witnesses"
        self.witness_policy = self.path / "witness-policy"
        """Who cosigns: the two witnesses of local mode."""
        self.backup_inventory = self.path / "backups.json"
        """What backups there are, if somebody keeps an inventory (docs/erasure.md)."""
        self.webhooks = self.path / "webhooks"
        """Subscriptions of webhooks and what became of each message (docs/webhooks.md)."""
        archive = os.environ.get("HOEKSTEEN_WAL_ARCHIVE")
        self.wal_archive = Path(archive).expanduser().absolute() if archive else None
        """Where PostgreSQL puts its log, for a restore to any moment (docs/restore.md)."""
        self.reports = self.path / "reports"
        self.clock = self.path / "clock.json"
        self.run = self.path / "run.json"
        """Written when everything is ready, gone when it stops: see shared.local.session."""
        self.demo = self.path / "demo.json"
        """The mark that the walk of `hoeksteen run` has been made in this home."""

    def create(self) -> None:
        """Make the folders that are missing. Raises LocalProblem when that is not allowed."""
        folders = (
            self.path,
            self.postgres,
            self.nats,
            self.logs,
            self.telemetry,
            self.secrets,
            self.keys,
            self.ledger,
            self.witnesses,
            self.webhooks,
            self.reports,
        )
        try:
            for folder in folders:
                folder.mkdir(mode=_PRIVATE, parents=folder == self.path, exist_ok=True)
            (self.path / ".lock").touch(mode=0o600)
        except OSError as error:
            raise self._unwritable(error) from error

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the home alone. Raises LocalProblem when another launcher has it.

        The lock is the kernel's (flock): it ends with the process, however that ends.
        """
        self.create()
        try:
            descriptor = os.open(self.path / ".lock", os.O_RDWR | os.O_CLOEXEC)
        except OSError as error:
            raise self._unwritable(error) from error
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise LocalProblem(
                    f"Hoeksteen already runs on {self.path}; stop it first, or choose another "
                    "folder with HOEKSTEEN_HOME."
                ) from error
            yield
        finally:
            os.close(descriptor)

    def in_use(self) -> bool:
        """Whether a launcher holds this home now."""
        try:
            descriptor = os.open(self.path / ".lock", os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise self._unwritable(error) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    def log(self, program: str) -> Path:
        """What `program` printed during this run."""
        return self.logs / f"{program}.log"

    def secret(self, name: str) -> Path:
        """The file of a secret: 40 random letters and digits, a letter first; made if new.

        238 bits, in a form that no configuration language reads as anything but text.
        """
        path = self.secrets / name
        if not path.exists():
            others = string.ascii_letters + string.digits
            characters = (secrets.choice(others) for _ in range(39))
            write_private(path, secrets.choice(string.ascii_letters) + "".join(characters))
        return path

    def spans(self, service: str) -> Path:
        """Where `service` writes its spans, one JSON document per line."""
        return self.telemetry / f"{service}-spans.jsonl"

    def key_ring(self, service: str) -> Path:
        """The key ring of `service`."""
        return self.keys / f"{service}.ring"

    def log_key(self, service: str) -> Path:
        """The key with which `service` signs the checkpoints of its ledgers."""
        return self.secrets / f"{service}-log.key"

    def witness(self, name: str) -> Path:
        """The folder of one of local mode's witnesses."""
        return self.witnesses / name

    def _unwritable(self, error: OSError) -> LocalProblem:
        return LocalProblem(
            f"The data folder {self.path} cannot be written ({error.strerror}); choose another "
            "with HOEKSTEEN_HOME."
        )


def write_private(path: Path, text: str) -> None:
    """Write `text` to `path` for its owner's eyes alone; a reader sees all of it or none."""
    new = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def write_private_json(path: Path, value: Mapping[str, Any]) -> None:
    """`write_private` for a JSON document that people may look at."""
    write_private(path, json.dumps(value, indent=2) + "\n")
