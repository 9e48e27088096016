"""How far a long job is, on one line that is written over: done, all, rate, time left."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

PROGRESS: Final = "--progress"
"""Has an operator's verb tell its progress although nobody sits at its own standard error."""

_PAUSE_SECONDS: Final = 0.2


class Meter:
    """Writes `label: 1,200 of 9,000 events, 400 a second, 20 s left`, each time over the last."""

    def __init__(
        self, label: str, out: TextIO, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._label = label
        self._out = out
        self._clock = clock
        self._began = clock()
        self._written = -_PAUSE_SECONDS

    def __call__(self, done: int, total: int) -> None:
        """Tell that `done` events of `total` are behind."""
        now = self._clock()
        if done < total and now - self._written < _PAUSE_SECONDS:
            return
        self._written = now
        rate = done / (now - self._began) if now > self._began else 0.0
        line = f"{self._label}: {done:,} of {total:,} events"
        if rate:
            left = f", {(total - done) / rate:.0f} s left" if done < total else ""
            line = f"{line}, {rate:,.0f} a second{left}"
        # Over the longer line that may stand there.
        self._out.write(f"\r{line:<76}\r")
        self._out.flush()
