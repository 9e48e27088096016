"""Commands against raw psycopg and against the library's own application, on one server.

Ours: intake's own handlers (open a case, then a conversation, an intervention and an outcome) with
policy, decision, encryption, leaf, idempotency key and sealed answer, each durable before its client
sends the next. Not in it: the bus, tokens and projections.

Raw: one prepared INSERT with binary parameters and a commit for as many bytes, into a table with the
library's key, each client on a connection of its own; clients are tasks of one event loop, as ours
are, for the same loop (uvloop).

The library: its `Application` with an aggregate that takes the same four steps with states of the
same size, `eventsourcing.cryptography:AESCipher`, psycopg with its binary part, a thread and a pooled
connection per client.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from base64 import b64encode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID, uuid4

import msgspec
import psycopg
from eventsourcing.application import Application
from eventsourcing.cryptography import AESCipher
from eventsourcing.domain import Aggregate, event
from psycopg.conninfo import conninfo_to_dict

from services.intake.commands.open_case import open_case
from services.intake.commands.publish_adviser_key import publish_adviser_key
from services.intake.commands.record_conversation import record_conversation
from services.intake.commands.record_intervention import record_intervention
from services.intake.commands.record_outcome import record_outcome
from services.intake.commands.set_up_organisation import set_up_organisation
from services.intake.domain.words import key_id_of
from services.intake.events import TYPES
from services.intake.policy import may
from shared.contracts.rpc import (
    AdviserSeat,
    Done,
    OpenCase,
    PublishAdviserKey,
    RecordConversation,
    RecordIntervention,
    RecordOutcome,
    ReleasePolicy,
    Sealed,
    SetUpOrganisation,
    Shape,
    Unit,
)
from shared.eventstore.projector import Projector
from shared.eventstore.store import Command, EventStore
from shared.eventstore.writer import GroupWriter
from shared.identity.principal import Principal
from shared.identity.roles import Role
from shared.postgres.pool import open_pool
from shared.runtime.calls import Call, Parts, run_command

if TYPE_CHECKING:
    from psycopg_pool import AsyncConnectionPool

    from shared.keys.ring import KeyRing

HANDLERS: dict[str, Callable[[Call, Any], Awaitable[Shape]]] = {
    handler.__name__: handler
    for handler in (
        open_case,
        publish_adviser_key,
        record_conversation,
        record_intervention,
        record_outcome,
        set_up_organisation,
    )
}
NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
PUBLIC_KEY = bytes(range(32))
KEY_ID = str(key_id_of(PUBLIC_KEY))
# What HPKE makes of a text in the client's smallest bucket: 32 bytes key, 256 text, 16 tag.
SEALED_BYTES = 304


@dataclass
class Intake:
    """Intake's command path in this process: what stands behind the bus."""

    organisation: UUID
    pool: AsyncConnectionPool[Any]
    writer: GroupWriter
    parts: Parts

    @classmethod
    async def start(cls, dsn: str, ring: KeyRing) -> Intake:
        """A store on intake's schema, and an organisation with an adviser whose key is known."""
        pool = await open_pool(dsn, min_size=2, max_size=12)
        writer = GroupWriter(dsn)
        await writer.start()
        store = EventStore(pool=pool, writer=writer, types=TYPES, ring=ring)
        parts = Parts(
            settings=cast(Any, None),  # no handler of a command looks there
            store=store,
            pool=pool,
            ring=ring,
            clock=cast(Any, None),  # the moment of a call comes with it
            proofs=cast(Any, None),  # only the ledger's verbs look there
            erasures=cast(Any, SimpleNamespace(known=lambda *_stream: False)),  # none erases
            projector=Projector(store, pool, (), lambda _problem: None),
        )
        intake = cls(uuid4(), pool, writer, parts)
        await intake.found()
        return intake

    async def stop(self) -> None:
        """Write what is queued, and let go."""
        await self.writer.stop()
        await self.pool.close()

    async def ask(self, verb: str, request: Shape, role: Role = Role.ADVISER) -> Shape:
        """As shared/runtime/service.py does behind the token: policy, command, handler."""
        principal = Principal(
            subject="anna",
            role=role,
            organisation=None if role is Role.ADMIN else self.organisation,
        )
        if not may(principal, verb):
            raise PermissionError(verb)
        command = Command(actor="anna", key=str(uuid4()), request=verb.encode() + repr_of(request))
        call = Call(principal=principal, now=NOW, parts=self.parts, command=command)
        return await run_command(call, HANDLERS[verb], request, Done, self.organisation)

    async def found(self) -> None:
        """Set the organisation up."""
        await self.ask(
            "set_up_organisation",
            SetUpOrganisation(
                organisation_id=str(self.organisation),
                name="De Hoekstee",
                language="nl",
                units=(Unit(id="care", name="Zorg", headcount=90),),
                advisers=(AdviserSeat(id="anna", name="Anna"),),
                release=ReleasePolicy(
                    policy="exact", dimension="category", k=5, works_council_on=date(2025, 1, 20)
                ),
            ),
            Role.ADMIN,
        )
        await self.ask("publish_adviser_key", PublishAdviserKey(public_key=PUBLIC_KEY))

    async def case(self) -> int:
        """One case's life; how many commands that were."""
        case_id = str(uuid4())
        words = (Sealed(key_id=KEY_ID, ciphertext=os.urandom(SEALED_BYTES)),)
        await self.ask(
            "open_case",
            OpenCase(
                case_id=case_id,
                channel="in_person",
                anonymity="confidential",
                reporter_role="employee",
                relation="colleague",
                category="bullying",
                unit_id="care",
                words=words,
            ),
        )
        await self.ask(
            "record_conversation",
            RecordConversation(case_id=case_id, mode="walk", minutes=words),
        )
        await self.ask(
            "record_intervention",
            RecordIntervention(case_id=case_id, intervention="listening"),
        )
        await self.ask(
            "record_outcome", RecordOutcome(case_id=case_id, outcome="referred", route="mediation")
        )
        return 4


