"""A nats-server with our accounts, in either mode, and everybody who may try something on it.

The accounts are those that are provisioned. What the lab adds, to see everything, is a user of each
account who may do all that the account may: it watches, and it plays an owner who has got hold of
the whole account.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from nats.aio.client import Client

from shared.bus import integrations, server
from shared.bus.accounts import (
    MAX_PAYLOAD,
    IntegrationAccount,
    UserPlan,
    nats_config,
)
from shared.bus.configured import ConfiguredBus, password, passwords, user_name
from shared.bus.connection import connect
from shared.bus.operator import OperatorBus, OperatorFolder
from shared.bus.provision import provision
from shared.bus.relay import Outgoing, Relay
from shared.bus.server import write_config
from shared.local.child import before_exec

ModeName = Literal["configuration", "operator"]
MODES: tuple[ModeName, ...] = ("configuration", "operator")

KEY = "k" + "0123456789" * 3

ROOM = 2**42
"""What the server may promise to accounts, so that there may be many; nothing is written for it."""


@dataclass
class Lab:
    """The server, its integrations, and what NATS refused to whom."""

    home: Path
    mode: ModeName
    port: int = 0
    monitor_port: int = 0
    refused: list[str] = field(default_factory=list)
    sent: list[tuple[str, bytes]] = field(default_factory=list)
    _clients: list[Client] = field(default_factory=list)
    _process: subprocess.Popen[bytes] | None = None
    _bus: ConfiguredBus | OperatorBus | None = None

    @property
    def url(self) -> str:
        """For clients."""
        return f"nats://127.0.0.1:{self.port}"

    @property
    def monitor_url(self) -> str:
        """For health, and to look at streams."""
        return f"http://127.0.0.1:{self.monitor_port}"

    @property
    def bus(self) -> ConfiguredBus | OperatorBus:
        """What `hoeksteen integration` works on."""
        assert self._bus is not None  # noqa: S101  made in start()
        return self._bus

    async def start(self) -> None:
        """Start, and provision what our own services have."""
        self.port, self.monitor_port = _free_port(), _free_port()
        if self.mode == "operator":
            folder = OperatorFolder.made(self.home / "operator")
            self._bus = OperatorBus(folder, servers=self.url, monitor_url=self.monitor_url)
        else:
            self._bus = ConfiguredBus(
                register=self.home / "integrations.json",
                config=self.home / "nats.conf",
                pid_file=self.home / "nats.pid",
                servers=self.url,
                monitor_url=self.monitor_url,
                password_file=self._password_file,
                render=self._configuration,
            )
        await self.launch()
        core = await self.service("provisioner")
        await provision(core=core, integrations=[], monitor_url=self.monitor_url)

    async def launch(self) -> None:
        """Start the server with what its files say."""
        config = self.home / "nats.conf"
        if config.exists():
            pass  # in operator mode the first one, whatever has come since
        elif isinstance(self._bus, OperatorBus):
            settings = self._server() | self._bus.folder.server_settings(self.home / "resolver")
            write_config(config, json.dumps(settings, indent=1))
        else:
            write_config(config, self._configuration(()))
        with (self.home / "nats.log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: ASYNC220  nobody else waits for this loop
                server.argv(config), stdout=log, stderr=log, preexec_fn=before_exec()
            )
        for _ in range(400):
            if self._process.poll() is not None:
                break
            with contextlib.suppress(OSError):
                if await asyncio.to_thread(self._get, "healthz"):
                    return
            await asyncio.sleep(0.05)
        raise RuntimeError((self.home / "nats.log").read_text()[-2000:])

    def stop(self) -> None:
        """End the server."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None

    async def close(self) -> None:
        """End everything."""
        for client in self._clients:
            await client.close()
        # nats-py (2.16) forgets sockets of connections that were refused.
        for each in gc.get_objects():
            if isinstance(each, asyncio.StreamWriter) and not each.is_closing():
                each.close()
        await asyncio.sleep(0)
        self.stop()

    def _server(self) -> dict[str, Any]:
        return {
            "server_name": "hoeksteen",
            "listen": f"127.0.0.1:{self.port}",
            "http": f"127.0.0.1:{self.monitor_port}",
            "max_payload": MAX_PAYLOAD,
            "jetstream": {
                "store_dir": str(self.home / "store"),
                "cipher": "chacha",
                "key": KEY,
                "max_file_store": ROOM,
            },
        }

    def _configuration(self, accounts: Sequence[IntegrationAccount]) -> str:
        config: dict[str, Any] = json.loads(
            nats_config(
                store_dir=self.home / "store",
                encryption_key=KEY,
                passwords=passwords(accounts, self._password_file),
                integrations=accounts,
                port=self.port,
                monitor_port=self.monitor_port,
                pid_file=self.home / "nats.pid",
            )
        )
        config["jetstream"]["max_file_store"] = ROOM
        for name, account in config["accounts"].items():
            word = password(self._password_file(f"watch-{name}"))
            account["users"].append({"user": f"watch-{name}", "password": word})
        return json.dumps(config, indent=1)

    def _password_file(self, user: str) -> Path:
        folder = self.home / "passwords"
        folder.mkdir(exist_ok=True)
        return folder / user

    async def client(self, user: str, secret: str, inbox: str | None = None) -> Client:
        """A client that signs in with a password or the text of a credentials file."""
        client = await connect(
            servers=self.url,
            user=user,
            password=secret,
            name=f"lab-{user}",
            on_problem=self.refused.append,
            inbox=inbox,
        )
        self._clients.append(client)
        return client

    async def service(self, user: str) -> Client:
        """A client of one of our own services."""
        if isinstance(self._bus, OperatorBus):
            return await self.client(user, self._bus.folder.service(user).read_text())
        return await self.client(user, self._password_file(user).read_text())

    def secret(self, name: str, number: int = 1) -> str:
        """What an integration signs in with."""
        return self.bus.file(name, number).read_text()

    async def reader(self, name: str, number: int = 1) -> Client:
        """An integration, with the credentials it was given."""
        return await self.client(
            user_name(name, number), self.secret(name, number), f"_INBOX_{name}"
        )

    async def admin(self, name: str) -> Client:
        """The user who sets up an integration's account."""
        client = await self.bus.admin(IntegrationAccount(name=name))
        self._clients.append(client)
        return client

    async def owner(self, account: str) -> Client:
        """A user who may do all that an account may."""
        user = f"watch-{account}"
        if isinstance(self._bus, OperatorBus):
            plan = UserPlan(name=user, inbox=f"_INBOX_{user}", publish=(">",), subscribe=(">",))
            return await self.client(user, self._bus.folder.credentials(account, plan)[1])
        return await self.client(user, self._password_file(user).read_text())

    async def release(self, *tokens: str) -> None:
        """Publish one more signal of each organisation, as the service does. `inside`: no integration's."""
        inside = {"inside": "signals-inside.v1.pulse.released"}
        for token in tokens:
            subject = inside.get(token, f"signals.v1.{token}.statistics-released")
            self.sent.append((subject, f"canary-{len(self.sent) + 1}-{token}".encode()))
        source = _Source(self.sent)
        client = await self.service("signals")
        await Relay(client, "SIGNALS", source).run_once()
        await client.close()

    async def streams(self) -> dict[str, tuple[int, int]]:
        """Each stream of each account, by name: how many messages it holds, and the last place."""
        told = await asyncio.to_thread(self._get, "jsz?accounts=true&streams=true")
        names = self._account_names()
        return {
            f"{names.get(account['name'], account['name'])}:{stream['name']}": (
                stream["state"]["messages"],
                stream["state"]["last_seq"],
            )
            for account in told.get("account_details", ())
            for stream in account.get("stream_detail", ())
        }

    async def place(self, account: str) -> dict[str, int]:
        """How it stands with an integration's durable, without asking on the bus."""
        told = await asyncio.to_thread(self._get, "jsz?accounts=true&streams=true&consumers=true")
        names = self._account_names()
        return {
            name: consumer[name]
            for each in told["account_details"]
            if names.get(each["name"], each["name"]) == account
            for stream in each.get("stream_detail", ())
            for consumer in stream.get("consumer_detail", ())
            for name in ("num_ack_pending", "num_pending", "num_redelivered")
        }

    async def healthy(self) -> bool:
        """Whether the server says that it is well."""
        try:
            return (await asyncio.to_thread(self._get, "healthz")) == {"status": "ok"}
        except urllib.error.HTTPError as error:
            error.close()
            return False

    def _account_names(self) -> dict[str, str]:
        if not isinstance(self._bus, OperatorBus):
            return {}
        folder = self._bus.folder
        return {folder.key(path.stem).public: path.stem for path in folder.keys.glob("*.nk")}

    def _get(self, path: str) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.monitor_url}/{path}", timeout=5) as answer:  # noqa: S310  our own server
            found: dict[str, Any] = json.load(answer)
            return found


class _Source:
    """What signals would publish, positions from 1."""

    def __init__(self, sent: Iterable[tuple[str, bytes]]) -> None:
        self._all = [
            Outgoing(number, f"s-{number}", subject, body)
            for number, (subject, body) in enumerate(sent, start=1)
        ]

    async def after(self, position: int, limit: int) -> Sequence[Outgoing]:
        return self._all[position : position + limit]


@contextlib.asynccontextmanager
async def running_lab(
    home: Path, mode: ModeName, owners: dict[str, tuple[str, ...]] | None = None
) -> AsyncIterator[Lab]:
    """A server with these integrations and their organisations' tokens."""
    lab = Lab(home, mode)
    try:
        await lab.start()
        for name, tokens in (owners or {}).items():
            await integrations.add(lab.bus, name, tokens)
        yield lab
    finally:
        await lab.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
