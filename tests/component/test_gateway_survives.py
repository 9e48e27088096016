"""A subscription outlives what it hangs on: the gateway as a program, intake and nats-server restarted."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID, uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.intake.service import DEFINITION
from shared.bus.rpc import RpcClient
from shared.contracts import rpc
from shared.contracts.errors import Code, Refusal
from shared.contracts.rpc import VERBS, Shape
from shared.identity.issuer import Signer
from shared.identity.roles import Role
from tests.component.test_intake import PUBLIC_KEY, opening, set_up
from tests.conformance.program import gateway_program
from tests.conformance.subscriber import Subscriber, subscribed
from tests.conftest import Database
from tests.nats_server import Bus, running_bus
from tests.service_lab import HERE, ISSUER, running

CASE = "subscription ($id: ID!) { caseChanged(id: $id) { entries { kind } } }"


@dataclass
class Way:
    """A way to the bus that can be cut."""

    port: int
    open: bool = True
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    def cut(self) -> None:
        """End all connections, and take no others."""
        self.open = False
        for writer in self._writers:
            writer.transport.abort()

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection to the bus and back."""
        if not self.open:
            writer.transport.abort()
            return
        there, back = await asyncio.open_connection("127.0.0.1", self.port)
        self._writers |= {writer, back}
        await asyncio.wait(
            {
                asyncio.ensure_future(_carry(reader, back)),
                asyncio.ensure_future(_carry(there, writer)),
            }
        )
        self._writers -= {writer, back}


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while content := await reader.read(65_536):
            writer.write(content)
    writer.transport.abort()


@asynccontextmanager
async def way_to(bus: Bus) -> AsyncIterator[tuple[Way, str]]:
    """A way, and its address."""
    way = Way(bus.port)
    server = await asyncio.start_server(way.connected, "127.0.0.1", 0)
    try:
        yield way, f"nats://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        way.cut()


@dataclass
class World:
    """One case of Anna's, which grows."""

    signer: Signer
    bus: Bus
    rpc: RpcClient
    case: str = field(default_factory=lambda: str(uuid4()))
    entries: int = 0

    async def ask(self, verb: str, request: Shape, role: Role = Role.ADVISER) -> None:
        token = self.signer.token(
            sub="anna", role=role, organisation=None if role is Role.ADMIN else HERE
        )
        key = str(uuid4())
        async with asyncio.timeout(60):
            while True:
                try:
                    await self.rpc.ask(
                        VERBS[f"intake.{verb}"], request, token=token, idempotency_key=key
                    )
                except Refusal as refusal:
                    if refusal.code not in (Code.UNAVAILABLE, Code.TIMED_OUT):
                        raise
                    await asyncio.sleep(0.1)  # a part is on its way back
                else:
                    return

    async def grows(self) -> None:
        """Something more stands in the case."""
        done = rpc.RecordIntervention(case_id=self.case, intervention="listening")
        await self.ask("record_intervention", done)
        self.entries += 1

    async def seen(self, subscriber: Subscriber) -> None:
        """Read until the newest state was told; it may be told twice, and one in between not at all."""
        while len((await subscriber.told())["entries"]) < self.entries:
            pass


async def test_a_subscription_outlives_service_bus_and_connection(
    database: Database, tmp_path: Path
) -> None:
    """While a part is away nothing is told; then the newest state is, whatever hints were lost."""
    signer = Signer(key=Ed25519PrivateKey.generate(), issuer=ISSUER)
    jwks = tmp_path / "issuer.json"
    jwks.write_text(json.dumps(signer.jwks()))
    anna = signer.token(sub="anna", role=Role.ADVISER, organisation=HERE, lifetime=600)
    (tmp_path / "nats").mkdir()
    async with running_bus(tmp_path / "nats") as bus, way_to(bus) as (way, address):
        gateway = gateway_program(
            tmp_path, bus, jwks=jwks, issuer=ISSUER, mode="local", HOEKSTEEN_NATS_URL=address
        )
        client = await bus.client("gateway")
        world = World(signer, bus, RpcClient(client))
        told = {"jwks": str(jwks)}
        async with gateway as origin, contextlib.AsyncExitStack() as stack:
            async with running(DEFINITION, database, bus, tmp_path, settings=told):
                await world.ask("set_up_organisation", set_up(), Role.ADMIN)
                await world.ask("publish_adviser_key", rpc.PublishAdviserKey(public_key=PUBLIC_KEY))
                await world.ask("open_case", opening(case=UUID(world.case)))
                world.entries = 1
                case = await stack.enter_async_context(
                    subscribed(origin, anna, CASE, {"id": world.case})
                )
                await world.seen(case)

                way.cut()
                await world.grows()  # the hint of this one is lost
                way.open = True
                await world.seen(case)

                bus.stop(kill=True)
                await bus.start()
                await world.grows()
                await world.seen(case)

            async with running(DEFINITION, database, bus, tmp_path, settings=told):
                await world.seen(case)  # told anew, unchanged
                await world.grows()
                await world.seen(case)
