"""Integrations of a cluster of three in operator mode: any server, one gone, one that comes back."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import nats.errors
import pytest
import yaml
from nats.js.errors import APIError

from shared.bus import integrations, server
from shared.bus.connection import CannotConnect, connect
from shared.bus.operator import OperatorBus, OperatorFolder
from shared.bus.provision import NotProvisioned, provision
from shared.local.child import before_exec
from tests.deploy.manifests import DEPLOY
from tests.nats_server import until
from tests.ports import free_ports

if TYPE_CHECKING:
    from nats.aio.client import Client

SIGNAL = "signals.v1.org1.statistics-released"


class Cluster:
    """Three servers that know one operator, and what was handed to an integration."""

    def __init__(self, home: Path, **routes: object) -> None:
        self.home = home
        self.of_routes = routes
        self.port = free_ports(9)
        self.folder = OperatorFolder.made(home / "operator")
        self.bus = OperatorBus(
            self.folder,
            servers=",".join(self.url(number) for number in range(3)),
            monitor_url=f"http://127.0.0.1:{self.port + 3}",
            replicas=3,
        )
        self.servers: dict[int, subprocess.Popen[bytes]] = {}
        self.clients: list[Client] = []

    def url(self, number: int) -> str:
        return f"nats://127.0.0.1:{self.port + number}"

    def start(self, number: int) -> None:
        config = self.home / f"{number}.conf"
        routes = [f"nats://127.0.0.1:{self.port + 6 + each}" for each in range(3)]
        settings = {
            "server_name": f"server-{number}",
            "listen": f"127.0.0.1:{self.port + number}",
            "http": f"127.0.0.1:{self.port + 3 + number}",
            "jetstream": {"store_dir": str(self.home / f"store-{number}")},
            "cluster": {
                "name": "test",
                "listen": f"127.0.0.1:{self.port + 6 + number}",
                "routes": routes,
                **self.of_routes,
            },
            **self.folder.server_settings(self.home / f"accounts-{number}", interval="2s"),
        }
        server.write_config(config, json.dumps(settings))
        with (self.home / f"{number}.log").open("ab") as log:
            self.servers[number] = subprocess.Popen(
                server.argv(config), stdout=log, stderr=log, preexec_fn=before_exec()
            )

    async def client(self, user: str, secret: str, number: int) -> Client:
        client = await connect(
            servers=self.url(number),
            user=user,
            password=secret,
            name="test",
            on_problem=lambda _problem: None,
        )
        self.clients.append(client)
        return client

    async def provisioned(self) -> None:
        core = await self.bus.core()
        self.clients.append(core)
        await provision(core=core, integrations=[], monitor_url=self.bus.monitor_url, replicas=3)

    async def release(self, body: bytes) -> None:
        """Publish a signal, also while servers choose who leads."""
        secret = self.folder.service("signals").read_text()
        client = await self.client("signals", secret, 0)
        headers = {"Nats-Msg-Id": body.decode()}

        async def published() -> None:
            await client.jetstream().publish(SIGNAL, body, headers=headers, timeout=2)

        await persist(published)

    async def taken(self, client: Client, count: int) -> list[bytes]:
        """The next messages of the integration, each once."""
        got: list[bytes] = []

        async def all_there() -> None:
            pull = await client.jetstream().pull_subscribe_bind("integration", "SIGNALS_EXT")
            while len(got) < count:
                [message] = await pull.fetch(1, timeout=2)
                await message.ack_sync()
                if message.data not in got:
                    got.append(message.data)

        await persist(all_there)
        return got

    async def close(self) -> None:
        for client in self.clients:
            await client.close()
        for process in self.servers.values():
            process.kill()
            process.wait()


async def persist(work: Callable[[], Awaitable[None]]) -> None:
    """Do it again until it is done, for a minute at most."""
    async with asyncio.timeout(60):
        while True:
            with suppress(APIError, nats.errors.Error, TimeoutError, NotProvisioned, CannotConnect):
                return await work()
            await asyncio.sleep(0.2)


async def test_every_server_knows_who_is_in_and_who_is_not(tmp_path: Path) -> None:
    """Also the one that was away when credentials were taken back, soon after it is there again."""
    cluster = Cluster(tmp_path)
    try:
        for number in range(3):
            cluster.start(number)
        await persist(cluster.provisioned)
        await cluster.release(b"first")
        await integrations.add(cluster.bus, "acme", ("org1",))
        lost = cluster.bus.file("acme", 1).read_text()
        assert await cluster.taken(await cluster.client("acme", lost, 1), 1) == [b"first"]

        cluster.servers[2].kill()
        cluster.servers[2].wait()
        careless = await cluster.client("acme", lost, 0)
        await cluster.release(b"second")
        await integrations.rotate(cluster.bus, "acme", overlap_days=0)
        await until(lambda: not careless.is_connected)
        fresh = cluster.bus.file("acme", 2).read_text()
        assert await cluster.taken(await cluster.client("acme", fresh, 0), 1) == [b"second"]

        cluster.start(2)

        async def refused_there() -> None:
            try:
                await (await cluster.client("acme", lost, 2)).close()
            except CannotConnect as problem:
                if "does not accept" in str(problem):
                    return
            raise TimeoutError

        await persist(refused_there)
        there = await cluster.client("acme", fresh, 2)
        await cluster.release(b"third")
        assert await cluster.taken(there, 1) == [b"third"]
        await integrations.remove(cluster.bus, "acme")
        await until(lambda: not there.is_connected)
    finally:
        await cluster.close()


async def test_commands_wait_for_a_cluster_that_chooses_who_leads(tmp_path: Path) -> None:
    """While two of three stand still nobody answers what is asked about streams; soon they do again."""
    cluster = Cluster(tmp_path)

    async def stand_still(seconds: float) -> None:
        for number in (1, 2):
            cluster.servers[number].send_signal(signal.SIGSTOP)
        await asyncio.sleep(seconds)
        for number in (1, 2):
            cluster.servers[number].send_signal(signal.SIGCONT)

    try:
        for number in range(3):
            cluster.start(number)
        await persist(cluster.provisioned)
        cluster.bus.servers = cluster.url(0)
        for command in (
            lambda: integrations.add(cluster.bus, "acme", ("org1",)),
            lambda: integrations.remove(cluster.bus, "acme"),
        ):
            # Longer than one request is waited for.
            pause = asyncio.create_task(stand_still(seconds=6))
            await asyncio.sleep(0.1)
            await command()
            await pause
        assert integrations.listed(cluster.bus).integrations == ()
    finally:
        await cluster.close()


@pytest.mark.parametrize("replicas", ["2", "many"])
def test_a_number_of_copies_that_is_none_is_told(
    replicas: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sentence, before anything is asked of a server."""
    from shared.cli.integration import _mode
    from shared.local.problem import LocalProblem

    monkeypatch.setenv("HOEKSTEEN_NATS_URL", "nats://127.0.0.1:1")
    monkeypatch.setenv("HOEKSTEEN_NATS_MONITOR_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("HOEKSTEEN_NATS_REPLICAS", replicas)
    with pytest.raises(LocalProblem, match="1, 3 or 5"):
        _mode(tmp_path)
    monkeypatch.setenv("HOEKSTEEN_NATS_REPLICAS", "3")
    with pytest.raises(LocalProblem, match="integration operator"):
        _mode(tmp_path)
    monkeypatch.delenv("HOEKSTEEN_NATS_MONITOR_URL")
    with pytest.raises(LocalProblem, match="HOEKSTEEN_NATS_MONITOR_URL"):
        _mode(tmp_path)


@pytest.mark.parametrize("production", [False, True])
async def test_production_tells_a_client_of_no_other_server(
    tmp_path: Path, production: bool
) -> None:
    """Outside, their own addresses lead nowhere; without the chart's value clients are sent to them."""
    values = yaml.safe_load((DEPLOY / "k8s/platform/nats.yaml").read_text())
    cluster = Cluster(tmp_path, **(values["config"]["cluster"]["merge"] if production else {}))
    try:
        for number in range(3):
            cluster.start(number)
        await persist(cluster.provisioned)
        secret = cluster.folder.service("intake").read_text()
        client = await cluster.client("intake", secret, 0)
        others = {f"127.0.0.1:{cluster.port + each}" for each in (1, 2)}
        known = {each.netloc for each in client.discovered_servers}
        assert known == (set() if production else others)
    finally:
        await cluster.close()
