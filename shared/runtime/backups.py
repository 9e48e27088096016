"""The inventory of backups: a file that the operator's backup programs keep (docs/erasure.md).

In local mode `hoeksteen backup` keeps it (shared/local/backup.py). A statement of erasure and
`hoeksteen backups` name by it the day from which no copy holds what was erased.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Literal

import msgspec


class InventoryProblem(Exception):  # noqa: N818  its text is the sentence that an operator reads
    """The inventory cannot be read."""


class Backup(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One backup. Days are UTC; on the day `expires` it is gone."""

    name: str
    kind: Literal["database", "bus", "key_ring", "ledger"]
    made: date
    expires: date


class WalArchive(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The folder to which PostgreSQL archives its log, and after how many days a file there goes."""

    folder: str
    keep_days: int


class Inventory(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that may hold a copy of the database, the bus or the keys."""

    backups: tuple[Backup, ...] = ()
    wal_archive: WalArchive | None = None

    def clear_from(self, day: date) -> date:
        """The first day on which nothing listed holds what was there on `day` any more."""
        ends = [backup.expires for backup in self.backups if backup.made <= day]
        if self.wal_archive is not None:
            # A file is archived when it is full: what was erased that day may lie in a later one.
            ends.append(day + timedelta(days=self.wal_archive.keep_days + 1))
        return max([day, *ends])


@dataclass(frozen=True, slots=True)
class WalFile:
    """A file of PostgreSQL's write-ahead log, by name and the day it was last written."""

    name: str
    day: date


def read_inventory(path: Path) -> Inventory:
    """The inventory in `path`. Raises InventoryProblem."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Inventory)
    except OSError as error:
        raise InventoryProblem(f"The backup inventory {path.name} cannot be read.") from error
    except msgspec.DecodeError as error:
        raise InventoryProblem(
            f"The backup inventory {path.name} is not as docs/erasure.md describes it: {error}."
        ) from error
