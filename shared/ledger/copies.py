"""Copies of a ledger folder: one a day on another volume, and a way to put one back.

    python -m shared.ledger.copies --ledger FOLDER --copies FOLDER --keep-days 30
    python -m shared.ledger.copies --ledger FOLDER --copies FOLDER --put-back 2026-11-29

A copy is a folder named after its day (UTC), there whole or not at all; a second one on a day takes the
place of the first. It holds no fact and no key, as the ledger folder does not. An older folder over a newer
one would bring erased cases back: a copy is put into an empty folder alone.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from shared.ledger import durable

if TYPE_CHECKING:
    from collections.abc import Sequence

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
# What is being written, locks, and what some file systems keep in a volume's root.
_NOT_OURS: Final = (".*", "lost+found")


class CopyRefused(Exception):  # noqa: N818  its text is the sentence that an operator reads
    """Nothing was copied; the text says why."""


def copy(ledger: Path, copies: Path, today: date, keep_days: int) -> list[date]:
    """Copy the ledger folder, durably, and then remove the copies whose day has come; those that are left.

    Raises CopyRefused where there is nothing to copy, and OSError; then what was there stays.
    """
    if not _holds_something(ledger):
        raise CopyRefused("The ledger folder is empty. Is its volume the right one?")
    if not copies.is_dir():
        raise CopyRefused("There is no folder for copies. Is its volume there?")
    place = copies / today.isoformat()
    _place(ledger, place)
    oldest = today - timedelta(days=keep_days)
    for day in kept(copies):
        if day <= oldest:
            shutil.rmtree(copies / day.isoformat())
    durable.sync(copies)
    return kept(copies)


def put_back(ledger: Path, copies: Path, day: date) -> None:
    """Put the copy of a day into an empty ledger folder. Raises CopyRefused and OSError."""
    if day not in kept(copies):
        days = ", ".join(each.isoformat() for each in kept(copies)) or "none"
        raise CopyRefused(f"There is no copy of {day}. There are: {days}.")
    if _holds_something(ledger):
        raise CopyRefused(
            "The ledger folder is not empty. An older one over it would bring erased cases back."
        )
    # A volume's root belongs to somebody else: it can be neither renamed nor given a mode.
    for service in (copies / day.isoformat()).iterdir():
        shutil.copytree(service, ledger / service.name)
        _sync_all(ledger / service.name)
    durable.sync(ledger)


def kept(copies: Path) -> list[date]:
    """The days of which there is a whole copy, oldest first."""
    return sorted(
        date.fromisoformat(each.name)
        for each in copies.iterdir()
        if each.is_dir() and _DAY.fullmatch(each.name)
    )


def _place(ledger: Path, place: Path) -> None:
    fresh, before = (place.with_name(f".{word}-{place.name}") for word in ("new", "old"))
    for left in place.parent.glob(".*-????-??-??"):  # of a copy that was cut off
        shutil.rmtree(left)
    shutil.copytree(ledger, fresh, ignore=shutil.ignore_patterns(*_NOT_OURS))
    fresh.chmod(0o700)  # a volume's root is open to more than its owner
    _sync_all(fresh)
    if place.exists():
        place.rename(before)
    fresh.rename(place)
    durable.sync(place.parent)
    if before.exists():
        shutil.rmtree(before)


def _sync_all(folder: Path) -> None:
    for where, _, names in os.walk(folder):
        for name in names:
            with Path(where, name).open("rb") as file:
                os.fsync(file.fileno())
        durable.sync(Path(where))


def _holds_something(ledger: Path) -> bool:
    names = [each.name for each in ledger.iterdir()]
    return set(names) > shutil.ignore_patterns(*_NOT_OURS)(str(ledger), names)


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point; gives the exit status."""
    parser = argparse.ArgumentParser(prog="python -m shared.ledger.copies")
    parser.add_argument("--ledger", type=Path, required=True)
    parser.add_argument("--copies", type=Path, required=True)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--keep-days", type=int, metavar="DAYS")
    what.add_argument("--put-back", type=date.fromisoformat, metavar="DAY")
    chosen = parser.parse_args(arguments)
    try:
        if chosen.put_back is not None:
            put_back(chosen.ledger, chosen.copies, chosen.put_back)
            told = f"The copy of {chosen.put_back} is in its place."
        else:
            today = datetime.now(UTC).date()
            left = copy(chosen.ledger, chosen.copies, today, chosen.keep_days)
            told = f"The ledger folder is copied; there are {len(left)} copies, the oldest of {left[0]}."
    except CopyRefused as refused:
        sys.stderr.write(f"{refused}\n")
        return 1
    except OSError as error:  # shutil.Error too
        sys.stderr.write(f"The ledger folder could not be copied ({type(error).__name__}).\n")
        return 1
    sys.stdout.write(f"{told}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
