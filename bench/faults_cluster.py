"""`make faults`: everything that fails, on a cluster, under load, for twenty minutes; then count.

Three zones in network namespaces: a NATS cluster of three whose streams have three copies, a PostgreSQL
primary with a synchronous standby, two replicas of each service (bench/faults_site.py). Clients send
commands through both gateways, each under one idempotency key until it is answered, while one fault after
another is done and undone (bench/faults_kinds.py). What comes, to whom and for how long is drawn from the
seed before it begins and printed: the same seed gives the same schedule. In the second half there are ten
times as many clients. Days pass meanwhile, so that facts leave, streams are read and logs are signed.

Afterwards (bench/faults_check.py): every acknowledged command stands once, where its client was told;
streams, projections, releases and ledgers agree. The exit status says whether all of it holds.

    python -m bench.faults_cluster [--seed N] [--minutes 20] [--kinds 'clock,poison'] [--keep-logs DIR]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import random
import secrets
import shutil
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console
from rich.table import Table

from bench.faults_check import check
from bench.faults_kinds import KINDS, Planned, Trial, schedule
from bench.faults_load import Load, set_up
from bench.faults_site import Site
from bench.faults_zones import CannotMake, enter, inside, memory_disk, run
from bench.results import Result, report
from shared.local.home import CHECKOUT, Home

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.faults_check import Checked
    from bench.faults_load import Acknowledged

CLIENTS: Final = 6
TIMES: Final = 10
ORGANISATIONS: Final = 2
_RESULTS: Final = CHECKOUT / "var/results"
_RECOVERED_WITHIN: Final = 150.0
_PAUSE: Final = (1.0, 3.0)
_DAY_EVERY: Final = 12.0
_WIDTH: Final = 150
_WHOLE_MINUTES, _WHOLE_KINDS = 20.0, 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """A fault that was done, in seconds since the beginning."""

    fault: str
    target: str
    began: float
    undone: float
    recovered: float | None
    """When everything answered again and a command was acknowledged; None: not in time."""
    silence: float
    """The longest time in which no command was acknowledged, from its beginning on."""


class Runner:
    """One trial."""

    def __init__(self, site: Site, load: Load) -> None:
        self.site = site
        self.load = load
        self.happened: list[Happened] = []
        self.began = time.monotonic()
        self._moving = asyncio.Lock()

    async def run(self, planned: Sequence[Planned], until: float) -> None:
        """Do one after another, until the time is over (of time.monotonic())."""
        chance = random.Random(len(planned))  # noqa: S311  pauses only
        for fault in planned:
            if time.monotonic() > until:
                return
            await asyncio.sleep(chance.uniform(*_PAUSE))
            self.load.check()
            await self._do(fault)

    async def _do(self, fault: Planned) -> None:
        trial = Trial(site=self.site, next_day=self.next_day)
        began = time.monotonic()
        await fault.kind.do(trial, fault.target, fault.seconds)
        undone = time.monotonic()
        recovered = await self._recovered(undone)
        end = recovered or time.monotonic()
        one = Happened(
            fault=fault.kind.name,
            target=fault.target,
            began=round(began - self.began, 1),
            undone=round(undone - self.began, 1),
            recovered=None if recovered is None else round(recovered - self.began, 1),
            silence=round(self._silence(began, end), 1),
        )
        self.happened.append(one)
        took = (
            "NOT RECOVERED" if recovered is None else f"recovered after {recovered - undone:.1f} s"
        )
        print(f"{one.began:7.1f} s  {fault}: {took}, silence {one.silence:.1f} s", flush=True)
        if recovered is None:
            print(f"           missing: {', '.join(await self.site.missing())}", flush=True)

    async def _recovered(self, undone: float) -> float | None:
        while not await self.site.whole():
            if time.monotonic() - undone > _RECOVERED_WITHIN:
                return None
            await asyncio.sleep(0.2)
        whole = time.monotonic()
        while not self._told_since(whole):
            if time.monotonic() - undone > _RECOVERED_WITHIN:
                return None
            await asyncio.sleep(0.1)
        return time.monotonic()

    def _told_since(self, moment: float) -> bool:
        acknowledged = self.load.known.acknowledged
        return bool(acknowledged) and acknowledged[-1].at > moment

    def _silence(self, began: float, end: float) -> float:
        told = [one.at for one in self.load.known.acknowledged if began <= one.at <= end]
        moments = [began, *told, end]
        return max(later - earlier for earlier, later in pairwise(moments))

    async def next_day(self) -> None:
        """The installation's clock moves on by a day."""
        async with self._moving:
            installation = self.site.installation
            installation.move_clock(installation.now() + timedelta(days=1))

    async def days(self) -> None:
        """One after another, until cancelled."""
        while True:
            await asyncio.sleep(_DAY_EVERY)
            await self.next_day()


