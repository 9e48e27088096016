"""A program that hangs is found: by who asks whether it lives, or by itself."""

from __future__ import annotations

import asyncio
import threading
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from nats.aio.client import Client

from shared.bus.connection import connect, responds
from shared.bus.rpc import RpcRequest, RpcServer
from shared.bus.watch import BusStuck, until_stuck
from shared.runtime.health import telling
from tests.lines import line_to
from tests.nats_server import running_bus, until
from tests.ports import free_port


class Program:
    """One that is well."""

    started = True

    async def is_ready(self) -> bool:
        """Always."""
        return True

    async def exposition(self) -> bytes:
        """None."""
        return b""


def test_a_loop_that_does_not_turn_answers_no_probe() -> None:
    """Nothing is answered while something holds the loop, whatever the program would say."""
    port, hold, held, over = free_port(), threading.Event(), threading.Event(), threading.Event()

    async def run() -> None:
        async with telling(Program(), host="127.0.0.1", port=port):
            while not over.is_set():
                if hold.is_set() and not held.is_set():
                    held.set()
                    over.wait(30)  # without giving the loop back
                await asyncio.sleep(0.01)

    def alive() -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/live", timeout=1) as got:
                return bool(got.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    running = threading.Thread(target=lambda: asyncio.run(run()))
    running.start()
    try:
        while not alive():
            pass
        hold.set()
        assert held.wait(30)
        assert not alive()
    finally:
        hold.set()
        over.set()
        running.join()


async def test_a_connection_that_hangs_ends_the_program(tmp_path: Path) -> None:
    """The server answers whoever comes anew, and ours hears nothing."""
    async with (
        running_bus(tmp_path, provisioned=False) as bus,
        line_to(lambda: asyncio.open_connection("127.0.0.1", bus.port)) as line,
    ):

        async def anew() -> Client:
            at = f"nats://127.0.0.1:{line.port}"
            return await connect(
                servers=at, user="intake", password=bus.passwords["intake"], name="t"
            )

        client = await anew()
        watching = asyncio.create_task(until_stuck(client, anew, patience=0.2, every=0.05))
        assert await responds(client)
        line.swallowed.add(1)
        async with asyncio.timeout(30):
            with pytest.raises(BusStuck):
                await watching
        assert line.count >= 2
        await client.close()


async def test_a_server_that_is_away_ends_no_program(tmp_path: Path) -> None:
    """To start it again would not bring the server back: it is asked for, and waited for."""
    async with running_bus(tmp_path, provisioned=False) as bus:
        asked = 0

        async def anew() -> Client:
            nonlocal asked
            asked += 1
            return await connect(
                servers=bus.url, user="intake", password=bus.passwords["intake"], name="t"
            )

        client = await anew()
        watching = asyncio.create_task(until_stuck(client, anew, patience=0.2, every=0.05))
        bus.stop(kill=True)
        await until(lambda: asked >= 3, within=30)
        assert not watching.done()
        watching.cancel()
        await client.close()


async def test_a_connection_that_hangs_hinders_no_end_in_order(tmp_path: Path) -> None:
    """A service that ends for it does what it has taken, as at any other end."""
    taken, go, done = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def dispatch(_: RpcRequest) -> bytes:
        taken.set()
        await go.wait()
        done.set()
        return b"{}"

    async with (
        running_bus(tmp_path, provisioned=False) as bus,
        line_to(lambda: asyncio.open_connection("127.0.0.1", bus.port)) as line,
    ):
        client = await connect(
            servers=f"nats://127.0.0.1:{line.port}",
            user="intake",
            password=bus.passwords["intake"],
            name="t",
        )
        server = RpcServer(client, "intake", dispatch)
        await server.start()
        gateway = await bus.client("gateway")
        await gateway.publish("rpc.intake.v1.cases", b"{}", reply=gateway.new_inbox())
        await taken.wait()
        line.swallowed.add(1)
        asyncio.get_running_loop().call_later(0.5, go.set)
        await server.drain(within=1)
        assert done.is_set()
        await client.close()
