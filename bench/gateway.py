"""`make bench PART=gateway`: what the gateway costs, beside a server that does nothing else.

    python -m bench.gateway [--rounds 8] [--hellos 2000] [--pages 400] [--sockets 1000]

PostgreSQL, nats-server, issuer and intake run as `make run` starts them; intake has two advisers with some
fifty cases each. Beside them run, each in a process of its own, the gateway as in production (no file of
spans), bare Starlette, and strawberry as it comes (bench/gateway_servers.py). A client over raw sockets asks
them in turn, eight connections at a time, so many rounds:

- hello: `{ session { role } }`, and a bare POST that answers the same bytes;
- a page: 50 entries of 8 fields, `cases(first: 50)`, and a bare POST that asks intake for it over NATS and
  passes the bytes on. Intake records the look either way.

CPU is user and system time of the serving process alone, for each request, and of all rounds the least: what
else the machine does makes a round dearer, never cheaper. Requests per second are of the best round; client,
server and, for pages, intake and PostgreSQL share the processors. The bounds are on the ratio of CPU. Last
comes one change that is told to many sockets (bench/gateway_fanout.py).
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

import uvloop
from rich.console import Console
from rich.table import Table

from bench.faults import Cluster
from bench.gateway_fanout import SOCKETS, fan_out
from bench.intake_clients import request
from bench.intake_house import House
from bench.results import Result, report
from shared.identity.issuer import Signer, load_key
from shared.identity.roles import Role
from shared.local.child import before_exec
from shared.local.home import CHECKOUT, Home
from shared.local.session import WITNESSES, Ports

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from shared.local.session import Installation

ROUNDS, HELLOS, PAGES = 8, 2_000, 400
CONNECTIONS: Final = 8
HELLO_RATIO, PAGE_RATIO = 0.45, 0.5
_PROGRAMS: Final = frozenset(
    {"intake", "postgres", "nats", "issuer", "migrations", "streams", *WITNESSES}
)
_CASES: Final = 104
_LONGEST: Final = 120.0
"""Seconds of one round at one server."""
_HELLO: Final = "{ session { role } }"
_PAGE: Final = (
    "{ cases(first: 50) { edges { cursor node { id status category openedWeek conversations reseal } }"
    " pageInfo { hasNextPage endCursor } } }"
)
_SERVERS: Final[Mapping[str, tuple[str, ...]]] = {
    "bare Starlette": ("bench.gateway_servers", "bare"),
    "Hoeksteen": ("services.gateway",),
    "strawberry as it comes": ("bench.gateway_servers", "strawberry"),
}


@dataclass(slots=True)
class Measured:
    """One kind of request at one server."""

    server: str
    request: bytes
    cpu: float = float("inf")
    """Microseconds of the server's CPU for one request, in the round that took least."""
    rate: float = 0.0
    """Requests a second in the best round."""
    body: bytes = field(default=b"", repr=False)


class _Connection(asyncio.Protocol):
    """Sends the same request again and again, as soon as it has the answer."""

    def __init__(self, request: bytes, left: list[int], done: asyncio.Future[bytes]) -> None:
        self._request = request
        self._left = left
        self.done = done
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass
        self._next(b"")

    def data_received(self, data: bytes) -> None:
        """Take a part of an answer; ask again when it is whole."""
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        if len(body) < length:
            return
        if not head.startswith(b"HTTP/1.1 200") or b'"errors"' in body[:10]:
            self.done.set_exception(RuntimeError(bytes(self._buffer[:300]).decode()))
            return
        self._buffer.clear()
        self._next(bytes(body))

    def connection_lost(self, error: Exception | None) -> None:
        """Nobody is to wait for what does not come."""
        if not self.done.done():
            self.done.set_exception(error or ConnectionError("the server closed"))

    def close(self) -> None:
        """Let go."""
        if self._transport is not None:
            self._transport.close()

    def _next(self, body: bytes) -> None:
        assert self._transport is not None  # noqa: S101  there is one by now
        if self._left[0] > 0:
            self._left[0] -= 1
            self._transport.write(self._request)
        elif not self.done.done():
            self.done.set_result(body)
            self._transport.close()


async def ask(port: int, sent: bytes, count: int) -> bytes:
    """Ask so many times over a few connections; the last answer. Raises RuntimeError for a refusal."""
    loop = asyncio.get_running_loop()
    left = [count]
    lines = []
    try:
        async with asyncio.timeout(_LONGEST):
            for _ in range(CONNECTIONS):
                line = _Connection(sent, left, loop.create_future())
                lines.append(line)
                await loop.create_connection(lambda line=line: line, "127.0.0.1", port)  # type: ignore[misc]
            return max(await asyncio.gather(*(line.done for line in lines)), key=len)
    finally:
        for line in lines:
            line.close()


@contextlib.asynccontextmanager
async def servers(
    installation: Installation, folder: Path
) -> AsyncIterator[dict[str, tuple[int, int]]]:
    """The three servers, running: name → process and port."""
    ports = installation.ports
    running = []
    found = {}
    try:
        for number, (name, module) in enumerate(_SERVERS.items()):
            port = ports.base + _FIRST + number
            environment = {
                "PATH": os.environ.get("PATH", os.defpath),
                "PYTHONPATH": f"{CHECKOUT}{os.pathsep}{CHECKOUT / 'clients/python'}",
                "HOEKSTEEN_MODE": "production",
                "HOEKSTEEN_FREE_DOCUMENTS": "adviser",
                # One person asks all of it.
                "HOEKSTEEN_RATE_PERSON": "999999999",
                "HOEKSTEEN_RATE_ROLE": "999999999",
                "HOEKSTEEN_NATS_URL": installation.nats_url,
                "HOEKSTEEN_NATS_USER": "gateway",
                "HOEKSTEEN_NATS_PASSWORD_FILE": str(installation.nats_password_file("gateway")),
                "HOEKSTEEN_HTTP_PORT": str(port),
                "HOEKSTEEN_JWKS": installation.jwks_url,
                "HOEKSTEEN_ISSUER": installation.issuer_url,
            }
            with (folder / f"{number}.log").open("wb") as log:
                process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-m",
                    *module,
                    env=environment,
                    stdout=log,
                    stderr=log,
                    preexec_fn=before_exec(),
                )
            running.append(process)
            await _listens(port)
            found[name] = (process.pid, port)
        yield found
    finally:
        for process in running:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
        for process in running:
            await process.wait()


