"""Several processes that each read parts of one log.

Each is a Python of its own, not a fork: nothing of the parent's connections and threads is in it.
What to read comes in on standard input, what was found goes out on standard output, both pickled;
both ends are this module.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from shared.ledger.scan import PART, Bounds, Run, read_part
from shared.ledger.source import LogUnreadableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from shared.ledger.source import Opening


@dataclass(frozen=True, slots=True)
class Task:
    """What one process reads: the parts that begin at `starts`."""

    opening: Opening
    starts: Sequence[int]
    end: int
    """One more than the log's last index; the part that ends there reads on behind it."""
    sizes: Sequence[int]
    bounds: Sequence[Bounds]
    tiles: int


def read_in_processes(
    opening: Opening,
    *,
    end: int,
    processes: int,
    sizes: Sequence[int],
    bounds: Sequence[Bounds],
    tiles: int,
) -> Iterator[Run]:
    """The runs of a log, in order, read by `processes` processes.

    Raises LogUnreadableError where one of them cannot read.
    """
    starts = range(0, end, PART)
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    with ExitStack() as stack:
        workers = []
        for number in range(min(processes, len(starts))):
            worker = stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-m", "shared.ledger.worker"],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    env=environment,
                )
            )
            stack.callback(worker.kill)
            task = Task(opening, starts[number::processes], end, sizes, bounds, tiles)
            if worker.stdin is not None:
                pickle.dump(task, worker.stdin)
                worker.stdin.close()
            workers.append(worker)
        for number in range(len(starts)):
            answers = workers[number % len(workers)].stdout
            try:
                # A process that this one started, at the other end of a pipe: no stranger's pickle.
                run = None if answers is None else pickle.load(answers)  # noqa: S301
            except EOFError:
                run = None
            if not isinstance(run, Run):
                raise LogUnreadableError("a part of the log could not be read")
            yield run


def main() -> None:
    """Read the task, and answer each of its parts."""
    task: Task = pickle.load(sys.stdin.buffer)  # noqa: S301  from the process that started this one
    with task.opening.open() as source:
        for start in task.starts:
            stop = start + PART
            run = read_part(
                source,
                start=start,
                stop=None if stop >= task.end else stop,
                sizes=[size for size in task.sizes if size <= stop],
                bounds=task.bounds,
                tiles=task.tiles,
            )
            pickle.dump(run, sys.stdout.buffer)
            sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
