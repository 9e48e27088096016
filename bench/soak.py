"""`make soak`: half of what the machine bears, for half an hour; whether memory grows, or anything lags.

    python -m bench.soak [--minutes 30]

Everything that `make run` starts. At first the clients send as fast as they are answered; from then on they
send half as much, which is held by a governor. Days pass, so that facts leave, are read and are signed. Each
ten seconds the memory of each program with its children (PSS: shared pages are divided among those who share
them) is noted, and how far readers and projections are behind. The first third warms everything up: caches
fill, and NATS keeps the ids of the last six minutes. Through what was noted afterwards a straight line is
laid; what it rises by in that time is the growth. In the last third the half is still to be borne.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psycopg
from psycopg import sql

from bench.faults import Cluster
from bench.faults_cluster import beginning
from bench.faults_load import Load, set_up
from bench.processes import family
from bench.results import Result, report
from shared.identity.roles import WITHOUT_ORGANISATION
from shared.local.home import CHECKOUT, Home
from shared.local.session import SERVICES, Ports

if TYPE_CHECKING:
    from uuid import UUID

    from shared.identity.roles import Role
    from shared.local.session import Installation

MINUTES: Final = 30.0
GROWTH: Final = 0.05
HELD: Final = 0.9
"""Part of the half that has to be borne to the end: what takes longer the more there is shows here."""
LAG_GROWTH: Final = 50.0
"""Events: what is on its way at a moment goes up and down by about as much."""
CLIENTS, ORGANISATIONS = 12, 4
_FULL_SECONDS: Final = 20.0
_SAMPLE_SECONDS: Final = 10.0
_DAY_SECONDS: Final = 15.0
_WARM: Final = 1 / 3
_NATS: Final = {"GOGC": "10"}
"""Its heap is collected as soon as it has grown by a tenth, not by as much again: what waits to be collected
goes up and down by a quarter of all that it has, in which a growth of a twentieth is not seen.
"""
_PROGRAMS: Final = (*SERVICES, "gateway", "nats", "postgres")


class House:
    """What clients need of an installation."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.gateways = (("127.0.0.1", installation.ports.gateway),)

    def token(self, sub: str, role: Role, organisation: UUID | None) -> str:
        """A sign-in."""
        return self.installation.token(
            sub, str(role), None if role in WITHOUT_ORGANISATION else organisation
        )


