"""A service from its definition, in this process, on a real PostgreSQL and nats-server."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID, uuid4

import msgspec
import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from nats.aio.client import Client
from nats.aio.msg import Msg

from hoeksteen_client import ReporterCode
from services.intake.queries.open_reporter_session import sessions_of
from shared.bus.rpc import RpcClient
from shared.contracts.errors import Code, Refusal
from shared.contracts.live import Hint, Topic
from shared.contracts.rpc import VERBS, Shape
from shared.eventstore.store import Recorded
from shared.identity.issuer import Signer
from shared.identity.roles import WITHOUT_ORGANISATION, Role
from shared.keys.file_ring import FileKeyRing
from shared.ledger.leaf import BLANK
from shared.postgres.migrate import ANSWERS
from shared.runtime.service import Definition, Service
from shared.runtime.settings import ServiceSettings
from tests.conftest import Database
from tests.nats_server import Bus
from tests.store_lab import QUICK

HERE, ELSEWHERE = UUID(int=0xA1), UUID(int=0xB2)
ISSUER = "https://issuer.example"
START = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
"""A Monday in week 2026-W10; the movable clock stands there when a service starts."""

Answer = TypeVar("Answer", bound=Shape)


class Clock:
    """The file of the movable clock, which these tests may set to any time."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "clock.json"
        self.move(START)

    def move(self, moment: datetime) -> None:
        """From now on it is `moment`, and time goes on."""
        offset = (moment - datetime.now(UTC)).total_seconds()
        new = self.path.with_suffix(".new")
        new.write_text(json.dumps({"offset_seconds": offset}))
        new.replace(self.path)