def repr_of(request: Shape) -> bytes:
    """The content of a command, as the service hashes it."""
    return msgspec.json.encode(request, order="deterministic")


async def clients(count: int, seconds: float, work: Callable[[int], Awaitable[int]]) -> float:
    """Operations a second of `count` clients, each of which waits for its own answer."""
    until = time.perf_counter() + seconds
    done = 0

    async def client(number: int) -> None:
        nonlocal done
        while time.perf_counter() < until:
            finished = await work(number)  # not `done += await`: that reads done too early
            done += finished

    started = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number in range(count):
            group.create_task(client(number))
    return done / (time.perf_counter() - started)


class Raw:
    """One INSERT and a commit each: what the same bytes cost at least."""

    def __init__(self, connections: list[psycopg.AsyncConnection[Any]], size: int) -> None:
        self._connections = connections
        self._size = size

    @classmethod
    async def start(cls, dsn: str, connections: int, size: int) -> Raw:
        """So many connections, and the table; `size` bytes go into each row."""
        opened = [
            await psycopg.AsyncConnection.connect(dsn, autocommit=True, prepare_threshold=0)
            for _ in range(connections)
        ]
        await opened[0].execute("CREATE SCHEMA IF NOT EXISTS raw")
        await opened[0].execute(
            "CREATE TABLE IF NOT EXISTS raw.events (originator_id uuid NOT NULL,"
            " originator_version bigint NOT NULL, topic text, state bytea,"
            " PRIMARY KEY (originator_id, originator_version))"
        )
        return cls(opened, size)

    async def stop(self) -> None:
        """Let go of the connections."""
        for connection in self._connections:
            await connection.close()

    async def case(self, number: int) -> int:
        """As many rows as a case has commands, on the connection of a client."""
        stream = uuid4()
        connection = self._connections[number]
        for version in range(1, 5):
            await connection.execute(
                "INSERT INTO raw.events VALUES (%b, %b, %b, %b)",
                (stream, version, "ConversationRecorded", os.urandom(self._size)),
            )
        return 4


