"""Copies of a ledger folder: one a day on another volume, and a way to put one back.

    python -m shared.ledger.copies --ledger FOLDER --copies FOLDER --keep-days 30
    python -m shared.ledger.copies --ledger FOLDER --copies FOLDER --put-back 2026-11-29

A copy is a folder named after its day (UTC), there whole or not at all; a second one on a day takes the
place of the first. It holds no fact and no key, as the ledger folder does not, nor a time: a file that was
changed last by an erasure would say when that was. An older folder over a newer one would bring erased cases
back: a copy is put into an empty folder alone, and of a folder that lacks what the newest copy knows none is
made.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import os
import re
import shutil
import sys
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from shared.ledger import durable
from shared.ledger.checkpoint import Checkpoint
from shared.ledger.note import NoteError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
# What is being written, locks, and what some file systems keep in a volume's root.
_NOT_OURS: Final = (".*", "lost+found")


class CopyRefused(Exception):  # noqa: N818  its text is the sentence that an operator reads
    """Nothing was copied; the text says why."""


def copy(ledger: Path, copies: Path, today: date, keep_days: int) -> list[date]:
    """Copy the ledger folder, durably, and then remove the copies whose day has come; those that are left.

    Raises CopyRefused where there is nothing to copy, or less than the newest copy has, and OSError; then
    what was there stays. Waits for another that copies at the same time.
    """
    if not _holds_something(ledger):
        raise CopyRefused("The ledger folder is empty. Is its volume the right one?")
    if not copies.is_dir():
        raise CopyRefused("There is no folder for copies. Is its volume there?")
    with _alone(copies):
        for newest in kept(copies)[-1:]:
            if lacks := _lacks(ledger, copies / newest.isoformat()):
                raise CopyRefused(
                    f"The ledger folder {lacks} that the copy of {newest} has: it was lost and begun"
                    " anew, or an older one was put over it. Nothing is copied, and no copy is removed."
                )
        _place(ledger, copies / today.isoformat(), today)
        oldest = today - timedelta(days=keep_days)
        for day in kept(copies):
            if day <= oldest:
                shutil.rmtree(copies / day.isoformat())
        durable.sync(copies)
        return kept(copies)


def put_back(ledger: Path, copies: Path, day: date) -> None:
    """Put the copy of a day into an empty ledger folder: each service's folder whole or not at all.

    Raises CopyRefused and OSError. What an attempt that was cut off has left is removed first.
    """
    with _alone(copies):
        if day not in kept(copies):
            days = ", ".join(each.isoformat() for each in kept(copies)) or "none"
            raise CopyRefused(f"There is no copy of {day}. There are: {days}.")
        if _holds_something(ledger):
            raise CopyRefused(
                "The ledger folder is not empty. An older one over it would bring erased cases back."
            )
        for left in ledger.glob(".new-*"):
            shutil.rmtree(left)
        # A volume's root belongs to somebody else: it can be neither renamed nor given a mode.
        services = sorted((copies / day.isoformat()).iterdir())
        for service in services:
            fresh = ledger / f".new-{service.name}"
            copy_without_times(service, fresh, day)
            _sync_all(fresh)
        for service in services:
            (ledger / f".new-{service.name}").rename(ledger / service.name)
        durable.sync(ledger)


def copy_without_times(folder: Path, to: Path, day: date, *left_out: str) -> None:
    """Copy contents and modes; every time is the day's midnight (UTC). Raises OSError."""
    shutil.copytree(folder, to, ignore=shutil.ignore_patterns(*left_out), copy_function=shutil.copy)
    moment = datetime.combine(day, time(), UTC).timestamp()
    for where, _, names in os.walk(to):
        for path in (Path(where), *(Path(where, name) for name in names)):
            os.utime(path, (moment, moment))


def kept(copies: Path) -> list[date]:
    """The days of which there is a whole copy, oldest first."""
    return sorted(
        date.fromisoformat(each.name)
        for each in copies.iterdir()
        if each.is_dir() and _DAY.fullmatch(each.name)
    )


@contextlib.contextmanager
def _alone(copies: Path) -> Iterator[None]:
    """The daily copy and one that is made by hand would remove each other's half-made folders."""
    descriptor = os.open(copies / ".lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _lacks(ledger: Path, newest: Path) -> str | None:
    """What the newest copy has and the ledger folder has not, in words that name nobody."""
    for log in (each for each in newest.glob("*/*") if each.is_dir()):
        place = ledger / log.relative_to(newest)
        if not place.is_dir():
            return "lacks a log"
        if not _lines(log / "destroyed") <= _lines(place / "destroyed"):
            return "does not know of an erasure"
        if _entries(log / "checkpoint") > _entries(place / "checkpoint"):
            return "lacks a checkpoint"
    return None


def _lines(path: Path) -> set[bytes]:
    try:
        return set(path.read_bytes().splitlines())
    except FileNotFoundError:
        return set()


def _entries(path: Path) -> int:
    """Of how many entries a checkpoint tells; of a damaged one `hoeksteen verify` tells more."""
    try:
        return Checkpoint.read(path.read_bytes()).size
    except (FileNotFoundError, NoteError):
        return 0


def _place(ledger: Path, place: Path, day: date) -> None:
    fresh, before = (place.with_name(f".{word}-{place.name}") for word in ("new", "old"))
    for left in place.parent.glob(".*-????-??-??"):  # of a copy that was cut off
        shutil.rmtree(left)
    copy_without_times(ledger, fresh, day, *_NOT_OURS)
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
