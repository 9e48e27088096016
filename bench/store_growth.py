"""Does a store stay as quick, and as small in memory, as it grows? A process for each size.

    python -m bench.store_growth DSN KEY_RING SIZE

It fills the store to SIZE events through `EventStore.append` and writes a line; then, for each line
that it reads, it appends ROUND events with 32 clients, each of which waits for its own, and writes
their rate and its own resident memory as JSON. `growth` runs one of ten thousand and one of a million
in turns, on two databases of one server.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Self
from uuid import UUID, uuid4

import uvloop

from bench.results import Result
from shared.eventstore.store import Change, EventStore
from shared.eventstore.types import EventTypes
from shared.eventstore.writer import GroupWriter
from shared.keys.file_ring import FileKeyRing
from shared.local.home import CHECKOUT
from shared.postgres.pool import open_pool

if TYPE_CHECKING:
    from bench.server import Server

SMALL, LARGE = 10_000, 1_000_000
ROUND = 2_000
ROUNDS = 9
CLIENTS = 32
PER_STREAM = 4
NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
ORGANISATION = UUID(int=0xA1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """An event about as large as one of a case."""

    text: str


EVENT = Noted(text="x" * 500)


async def fill(store: EventStore, size: int) -> None:
    """`size` events in groups as large as the writer takes them."""
    left = itertools.count(0, 100)

    async def work() -> None:
        while next(left) < size:
            changes = [
                Change(stream, version, EVENT)
                for stream in (uuid4() for _ in range(100 // PER_STREAM))
                for version in range(1, PER_STREAM + 1)
            ]
            await store.append(ORGANISATION, changes, actor="anna", at=NOW)

    async with asyncio.TaskGroup() as group:
        for _ in range(10):
            group.create_task(work())


async def measured(store: EventStore) -> float:
    """Events a second of clients that append one at a time."""
    left = itertools.count(0, PER_STREAM)

    async def client() -> None:
        while next(left) < ROUND:
            stream = uuid4()
            for version in range(1, PER_STREAM + 1):
                await store.append(
                    ORGANISATION, [Change(stream, version, EVENT)], actor="anna", at=NOW
                )

    started = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(CLIENTS):
            group.create_task(client())
    return ROUND / (time.perf_counter() - started)


def resident() -> int:
    """This process's resident memory, in kilobytes."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise LookupError("VmRSS")


async def serve(dsn: str, ring: FileKeyRing, size: int) -> None:
    """Fill, then measure once for each line."""
    pool = await open_pool(dsn)
    writer = GroupWriter(dsn)
    await writer.start()
    store = EventStore(pool=pool, writer=writer, types=EventTypes((Noted,)), ring=ring)
    await fill(store, size)
    print(json.dumps({"filled": size}), flush=True)
    while await asyncio.to_thread(sys.stdin.readline):
        rate = await measured(store)
        print(json.dumps({"rate": rate, "resident": resident()}), flush=True)
    await writer.stop()
    await pool.close()


class Worker:
    """A process with a store of one size."""

    def __init__(self, dsn: str, ring: Path, size: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.store_growth", dsn, str(ring), str(size)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=CHECKOUT,
        )

    def answer(self) -> dict[str, float]:
        """The next line that it writes."""
        assert self._process.stdout is not None  # noqa: S101  it is a pipe
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the process that appends has ended")
        answer: dict[str, float] = json.loads(line)
        return answer

    def measure(self) -> dict[str, float]:
        """One round."""
        assert self._process.stdin is not None  # noqa: S101  it is a pipe
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return self.answer()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()


def growth(server: Server) -> list[Result]:
    """Append rate and memory at a million events against those at ten thousand."""
    workers = []
    with ExitStack() as stack:
        for size in (SMALL, LARGE):
            name = f"growth_{size}"
            server.database(name)
            worker = Worker(server.dsn("intake", name), server.folder / f"{name}.ring", size)
            workers.append(stack.enter_context(worker))
            worker.answer()
        small, large = workers
        for worker in workers:
            worker.measure()  # caches and connections warm
        rounds = []
        for number in range(ROUNDS):
            # Alternately first, so that what happens beside strikes both.
            if number % 2:
                one, other = small.measure(), large.measure()
            else:
                other, one = large.measure(), small.measure()
            rounds.append((one, other))
    return [
        Result(
            name="append rate at 1 000 000 events / at 10 000",
            value=median(large["rate"] / small["rate"] for small, large in rounds),
            unit="×",
            bound=0.9,
            better="higher",
        ),
        Result(
            name="memory at 1 000 000 events / at 10 000",
            value=median(large["resident"] / small["resident"] for small, large in rounds),
            unit="×",
            bound=1.1,
            better="lower",
        ),
    ]


if __name__ == "__main__":
    uvloop.run(serve(sys.argv[1], FileKeyRing(Path(sys.argv[2]), b"bench"), int(sys.argv[3])))