def beginning(now: datetime) -> datetime:
    """The first day of a half-year's second month: five months in which a trial's days may pass."""
    for year, month in ((now.year, 8), (now.year + 1, 2), (now.year + 1, 8)):
        moment = datetime(year, month, 1, 12, tzinfo=UTC)
        if moment > now:
            return moment
    raise ValueError("a year has a February and an August")


async def trial(home: Home, seed: int, minutes: float, kinds: Sequence[str]) -> int:
    """One trial on an empty home; the exit status."""
    chance = random.Random(seed)  # noqa: S311  a trial that can be run again
    chosen = tuple(kind for kind in KINDS if not kinds or any(word in kind.name for word in kinds))
    rounds = max(1, round(minutes / 3))
    planned = schedule(chance, chosen, rounds)
    for fault in planned:
        print(f"planned  {fault}")
    site = Site(home)
    site.installation.move_clock(beginning(datetime.now(UTC)))
    started = time.monotonic()
    try:
        await site.start()
        print(f"everything is ready after {time.monotonic() - started:.1f} s", flush=True)
        organisations = [await asyncio.to_thread(set_up, site) for _ in range(ORGANISATIONS)]
        load = Load(site, organisations, seed)
        runner = Runner(site, load)
        load.grow(CLIENTS)
        days = asyncio.create_task(runner.days())
        began = time.monotonic()
        half = began + minutes * 30
        await runner.run(planned, half)
        quiet, so_far = time.monotonic() - began, len(load.known.acknowledged)
        print(f"{quiet:7.1f} s  {TIMES} times as many clients from now on", flush=True)
        load.grow(CLIENTS * (TIMES - 1))
        await runner.run(planned[len(runner.happened) :], began + minutes * 60)
        loud = time.monotonic() - began - quiet
        rates = (so_far / quiet, (len(load.known.acknowledged) - so_far) / loud)
        days.cancel()
        await load.shrink(load.clients)
        checked = await check(site, load)
        await site.stop()
    except BaseException:
        with contextlib.suppress(Exception):
            await site.stop()
        raise
    return _tell(
        runner,
        checked,
        seed,
        rates,
        minutes=minutes,
        chosen=bool(kinds),
        took=(quiet, loud),
    )


def extent(minutes: float, *, chosen: bool, kinds: int, took: float) -> list[Result]:
    """How many kinds of fault there were, and how many minutes they took. Of a trial of twenty minutes with
    all kinds twelve are asked for, and all of its time; of less, one.
    """
    whole = minutes >= _WHOLE_MINUTES and not chosen
    least = _WHOLE_KINDS if whole else 1
    results = [Result(name="kinds of fault", value=kinds, unit="", bound=least, better="higher")]
    if whole:
        results.append(
            Result(name="minutes", value=round(took, 2), unit="", bound=minutes, better="higher")
        )
    return results