def memory(pid: int) -> float:
    """MiB that a process and its children have for themselves, and their parts of what they share."""
    kibibytes = 0
    for each in family(pid):
        with suppress(OSError):
            for line in Path(f"/proc/{each}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    kibibytes += int(line.split()[1])
    return kibibytes / 1024


def lags(installation: Installation) -> dict[str, float]:
    """How many messages the reader of facts is behind intake's queue, and events each service's slowest
    projection is behind its logs.
    """
    found: dict[str, float] = {}
    with psycopg.connect(installation.database_url("postgres")) as connection:
        row = connection.execute(
            "SELECT coalesce((SELECT max(position) FROM intake.relay_queue), 0)"
            " - coalesce((SELECT position FROM signals.tracking"
            "  WHERE consumer = 'signals-facts'), 0)"
        ).fetchone()
        found["facts to signals"] = float(row[0]) if row else 0.0
        for service in SERVICES:
            row = connection.execute(
                sql.SQL(
                    "SELECT coalesce(max(log.size - held.position), 0) FROM {0}.log JOIN"
                    " (SELECT right(name, 36)::uuid AS organisation, min(position) AS position"
                    "  FROM {0}.projection_position GROUP BY 1) AS held USING (organisation)"
                ).format(sql.Identifier(service))
            ).fetchone()
            found[f"projections of {service}"] = float(row[0]) if row else 0.0
    return found


def rise(moments: Sequence[float], values: Sequence[float]) -> float:
    """What a straight line through the values (least squares) rises by from the first moment to the last."""
    if len(values) < 2:
        return 0.0
    slope = statistics.linear_regression(moments, values).slope
    return slope * (moments[-1] - moments[0])


async def trial(home: Home, ports: Ports, minutes: float) -> list[Result]:
    """One soak, on an empty home."""
    cluster = Cluster(home, ports, told={"nats": _NATS})
    cluster.installation.move_clock(beginning(datetime.now(UTC)))
    await cluster.start()
    house = House(cluster.installation)
    organisations = [await asyncio.to_thread(set_up, house) for _ in range(ORGANISATIONS)]
    load = Load(house, organisations, seed=1)
    load.pause = 0.0
    load.grow(CLIENTS)
    await asyncio.sleep(_FULL_SECONDS)
    full = len(load.known.acknowledged) / _FULL_SECONDS
    target = full / 2
    load.pause = CLIENTS / target
    print(f"{full:.0f} commands a second at the most; from now on {target:.0f}", flush=True)
    moments: list[float] = []
    series: dict[str, list[float]] = defaultdict(list)
    rates: list[float] = []
    began = day = last = time.monotonic()
    before = len(load.known.acknowledged)
    while time.monotonic() - began < minutes * 60:
        await asyncio.sleep(_SAMPLE_SECONDS)
        load.check()
        done, now = len(load.known.acknowledged), time.monotonic()
        rates.append((done - before) / (now - last))
        before, last = done, now
        load.pause = min(10.0, max(0.01, load.pause * max(0.5, min(2.0, rates[-1] / target))))
        moments.append(time.monotonic() - began)
        for name in _PROGRAMS:
            series[name].append(memory(cluster.pid(name)))
        for name, lag in (await asyncio.to_thread(lags, cluster.installation)).items():
            series[name].append(lag)
        if time.monotonic() - day > _DAY_SECONDS:
            day = time.monotonic()
            cluster.installation.move_clock(cluster.installation.now() + timedelta(days=1))
    await load.shrink(load.clients)
    ended = dict(cluster.ended_by_themselves)
    await cluster.stop()
    print(
        f"{len(load.known.acknowledged)} commands, {statistics.fmean(rates):.1f} a second"
        f" ({min(rates):.0f}–{max(rates):.0f}); sent again after {dict(load.known.refused)};"
        f" ended by themselves: {ended}"
    )
    keep(moments, series, full, rates)
    return results_of(moments, series, sum(ended.values()), [rate / target for rate in rates])


def keep(
    moments: Sequence[float],
    series: dict[str, list[float]],
    full: float,
    rates: Sequence[float],
) -> None:
    """Write down all that was noted."""
    path = CHECKOUT / "var/results/soak-samples.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    noted = {
        "commands_a_second_at_the_most": full,
        "commands_a_second": list(rates),
        "seconds": list(moments),
        "series": series,
    }
    path.write_text(json.dumps(noted, indent=1) + "\n")


def results_of(
    moments: Sequence[float], series: dict[str, list[float]], ended: int, borne: Sequence[float]
) -> list[Result]:
    """Each program's growth, each lag's, and what of the half was `borne` at each moment, against
    their bounds.
    """
    warm = int(len(moments) * _WARM)
    after = moments[warm:]
    results = []
    for name, values in series.items():
        kept = values[warm:]
        if name in _PROGRAMS:
            mean = statistics.fmean(kept)
            results.append(
                Result(
                    name=f"memory of {name}, {mean:.0f} MiB: growth",
                    value=round(100 * rise(after, kept) / mean, 1),
                    unit="%",
                    bound=100 * GROWTH,
                    better="lower",
                )
            )
        else:
            results.append(
                Result(
                    name=f"{name}, behind by {statistics.fmean(kept):.0f} (at most {max(kept):.0f})"
                    ": growth",
                    value=round(rise(after, kept), 1),
                    unit="events",
                    bound=LAG_GROWTH,
                    better="lower",
                )
            )
    return [
        *results,
        Result(
            name="commands a second in the last third, of the half that was meant",
            value=round(statistics.fmean(borne[-warm:]), 3),
            unit="",
            bound=HELD,
            better="higher",
        ),
        Result(
            name="programs that ended by themselves", value=ended, unit="", bound=0, better="lower"
        ),
    ]


def main() -> int:
    """Print the table and write the files; 0 when every bound holds."""
    parser = argparse.ArgumentParser(prog="python -m bench.soak")
    parser.add_argument("--minutes", type=float, default=MINUTES)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hoeksteen-soak-") as folder:
        home = Home(Path(folder) / "home")
        home.create()
        results = asyncio.run(trial(home, Ports.from_environment(), chosen.minutes))
    path = CHECKOUT / "var/results/soak.json"
    return report(results, path, f"Soak, {chosen.minutes:g} minutes at half load")


if __name__ == "__main__":
    sys.exit(main())
