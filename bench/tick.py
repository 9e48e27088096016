"""`make bench PART=tick`: a tick over 10,000 organisations, and one answer from its facts.

    python -m bench.tick [--organisations 10000]

One process and one freshly started server that makes every commit durable, as signals runs on two
cores. The organisations have 100 to 5,000 people (log-uniform), cases at the base rate in the last
half-year, each with a stream and a key of its own, and all that is ever due is due: quarters, half-
years and years. Measured is what the service does at 09:00 on 15 January (`release_due`): look what
is due, load and decrypt the facts, count, draw with OpenDP, make the tables, encrypt, append; and
then the places in the stream. The bus is not there. Keys of organisations are made beforehand.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import sys
import time
from datetime import UTC, date, datetime
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID, uuid4

import uvloop

from bench.results import Result, report
from bench.server import durable_server
from services.signals.commands.release_due import release_due
from services.signals.domain import noise
from services.signals.domain.grid import freeze, windows_of
from services.signals.domain.signal import SignalTick
from services.signals.domain.tick import Due, tick
from services.signals.domain.window import (
    DayReached,
    FactKept,
    FactsKept,
    OrganisationAdopted,
    UnitKnown,
)
from services.signals.events import TYPES
from services.signals.released import OUTBOUND
from services.signals.service import DEFINITION
from services.signals.streams import (
    day_stream,
    organisation_stream,
    signal_tick_stream,
    window_stream,
)
from shared import taxonomy
from shared.eventstore.projector import Projector
from shared.eventstore.store import Change, EventStore
from shared.eventstore.writer import GroupWriter
from shared.keys.data_keys import KeyName
from shared.keys.file_ring import FileKeyRing
from shared.local.home import CHECKOUT
from shared.postgres.pool import open_pool
from shared.runtime.calls import Parts
from shared.runtime.garbage import look_less_often
from shared.runtime.outbox import Outbox
from shared.taxonomy.period import Period

if TYPE_CHECKING:
    from bench.server import Server
    from services.signals.domain.lattice import LatticeFrozen

ORGANISATIONS = 10_000
SECONDS = 60.0
GROWTH_MIB = 64.0
ANSWER_MS = 5.0

HALF = Period.parse("2026-H2")
SET_UP, BEFORE, TICK = date(2026, 7, 1), date(2026, 10, 15), date(2027, 1, 15)
NOW = datetime(2027, 1, 15, 9, 0, 1, tzinfo=UTC)
_CLIENTS = 32
_RUNS = 200


def made(
    organisation: UUID, chosen: random.Random
) -> tuple[OrganisationAdopted, LatticeFrozen, list[FactKept]]:
    """An organisation, its grid, and the cases of its half-year."""
    people = int(100 * 50 ** chosen.random())
    many = max(1, min(12, people // 150))
    units = tuple(
        UnitKnown(id=f"unit-{n}", name=f"Afdeling {n}", headcount=people // many)
        for n in range(many)
    )
    adopted = OrganisationAdopted(
        organisation_id=organisation,
        token=f"{organisation.int:016x}",
        language="nl",
        units=units,
        policy="noisy",
        on=SET_UP,
    )
    grid = freeze(adopted, period=HALF, first_half=None, yearly_total=None, on=SET_UP)
    categories = list(taxonomy.current().categories)
    facts = [
        FactKept(
            category=chosen.choice(categories),
            unit_id=chosen.choice(units).id,
            role="employee",
            relation="manager",
            route=None,
            outcome=None,
            count=1,
            quarter=f"2026-Q{chosen.choice((3, 4))}",
        )
        for _ in range(sum(chosen.random() < 0.0075 for _ in range(people)))
    ]
    return adopted, grid, facts


async def _fill(store: EventStore, organisations: list[UUID]) -> int:
    """All that came before the tick; how many facts that are."""
    chosen = random.Random(2027)  # noqa: S311  the same organisations in every run
    many = 0
    waiting = iter(organisations)

    async def client() -> None:
        nonlocal many
        for organisation in waiting:
            adopted, grid, facts = made(organisation, chosen)
            many += len(facts)
            await store.append(
                organisation,
                [
                    Change(organisation_stream(organisation), 1, adopted),
                    Change(window_stream(organisation, HALF), 1, grid),
                    *(Change(uuid4(), 1, FactsKept(period="2026-H2", facts=(f,))) for f in facts),
                    Change(signal_tick_stream(organisation, BEFORE), 1, _october(adopted)),
                    Change(day_stream(organisation, TICK), 1, DayReached(day=TICK)),
                ],
                actor="signals",
                at=datetime(2026, 7, 1, tzinfo=UTC),
            )

    await asyncio.gather(*(client() for _ in range(_CLIENTS)))
    return many


def _october(adopted: OrganisationAdopted) -> SignalTick:
    """The tick before: it had nothing to tell."""
    return SignalTick(
        message_id=uuid4(),
        organisation_id=adopted.organisation_id,
        token=adopted.token,
        day=BEFORE,
        released=(),
        withdrawn=(),
        pulse=None,
    )


def _keys(ring: FileKeyRing, organisations: list[UUID]) -> None:
    names = [
        KeyName(*name)
        for organisation in organisations
        for name in ((organisation, 1), (organisation, 2026, True), (organisation, 2027, True))
    ]
    ring._write({name: os.urandom(32) for name in names})  # noqa: SLF001  one file for all, not one for each


def _mib() -> float:
    """Memory of this process."""
    (line,) = [
        line
        for line in Path("/proc/self/status").read_text().splitlines()
        if line.startswith("VmRSS")
    ]
    return int(line.split()[1]) / 1024


async def _measure(server: Server, count: int) -> list[Result]:
    organisations = [UUID(int=number + 1) for number in range(count)]
    ring = FileKeyRing(server.folder / "signals.ring", b"bench")
    _keys(ring, organisations)
    dsn = server.dsn("signals", "tick")
    pool = await open_pool(dsn, min_size=2, max_size=12)
    writer = GroupWriter(dsn)
    await writer.start()
    store = EventStore(pool=pool, writer=writer, types=TYPES, ring=ring)
    projector = Projector(store, pool, DEFINITION.projections(ring), _crash)
    parts = Parts(
        settings=cast(Any, None),  # no part of a tick looks there
        store=store,
        pool=pool,
        ring=ring,
        clock=cast(Any, SimpleNamespace(now=lambda: NOW)),
        proofs=cast(Any, None),
        erasures=cast(Any, None),
        projector=projector,
    )
    outbox = Outbox(service="signals", pool=pool, store=store, types=TYPES, outbound=OUTBOUND)
    facts = await _fill(store, organisations)
    await outbox.queue()
    await projector.catch_up()
    noise.draw([0], 1.0)  # OpenDP is loaded once in a process's life
    before, highest = _mib(), 0.0

    async def watch() -> None:
        nonlocal highest
        while True:
            highest = max(highest, _mib())
            await asyncio.sleep(0.2)

    watching = asyncio.create_task(watch())
    projecting = asyncio.create_task(projector.run())
    started, cpu = time.perf_counter(), time.process_time()
    while await release_due(parts):
        print(f"  released after {time.perf_counter() - started:.1f} s", flush=True)
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    projecting.cancel()
    await projector.catch_up()
    seen = time.perf_counter() - started
    queued = await outbox.queue()
    placed = time.perf_counter() - started
    watching.cancel()
    async with pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT count(*) FILTER (WHERE type = 'NoisyStatisticsReleased'),"
            " count(*) FILTER (WHERE type = 'ReleaseTick'),"
            " count(*) FILTER (WHERE type = 'SignalTick') FROM event"
        )
        draws, ticks, signals = await cursor.fetchone() or (0, 0, 0)
    await writer.stop()
    await pool.close()
    print(
        f"{count:,} organisations, {facts:,} facts, {draws:,} windows drawn, {queued:,} messages:"
        f" released in {seconds:.1f} s ({cpu:.1f} s of this process's CPU), seen by readers after"
        f" {seen:.1f} s, all with a place in the stream after {placed:.1f} s;"
        f" memory {before:.0f} MiB before, {highest:.0f} MiB at the most"
    )
    return [
        Result(
            name="organisations that were not released in it, figures or signals",
            value=3 * count - ticks - signals,
            unit="",
            bound=0,
            better="lower",
        ),
        Result(
            name=f"a tick over {count:,} organisations, through the store",
            value=round(seconds, 1),
            unit="s",
            bound=SECONDS,
            better="lower",
        ),
        Result(
            name="memory that grew by it",
            value=round(highest - before, 1),
            unit="MiB",
            bound=GROWTH_MIB,
            better="lower",
        ),
    ]


def _crash(problem: BaseException) -> None:
    raise problem


def _answer() -> Result:
    """From the facts of one organisation to its released tables, pure: milliseconds, median."""
    chosen = random.Random(1)  # noqa: S311  the same organisation in every run
    _, grid, facts = made(UUID(int=1), chosen)
    while len(facts) < 20:
        _, grid, facts = made(UUID(int=1), chosen)
    due = [
        Due(grid_id=grid.grid_id, measure=window.measure.id, period=str(window.period))
        for window in windows_of(grid)
    ]
    times = []
    for _ in range(_RUNS):
        start = time.perf_counter()
        tick(
            TICK,
            due,
            grids={grid.grid_id: [grid]},
            facts={grid.period: facts},
            earlier=[],
            sample=noise.draw,
            library="opendp",
            new_id=uuid4,
        )
        times.append(1_000 * (time.perf_counter() - start))
    return Result(
        name=f"facts to released tables of one organisation ({len(facts)} facts, pure)",
        value=round(median(times), 2),
        unit="ms",
        bound=ANSWER_MS,
        better="lower",
    )


def results(count: int = ORGANISATIONS) -> list[Result]:
    """Everything that this part measures."""
    look_less_often()  # as every service does when it starts
    with durable_server() as server:
        server.database("tick", "signals")
        found = uvloop.run(_measure(server, count))
    return [*found, _answer()]


def main() -> int:
    """Print the table and write the file; 0 when every bound holds."""
    parser = argparse.ArgumentParser(prog="python -m bench.tick")
    parser.add_argument("--organisations", type=int, default=ORGANISATIONS)
    count: int = parser.parse_args().organisations
    return report(results(count), CHECKOUT / "var/results/bench-tick.json", "A tick")


if __name__ == "__main__":
    sys.exit(main())