def _tell(
    runner: Runner,
    checked: Checked,
    seed: int,
    rates: tuple[float, float],
    *,
    minutes: float,
    chosen: bool,
    took: tuple[float, float],
) -> int:
    known, console = runner.load.known, Console(width=_WIDTH)
    rows = _by_kind(runner, checked)
    table = Table(title="Faults", title_justify="left")
    for heading in rows[0]:
        table.add_column(heading, justify="left" if heading == "fault" else "right")
    for row in rows:
        table.add_row(*(f"{value}" for value in row.values()))
    console.print(table)
    ended = {part.name: dict(part.ended) for part in runner.site.parts if part.ended}
    print(
        f"seed {seed}: {len(known.acknowledged)} commands acknowledged, {rates[0]:.1f} a second and"
        f" {rates[1]:.1f} with {TIMES} times the clients; sent again after {dict(known.refused)};"
        f" {known.lost} answers thrown away, {known.doubled} commands sent twice at once;"
        f" commits cut off from their answer: {sum(one.cut for one in runner.site.cutters)};"
        f" ended by themselves: {ended}"
    )
    commands = checked.commands
    figures = {
        "acknowledged commands lost": len(commands.lost),
        "acknowledged commands duplicated": len(commands.duplicated),
        "acknowledged commands misordered": len(commands.misordered),
        **checked.figures,
        "faults after which something did not come back": sum(
            one.recovered is None for one in runner.happened
        ),
    }
    results = [
        Result(name=name, value=value, unit="", bound=0, better="lower")
        for name, value in figures.items()
    ]
    results += extent(
        minutes,
        chosen=chosen,
        kinds=len({one.fault for one in runner.happened}),
        took=sum(took) / 60,
    )
    (_RESULTS).mkdir(parents=True, exist_ok=True)
    details: dict[str, Any] = {
        "seed": seed,
        "commands": len(known.acknowledged),
        "commands_a_second": [round(rate, 1) for rate in rates],
        "faults": [asdict(one) for one in runner.happened],
        "by_kind": rows,
        "ended": ended,
    }
    (_RESULTS / "faults-cluster-faults.json").write_text(json.dumps(details, indent=1) + "\n")
    return report(results, _RESULTS / "faults-cluster.json", f"Faults, cluster (seed {seed})")


def _by_kind(runner: Runner, checked: Checked) -> list[dict[str, str]]:
    """A row for each kind: how often, times, and what went wrong of what was told in its time."""
    rows = []
    for name in (kind.name for kind in KINDS):
        faults = [one for one in runner.happened if one.fault == name]
        if not faults:
            continue
        took = [one.recovered - one.undone for one in faults if one.recovered is not None]

        def within(found: Sequence[Acknowledged], those: Sequence[Happened] = faults) -> str:
            times = [one.at - runner.began for one in found]
            return f"{sum(any(o.began <= t <= _end_of(runner, o) for o in those) for t in times)}"

        rows.append(
            {
                "fault": name,
                "times": f"{len(faults)}",
                "recovered after (median)": f"{sorted(took)[len(took) // 2]:.1f} s"
                if took
                else "–",
                "at the most": f"{max(took):.1f} s" if len(took) == len(faults) else "never",
                "longest silence": f"{max(one.silence for one in faults):.1f} s",
                "lost": within(checked.commands.lost),
                "duplicated": within(checked.commands.duplicated),
                "misordered": within(checked.commands.misordered),
            }
        )
    return rows


def _end_of(runner: Runner, one: Happened) -> float:
    """When the next fault began."""
    later = [other.began for other in runner.happened if other.began > one.began]
    return min(later, default=float("inf"))


def main(given: Sequence[str] | None = None) -> int:
    """Run one trial; the exit status says whether everything holds."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**31))
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--kinds", default="", help="words of their names, with commas between")
    parser.add_argument("--keep-logs", type=Path)
    chosen = parser.parse_args(given)
    if not inside():
        print(f"seed {chosen.seed}", flush=True)
        arguments = [f"--seed={chosen.seed}", f"--minutes={chosen.minutes}"]
        arguments += [f"--kinds={chosen.kinds}"] if chosen.kinds else []
        arguments += [f"--keep-logs={chosen.keep_logs}"] if chosen.keep_logs else []
        try:
            enter("bench.faults_cluster", arguments)
        except CannotMake as problem:
            print(problem, file=sys.stderr)
            return 2
    words = [word.strip() for word in chosen.kinds.split(",") if word.strip()]
    with tempfile.TemporaryDirectory(prefix="faults-", dir="/tmp") as folder:
        memory_disk(Path(folder), 256)
        home = Home(Path(folder) / "home")
        try:
            return asyncio.run(trial(home, chosen.seed, chosen.minutes, words))
        finally:
            if chosen.keep_logs is not None:
                shutil.copytree(home.logs, chosen.keep_logs, dirs_exist_ok=True)
            run("umount", "--lazy", folder)


if __name__ == "__main__":
    sys.exit(main())
