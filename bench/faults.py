"""`make faults`: kill everything at random moments under load, then count.

Clients send commands through the gateway. Each client keeps one idempotency key a command and
repeats it until it is answered; some replies are thrown away and some commands are sent twice at
once. Meanwhile programs are killed with SIGKILL at random moments and started again, first each once;
until then the clients go on, also beyond the commands that were asked for. Afterwards: every
acknowledged command is there once, none twice, signals counted what intake booked, the ledgers verify.

`main`: eight clients; intake, signals, reporting, the gateway, nats-server and PostgreSQL are
killed. `replicas`: two intakes write the same logs at once for 32 clients, and are killed.

    python -m bench.faults [--part main|replicas] [--commands 2000] [--seed N]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import io
import os
import random
import secrets
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import psycopg

from bench.opening import opening
from bench.results import Result, report
from hoeksteen_client import AdviserKey, GatewayClient, GatewayError
from shared.local import documents
from shared.local.child import before_exec
from shared.local.home import CHECKOUT, Home
from shared.local.session import Ports
from shared.local.topology import topology
from shared.local.verified import verify
from shared.taxonomy.calendar import moment_of, tick_of
from shared.taxonomy.period import Period

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from shared.local.program import Program
    from shared.local.session import Installation


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One kind of trial: how many clients, who is killed, and what runs twice."""

    name: str
    clients: int
    victims: tuple[str, ...]
    twice: str | None = None
    """The service of which a second replica runs."""


PARTS = {
    part.name: part
    for part in (
        Part(
            name="main",
            clients=8,
            victims=("intake", "signals", "reporting", "gateway", "nats", "postgres"),
        ),
        Part(name="replicas", clients=32, victims=("intake", "intake-2"), twice="intake"),
    )
}
# Seconds between two kills; the next victim is drawn while the last one is still coming back. In
# between so many clients at least must have got an answer: on a slow machine none ever would.
_PAUSE = (0.4, 1.6)
_ANSWERED = 1 / 8
_PATIENCE = 240.0
# Of the twelve ports of an installation, one that nothing else uses.
_REPLICA = 4
_LOST_REPLIES = 0.05
_SENT_TWICE = 0.05
# What a client is told when something is down: it repeats the command under the same key.
_AGAIN = frozenset({"UNAVAILABLE", "TIMED_OUT", "UNREACHABLE", "INTERNAL", "CONFLICT"})