@dataclass(kw_only=True)
class Running:
    """A service that answers, and people who ask."""

    service: Service
    bus: Bus
    database: Database
    clock: Clock
    signer: Signer
    gateway: Client
    rpc: RpcClient
    name: str = field(init=False)

    def __post_init__(self) -> None:
        self.name = self.service.definition.name

    def token(
        self, role: Role = Role.ADVISER, organisation: UUID = HERE, subject: str | None = None
    ) -> str:
        """A token for somebody; without a subject for one whom the role names."""
        return self.signer.token(
            sub=subject or f"{role}-1",
            role=role,
            organisation=None if role in WITHOUT_ORGANISATION else organisation,
        )

    def session(self, code: ReporterCode, organisation: UUID = HERE) -> str:
        """The token of a session that this service, intake, opened for the holder of a code."""
        opened = sessions_of(self.service.parts.ring).open(organisation, code.case_id)
        return opened[0]

    async def ask(
        self,
        verb: str,
        request: Shape,
        answer: type[Answer],
        *,
        key: str | None = None,
        token: str | None = None,
        **who: Any,
    ) -> Answer:
        """What the service answers to somebody."""
        found = VERBS[f"{self.name}.{verb}"]
        given = await self.rpc.ask(
            found,
            request,
            token=token or self.token(**who),
            idempotency_key=(key or str(uuid4())) if found.kind == "command" else None,
        )
        assert isinstance(given, answer)
        return given

    async def refused(self, verb: str, request: Shape, **who: Any) -> Refusal:
        """With what the service refuses."""
        with pytest.raises(Refusal) as caught:
            await self.ask(verb, request, Shape, **who)
        return caught.value

    async def raw(self, verb: str, body: bytes, **headers: str) -> dict[str, Any]:
        """The bare reply to a bare request."""
        message = await self.gateway.request(
            f"rpc.{self.name}.v1.{verb}", body, timeout=10, headers=headers or None
        )
        reply: dict[str, Any] = msgspec.json.decode(message.data)
        return reply

    async def log(self, organisation: UUID = HERE) -> list[Recorded]:
        """Everything that the service has recorded, in order; not what only fills up tiles."""
        recorded = await self.service.parts.store.read(organisation, 0, 10_000)
        return [one for one in recorded if one.type != BLANK]

    async def types(self, organisation: UUID = HERE) -> list[str]:
        """The names of everything that the service has recorded, in order."""
        return [one.type for one in await self.log(organisation)]

    def rows(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """What a superuser sees in the service's schema."""
        with psycopg.connect(self.database.admin) as connection:
            connection.execute(f"SET search_path = {self.name}".encode())
            return connection.execute(query.encode(), values).fetchall()


@contextlib.asynccontextmanager
async def running(
    definition: Definition,
    database: Database,
    bus: Bus,
    folder: Path,
    *,
    witness_policy: Path | None = None,
    backup_inventory: Path | None = None,
    settings: Mapping[str, Any] | None = None,
) -> AsyncIterator[Running]:
    """The service, ready; `settings` are others than usual. Stopped in order at the end; a part that
    ended by itself fails the test.
    """
    signer = Signer(key=Ed25519PrivateKey.generate(), issuer=ISSUER)
    (folder / "jwks.json").write_text(json.dumps(signer.jwks()))
    (folder / "passphrase").write_text("a passphrase for tests")
    (folder / "nats-password").write_text(bus.passwords[definition.name])
    ring = folder / f"{definition.name}.ring"
    if not ring.exists() and "key_ring_kind" not in (settings or {}):
        FileKeyRing(ring, b"a passphrase for tests", QUICK)
    clock = Clock(folder)
    service = Service(
        definition,
        replace(
            ServiceSettings(
                mode="local",
                database_url=database.url(definition.name),
                database_answers_url=database.url(ANSWERS[definition.name])
                if definition.name in ANSWERS
                else None,
                nats_url=bus.url,
                nats_user=definition.name,
                nats_password_file=folder / "nats-password",
                http_port=0,
                http_host="127.0.0.1",
                jwks=str(folder / "jwks.json"),
                issuer=ISSUER,
                key_ring_kind="file",
                key_ring=ring,
                key_ring_passphrase_file=folder / "passphrase",
                key_ring_module=None,
                key_ring_hsm=None,
                key_ring_lease_s=60,
                attachment_file_mib=25,
                attachment_case_mib=100,
                log_key_file=folder / f"{definition.name}-log.key",
                ledger_dir=folder / "ledger",
                witness_policy=witness_policy,
                backup_inventory=backup_inventory,
                clock_file=clock.path,
                spans_file=None,
            ),
            **(settings or {}),
        ),
    )
    task = asyncio.create_task(service.run())
    try:
        while not service.ready:
            await asyncio.sleep(0.01)
            if task.done():
                task.result()
                pytest.fail("the service stopped by itself while it started")
        gateway = await bus.client("gateway")
        yield Running(
            service=service,
            bus=bus,
            database=database,
            clock=clock,
            signer=signer,
            gateway=gateway,
            rpc=RpcClient(gateway),
        )
        assert not service.crashed
    finally:
        service._stop.set()
        await task


async def at_each_hint(
    bus: Bus, organisation: UUID, topic: Topic, look: Callable[[], Awaitable[Any]]
) -> Callable[[int], Awaitable[list[Any]]]:
    """Look as a subscriber of the organisation would, whenever it is told that there may be news; gives a
    wait for so many looks.
    """
    found: list[Any] = []

    async def hear(message: Msg) -> None:
        if msgspec.json.decode(message.data, type=Hint).organisation == organisation:
            found.append(await look())

    gateway = await bus.client("gateway")
    await gateway.subscribe(topic.address, cb=hear)
    await gateway.flush()

    async def looked(times: int) -> list[Any]:
        async def enough() -> bool:
            return len(found) >= times

        await eventually(enough)
        return found

    return looked


async def eventually(condition: Any, *, within: float = 15.0) -> Any:
    """What an async condition gives, once it gives something true."""
    async with asyncio.timeout(within):
        while True:
            if found := await condition():
                return found
            await asyncio.sleep(0.02)


def code_of(reply: dict[str, Any]) -> Code | None:
    """The code of a bare reply that refuses."""
    return Code(reply["refused"]["code"]) if "refused" in reply else None
