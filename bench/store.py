"""`make bench PART=store`: the event store against raw psycopg, the library, and itself grown.

One run, one freshly started server that makes every commit durable, rounds in turns, medians of the
ratios of neighbouring rounds. What is compared with what is told in bench/store_commands.py,
bench/store_replay.py and bench/store_growth.py. Absolute rates are printed, and are of this machine
alone.

    python -m bench.store
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import sys
from statistics import median
from typing import TYPE_CHECKING

import uvloop

from bench.results import Result, report
from bench.server import durable_server
from bench.store_commands import Intake, Library, Raw, clients, library, library_rate
from bench.store_growth import growth
from bench.store_replay import replay
from shared.keys.file_ring import FileKeyRing
from shared.local.home import CHECKOUT
from shared.postgres.embedded import SUPERUSER

if TYPE_CHECKING:
    from bench.server import Server

SECONDS = 1.0
ROUNDS = 7
# Clients, and the least that ours may be of raw psycopg and of the library.
BOUNDS = ((1, 0.5, 2.0), (8, 0.7, 5.0), (32, 0.8, 15.0))
# What one of our commands stores beside its ciphertext: leaf, idempotency key and answer.
BESIDE = 430


async def commands(intake: Intake, raw: Raw, app: Library) -> list[Result]:
    """Commands a second, ours against both, by number of clients."""

    async def ours(_number: int) -> int:
        return await intake.case()

    results = []
    for count, least_raw, least_library in BOUNDS:
        await clients(count, 0.3, ours)
        await clients(count, 0.3, raw.case)
        to_raw, to_library, rates = [], [], []
        for number in range(ROUNDS):
            if number % 2:
                of_raw = await clients(count, SECONDS, raw.case)
                of_ours = await clients(count, SECONDS, ours)
            else:
                of_ours = await clients(count, SECONDS, ours)
                of_raw = await clients(count, SECONDS, raw.case)
            of_library = await asyncio.to_thread(library_rate, app, count, SECONDS)
            to_raw.append(of_ours / of_raw)
            to_library.append(of_ours / of_library)
            rates.append((of_ours, of_raw, of_library))
        print(
            f"{count:2} clients, commands a second:"
            f" ours {median(rate[0] for rate in rates):.0f},"
            f" raw {median(rate[1] for rate in rates):.0f},"
            f" library {median(rate[2] for rate in rates):.0f}",
            flush=True,
        )
        results += [
            Result(
                name=f"commands, {count} clients / raw psycopg",
                value=median(to_raw),
                unit="×",
                bound=least_raw,
                better="higher",
            ),
            Result(
                name=f"commands, {count} clients / the library",
                value=median(to_library),
                unit="×",
                bound=least_library,
                better="higher",
            ),
        ]
    return results


async def _size(intake: Intake) -> int:
    """Bytes that one command stores, on average."""
    async with intake.pool.connection() as connection:
        cursor = await connection.execute("SELECT avg(octet_length(ciphertext)) FROM ciphertext")
        row = await cursor.fetchone()
    return BESIDE + int(row[0] if row else 0)


async def _beside(server: Server) -> list[Result]:
    admin = server.dsn(SUPERUSER, "commands")
    ring = FileKeyRing(server.folder / "commands.ring", b"bench")
    intake = await Intake.start(server.dsn("intake", "commands"), ring)
    for _ in range(100):
        await intake.case()
    raw = await Raw.start(admin, max(count for count, _, _ in BOUNDS), await _size(intake))
    app = await asyncio.to_thread(library, admin, "library")
    try:
        return await commands(intake, raw, app) + await replay(intake, app)
    finally:
        await asyncio.to_thread(app.close)
        await raw.stop()
        await intake.stop()


def results() -> list[Result]:
    """Everything that this part measures."""
    with durable_server() as server:
        server.database("commands")
        found = uvloop.run(_beside(server))
        found += growth(server)
    for name in ("bench.proofs", "bench.verify"):
        if importlib.util.find_spec(name) is not None:
            found += importlib.import_module(name).results()
    return found


def main() -> int:
    """Print the table and write the file; 0 when every bound holds."""
    return report(results(), CHECKOUT / "var/results/bench-store.json", "The event store")


if __name__ == "__main__":
    sys.exit(main())
