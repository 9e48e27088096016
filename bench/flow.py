"""`make bench PART=flow`: from intake's log to facts applied in signals, beside JetStream alone.

    python -m bench.flow [--rounds 7] [--facts 2048] [--compare FILE]

PostgreSQL (every commit reaches the disk), nats-server and signals run as `make run` starts them. Cases are
opened by intake's own commands and get their places in the queue; then, in turns:

* **relay**: intake's outbox and relay publish them, with signals stopped. Beside it the very same messages
  go to a second nats-server of the same configuration: the same window, ids and fence, from memory.
* **flow**: the same with signals reading: from the relay's first look until signals has the last fact in
  its own log and tables. Beside it a program that only reads and acknowledges the second server's durable,
  which is the same: one message at a time. And one that is given a hundred at once, for which nothing of
  ours is a match: it keeps no order across readers.

A fact's time is counted from the start of its batch. Every ratio is of one round; told is the median. The
machine is shared by all of them, so that the processors' time stands beside.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import psycopg
import uvloop
from nats.js.api import AckPolicy, ConsumerConfig, Header

from bench.faults import Cluster
from bench.intake_house import House
from bench.processes import Cpu
from bench.results import Result, report
from services.intake.events import TYPES
from services.intake.outbound import OUTBOUND
from shared.bus import accounts, server
from shared.bus.connection import connect
from shared.bus.provision import provision
from shared.bus.relay import WINDOW, Outgoing, Relay
from shared.local.child import before_exec
from shared.local.home import CHECKOUT, Home
from shared.local.session import Ports
from shared.runtime.garbage import look_less_often
from shared.runtime.outbox import Outbox

if TYPE_CHECKING:
    from nats.aio.client import Client

    from shared.local.session import Installation

ROUNDS, FACTS, ORGANISATIONS = 7, 2048, 8
MOST_TIMES: Final = 3.0
RELAY_AT_LEAST: Final = 0.8
_PROGRAMS: Final = frozenset({"postgres", "nats", "issuer", "migrations", "streams", "signals"})
_RAW, _RAW_MONITOR = 4, 5
"""Of the twelve ports of an installation, two that nothing else uses."""
_MANY: Final = "raw-many"
_LOOK_SECONDS: Final = 0.002
_WITHIN: Final = 120.0


@dataclass(slots=True)
class Figures:
    """What was measured, a value for each round."""

    values: dict[str, list[float]] = field(default_factory=dict)

    def add(self, name: str, value: float) -> None:
        """One more round's."""
        self.values.setdefault(name, []).append(value)

    def median(self, name: str) -> float:
        """Of all rounds."""
        return statistics.median(self.values[name])

    def ratio(self, above: str, below: str) -> float:
        """The median of each round's ratio."""
        pairs = zip(self.values[above], self.values[below], strict=True)
        return statistics.median(one / other for one, other in pairs)