class Case(Aggregate):
    """The library's way to write it: the fields of our events, as its transcoder takes them (bytes
    as base64, tuples as lists).
    """

    @event("Opened")
    def __init__(
        self,
        *,
        organisation_id: UUID,  # noqa: ARG002
        facts_id: UUID,  # noqa: ARG002
        adviser_id: str,
        taxonomy_version: int,  # noqa: ARG002
        period: str,  # noqa: ARG002
        channel: str,  # noqa: ARG002
        anonymity: str,  # noqa: ARG002
        reporter_role: str,  # noqa: ARG002
        relation: str,  # noqa: ARG002
        category: str,  # noqa: ARG002
        unit_id: str | None,  # noqa: ARG002
        words: list[dict[str, Any]],  # noqa: ARG002
        at: datetime,  # noqa: ARG002
        by: str,  # noqa: ARG002
        reply_key: str | None,  # noqa: ARG002
    ) -> None:
        self.adviser_id = adviser_id
        self.outcome: str | None = None

    @event("ConversationRecorded")
    def record_conversation(self, mode: str, minutes: list[dict[str, Any]], at: datetime) -> None:
        """A conversation took place."""

    @event("InterventionRecorded")
    def record_intervention(self, intervention: str, at: datetime) -> None:
        """The adviser did something."""

    @event("OutcomeRecorded")
    def record_outcome(self, outcome: str, route: str, at: datetime) -> None:  # noqa: ARG002
        """How it ended."""
        self.outcome = outcome


def sealed() -> list[dict[str, Any]]:
    """Sealed words, as our domain keeps them."""
    text = b64encode(os.urandom(SEALED_BYTES)).decode()
    return [{"key_id": UUID(KEY_ID), "ciphertext": text}]


def opened(organisation: UUID) -> Case:
    """A case with what ours has."""
    return Case(
        organisation_id=organisation,
        facts_id=uuid4(),
        adviser_id="anna",
        taxonomy_version=1,
        period="2026-H2",
        channel="in_person",
        anonymity="confidential",
        reporter_role="employee",
        relation="colleague",
        category="bullying",
        unit_id="care",
        words=sealed(),
        at=NOW,
        by="adviser",
        reply_key=None,
    )


STEPS: tuple[Callable[[Case], None], ...] = (
    lambda case: case.record_conversation(mode="walk", minutes=sealed(), at=NOW),
    lambda case: case.record_intervention(intervention="listening", at=NOW),
    lambda case: case.record_outcome(outcome="referred", route="mediation", at=NOW),
)
"""What follows after opening."""


class Library(Application[UUID]):
    """As its manual has it, with the cipher that its manual names."""


def library(dsn: str, schema: str) -> Library:
    """The application on a schema of its own, with a connection for each of 32 threads."""
    values = conninfo_to_dict(dsn)
    with psycopg.connect(dsn) as connection:
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}".encode())
    return Library(
        env={
            "PERSISTENCE_MODULE": "eventsourcing.postgres",
            "POSTGRES_DBNAME": str(values["dbname"]),
            "POSTGRES_HOST": str(values["host"]),
            "POSTGRES_PORT": "5432",
            "POSTGRES_USER": str(values["user"]),
            "POSTGRES_PASSWORD": str(values["password"]),
            "POSTGRES_SCHEMA": schema,
            "POSTGRES_POOL_SIZE": "32",
            "POSTGRES_MAX_OVERFLOW": "8",
            "CIPHER_TOPIC": "eventsourcing.cryptography:AESCipher",
            "CIPHER_KEY": AESCipher.create_key(32),
        }
    )


def library_rate(app: Library, threads: int, seconds: float) -> float:
    """Commands a second of `threads` threads."""
    counts = [0] * threads
    organisation = uuid4()
    until = time.perf_counter() + seconds

    def client(number: int) -> None:
        while time.perf_counter() < until:
            case = opened(organisation)
            app.save(case)
            for step in STEPS:
                again: Case = app.repository.get(case.id)
                step(again)
                app.save(again)
            counts[number] += 4

    started = time.perf_counter()
    running = [threading.Thread(target=client, args=(number,)) for number in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return sum(counts) / (time.perf_counter() - started)
