"""`hoeksteen backups`: what may still hold an erased case, and until which day."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

from shared.local.problem import LocalProblem
from shared.runtime.backups import Inventory, InventoryProblem, read_inventory

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.local.home import Home

INVENTORY: Final = "HOEKSTEEN_BACKUP_INVENTORY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Something that may hold a copy. Days are UTC."""

    name: str
    kind: str
    made: date
    """From this day on nothing new comes into it."""
    expires: date | None
    """The day on which it is gone; None: whenever PostgreSQL writes over it."""


def backups(home: Home, *, erased_on: str | None, as_json: bool) -> int:
    """Print the list; the exit status. Raises LocalProblem."""
    path = Path(os.environ.get(INVENTORY) or home.backup_inventory)
    if not path.exists():
        raise LocalProblem(
            "There is no inventory of backups, so nobody can say what still holds an erased case: "
            f"write {path}, or name another file with {INVENTORY} (docs/erasure.md)."
        )
    day = _day(erased_on)
    try:
        inventory = read_inventory(path)
    except InventoryProblem as problem:
        raise LocalProblem(str(problem)) from problem
    holders = [
        holder
        for holder in (*_listed(inventory), *_wal(home.postgres / "data" / "pg_wal", "wal", None))
        if day is None or _may_hold(holder, day)
    ]
    clear = None if day is None else inventory.clear_from(day)
    typer.echo(_document(holders, clear) if as_json else _table(holders, day, clear))
    return 0


def _listed(inventory: Inventory) -> Iterator[Holder]:
    for backup in inventory.backups:
        yield Holder(name=backup.name, kind=backup.kind, made=backup.made, expires=backup.expires)
    archive = inventory.wal_archive
    if archive is not None:
        yield from _wal(Path(archive.folder), "wal_archive", archive.keep_days)


def _wal(folder: Path, kind: str, keep_days: int | None) -> Iterator[Holder]:
    """The files of PostgreSQL's write-ahead log in a folder, by the day they were last written."""
    try:
        files = sorted(path for path in folder.iterdir() if path.is_file())
    except OSError as error:
        if keep_days is None:
            return  # no data folder here: PostgreSQL runs elsewhere
        raise LocalProblem(f"The archive {folder} cannot be read ({error.strerror}).") from error
    for path in files:
        made = datetime.fromtimestamp(path.stat().st_mtime, tz=UTC).date()
        expires = None if keep_days is None else made + timedelta(days=keep_days)
        yield Holder(name=path.name, kind=kind, made=made, expires=expires)


def _may_hold(holder: Holder, day: date) -> bool:
    """A backup made after the erasure does not hold it; a log may be written later than read."""
    return holder.kind.startswith("wal") or holder.made <= day


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise LocalProblem("A day is written as 2026-11-28.") from None


def _document(holders: list[Holder], clear: date | None) -> str:
    return json.dumps(
        {
            "clear_from": None if clear is None else str(clear),
            "holders": [
                {
                    "name": holder.name,
                    "kind": holder.kind,
                    "made": str(holder.made),
                    "expires": None if holder.expires is None else str(holder.expires),
                }
                for holder in holders
            ],
        },
        indent=2,
    )


def _table(holders: list[Holder], day: date | None, clear: date | None) -> str:
    rows = [("kind", "name", "made", "expires")] + [
        (
            holder.kind,
            holder.name,
            str(holder.made),
            "when it is overwritten" if holder.expires is None else str(holder.expires),
        )
        for holder in holders
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    if not holders:
        lines = ["Nothing is listed that may hold it."]
    if day is not None:
        lines.append(
            f"What was erased on {day} is in nothing listed from {clear} on, apart from PostgreSQL's"
            " own log in its data folder."
        )
    return "\n".join(lines)
