"""What an organisation costs: rows, bytes, log of PostgreSQL, files, processor and time, and whether that
grows with the number of organisations.

For each number of organisations a database of its own: cases through the event store as intake writes
them, then days, on which each log is filled with blank entries to a whole tile and its checkpoint is
signed, which every service does for every organisation. Printed per organisation; the cost with a
thousand may be at most a quarter above that with ten. Then a year of ten thousand is simulated
(`bench.capacity_year`) at the costs of the largest.

    python -m bench.capacity [--organisations 10 100 1000] [--cases 4] [--days 2] [--seed 2026]
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid4

import psycopg
import uvloop
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from rich.console import Console
from rich.table import Table

from bench.capacity_year import (
    MOMENT,
    PER_CASE,
    TICK,
    Prices,
    described,
    hardest_day,
    simulated,
)
from bench.processes import Cpu
from bench.results import Result, report
from bench.server import durable_server
from bench.store_growth import EVENT, NOW, Noted, resident
from shared.eventstore.store import Change, EventStore
from shared.eventstore.types import EventTypes
from shared.eventstore.writer import GroupWriter
from shared.keys.file_ring import FileKeyRing, Work
from shared.ledger.files import LedgerFolder
from shared.ledger.signer import LogSigner
from shared.local.home import CHECKOUT
from shared.postgres.embedded import SUPERUSER
from shared.postgres.pool import open_pool

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from bench.server import Server

YEAR_ORGANISATIONS: Final = 10_000
COMMAND_PROCESSOR: Final = 0.009
"""Seconds, of everything that runs, its clients and its quick days too: at half load `make soak` of
29 November 2026 took 2,701 s for 310,785 commands.
"""
_GROWS_AT_MOST: Final = 1.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Of one part, divided by what it was done for."""

    bytes: float
    wal: float
    files: float
    processor_ms: float
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """What was measured with so many organisations."""

    organisations: int
    case: Cost
    day: Cost
    ring_bytes: float
    resident_kb: int


class House:
    """One service's store and signer on a database of their own."""

    def __init__(self, server: Server, organisations: int) -> None:
        self.name = f"capacity_{organisations}"
        server.database(self.name)
        self.admin = server.dsn(SUPERUSER, self.name)
        self.dsn = server.dsn("intake", self.name)
        self.ring_file = server.folder / f"{self.name}.ring"
        self.ring = FileKeyRing(
            self.ring_file, b"a passphrase", Work(passes=1, lanes=1, memory_kib=8)
        )
        self.ledger = server.folder / f"{self.name}-ledger"
        self.organisations = [uuid4() for _ in range(organisations)]
        self._cpu = Cpu(server.pid)

    async def measured(self, cases: int, days: int) -> Size:
        """Cases and days of every organisation."""
        pool = await open_pool(self.dsn)
        writer = GroupWriter(self.dsn)
        await writer.start()
        store = EventStore(pool=pool, writer=writer, types=EventTypes((Noted,)), ring=self.ring)
        folder = LedgerFolder(self.ledger)
        signer = LogSigner(service="intake", folder=folder, key=Ed25519PrivateKey.generate())
        ring_before = self.ring_file.stat().st_size
        for each in self.organisations:  # what an organisation costs once
            await store.append(each, [Change(uuid4(), 1, EVENT)], actor="anna", at=NOW)
        ring_bytes = (self.ring_file.stat().st_size - ring_before) / len(self.organisations)

        async def case(organisation: UUID) -> None:
            stream = uuid4()
            for version in range(1, PER_CASE + 1):
                change = Change(stream, version, EVENT)
                await store.append(organisation, [change], actor="anna", at=NOW)

        async def day(organisation: UUID, number: int) -> None:
            at = NOW + timedelta(days=number)
            size = await store.fill_tiles(organisation, day=at.date(), at=at, actor="intake")
            async with pool.connection() as connection:
                rows = await connection.execute(
                    "SELECT leaf_hash FROM event WHERE organisation = %s AND leaf_index >= %s"
                    " ORDER BY leaf_index",
                    (organisation, signer.size(organisation)),
                )
                signer.add(organisation, [row[0] for row in await rows.fetchall()])
            signer.sign(organisation, size=size)

        work = [each for each in self.organisations for _ in range(cases)]
        of_case = await self._of(len(work), lambda: _side_by_side(work, case))

        for each in self.organisations:  # the first day fills up the tile that the cases have begun
            await day(each, 0)

        async def all_days() -> None:
            for number in range(1, days + 1):
                for each in self.organisations:
                    await day(each, number)

        of_day = await self._of(days * len(self.organisations), all_days)
        await writer.stop()
        await pool.close()
        return Size(
            organisations=len(self.organisations),
            case=of_case,
            day=of_day,
            ring_bytes=ring_bytes,
            resident_kb=resident(),
        )

    async def _of(self, count: int, work: Callable[[], Awaitable[None]]) -> Cost:
        before, cpu, own, began = (
            self._state(),
            self._cpu.seconds,
            time.process_time(),
            time.monotonic(),
        )
        await work()
        seconds = time.monotonic() - began
        processor = self._cpu.seconds - cpu + time.process_time() - own
        after = self._state()
        return Cost(
            bytes=(after[0] - before[0]) / count,
            wal=(after[1] - before[1]) / count,
            files=(after[2] - before[2]) / count,
            processor_ms=processor * 1000 / count,
            seconds=seconds / count,
        )

    def _state(self) -> tuple[int, int, int]:
        """Bytes of tables and indexes, of PostgreSQL's log so far, and on disk of files of the ledger."""
        with psycopg.connect(self.admin, autocommit=True) as connection:
            row = connection.execute(
                "SELECT sum(pg_total_relation_size(oid))::bigint,"
                " pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint FROM pg_class"
                " WHERE relnamespace = 'intake'::regnamespace AND relkind = 'r'"
            ).fetchone()
        files = sum(path.stat().st_blocks * 512 for path in _files(self.ledger))
        return (0, 0, files) if row is None else (row[0], row[1], files)


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()] if folder.exists() else []