class Raw:
    """The second server, and who publishes to it and reads from it."""

    def __init__(self, folder: Path, ports: Ports, passwords: dict[str, str], key: str) -> None:
        self._folder, self.passwords = folder, passwords
        self._ports = (ports.base + _RAW, ports.base + _RAW_MONITOR)
        self._key = key
        self.process: subprocess.Popen[bytes] | None = None
        self.url = f"nats://127.0.0.1:{self._ports[0]}"

    async def start(self, stack: AsyncExitStack) -> None:
        """The server, with the streams and durables of every installation, and a durable besides."""
        config = self._folder / "raw.conf"
        text = accounts.nats_config(
            store_dir=self._folder / "raw",
            encryption_key=self._key,
            passwords=self.passwords,
            port=self._ports[0],
            monitor_port=self._ports[1],
        )
        told = json.loads(text)
        for user in told["accounts"]["CORE"]["users"]:
            if user["user"] == "signals":  # which reads a second durable here
                user["permissions"]["publish"]["allow"] += [
                    f"$JS.API.CONSUMER.MSG.NEXT.INTAKE.{_MANY}",
                    f"$JS.ACK.INTAKE.{_MANY}.>",
                ]
        server.write_config(config, json.dumps(told))
        self.process = subprocess.Popen(  # noqa: ASYNC220  it outlives the loop's next turn
            server.argv(config), stderr=subprocess.DEVNULL, preexec_fn=before_exec()
        )
        stack.callback(self.process.wait)
        stack.callback(self.process.terminate)
        provisioner = await self._connected("provisioner", stack)
        await provision(
            core=provisioner,
            integrations=[],
            monitor_url=f"http://127.0.0.1:{self._ports[1]}",
        )
        many = ConsumerConfig(
            name=_MANY,
            durable_name=_MANY,
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=30,
            max_ack_pending=1000,
        )
        await provisioner.jetstream().add_consumer("INTAKE", many)
        self.writer = await self._connected("intake", stack)

    async def _connected(self, user: str, stack: AsyncExitStack) -> Client:
        end = time.monotonic() + 10
        while True:
            try:
                client = await connect(
                    servers=self.url, user=user, password=self.passwords[user], name="flow"
                )
            except Exception:
                if time.monotonic() > end:
                    raise
                await asyncio.sleep(0.05)
            else:
                stack.push_async_callback(client.close)
                return client

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        """As the relay does, and nothing else."""
        jetstream = self.writer.jetstream()
        for start in range(0, len(messages), WINDOW):
            await asyncio.gather(
                *(
                    jetstream.publish(
                        one.subject,
                        one.body,
                        headers={
                            Header.MSG_ID.value: one.id,
                            Header.EXPECTED_LAST_SEQUENCE.value: str(one.position - 1),
                        },
                    )
                    for one in messages[start : start + WINDOW]
                )
            )

    def reader(self, how: str, last: int) -> subprocess.Popen[str]:
        """A program that reads up to position `last`; it tells when it has begun, and then the moments."""
        return subprocess.Popen(
            (sys.executable, "-m", "bench.flow", "--reader", how, self.url, str(last)),
            env=os.environ | {"FLOW_PASSWORD": self.passwords["signals"]},
            stdout=subprocess.PIPE,
            text=True,
            cwd=CHECKOUT,
            preexec_fn=before_exec(),
        )


async def read(how: str, url: str, last: int) -> None:
    """Read the durable up to position `last`, acknowledge, and print when each message came."""
    client = await connect(
        servers=url, user="signals", password=os.environ["FLOW_PASSWORD"], name="flow-reader"
    )
    durable, count = ("signals-facts", 1) if how == "one" else (_MANY, 100)
    subscription = await client.jetstream().pull_subscribe_bind(durable, "INTAKE")
    print("ready", flush=True)
    moments: dict[int, int] = {}
    while last not in moments:
        with suppress(TimeoutError):
            for message in await subscription.fetch(count, timeout=2):
                moments[message.metadata.sequence.stream] = time.monotonic_ns()
                await message.ack()
    await client.flush()
    await client.close()
    print(json.dumps([time.process_time(), moments]), flush=True)