_FIRST: Final = 12
"""The servers' first port, behind those of the installation."""


async def _listens(port: int) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.1)
            continue
        writer.close()
        return
    raise RuntimeError(f"nothing listens on port {port}")


def _cpu(pid: int) -> float:
    """Microseconds that a process with its threads has had a processor, as the scheduler counts them: a
    hundredth of a second, as elsewhere in /proc, would be a hundred requests.
    """
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1000


async def measure(
    found: Mapping[str, tuple[int, int]],
    kinds: Mapping[str, Mapping[str, bytes]],
    counts: Mapping[str, int],
    rounds: int,
) -> dict[str, list[Measured]]:
    """All kinds of requests at all servers, in turn, round by round; the first round warms up."""
    table = {
        kind: [Measured(server, sent) for server, sent in requests.items()]
        for kind, requests in kinds.items()
    }
    for each in range(rounds + 1):
        for kind, rows in table.items():
            for row in rows:
                pid, port = found[row.server]
                count = counts[kind]
                before, began = _cpu(pid), time.perf_counter()
                row.body = await ask(port, row.request, count)
                took = time.perf_counter() - began
                if each:
                    row.cpu = min(row.cpu, (_cpu(pid) - before) / count)
                    row.rate = max(row.rate, count / took)
    return table


def _requests(token: str) -> dict[str, dict[str, bytes]]:
    """What is sent, by kind and server."""

    def asked(document: str, path: str = "/graphql") -> bytes:
        return request(token, document, {}).replace(b"/graphql", path.encode(), 1)

    return {
        "hello": {
            server: asked(_HELLO, "/hello" if server == "bare Starlette" else "/graphql")
            for server in _SERVERS
        },
        "a page of 50 × 8": {
            server: asked(_PAGE, "/page" if server == "bare Starlette" else "/graphql")
            for server in _SERVERS
        },
    }


def _print(table: Mapping[str, list[Measured]]) -> None:
    shown = Table(title="CPU of the server and requests per second", title_justify="left")
    for heading in ("", "", "CPU µs", "of bare", "requests/s"):
        shown.add_column(heading, justify="left" if not heading else "right")
    for kind, rows in table.items():
        for row in rows:
            shown.add_row(
                kind,
                row.server,
                f"{row.cpu:.0f}",
                f"{rows[0].cpu / row.cpu:.2f}",
                f"{row.rate:.0f}",
            )
    Console().print(shown)


async def trial(
    home: Home, ports: Ports, folder: Path, *, rounds: int, hellos: int, pages: int
) -> list[Result]:
    """Start everything, measure, stop."""
    cluster = Cluster(home, ports, only=_PROGRAMS)
    await cluster.start()
    installation = cluster.installation
    house = await House.start(installation, 1)
    try:
        await house.fill(_CASES, 1)
        signer = Signer(load_key(home.secrets / "issuer.key"), installation.issuer_url)
        token = signer.token(
            sub="anna", role=Role.ADVISER, organisation=house.organisations[0].id, lifetime=3600
        )
        async with servers(installation, folder) as found:
            counts = {"hello": hellos, "a page of 50 × 8": pages}
            table = await measure(found, _requests(token), counts, rounds)
    finally:
        await house.stop()
        await cluster.stop()
    _print(table)
    for rows in table.values():
        if len({_comparable(row.body) for row in rows[1:]}) != 1:
            raise RuntimeError("the servers do not answer the same")
    return [
        Result(
            name=f"{kind}: CPU of a bare Starlette POST, of ours",
            value=round(rows[0].cpu / rows[1].cpu, 2),
            unit="×",
            bound=bound,
            better="higher",
        )
        for (kind, rows), bound in zip(table.items(), (HELLO_RATIO, PAGE_RATIO), strict=True)
    ]


def _comparable(body: bytes) -> bytes:
    """An answer without its blanks: another writer of JSON puts some."""
    return body.replace(b" ", b"")


def main() -> int:
    """Print the tables and write the file; 0 when every bound holds."""
    parser = argparse.ArgumentParser(prog="python -m bench.gateway")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--hellos", type=int, default=HELLOS)
    parser.add_argument("--pages", type=int, default=PAGES)
    parser.add_argument("--sockets", type=int, default=SOCKETS)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hoeksteen-bench-") as name:
        folder = Path(name)
        home = Home(folder / "home")
        home.create()
        results = uvloop.run(
            trial(
                home,
                Ports.from_environment(),
                folder,
                rounds=chosen.rounds,
                hellos=chosen.hellos,
                pages=chosen.pages,
            )
        )
    results += uvloop.run(fan_out(sockets=chosen.sockets))
    return report(
        results, CHECKOUT / "var/results/bench-gateway.json", "Gateway beside bare Starlette"
    )


if __name__ == "__main__":
    sys.exit(main())
