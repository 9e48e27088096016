"""The time, as an argument. In local mode it can be moved forward."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path


class Clock(Protocol):
    """Tells an aware UTC time."""

    def now(self) -> datetime:
        """The time."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """See Clock."""
        return datetime.now(UTC)


class MovableClock:
    """The machine's clock plus an offset that stands in a file and is shared by all programs.

    The file holds `{"offset_seconds": number}`; without it the offset is 0. Local mode only.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: int | None = None
        self._offset = timedelta()

    def now(self) -> datetime:
        """See Clock."""
        try:
            stamp = self._path.stat().st_mtime_ns
        except FileNotFoundError:
            return datetime.now(UTC)
        if stamp != self._stamp:
            self._offset = timedelta(seconds=json.loads(self._path.read_bytes())["offset_seconds"])
            self._stamp = stamp
        return datetime.now(UTC) + self._offset

    def move_to(self, moment: datetime) -> None:
        """Move forward to `moment` (aware). Raises ValueError when that lies in the past."""
        if moment < self.now():
            raise ValueError("The clock only moves forward.")
        offset = (moment - datetime.now(UTC)).total_seconds()
        new = self._path.with_suffix(".new")
        new.write_text(json.dumps({"offset_seconds": offset}))
        new.replace(self._path)
