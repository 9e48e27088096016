"""What an auditor remembers of the logs between two visits: keys, and the last verified checkpoint.

A folder on the auditor's own machine, one file per log. It is what a rollback, or another key, is
found against, so it is written only after a clean verification, and never over a damaged file.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from shared.ledger import durable
from shared.ledger.checkpoint import Checkpoint, open_checkpoint
from shared.ledger.note import NoteError, Verifier

FORMAT: Final = "hoeksteen/memory/v1"

_UNSAFE = re.compile(r"[^A-Za-z0-9.-]")


class MemoryDamagedError(Exception):
    """A file of the memory is not what was written. The text is its path."""


class MemoryUnusableError(Exception):
    """The memory's folder cannot be read or written. The text says so in a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What one visit to one log left behind."""

    origin: str
    """The log's name."""
    vkeys: tuple[str, ...]
    """The log's public keys, pinned: checkpoints of other keys are not believed."""
    note: bytes
    """The newest checkpoint that was verified, with the signatures that it had."""
    entries: int
    """How many entries there were, those after the checkpoint too."""
    week: str
    """When it was, by the auditor's clock."""

    @property
    def checkpoint(self) -> Checkpoint:
        """What the note says."""
        return Checkpoint.read(self.note)


def default_folder() -> Path:
    """`$XDG_STATE_HOME/hoeksteen`, else `~/.local/state/hoeksteen` (XDG base directories)."""
    state = os.environ.get("XDG_STATE_HOME")
    return (Path(state) if state else Path.home() / ".local" / "state") / "hoeksteen"


class AuditorMemory:
    """The folder. Raises MemoryUnusableError where it cannot be read or written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, origin: str) -> Path:
        """The file of the log with this name."""
        return self.folder / f"{_UNSAFE.sub('_', origin)}.json"

    def read(self, origin: str) -> Visit | None:
        """The last visit to this log, or None at a first one. Raises MemoryDamagedError."""
        path = self.path(origin)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _unusable(path, error) from error
        try:
            return _visit(json.loads(content), origin)
        except (ValueError, TypeError, KeyError):  # NoteError is a ValueError
            raise MemoryDamagedError(str(path)) from None

    def write(self, visit: Visit) -> None:
        """Remember this visit in the place of the last one; durable when it returns."""
        document = {
            "format": FORMAT,
            "origin": visit.origin,
            "vkeys": list(visit.vkeys),
            "checkpoint": visit.note.decode(),
            "entries": visit.entries,
            "week": visit.week,
        }
        text = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
        path = self.path(visit.origin)
        try:
            durable.write(path, text.encode())
        except OSError as error:
            raise _unusable(path, error) from error


def _unusable(path: Path, error: OSError) -> MemoryUnusableError:
    return MemoryUnusableError(
        f"Your memory {path} cannot be used ({error.strerror}); choose another folder with "
        "--memory, or --no-memory."
    )


def _visit(read: dict[str, object], origin: str) -> Visit:
    """Raises ValueError, TypeError or KeyError for what was not written by `write`."""
    vkeys, note, entries, week = read["vkeys"], read["checkpoint"], read["entries"], read["week"]
    if (read["format"], read["origin"]) != (FORMAT, origin) or not isinstance(vkeys, list):
        raise ValueError("another log or format")
    if not isinstance(note, str) or not isinstance(week, str) or type(entries) is not int:
        raise TypeError("a field of another type")
    keys = [Verifier.parse(str(line)) for line in vkeys]
    try:
        open_checkpoint(note.encode(), keys, origin=origin)
    except NoteError as error:
        raise ValueError("not a checkpoint of this log") from error
    return Visit(
        origin=origin,
        vkeys=tuple(str(line) for line in vkeys),
        note=note.encode(),
        entries=entries,
        week=week,
    )
