"""What running programs cost: CPU seconds of a process, and of a server with its children."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

_TICKS: Final = os.sysconf("SC_CLK_TCK")


def _fields(pid: int) -> list[str]:
    """/proc/<pid>/stat behind the name, which may hold anything. Raises OSError for no process."""
    text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    return text.rpartition(")")[2].split()


class Cpu:
    """CPU seconds of a process since this was made, its children's with it."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._before, self._reaped = self._read()

    @property
    def seconds(self) -> float:
        """User and system time, of those that have ended too. To a hundredth of a second each."""
        now, reaped = self._read()
        ended = sum(ticks for pid, ticks in self._before.items() if pid not in now)
        ran = sum(ticks - self._before.get(pid, 0) for pid, ticks in now.items())
        # Of a child that has ended all it ever took is counted at its parent.
        return (ran + reaped - self._reaped - ended) / _TICKS

    def _read(self) -> tuple[dict[int, int], int]:
        """Ticks by process, and of the children that have ended."""
        ticks = {}
        reaped = 0
        for pid in family(self._pid):
            try:
                fields = _fields(pid)
            except OSError:
                continue  # it ended a moment ago
            ticks[pid] = int(fields[11]) + int(fields[12])
            if pid == self._pid:
                reaped = int(fields[13]) + int(fields[14])
        return ticks, reaped


def family(pid: int) -> list[int]:
    """A process and its children."""
    found = [pid]
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                if int(_fields(int(entry.name))[1]) == pid:
                    found.append(int(entry.name))
            except OSError:
                continue
    return found
