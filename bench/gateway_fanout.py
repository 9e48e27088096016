"""What a change costs that is news for a thousand: part of `make bench PART=gateway`.

    python -m bench.gateway_fanout [--sockets 1000] [--rounds 10]

The gateway runs as a program; so many people, each on a WebSocket of their own, are subscribed to one
thing. Then it changes: for each of them the gateway asks the service again, with their own token, and sends
what it answers. The service is a table in this process, which also reads all sockets, so that figures are
those of three parts on one machine. A round ends when the last one was told.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import uvloop
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bench.results import Result, report
from services.gateway.server import raise_file_limit
from shared.bus.rpc import RpcServer
from shared.identity.issuer import Signer
from shared.local.home import CHECKOUT
from tests.conformance.neighbours import ANSWERS, Gateway
from tests.conformance.program import gateway_program
from tests.conformance.subscriber import Subscriber, subscribed
from tests.conformance.websocket import CASE, CHANGES
from tests.gateway_lab import ISSUER, Neighbours
from tests.nats_server import running_bus

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SOCKETS: Final = 1_000
ROUNDS: Final = 10

LEAST_EVENTS: Final = 500.0
"""Events a second, of all sockets together."""

MOST_P99: Final = 2.0
"""Seconds from the change until 99 of 100 are told."""

_AT_ONCE: Final = 50


@contextlib.asynccontextmanager
async def _crowd(there: Gateway, sockets: int) -> AsyncIterator[list[Subscriber]]:
    """So many people, each subscribed and told the present state."""
    connecting = asyncio.Semaphore(_AT_ONCE)
    async with contextlib.AsyncExitStack() as stack:

        async def one(number: int) -> Subscriber:
            token = there.token(lifetime=3600, sub=f"person {number}")
            async with connecting:
                told = await stack.enter_async_context(
                    subscribed(there.origin, token, CHANGES, {"id": CASE})
                )
                await told.told()
            return told

        yield await asyncio.gather(*(one(number) for number in range(sockets)))


async def _round(there: Gateway, crowd: list[Subscriber]) -> list[float]:
    """How long each waited for one change, in seconds."""
    began = time.perf_counter()

    async def one(told: Subscriber) -> float:
        await told.told()
        return time.perf_counter() - began

    waiting = asyncio.gather(*(one(told) for told in crowd))
    await there.change()
    return await waiting


async def fan_out(*, sockets: int = SOCKETS, rounds: int = ROUNDS) -> list[Result]:
    """Events a second and the 99th percentile, each of the best round."""
    raise_file_limit()
    signer = Signer(key=Ed25519PrivateKey.generate(), issuer=ISSUER)
    neighbours = Neighbours(answers=dict(ANSWERS))
    async with contextlib.AsyncExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hoeksteen-bench-")))
        (home / "jwks.json").write_text(json.dumps(signer.jwks()))
        bus = await stack.enter_async_context(running_bus(home))
        server = RpcServer(await bus.client("intake"), "intake", neighbours.dispatcher("intake"))
        await server.start()
        stack.push_async_callback(server.drain)
        origin = await stack.enter_async_context(
            gateway_program(home, bus, jwks=home / "jwks.json", issuer=ISSUER, mode="local")
        )
        there = Gateway(origin, signer, await bus.client("intake"))
        crowd = await stack.enter_async_context(_crowd(there, sockets))
        found = []
        for _ in range(rounds):
            found.append(sorted(await _round(there, crowd)))
            neighbours.asked.clear()
    return [
        Result(
            name=f"events to {sockets} sockets",
            value=sockets / min(each[-1] for each in found),
            unit="/s",
            bound=LEAST_EVENTS,
            better="higher",
        ),
        Result(
            name=f"until 99 % of {sockets} are told",
            value=min(each[int(sockets * 0.99) - 1] for each in found),
            unit="s",
            bound=MOST_P99,
            better="lower",
        ),
    ]


def main() -> int:
    """Print the table and write the file; 0 when both bounds hold."""
    parser = argparse.ArgumentParser(prog="python -m bench.gateway_fanout")
    parser.add_argument("--sockets", type=int, default=SOCKETS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    chosen = parser.parse_args()
    results = uvloop.run(fan_out(sockets=chosen.sockets, rounds=chosen.rounds))
    path = CHECKOUT / "var/results/bench-gateway-fanout.json"
    return report(results, path, "One change, told to many")


if __name__ == "__main__":
    sys.exit(main())
