"""Whether the gateway speaks its protocols as their own suites and clients want it.

    make conformance

Two gateways are started as programs, on a bus of their own; services answer from a table. The one for
development takes GET and documents of everybody's own, the other is as in production:

* graphql-http's audits of GraphQL over HTTP, on both. In production GET is not served; the audits that
  want it answered do not apply: three that begin with MAY. It is asked as an integration, which has
  documents of its own;
* checks of graphql-transport-ws, on frames (tests/conformance/websocket.py);
* what graphql-cop looks for, in production: as an adviser, whose documents are released ones, and as an
  integration, which may introspect the schema of its own role (docs/graphql.md says why);
* the npm clients graphql-ws and graphql-sse.

The exit status says whether all holds.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from nats.aio.client import Client
from rich.console import Console
from rich.table import Table

from shared.bus.rpc import RpcServer
from shared.identity.issuer import Signer
from shared.identity.roles import Role
from tests.conformance import cop, websocket
from tests.conformance.neighbours import ANSWERS, Gateway
from tests.conformance.program import ROOT, gateway_program
from tests.gateway_lab import ISSUER, Neighbours
from tests.nats_server import Bus, running_bus

NODE: Final = ROOT / "tests/conformance/node"

AUDITS: Final = 61
"""How many graphql-http has."""

BY_GET: Final = frozenset({"5A70", "D6D5", "6A70"})
"""Audits whose query is to be answered by GET, each a MAY: production serves none."""

_MOST_SECONDS: Final = 180


@dataclass(frozen=True, slots=True)
class Found:
    """One thing that was tried. `wrong` is empty where it holds."""

    name: str
    wrong: str


@dataclass(frozen=True, slots=True)
class House:
    """What the gateways stand in."""

    home: Path
    bus: Bus
    signer: Signer
    intake: Client


@contextlib.asynccontextmanager
async def gateway(house: House, mode: str, **settings: str) -> AsyncIterator[Gateway]:
    """A gateway as a program, ready."""
    jwks = house.home / "jwks.json"
    jwks.write_text(json.dumps(house.signer.jwks()))
    signer = house.signer
    async with gateway_program(
        house.home, house.bus, jwks=jwks, issuer=signer.issuer, mode=mode, **settings
    ) as origin:
        yield Gateway(origin, signer, house.intake)


async def node(script: str, **environment: str) -> list[dict[str, Any]]:
    """The JSON lines that a script of ours prints."""
    program = await asyncio.create_subprocess_exec(
        "node",
        str(NODE / script),
        cwd=NODE,
        env=os.environ | environment,
        stdout=asyncio.subprocess.PIPE,
    )
    assert program.stdout is not None  # noqa: S101  it is a pipe
    try:
        async with asyncio.timeout(_MOST_SECONDS):
            lines = (await program.stdout.read()).splitlines()
            if await program.wait() != 0:
                raise SystemExit(f"{script} ended with {program.returncode}")
    finally:
        if program.returncode is None:
            program.kill()
    return [json.loads(line) for line in lines]


async def audits(there: Gateway, role: Role, *, without: frozenset[str]) -> list[Found]:
    """graphql-http's, but those `without` which this profile is."""
    lines = await node("audit.js", URL=f"{there.origin}/graphql", TOKEN=there.token(role=role))
    if len(lines) != AUDITS:
        raise SystemExit(f"graphql-http has {len(lines)} audits, and not {AUDITS}")
    return [
        Found(f"{line['id']} {line['name']}", "" if line["status"] == "ok" else str(line["reason"]))
        for line in lines
        if line["id"] not in without
    ]


async def clients(there: Gateway) -> list[Found]:
    """graphql-ws and graphql-sse, while a case goes on changing."""

    async def changes() -> None:
        while True:
            await there.change()
            await asyncio.sleep(0.1)

    changing = asyncio.create_task(changes())
    try:
        lines = await node(
            "clients.js",
            ORIGIN=there.origin,
            TOKEN=there.token(),
            SHORT_TOKEN=there.token(lifetime=3),
            CASE=websocket.CASE,
        )
    finally:
        changing.cancel()
    return [Found(line["name"], line["wrong"]) for line in lines]


async def everything(home: Path) -> dict[str, list[Found]]:
    """All that is tried, by what it is tried with."""
    signer = Signer(key=Ed25519PrivateKey.generate(), issuer=ISSUER)
    neighbours = Neighbours(answers=dict(ANSWERS))
    async with contextlib.AsyncExitStack() as stack:
        bus = await stack.enter_async_context(running_bus(home))
        for service in ("intake", "signals", "reporting"):
            server = RpcServer(await bus.client(service), service, neighbours.dispatcher(service))
            await server.start()
            stack.push_async_callback(server.drain)
        house = House(home, bus, signer, await bus.client("intake"))
        found: dict[str, list[Found]] = {}
        async with gateway(house, "local", HOEKSTEEN_GET_QUERIES="yes") as there:
            found["graphql-http, development"] = await audits(
                there, Role.ADVISER, without=frozenset()
            )
            found["npm clients graphql-ws and graphql-sse"] = await clients(there)
            checked = await websocket.run(there)
            found["graphql-transport-ws"] = [Found(*one) for one in checked.items()]
        async with gateway(house, "production") as there:
            found["graphql-http, production"] = await audits(
                there, Role.INTEGRATION, without=BY_GET
            )
            checked = await cop.run(there.origin, there.token())
            found["graphql-cop, production, adviser"] = [Found(*one) for one in checked.items()]
            checked = await cop.run(there.origin, there.token(role=Role.INTEGRATION))
            found["graphql-cop, production, integration"] = [
                Found(*one) for one in checked.items() if one[0] != cop.introspection.__name__
            ]
        return found


def main() -> int:
    """Print what was tried with what, and each thing that does not hold."""
    if not (NODE / "node_modules").is_dir():
        print("Its packages are missing: npm ci in tests/conformance/node.", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as home:
        found = asyncio.run(everything(Path(home)))
    console = Console()
    table = Table(title="Protocols", title_justify="left")
    table.add_column("")
    table.add_column("holds", justify="right")
    table.add_column("of", justify="right")
    for name, tried in found.items():
        table.add_row(name, str(sum(not one.wrong for one in tried)), str(len(tried)))
    console.print(table)
    failed = [(name, one) for name, tried in found.items() for one in tried if one.wrong]
    for name, one in failed:
        console.print(f"{name}: {one.name}: {one.wrong}", markup=False)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
