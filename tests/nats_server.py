"""A real nats-server for a test: own ports, own folder, gone with the test or its runner."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from shared.bus import server
from shared.bus.accounts import DEFAULT_INTEGRATIONS, IntegrationAccount, nats_config, users
from shared.bus.connection import connect
from shared.bus.provision import Provisioned, provision
from shared.local.child import before_exec
from tests.ports import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from nats.aio.client import Client

KEY = "k" + "0123456789" * 3


@dataclass
class Bus:
    """The server, its users' passwords, and the clients that a test made."""

    home: Path
    integrations: Sequence[IntegrationAccount] = DEFAULT_INTEGRATIONS
    key: str = KEY
    previous_key: str | None = None
    port: int = field(default_factory=free_port)
    monitor_port: int = field(default_factory=free_port)
    problems: list[str] = field(default_factory=list)
    _clients: list[Client] = field(default_factory=list)
    _process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    @property
    def monitor_url(self) -> str:
        return f"http://127.0.0.1:{self.monitor_port}"

    @property
    def store(self) -> Path:
        return self.home / "store"

    @property
    def passwords(self) -> dict[str, str]:
        return {user: "p" + user.replace("-", "") + "0" * 24 for user in users(self.integrations)}

    async def start(self) -> None:
        """Start, and wait until it listens."""
        config = self.home / "nats.conf"
        server.write_config(
            config,
            nats_config(
                store_dir=self.store,
                encryption_key=self.key,
                previous_key=self.previous_key,
                passwords=self.passwords,
                integrations=self.integrations,
                port=self.port,
                monitor_port=self.monitor_port,
            ),
        )
        with (self.home / "nats.log").open("ab") as log:
            process = subprocess.Popen(
                server.argv(config, ports_file_dir=self.home),
                stdout=log,
                stderr=log,
                preexec_fn=before_exec(),
            )
        self._process = process
        ports = self.home / f"nats-server_{process.pid}.ports"
        deadline = time.monotonic() + 10
        while not ports.exists() or not ports.read_text():
            assert process.poll() is None, (self.home / "nats.log").read_text()
            assert time.monotonic() < deadline
            await asyncio.sleep(0.02)
        found = json.loads(ports.read_text())
        self.port = int(found["nats"][0].rsplit(":", 1)[1])
        self.monitor_port = int(found["monitoring"][0].rsplit(":", 1)[1])

    def stop(self, *, kill: bool = False) -> None:
        """End the server, with `kill` as if by a crash."""
        if self._process is not None:
            if kill:
                self._process.kill()
            else:
                self._process.terminate()
            self._process.wait()
            self._process = None

    async def freeze(self) -> None:
        """Stop every thread of the server without ending it; Linux stops them one by one."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        threads = Path(f"/proc/{self._process.pid}/task")

        def frozen() -> bool:
            states = [(each / "stat").read_text().rsplit(")", 1)[1] for each in threads.iterdir()]
            return all(state.split()[0] == "T" for state in states)

        await until(frozen)

    def thaw(self) -> None:
        """Let a frozen server go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    async def client(self, user: str) -> Client:
        """A client signed in as `user`; what NATS refuses it is added to `problems`."""
        client = await connect(
            servers=self.url,
            user=user,
            password=self.passwords[user],
            name=f"test-{user}",
            on_problem=self.problems.append,
        )
        self._clients.append(client)
        return client

    async def provision(self, *, wait: float = 10.0) -> Provisioned:
        return await provision(
            core=await self.client("provisioner"),
            integrations=[(each, await self.client(each.admin)) for each in self.integrations],
            monitor_url=self.monitor_url,
            wait=wait,
        )

    def healthz(self) -> int:
        """The status of the plain health check."""
        try:
            with urllib.request.urlopen(  # noqa: S310  our own server's address
                f"{self.monitor_url}/healthz", timeout=2
            ) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            with error:
                return error.code

    async def close(self) -> None:
        for client in self._clients:
            await client.close()
        self.stop()


@asynccontextmanager
async def running_bus(
    home: Path,
    integrations: Sequence[IntegrationAccount] = DEFAULT_INTEGRATIONS,
    *,
    provisioned: bool = True,
) -> AsyncIterator[Bus]:
    """A started server, with its streams unless `provisioned` is false."""
    bus = Bus(home, integrations)
    try:
        await bus.start()
        if provisioned:
            await bus.provision()
        yield bus
    finally:
        await bus.close()


async def until(condition: object, *, within: float = 10.0) -> None:
    """Wait until a callable gives something true, or fail."""
    assert callable(condition)
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.02)
