"""`make bench PART=store`: the event store against raw psycopg, the library, and itself grown.

One run, one freshly started server that makes every commit durable, rounds in turns, medians of the
ratios of neighbouring rounds. What is compared with what is told in bench/store_commands.py,
bench/store_replay.py and bench/store_growth.py. Absolute rates are printed, and are of this machine
alone. Beside each rate stands what a command took of the processors, of this process and of the server
with all its own: on a machine that others use it says more than a rate.

    python -m bench.store [--only commands] [--seconds 1] [--rounds 7]
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

import uvloop

from bench.processes import Cpu
from bench.results import Result, report
from bench.server import durable_server
from bench.store_commands import Intake, Library, Raw, clients, library, library_rate
from bench.store_growth import growth
from bench.store_replay import replay
from shared.keys.file_ring import FileKeyRing
from shared.local.home import CHECKOUT
from shared.postgres.embedded import SUPERUSER
from shared.runtime.garbage import look_less_often

if TYPE_CHECKING:
    from bench.server import Server

PARTS = ("commands", "replay", "growth", "proofs", "verify")
SECONDS = 1.0
ROUNDS = 7
# Clients, and the least that ours may be of raw psycopg and of the library.
BOUNDS = ((1, 0.5, 2.0), (8, 0.7, 5.0), (32, 0.8, 15.0))
# What one of our commands stores beside its ciphertext: leaf, idempotency key and answer.
BESIDE = 430


@dataclass(frozen=True, slots=True)
class Round:
    """Commands a second, and what each took of the processors (µs): here and in the server."""

    rate: float
    here: float
    server: float


def _middle(rounds: list[Round]) -> str:
    rate, here, server = (
        median(getattr(one, name) for one in rounds) for name in ("rate", "here", "server")
    )
    return f"{rate:.0f} a second, {here:.0f} + {server:.0f} µs"


async def commands(
    intake: Intake, raw: Raw, app: Library, *, postmaster: int, seconds: float, rounds: int
) -> list[Result]:
    """Commands a second, ours against both, by number of clients."""

    async def run(rate: Callable[[], Awaitable[float]]) -> Round:
        server, before, started = Cpu(postmaster), time.process_time(), time.perf_counter()
        found = await rate()
        count = found * (time.perf_counter() - started)
        here = time.process_time() - before
        return Round(found, here / count * 1e6, server.seconds / count * 1e6)

    async def ours(_number: int) -> int:
        return await intake.case()

    results = []
    for count, least_raw, least_library in BOUNDS:
        runs = {
            "ours": lambda count=count: clients(count, seconds, ours),
            "raw": lambda count=count: clients(count, seconds, raw.case),
            "library": lambda count=count: asyncio.to_thread(library_rate, app, count, seconds),
        }
        await clients(count, 0.3, ours)
        await clients(count, 0.3, raw.case)
        found: dict[str, list[Round]] = {name: [] for name in runs}
        for number in range(rounds):
            first_two = ("raw", "ours") if number % 2 else ("ours", "raw")
            for name in (*first_two, "library"):
                found[name].append(await run(runs[name]))
        for name, each in found.items():
            print(f"{count:2} clients, {name}: {_middle(each)} a command", flush=True)
        for other, words, least in (
            ("raw", "raw psycopg", least_raw),
            ("library", "the library", least_library),
        ):
            ratios = [
                mine.rate / its.rate for mine, its in zip(found["ours"], found[other], strict=True)
            ]
            results.append(
                Result(
                    name=f"commands, {count} clients / {words}",
                    value=median(ratios),
                    unit="×",
                    bound=least,
                    better="higher",
                )
            )
    return results


async def _size(intake: Intake) -> int:
    """Bytes that one command stores, on average."""
    async with intake.pool.connection() as connection:
        cursor = await connection.execute("SELECT avg(octet_length(ciphertext)) FROM ciphertext")
        row = await cursor.fetchone()
    return BESIDE + int(row[0] if row else 0)


async def _beside(server: Server, wanted: list[str], seconds: float, rounds: int) -> list[Result]:
    admin = server.dsn(SUPERUSER, "commands")
    ring = FileKeyRing(server.folder / "commands.ring", b"bench")
    intake = await Intake.start(server.dsn("intake", "commands"), ring)
    for _ in range(100):
        await intake.case()
    raw = await Raw.start(admin, max(count for count, _, _ in BOUNDS), await _size(intake))
    app = await asyncio.to_thread(library, admin, "library")
    look_less_often()  # as every service does when it starts; it holds for all three
    found: list[Result] = []
    try:
        if "commands" in wanted:
            found += await commands(
                intake, raw, app, postmaster=server.pid, seconds=seconds, rounds=rounds
            )
        if "replay" in wanted:
            found += await replay(intake, app)
        return found
    finally:
        await asyncio.to_thread(app.close)
        await raw.stop()
        await intake.stop()


def results(wanted: list[str], seconds: float, rounds: int) -> list[Result]:
    """Everything that this part measures, or what of it is wanted (PARTS)."""
    found: list[Result] = []
    if {"commands", "replay", "growth"} & set(wanted):
        with durable_server() as server:
            if {"commands", "replay"} & set(wanted):
                server.database("commands")
                found += uvloop.run(_beside(server, wanted, seconds, rounds))
            if "growth" in wanted:
                found += growth(server)
    for name in ("proofs", "verify"):
        if name in wanted:
            found += importlib.import_module(f"bench.{name}").results()
    return found


def main() -> int:
    """Print the table and write the file; 0 when every bound holds."""
    parser = argparse.ArgumentParser(prog="python -m bench.store")
    parser.add_argument("--only", action="append", choices=PARTS)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of a round")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    given = parser.parse_args()
    found = results(given.only or list(PARTS), given.seconds, given.rounds)
    return report(found, CHECKOUT / "var/results/bench-store.json", "The event store")


if __name__ == "__main__":
    sys.exit(main())
