"""What an organisation costs: rows, bytes, log of PostgreSQL, files, processor and time, and whether that
grows with the number of organisations.

For each number of organisations a database of its own: cases through the event store as intake writes
them, then days, on which each log is filled with blank entries to a whole tile and its checkpoint is
signed, which every service does for every organisation. Printed per organisation; the cost with a
thousand may be at most a quarter above that with ten. Then a year of ten thousand is computed from the
largest, by stated assumptions.

    python -m bench.capacity [--organisations 10 100 1000] [--cases 4] [--days 2]
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

PER_CASE: Final = 12
"""Events of a case from opening to closing, each about as large as one of intake's."""

YEAR_ORGANISATIONS: Final = 10_000
YEAR_CASES: Final = 8
"""Of an organisation of five hundred people: one and a half in a hundred report something."""
YEAR_DAYS: Final = 365
LOGS: Final = 3
"""Services that keep a log of each organisation."""
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

        async def all_days() -> None:
            for number in range(days):
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


def year(size: Size) -> list[tuple[str, str]]:
    """A year of ten thousand organisations, from the cost of each."""
    cases = YEAR_ORGANISATIONS * YEAR_CASES
    days = YEAR_ORGANISATIONS * YEAR_DAYS * LOGS
    tables = cases * size.case.bytes + days * size.day.bytes
    wal = cases * size.case.wal + days * size.day.wal
    daily = YEAR_ORGANISATIONS * size.day.processor_ms / 60_000
    of_cases = cases * size.case.bytes / 1e9
    return [
        ("cases", f"{cases:,}"),
        ("entries of logs", f"{cases * PER_CASE + days * 256:,}, blank {days * 256:,}"),
        ("tables and indexes", f"{tables / 1e9:,.0f} GB, of cases {of_cases:,.1f}"),
        ("PostgreSQL's log, to be archived", f"{wal / 1e9:,.0f} GB"),
        ("files of the ledger", f"{days * size.day.files / 1e9:,.0f} GB, {2 * days:,} files"),
        ("processor for cases", f"{cases * size.case.processor_ms / 3.6e6:,.1f} hours"),
        ("processor for days", f"{days * size.day.processor_ms / 3.6e6:,.0f} hours"),
        ("the same, a day and service", f"{daily:,.1f} minutes"),
        ("key ring", f"{YEAR_ORGANISATIONS * size.ring_bytes / 1e6:,.1f} MB a service"),
    ]


def main() -> int:
    """Measure; the exit status says whether the cost of one stays that of one."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--organisations", type=int, nargs="+", default=[10, 100, 1000])
    parser.add_argument("--cases", type=int, default=4)
    parser.add_argument("--days", type=int, default=2)
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
    print(f"resident after {sizes[-1].organisations:,}: {sizes[-1].resident_kb / 1000:,.0f} MB")
    rows = Table(title=f"A year of {YEAR_ORGANISATIONS:,} organisations", title_justify="left")
    for what, how_much in year(sizes[-1]):
        rows.add_row(what, how_much)
    console.print(rows)
    return report(
        _results(sizes),
        CHECKOUT / "var" / "results" / "capacity.json",
        "Does one cost what one cost?",
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