async def _side_by_side(work: Sequence[UUID], do: Callable[[UUID], Awaitable[None]]) -> None:
    left = iter(work)

    async def one() -> None:
        for each in left:
            await do(each)

    async with asyncio.TaskGroup() as group:
        for _ in range(16):
            group.create_task(one())


def prices(size: Size) -> Prices:
    """What the simulated year is counted with."""
    return Prices(
        event_bytes=size.case.bytes / PER_CASE,
        event_wal=size.case.wal / PER_CASE,
        tile_bytes=size.day.bytes,
        tile_wal=size.day.wal,
        tile_files=size.day.files,
        tile_processor=size.day.processor_ms / 1000,
        tile_seconds=size.day.seconds,
        command_processor=COMMAND_PROCESSOR,
    )


def main() -> int:
    """Measure; the exit status says whether the cost of one stays that of one."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--organisations", type=int, nargs="+", default=[10, 100, 1000])
    parser.add_argument("--cases", type=int, default=4)
    parser.add_argument("--days", type=int, default=2)
    parser.add_argument("--seed", type=int, default=2026)
    chosen = parser.parse_args()
    sizes: list[Size] = []
    with durable_server() as server:
        for count in chosen.organisations:
            house = House(server, count)
            sizes.append(uvloop.run(house.measured(chosen.cases, chosen.days)))
    console = Console()
    table = Table(title="Per organisation", title_justify="left")
    headings = (
        "organisations",
        "of",
        "tables, KB",
        "WAL, KB",
        "files, KB",
        "processor, ms",
        "took, ms",
    )
    for heading in headings:
        table.add_column(heading, justify="right")
    for size in sizes:
        for name, cost in (("a case", size.case), ("a day", size.day)):
            figures = [cost.bytes, cost.wal, cost.files]
            table.add_row(
                f"{size.organisations:,}",
                name,
                *(f"{figure / 1000:,.1f}" for figure in figures),
                f"{cost.processor_ms:,.1f}",
                f"{cost.seconds * 1000:,.1f}",
            )
    console.print(table)
    print(
        f"resident after {sizes[-1].organisations:,}: {sizes[-1].resident_kb / 1000:,.0f} MB;"
        f" key ring: {sizes[-1].ring_bytes:,.0f} bytes an organisation"
    )
    costs = prices(sizes[-1])
    drawn = simulated(YEAR_ORGANISATIONS, seed=chosen.seed)
    day = hardest_day(drawn, costs)
    rows = Table(
        title=f"A year of {YEAR_ORGANISATIONS:,} organisations, simulated", title_justify="left"
    )
    for what, how_much in described(drawn, day, costs):
        rows.add_row(what, how_much)
    console.print(rows)
    room = Result(
        name="the longest daily moment, against the time until a tick",
        value=round(day.moment / 3600 / (TICK - MOMENT), 3),
        unit="times",
        bound=1,
        better="lower",
    )
    return report(
        [*_results(sizes), room],
        CHECKOUT / "var" / "results" / "capacity.json",
        "Does one cost what one cost, and is there time?",
    )


def _results(sizes: Sequence[Size]) -> list[Result]:
    least, most = sizes[0], sizes[-1]
    named: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
        ("a case", asdict(least.case), asdict(most.case)),
        ("a day", asdict(least.day), asdict(most.day)),
    ]
    return [
        Result(
            name=f"{field} of {name}, {most.organisations:,} against {least.organisations}",
            value=of_most[field] / of_least[field],
            unit="times",
            bound=_GROWS_AT_MOST,
            better="lower",
        )
        for name, of_least, of_most in named
        for field in ("bytes", "wal", "processor_ms")
    ]


if __name__ == "__main__":
    sys.exit(main())