class Trial:
    """The installation, its relay, and the raw side."""

    def __init__(
        self,
        installation: Installation,
        cluster: Cluster,
        house: House,
        relay: Relay,
        outbox: Outbox,
    ) -> None:
        self.installation = installation
        self.cluster = cluster
        self.house = house
        self.relay = relay
        self.outbox = outbox
        self.figures = Figures()

    async def batch(self, facts: int) -> list[Outgoing]:
        """New cases, with their places in the queue; their messages."""
        before = await self.outbox.head()
        await self.house.fill(self.house.cases + facts, ORGANISATIONS)
        await self.outbox.queue()
        messages = list(await self.outbox.after(before, 10 * facts))
        if len(messages) < facts:
            raise RuntimeError("not every case became a message")
        return messages

    async def alone(self, messages: Sequence[Outgoing], raw: Raw, *, first: bool) -> None:
        """How fast each publishes when nobody reads."""
        count = len(messages)
        turns: list[tuple[str, Callable[[], Awaitable[object]]]] = [
            ("relay", self.relay.run_once),
            ("raw", lambda: raw.publish(messages)),
        ]
        for name, publish in turns if first else turns[::-1]:
            began, cpu = time.perf_counter(), time.process_time()
            await publish()
            self.figures.add(f"{name}_messages_a_second", count / (time.perf_counter() - began))
            self.figures.add(f"{name}_cpu_us", 1e6 * (time.process_time() - cpu) / count)

    async def flow(self, messages: Sequence[Outgoing]) -> None:
        """Until signals has applied the last of them."""
        first, last = messages[0].position, messages[-1].position
        cpu = Cpu(self.cluster.pid("signals"))
        began = time.monotonic_ns()
        watching = asyncio.create_task(asyncio.to_thread(self._watch, first, last))
        await self.relay.run_once()
        moments = await watching
        self._keep("flow", began, moments, cpu.seconds, len(messages))

    def _watch(self, first: int, last: int) -> list[int]:
        """The moment at which each position had been applied."""
        moments: list[int] = []
        end = time.monotonic() + _WITHIN
        with psycopg.connect(
            self.installation.database_url("postgres"), autocommit=True
        ) as connection:
            while first + len(moments) <= last:
                row = connection.execute(
                    "SELECT position FROM signals.tracking WHERE consumer = 'signals-facts'"
                ).fetchone()
                reached = row[0] if row else 0
                now = time.monotonic_ns()
                moments += [now] * (min(reached, last) - first - len(moments) + 1)
                if time.monotonic() > end:
                    raise TimeoutError("signals does not come to the end")
                time.sleep(_LOOK_SECONDS)
        return moments

    async def raw_flow(self, messages: Sequence[Outgoing], raw: Raw, how: str) -> None:
        """Until the reader of the second server has the last of them. `many` reads what is there."""
        last = messages[-1].position
        reader = raw.reader(how, last)
        assert reader.stdout is not None  # noqa: S101  a pipe was asked for
        await asyncio.to_thread(reader.stdout.readline)
        began = time.monotonic_ns()
        if how == "one":
            await raw.publish(messages)
        cpu, moments = json.loads(await asyncio.to_thread(reader.stdout.readline))
        reader.wait()
        reader.stdout.close()
        found = [moments[str(one.position)] for one in messages]
        self._keep(f"raw_{how}", began, found, cpu, len(messages))

    def _keep(self, name: str, began: int, moments: Sequence[int], cpu: float, count: int) -> None:
        waits = sorted((moment - began) / 1e6 for moment in moments)
        self.figures.add(f"{name}_ms_a_fact", waits[-1] / count)
        self.figures.add(f"{name}_p99_ms", waits[int(0.99 * (count - 1))])
        self.figures.add(f"{name}_reader_cpu_us", 1e6 * cpu / count)


