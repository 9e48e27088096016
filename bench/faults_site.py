"""The installation of `make faults`: three zones with a NATS node each, two databases, two replicas.

| zone | NATS | PostgreSQL | services |
|---|---|---|---|
| a | nats-a | postgres-1 | intake, signals, reporting, gateway |
| b | nats-b | postgres-2 | intake-2, signals-2, reporting-2, gateway-2 |
| c | nats-c | | |

Streams have three copies; NATS speaks TLS, to clients and among its nodes. A commit is acknowledged when
both databases have it. Key rings and the ledger folder are shared by the replicas, as on a shared volume.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING, Any, Final

from bench.faults_certificates import Authority
from bench.faults_databases import Cutter, Databases, urls
from bench.faults_parts import Part, Shim
from bench.faults_zones import OUTSIDE, make_zones, memory_disk
from shared.bus import accounts, server
from shared.bus.connection import connect
from shared.identity.issuer import Signer, load_key
from shared.keys.file_ring import FileKeyRing, Work
from shared.local.home import CHECKOUT, write_private, write_private_json
from shared.local.program import Program, answers
from shared.local.session import DATABASE_ROLES, SERVICES, Installation, Ports
from shared.local.topology import RATES, provisioner_environment, service_environment
from shared.postgres.embedded import SUPERUSER

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID

    from nats.aio.client import Client

    from bench.faults_zones import Zone
    from shared.identity.roles import Role
    from shared.local.home import Home

CLIENTS, PEERS, MONITOR = 4222, 6222, 8222
NATS_DISK_MIB: Final = 256
LEDGER_DISK_MIB: Final = 64
LEASE_SECONDS: Final = 3
PROGRAMS: Final = (*SERVICES, "gateway")
_QUICK: Final = Work(passes=1, lanes=1, memory_kib=8)


class Node:
    """One NATS server of the cluster."""

    def __init__(self, site: Site, zone: Zone) -> None:
        self.name = f"nats-{zone.name}"
        self.zone = zone
        self._site = site
        self.folder = site.home.nats / zone.name
        self.store = self.folder / "jetstream"
        memory_disk(self.store, NATS_DISK_MIB)
        self.key = site.home.secret("nats-storage").read_text()
        """What it encrypts its files with."""
        self._config = self.folder / "nats.conf"
        self.renew(valid=True)
        program = Program(
            name=self.name,
            argv=tuple(server.argv(self._config)),
            environment={"TZ": "UTC"},
            before=self._write_config,
            ready_url=f"{self.monitor}/healthz",
        )
        self.part = Part(program, site.home.logs, zone)

    @property
    def url(self) -> str:
        """For clients."""
        return f"tls://{self.zone.address}:{CLIENTS}"

    @property
    def monitor(self) -> str:
        """Its monitoring address."""
        return f"http://{self.zone.address}:{MONITOR}"

    def renew(self, *, valid: bool) -> None:
        """Give it another certificate, which it reads when it is started or told to."""
        self._site.authority.issue(self.name, self.zone.address, valid=valid)

    def _write_config(self) -> None:
        site = self._site
        text = accounts.nats_config(
            store_dir=self.store,
            encryption_key=self.key,
            passwords=site.passwords,
            port=CLIENTS,
            monitor_port=MONITOR,
            server_name=self.name,
        )
        folder = site.authority.certificate.parent
        tls = {
            "cert_file": str(folder / f"{self.name}.pem"),
            "key_file": str(folder / f"{self.name}.key"),
            "ca_file": str(site.authority.certificate),
            "timeout": 5,
        }
        # Clients begin with the handshake; nodes among themselves do not.

        config: dict[str, Any] = json.loads(text) | {
            "listen": f"{self.zone.address}:{CLIENTS}",
            "http": f"{self.zone.address}:{MONITOR}",
            "tls": tls | {"handshake_first": True},
            "cluster": {
                "name": "faults",
                "listen": f"{self.zone.address}:{PEERS}",
                "no_advertise": True,
                "routes": [f"nats-route://{zone.address}:{PEERS}" for zone in site.zones.values()],
                "tls": tls | {"verify": True},
            },
        }
        server.write_config(self._config, json.dumps(config))


class Site:
    """Everything of one trial. `start` once, in namespaces of our own."""

    def __init__(self, home: Home) -> None:
        self.home = home
        home.create()
        memory_disk(home.ledger, LEDGER_DISK_MIB)
        self.zones = make_zones(("a", "b", "c"))
        self.shim = Shim(home.path / "shim")
        self.authority = Authority(home.path / "certificates")
        self.passwords = {
            user: home.secret(f"nats-{user}").read_text() for user in accounts.users()
        }
        write_private_json(home.secrets / "nats-passwords.json", self.passwords)
        self.nodes = {name: Node(self, zone) for name, zone in self.zones.items()}
        self._roles = {role: _passfile(home, role) for role in DATABASE_ROLES}
        self.databases = Databases(home, (self.zones["a"], self.zones["b"]), self.shim)
        self.ports = Ports(8000)
        self.installation = Installation(home, self.ports, urls(self.databases, self._roles))
        self.cutters = tuple(Cutter(one.zone.address, 5432) for one in self.databases.pair)
        self._signer = Signer(load_key(home.secrets / "issuer.key"), self.installation.issuer_url)
        self.services: dict[str, Part] = {}

    @property
    def nats_url(self) -> str:
        """All nodes."""
        return ",".join(node.url for node in self.nodes.values())

    @property
    def gateways(self) -> tuple[tuple[str, int], ...]:
        """Where the gateways listen."""
        return tuple((self.zones[name].address, self.ports.gateway) for name in ("a", "b"))

    @property
    def parts(self) -> tuple[Part, ...]:
        """Every program."""
        return (
            *self.services.values(),
            *(node.part for node in self.nodes.values()),
            *(one.part for one in self.databases.pair),
        )

    async def client(self, user: str) -> Client:
        """A connection of the trial's own, as one of the users."""
        return await connect(
            servers=self.nats_url,
            user=user,
            password=self.passwords[user],
            authority=self.authority.certificate,
            name="faults",
        )

    def token(self, sub: str, role: Role, organisation: UUID | None) -> str:
        """A sign-in."""
        return self._signer.token(sub=sub, role=role, organisation=organisation)

    async def start(self) -> None:
        """Everything, until it is ready."""
        home = self.home
        write_private_json(home.path / "jwks.json", self._signer.jwks())
        for service in SERVICES:
            passphrase = home.secret(f"key-ring-{service}").read_bytes()
            FileKeyRing(home.key_ring(service), passphrase, _QUICK)
        for cutter in self.cutters:
            await cutter.start()
        for node in self.nodes.values():
            node.part.start()
        await self.databases.start()
        await self.once(
            "shared.postgres.migrate",
            *(f"--service={service}" for service in SERVICES),
            environment={
                "HOEKSTEEN_DATABASE_ADMIN_URL": self.installation.database_url(SUPERUSER),
                "HOEKSTEEN_PASSWORD_FOLDER": str(home.secrets),
            },
        )
        for node in self.nodes.values():
            await node.part.ready()
        await self.once("shared.bus.provision")
        for number, zone in enumerate((self.zones["a"], self.zones["b"]), start=1):
            for name in PROGRAMS:
                part = Part(self._program(name, zone, number), home.logs, zone)
                self.services[part.name] = part
                part.start()
        for part in self.services.values():
            await part.ready()

    async def stop(self) -> None:
        """Everything, services first."""
        await asyncio.gather(*(part.stop() for part in self.services.values()))
        await asyncio.gather(*(node.part.stop() for node in self.nodes.values()))
        await asyncio.gather(*(one.part.stop() for one in self.databases.pair))

    async def whole(self) -> bool:
        """Whether every part answers, and the standby has what the primary has."""
        if not await self.databases.in_step():
            return False
        found = await asyncio.gather(
            *(part.is_ready() for part in self.services.values()),
            *(answers(f"{node.monitor}/healthz") for node in self.nodes.values()),
        )
        return all(found)

    async def missing(self) -> list[str]:
        """What does not answer, for a person."""
        found = [part.name for part in self.parts if not await part.is_ready()]
        return found if await self.databases.in_step() else [*found, "replication"]

    async def once(
        self, module: str, *arguments: str, environment: dict[str, str] | None = None
    ) -> str:
        """Run an operator's program to its end; what it printed. Raises RuntimeError."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", module, *arguments),
            env=self._provisioner() | (environment or {}),
            cwd=CHECKOUT,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        said, problems = await process.communicate()
        if process.returncode not in (0, 1) or (process.returncode == 1 and not said):
            raise RuntimeError(f"{module}: {problems.decode()[-2000:]}")
        return said.decode()

    def operator_of(self, service: str) -> dict[str, str]:
        """The environment of a service's own program, for an operator outside of all zones."""
        return self._service(service, self.installation)

    def _provisioner(self) -> dict[str, str]:
        return provisioner_environment(self.installation) | {
            "HOEKSTEEN_NATS_URL": self.nats_url,
            "HOEKSTEEN_NATS_MONITOR_URL": self.nodes["a"].monitor,
            "HOEKSTEEN_NATS_REPLICAS": "3",
            "HOEKSTEEN_NATS_CA_FILE": str(self.authority.certificate),
        }

    def _program(self, name: str, zone: Zone, number: int) -> Program:
        called = name if number == 1 else f"{name}-{number}"
        port = self.ports.gateway if name == "gateway" else self.ports.service(name)
        environment = self._service(name, self._seen_from(number))
        return Program(
            name=called,
            argv=(sys.executable, "-m", f"services.{name}"),
            environment=environment
            | {
                "HOEKSTEEN_HTTP_HOST": zone.address,
                "HOEKSTEEN_SPANS_FILE": str(self.home.spans(called)),
            }
            | self.shim.environment(called),
            ready_url=f"http://{zone.address}:{port}/health/ready",
        )

    def _seen_from(self, number: int) -> Installation:
        """The second replicas reach the databases over lines that can be cut."""
        if number == 1:
            return self.installation
        at = tuple((OUTSIDE, cutter.port) for cutter in self.cutters)
        return Installation(self.home, self.ports, urls(self.databases, self._roles, at))

    def _service(self, name: str, installation: Installation) -> dict[str, str]:
        common = {
            "HOEKSTEEN_NATS_URL": self.nats_url,
            "HOEKSTEEN_JWKS": str(self.home.path / "jwks.json"),
            "HOEKSTEEN_NATS_CA_FILE": str(self.authority.certificate),
        }
        if name == "gateway":
            return _gateway(installation) | common
        told = service_environment(installation, name) | common
        # Witnesses have trials of their own, and none is asked here.
        told.pop("HOEKSTEEN_WITNESS_POLICY", None)
        return told | {"HOEKSTEEN_KEY_RING_LEASE_S": str(LEASE_SECONDS)}


def _gateway(installation: Installation) -> dict[str, str]:
    told = service_environment(installation, "reporting")
    kept = ("PATH", "LANG", "TZ", "PYTHONPATH", "PYTHONUNBUFFERED", "HOEKSTEEN_MODE")
    return {name: told[name] for name in (*kept, "HOEKSTEEN_HOME", "HOEKSTEEN_ISSUER")} | {
        "HOEKSTEEN_NATS_USER": "gateway",
        "HOEKSTEEN_NATS_PASSWORD_FILE": str(installation.nats_password_file("gateway")),
        "HOEKSTEEN_HTTP_PORT": str(installation.ports.gateway),
        **dict.fromkeys(RATES, "0"),
    }


def _passfile(home: Home, role: str) -> Path:
    password = home.secret(f"database-{role}").read_text(encoding="utf-8")
    path = home.secrets / f"database-{role}.pgpass"
    write_private(path, f"*:*:*:{role}:{password}\n")
    return path