class Cluster:
    """All programs of one installation, each started again as soon as it ends."""

    def __init__(
        self,
        home: Home,
        ports: Ports,
        twice: str | None = None,
        only: frozenset[str] | None = None,
        told: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        """`only`: the programs that are started, if not all; those they wait for are among them. `told`: what
        a program sees of the environment besides, by its name.
        """
        plan = topology(home, ports)
        self.installation: Installation = plan.installation
        self._home = home
        self._programs = {
            program.name: program
            for program in plan.programs
            if only is None or program.name in only
        }
        for name, more in (told or {}).items():
            program = self._programs[name]
            self._programs[name] = replace(
                program, environment=dict(program.environment) | dict(more)
            )
        if twice is not None:
            replica = _replica(self._programs[twice], ports.base + _REPLICA)
            self._programs[replica.name] = replica
        self._running: dict[str, asyncio.subprocess.Process] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = False
        self.ended_by_themselves: Counter[str] = Counter()
        self.kills: Counter[str] = Counter()

    async def start(self) -> None:
        """Start in the order of the topology."""
        done: set[str] = set()
        for program in sorted(self._programs.values(), key=lambda one: len(one.after)):
            if program.one_shot:
                await self._ready(*program.after)
                process = await self._spawn(program)
                if await process.wait() != 0:
                    raise RuntimeError(f"{program.name} failed")
                done.add(program.name)
            else:
                await self._ready(*(name for name in program.after if name not in done))
                self._tasks.append(asyncio.create_task(self._keep(program)))
        await self._ready(*(name for name in self._programs if name not in done))

    async def stop(self) -> None:
        """Stop everything, services first."""
        self._stopping = True
        last = ["issuer", "nats", "postgres"]
        names = [name for name in self._running if name not in last] + last
        for name in names:
            process = self._running[name]
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(self._programs[name].stop_signal)
            await process.wait()
        for task in self._tasks:
            task.cancel()

    def pid(self, name: str) -> int:
        """The process of a running program."""
        return self._running[name].pid

    def kill(self, name: str) -> None:
        """SIGKILL."""
        with contextlib.suppress(ProcessLookupError):
            self._running[name].kill()
            self.kills[name] += 1

    async def _keep(self, program: Program) -> None:
        while not self._stopping:
            killed = self.kills[program.name]
            process = await self._spawn(program)
            self._running[program.name] = process
            await process.wait()
            if not self._stopping and self.kills[program.name] == killed:
                self.ended_by_themselves[program.name] += 1
            await asyncio.sleep(0.1)

    async def _spawn(self, program: Program) -> asyncio.subprocess.Process:
        if program.before is not None:
            program.before()
        inherited = program.inherits() if program.inherits is not None else ()
        account = program.account() if program.account else None
        with (self._home.logs / f"{program.name}.log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *program.argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=inherited,
                env=dict(program.environment),
                cwd="/" if account is not None else CHECKOUT,
                start_new_session=True,
                preexec_fn=before_exec(program.death_signal, account),
            )
        for descriptor in inherited:
            os.close(descriptor)
        return process

    async def _ready(self, *names: str) -> None:
        end = time.monotonic() + 60
        for name in names:
            ask = self._programs[name].readiness()
            while name not in self._running or not await ask():
                if time.monotonic() > end:
                    raise RuntimeError(f"{name} does not become ready")
                await asyncio.sleep(0.05)

    async def all_ready(self) -> None:
        """Wait until everything answers again."""
        await self._ready(*(name for name, one in self._programs.items() if not one.one_shot))


def _replica(program: Program, port: int) -> Program:
    """A second one of a service, with the same database, key ring and ledger folder."""
    return replace(
        program,
        name=f"{program.name}-2",
        environment=dict(program.environment) | {"HOEKSTEEN_HTTP_PORT": str(port)},
        ports=(port,),
        ready_url=f"http://127.0.0.1:{port}/health/ready",
    )


@dataclass
class Ledger:
    """What the clients know: what was acknowledged for which case."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    opened: dict[UUID, int] = field(default_factory=dict)
    """Case → acknowledged interventions."""
    acknowledged: int = 0
    """Commands that were answered."""
    differing: int = 0
    """Repeats that were answered otherwise than the first time."""
    lost: int = 0
    doubled: int = 0
    retried: int = 0
    refused: Counter[str] = field(default_factory=Counter)


class Client:
    """One adviser's client, in a thread of its own."""

    def __init__(
        self, installation: Installation, organisation: UUID, key: AdviserKey, seed: str
    ) -> None:
        self._organisation = organisation
        self._key = key
        self._random = random.Random(seed)  # noqa: S311  a trial that can be run again
        token = installation.token("anna", "adviser", organisation)
        self._gateway = GatewayClient(installation.gateway_url, token, timeout=8)

    def run(self, commands: int, known: Ledger, more: Callable[[], bool]) -> None:
        """Send `commands` commands, and others while there are to be `more`, each until it is
        acknowledged.
        """
        with self._gateway:
            self._send(commands, known, more)

    def _send(self, commands: int, known: Ledger, more: Callable[[], bool]) -> None:
        mine: list[UUID] = []
        sent = 0
        while sent < commands or more():
            sent += 1
            if not mine or self._random.random() < 0.3:
                case = uuid4()
                self._until_answered(
                    documents.OPEN_CASE, opening(self._organisation, self._key, case), known
                )
                mine.append(case)
                with known.lock:
                    known.opened[case] = 0
                    known.acknowledged += 1
            else:
                case = self._random.choice(mine)
                given = {"caseId": str(case), "intervention": "listening"}
                self._until_answered(documents.RECORD_INTERVENTION, given, known)
                with known.lock:
                    known.opened[case] += 1
                    known.acknowledged += 1

    def _until_answered(self, document: str, given: Mapping[str, Any], known: Ledger) -> None:
        variables = {"input": {"idempotencyKey": secrets.token_urlsafe(16), **given}}
        twice = self._random.random() < _SENT_TWICE
        lost = self._random.random() < _LOST_REPLIES
        first: Any = None
        other = threading.Thread(target=self._send_once, args=(document, variables))
        if twice:
            with known.lock:
                known.doubled += 1
            other.start()
        end = time.monotonic() + _PATIENCE
        while True:
            answer = self._send_once(document, variables, known)
            if answer is not None and first is None and lost:
                # The reply is thrown away, as if the line had gone: the client asks again.
                first = answer
                with known.lock:
                    known.lost += 1
            elif answer is not None:
                if first is not None and first != answer:
                    with known.lock:
                        known.differing += 1
                break
            elif time.monotonic() > end:
                raise RuntimeError("a command was not answered in time")
            else:
                with known.lock:
                    known.retried += 1
                time.sleep(self._random.uniform(0.02, 0.2))
        if twice:
            other.join()

    def _send_once(
        self, document: str, variables: Mapping[str, Any], known: Ledger | None = None
    ) -> Any:
        try:
            return self._gateway.execute(document, variables)
        except GatewayError as error:
            if error.code not in _AGAIN:
                raise
            if known is not None:
                with known.lock:
                    known.refused[error.code] += 1
            return None


def _base64(data: bytes) -> str:
    import base64

    return base64.b64encode(data).decode("ascii")


async def trial(part: Part, commands: int, seed: int, home: Home, ports: Ports) -> list[Result]:
    """One trial on an empty home."""
    chance = random.Random(seed)  # noqa: S311  a trial that can be run again
    cluster = Cluster(home, ports, part.twice)
    await cluster.start()
    organisation, key = uuid4(), AdviserKey.generate()
    await asyncio.to_thread(_set_up, cluster.installation, organisation, key)

    known, over = Ledger(), threading.Event()

    def spared() -> list[str]:
        return [name for name in part.victims if not cluster.kills[name]]

    def more() -> bool:
        return bool(spared()) and not over.is_set()

    began = time.monotonic()
    with ThreadPoolExecutor(part.clients) as threads:
        clients = [
            Client(cluster.installation, organisation, key, f"{seed}-{n}")
            for n in range(part.clients)
        ]
        work = [
            asyncio.get_running_loop().run_in_executor(
                threads, client.run, commands // part.clients, known, more
            )
            for client in clients
        ]
        together = asyncio.gather(*work)
        turn = list(part.victims)
        chance.shuffle(turn)
        enough = 0.0
        try:
            while not together.done():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(asyncio.shield(together), chance.uniform(*_PAUSE))
                if not together.done() and known.acknowledged >= enough:
                    cluster.kill(next((name for name in turn if name in spared()), turn[0]))
                    enough = known.acknowledged + part.clients * _ANSWERED
                    turn = (
                        [*turn[1:], turn[0]]
                        if chance.random() < 0.7
                        else chance.sample(turn, len(turn))
                    )
            await together
        finally:
            over.set()  # where one client failed, nobody is killed any more
    took = time.monotonic() - began

    await cluster.all_ready()
    results = await asyncio.to_thread(_count, cluster, organisation, known)
    await cluster.stop()
    killed = cluster.kills
    print(
        f"seed {seed}: {known.acknowledged} commands from {part.clients} clients in {took:.0f} s;"
        f" killed {dict(killed)}; repeated {known.retried} times after {dict(known.refused)};"
        f" {known.lost} replies lost, {known.doubled} commands sent twice at once;"
        f" ended by themselves {dict(cluster.ended_by_themselves)}"
    )
    return [
        *results,
        *(
            Result(
                name=f"{name} killed", value=killed[name], unit="times", bound=1, better="higher"
            )
            for name in part.victims
        ),
    ]


def _set_up(installation: Installation, organisation: UUID, key: AdviserKey) -> None:
    token = installation.token("beheer", "admin")
    with GatewayClient(installation.gateway_url, token) as admin:
        admin.execute(
            documents.SET_UP_ORGANISATION,
            {
                "input": {
                    "idempotencyKey": secrets.token_urlsafe(16),
                    "organisationId": str(organisation),
                    "name": "Proef",
                    "language": "NL",
                    "units": [{"id": "all", "name": "Alles", "headcount": 900}],
                    "advisers": [{"id": "anna", "name": "Anna"}],
                    "release": {
                        "policy": "EXACT",
                        "dimension": "CATEGORY",
                        "k": 5,
                        "worksCouncilOn": "2025-01-20",
                    },
                }
            },
        )
    token = installation.token("anna", "adviser", organisation)
    with GatewayClient(installation.gateway_url, token) as anna:
        public = {"idempotencyKey": secrets.token_urlsafe(16), "publicKey": _base64(key.public)}
        anna.execute(documents.PUBLISH_ADVISER_KEY, {"input": public})


def _count(cluster: Cluster, organisation: UUID, known: Ledger) -> list[Result]:
    installation = cluster.installation
    period = Period.containing(installation.now().date())
    installation.move_clock(moment_of(tick_of(period, period.start)) + timedelta(minutes=1))
    released = _released(installation, organisation, str(period))
    missing = doubled = 0
    with psycopg.connect(installation.database_url("postgres")) as connection:
        rows = connection.execute(
            "SELECT stream, type, count(*) FROM intake.event"
            " WHERE type IN ('CaseOpened', 'InterventionRecorded') GROUP BY stream, type"
        ).fetchall()
        dense = connection.execute(
            "SELECT count(*) FROM (SELECT organisation, count(*) AS n, max(leaf_index) + 1 AS top"
            " FROM intake.event GROUP BY organisation) AS logs WHERE n <> top"
        ).fetchone()
    found = {(stream, kind): n for stream, kind, n in rows}
    for case, interventions in known.opened.items():
        for kind, wanted in (("CaseOpened", 1), ("InterventionRecorded", interventions)):
            got = found.get((case, kind), 0)
            missing += max(0, wanted - got)
            doubled += max(0, got - wanted)
    strangers = sum(1 for stream, _ in found if stream not in known.opened)
    with contextlib.redirect_stdout(io.StringIO()) as said:
        code = verify(installation)
    if code != 0:
        print(said.getvalue())

    def none(name: str, value: float, unit: str = "") -> Result:
        return Result(name=name, value=value, unit=unit, bound=0, better="lower")

    return [
        none("acknowledged commands missing", missing),
        none("commands that took effect twice", doubled),
        none("cases that nobody was told of", strangers),
        none("repeats with another answer", known.differing),
        none("logs with a gap", dense[0] if dense else 1),
        none("cases at intake that signals did not count", abs(len(known.opened) - released)),
        none("ledgers that do not verify (exit status)", code),
    ]


def _released(installation: Installation, organisation: UUID, period: str) -> int:
    token = installation.token("hr", "hr", organisation)
    end = time.monotonic() + 90
    with GatewayClient(installation.gateway_url, token) as hr:
        while time.monotonic() < end:
            with contextlib.suppress(GatewayError):
                for release in hr.execute(documents.STATISTICS)["statistics"]:
                    if release["period"] == period:
                        return int(release["total"] or 0)
            time.sleep(0.5)
    return -1


def main() -> int:
    """Run one trial; the exit status says whether everything holds."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--part", choices=PARTS, action="append", help="all, if none is named")
    parser.add_argument("--commands", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**31))
    chosen = parser.parse_args()
    print(f"seed {chosen.seed}", flush=True)
    statuses = []
    for part in [PARTS[name] for name in chosen.part or PARTS]:
        with tempfile.TemporaryDirectory(prefix="hoeksteen-faults-") as folder:
            home = Home(Path(folder) / "home")
            home.create()
            ports = Ports.from_environment()
            results = asyncio.run(trial(part, chosen.commands, chosen.seed, home, ports))
        path = CHECKOUT / "var" / "results" / f"faults-{part.name}.json"
        title = f"Faults, {part.name} (seed {chosen.seed})"
        statuses.append(report(results, path, title))
    return max(statuses)


if __name__ == "__main__":
    sys.exit(main())