async def trial(home: Home, ports: Ports, rounds: int, facts: int) -> Figures:
    """All rounds, on an empty home."""
    cluster = Cluster(home, ports, only=_PROGRAMS)
    async with AsyncExitStack() as stack:
        await cluster.start()
        stack.push_async_callback(cluster.stop)
        installation = cluster.installation
        house = await House.start(installation, ORGANISATIONS)
        stack.push_async_callback(house.stop)
        passwords = {
            user: installation.nats_password_file(user).read_text() for user in accounts.users()
        }
        raw = Raw(home.path, ports, passwords, home.secret("nats-storage").read_text())
        await raw.start(stack)
        client = await connect(
            servers=installation.nats_url,
            user="intake",
            password=passwords["intake"],
            name="flow-relay",
        )
        stack.push_async_callback(client.close)
        store, pool = house.store, house.pool
        outbox = Outbox(service="intake", pool=pool, store=store, types=TYPES, outbound=OUTBOUND)
        relay = Relay(client, "INTAKE", outbox)
        run = Trial(installation, cluster, house, relay, outbox)

        async def caught_up(messages: Sequence[Outgoing]) -> None:
            await asyncio.to_thread(run._watch, messages[-1].position, messages[-1].position)  # noqa: SLF001

        def tell(number: signal.Signals) -> None:
            os.kill(cluster.pid("signals"), number)

        for number in range(rounds + 1):
            tell(signal.SIGSTOP)
            messages = await run.batch(facts)
            if number == 0:  # warms everything up, and brings the organisations
                messages = list(await outbox.after(0, 10 * facts))
            await run.alone(messages, raw, first=number % 2 == 0)
            tell(signal.SIGCONT)
            await run.raw_flow(messages, raw, "many")  # what was published is read
            await caught_up(messages)
            reader = raw.reader("one", messages[-1].position)
            await asyncio.to_thread(reader.communicate)
            messages = await run.batch(facts)
            for turn in ("flow", "raw") if number % 2 == 0 else ("raw", "flow"):
                if turn == "flow":
                    await run.flow(messages)
                else:
                    await run.raw_flow(messages, raw, "one")
            many = raw.reader("many", messages[-1].position)
            await asyncio.to_thread(many.communicate)
            if number == 0:
                run.figures.values.clear()
            print(f"round {number} of {rounds}", flush=True)
        return run.figures


def results_of(figures: Figures) -> list[Result]:
    """The ratios against their bounds."""
    return [
        Result(
            name="relay / fenced raw publisher, messages a second",
            value=round(figures.ratio("relay_messages_a_second", "raw_messages_a_second"), 3),
            unit="×",
            bound=RELAY_AT_LEAST,
            better="higher",
        ),
        Result(
            name="a fact relayed and applied / published and delivered",
            value=round(figures.ratio("flow_ms_a_fact", "raw_one_ms_a_fact"), 2),
            unit="×",
            bound=MOST_TIMES,
            better="lower",
        ),
        Result(
            name="the same at the 99th percentile",
            value=round(figures.ratio("flow_p99_ms", "raw_one_p99_ms"), 2),
            unit="×",
            bound=MOST_TIMES,
            better="lower",
        ),
    ]


def compare(old: Path, figures: Figures) -> None:
    """Print each median beside that of an earlier file."""
    before: dict[str, Any] = json.loads(old.read_text())["rounds"]
    for name in figures.values:
        if name in before:
            was, now = statistics.median(before[name]), figures.median(name)
            print(f"{name:28} {was:10.2f} → {now:10.2f}  ({now / was:.2f}×)")


def main() -> int:
    """Print the table and write the file; 0 when every bound holds."""
    if sys.argv[1:2] == ["--reader"]:
        how, url, last = sys.argv[2:]
        uvloop.run(read(how, url, int(last)))
        return 0
    look_less_often()  # as each service does
    parser = argparse.ArgumentParser(prog="python -m bench.flow")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--facts", type=int, default=FACTS)
    parser.add_argument("--compare", type=Path, help="bench-flow-rounds.json of another commit")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hoeksteen-bench-") as folder:
        home = Home(Path(folder) / "home")
        home.create()
        figures = uvloop.run(trial(home, Ports.from_environment(), chosen.rounds, chosen.facts))
    for name, values in figures.values.items():
        print(f"{name:28} {statistics.median(values):10.2f}  ({min(values):.2f}–{max(values):.2f})")
    if chosen.compare is not None:
        compare(chosen.compare, figures)
    results = CHECKOUT / "var/results"
    status = report(results_of(figures), results / "bench-flow.json", "From log to facts applied")
    details = {"facts": chosen.facts, "rounds": figures.values}
    (results / "bench-flow-rounds.json").write_text(json.dumps(details, indent=1) + "\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
