"""Fifty organisations with their cases, made by intake's own commands, and what clients will send.

Cases go through policy, decision, encryption, leaf, idempotency key, sealed answer and the group writer,
in a process of their own beside the service's: only the bus, the token and the gateway are passed by.
Half of them are opened by a reporter with a code and half by an adviser who signs; every fourth has a
conversation and an intervention besides. Their words are random bytes as long as sealed ones: a server
cannot tell. What is sent during the measurement is really sealed, beforehand.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Self, cast
from uuid import UUID, uuid4

import msgspec

from hoeksteen_client import AdviserKey, ReporterCode, seal
from services.intake.commands.confirm_recovery_key import confirm_recovery_key
from services.intake.commands.open_case import open_case
from services.intake.commands.publish_adviser_key import publish_adviser_key
from services.intake.commands.publish_recovery_key import publish_recovery_key
from services.intake.commands.record_conversation import record_conversation
from services.intake.commands.record_intervention import record_intervention
from services.intake.commands.set_up_organisation import set_up_organisation
from services.intake.events import TYPES
from services.intake.policy import may
from services.intake.queries.open_reporter_session import sessions_of
from shared.contracts import rpc
from shared.eventstore.projector import Projector
from shared.eventstore.store import Command, EventStore
from shared.eventstore.writer import GroupWriter
from shared.identity.principal import Principal
from shared.identity.roles import Role
from shared.keys.file_ring import FileKeyRing
from shared.postgres.pool import open_pool
from shared.runtime.calls import Call, Parts, run_command
from shared.taxonomy import statement

if TYPE_CHECKING:
    from psycopg_pool import AsyncConnectionPool

    from shared.local.session import Installation

ADVISERS = ("anna", "bram")
UNITS = ("care", "office", "workshop")
CATEGORIES = ("bullying", "intimidation", "workload", "moral_dilemma", "discrimination")
SEALED_BYTES = 1 + 32 + 1024 + 16
"""A short text, sealed: format, HPKE's key, the smallest bucket, tag."""

_CLIENTS = 64
_WORKED_ON = frozenset({0, 7})
_HANDLERS: dict[str, Callable[[Call, Any], Awaitable[rpc.Shape]]] = {
    handler.__name__: handler
    for handler in (
        confirm_recovery_key,
        open_case,
        publish_adviser_key,
        publish_recovery_key,
        record_conversation,
        record_intervention,
        set_up_organisation,
    )
}
_VERBS = {rpc.VERBS[f"intake.{name}"].request: name for name in _HANDLERS}


@dataclass(frozen=True)
class Organisation:
    """An organisation with two advisers, who can sign, and a recovery key."""

    id: UUID = field(default_factory=uuid4)
    keys: dict[str, AdviserKey] = field(
        default_factory=lambda: {name: AdviserKey.generate() for name in ADVISERS}
    )
    recovery: AdviserKey = field(default_factory=AdviserKey.generate)

    def signature(self, adviser: str, case: UUID, words: Sequence[rpc.Sealed]) -> bytes:
        """The adviser's, of sealed words."""
        readers = [(UUID(one.key_id), one.ciphertext) for one in words]
        return self.keys[adviser].sign_words(readers, organisation=self.id, case=case)


@dataclass(frozen=True, kw_only=True)
class Opening:
    """A case that somebody opens: intake's shape, and who they are. `code` is a reporter's."""

    request: rpc.OpenCase
    subject: str
    role: Role
    code: ReporterCode | None


def adviser_of(number: int) -> str:
    """Whose case the `number`-th is."""
    return ADVISERS[number // 2 % 2]


def really_sealed(organisation: Organisation) -> Callable[[AdviserKey, UUID], bytes]:
    """Seals a short story of this organisation's, as a client does."""

    def envelope(key: AdviserKey, case: UUID) -> bytes:
        return seal(
            "Ik vertel dit liever aan u dan aan mijn leidinggevende.",
            organisation=organisation.id,
            case=case,
            key_id=key.key_id,
            public_key=key.public,
        )

    return envelope


def opening_of(
    organisation: Organisation, number: int, envelope: Callable[[AdviserKey, UUID], bytes]
) -> Opening:
    """The `number`-th case: the even ones are opened by a reporter with a code, the others by an
    adviser who signs. `envelope` seals to a key for a case.
    """
    code = ReporterCode.generate() if number % 2 == 0 else None
    case, adviser = uuid4() if code is None else code.case_id, adviser_of(number)
    readers = [organisation.keys[adviser], organisation.recovery]
    if code is not None:
        readers.append(code.key)
    words = tuple(
        rpc.Sealed(key_id=str(key.key_id), ciphertext=envelope(key, case)) for key in readers
    )
    request = rpc.OpenCase(
        case_id=str(case),
        channel="phone" if code is None else "form",
        anonymity="confidential" if code is None else "anonymous",
        reporter_role="employee",
        relation="colleague",
        category=CATEGORIES[number % len(CATEGORIES)],
        unit_id=UNITS[number % len(UNITS)],
        words=words,
    )
    if code is None:
        signature = organisation.signature(adviser, case, words)
        signed = msgspec.structs.replace(request, signature=signature)
        return Opening(request=signed, subject=adviser, role=Role.ADVISER, code=None)
    told = rpc.StatementGiven(version=statement.NEWEST, language="nl", how="read")
    told_first = msgspec.structs.replace(
        request, adviser_id=adviser, reply_key=code.key.public, statement=told
    )
    return Opening(request=told_first, subject=str(case), role=Role.REPORTER, code=code)


class House:
    """Intake's store and commands in this process, on the installation's database and key ring."""

    def __init__(
        self,
        installation: Installation,
        pool: AsyncConnectionPool[Any],
        writer: GroupWriter,
        parts: Parts,
        count: int,
    ) -> None:
        self._installation = installation
        self.pool = pool
        self._writer = writer
        self.parts = parts
        self.organisations = [Organisation() for _ in range(count)]
        self.cases = 0
        self.lists: Counter[tuple[UUID, str]] = Counter()
        """How many cases each adviser has."""

    @property
    def store(self) -> EventStore:
        """Intake's store, on the installation's database."""
        return self.parts.store

    def session(self, code: ReporterCode, organisation: UUID) -> str:
        """The token of a reporter's session."""
        return sessions_of(self.parts.ring).open(organisation, code.case_id)[0]

    @classmethod
    async def start(cls, installation: Installation, organisations: int) -> Self:
        """Set so many organisations up."""
        dsn = installation.database_url("intake")
        home = installation.home
        ring = FileKeyRing(home.key_ring("intake"), home.secret("key-ring-intake").read_bytes())
        pool = await open_pool(dsn, min_size=2, max_size=12)
        writer = GroupWriter(dsn)
        await writer.start()
        store = EventStore(pool=pool, writer=writer, types=TYPES, ring=ring)
        parts = Parts(
            settings=cast(Any, None),  # no handler of these looks there
            store=store,
            pool=pool,
            ring=ring,
            clock=cast(Any, None),  # the moment of a call comes with it
            proofs=cast(Any, None),  # only the ledger's verbs look there
            erasures=cast(Any, SimpleNamespace(known=lambda *_stream: False)),  # none erases
            projector=Projector(store, pool, (), lambda _problem: None),  # the service projects
        )
        house = cls(installation, pool, writer, parts, organisations)
        for organisation in house.organisations:
            await house._found(organisation)
        return house

    async def stop(self) -> None:
        """Write what is queued, and let go."""
        await self._writer.stop()
        await self.pool.close()

    async def fill(self, cases: int, organisations: int) -> None:
        """Open cases in the first `organisations` until there are `cases` in all."""
        numbers = iter(range(self.cases, cases))

        async def client() -> None:
            for number in numbers:
                await self._case(self.organisation_of(number, organisations), number)

        async with asyncio.TaskGroup() as group:
            for _ in range(_CLIENTS):
                group.create_task(client())
        self.cases = cases

    def organisation_of(self, number: int, organisations: int) -> Organisation:
        """Where the `number`-th case is opened: in turns of four, two by reporters and two by advisers."""
        return self.organisations[number // 4 % organisations]

    async def _found(self, organisation: Organisation) -> None:
        await self._ask(
            organisation,
            rpc.SetUpOrganisation(
                organisation_id=str(organisation.id),
                name="De Hoekstee",
                language="nl",
                units=tuple(rpc.Unit(id=unit, name=unit, headcount=90) for unit in UNITS),
                advisers=tuple(rpc.AdviserSeat(id=one, name=one.title()) for one in ADVISERS),
                release=rpc.ReleasePolicy(
                    policy="exact", dimension="category", k=5, works_council_on=date(2025, 1, 20)
                ),
            ),
            "beheer",
            Role.ADMIN,
        )
        for name, key in organisation.keys.items():
            await self._ask(
                organisation,
                rpc.PublishAdviserKey(
                    public_key=key.public,
                    signing_key=key.signing_public,
                    proof=key.prove(organisation=organisation.id, adviser_id=name),
                ),
                name,
            )
        digest, recovery = bytes(32), organisation.recovery
        signature = organisation.keys["anna"].sign_recovery_key(
            recovery.public, digest=digest, organisation=organisation.id
        )
        await self._ask(
            organisation,
            rpc.PublishRecoveryKey(public_key=recovery.public, digest=digest, signature=signature),
            "anna",
        )
        await self._ask(
            organisation,
            rpc.ConfirmRecoveryKey(key_id=str(recovery.key_id)),
            "wim",
            Role.WORKS_COUNCIL,
        )

    async def _case(self, organisation: Organisation, number: int) -> None:
        """One case; every fourth is worked on."""
        opening = opening_of(organisation, number, lambda _key, _case: os.urandom(SEALED_BYTES))
        await self._ask(organisation, opening.request, opening.subject, opening.role)
        self.lists[organisation.id, adviser_of(number)] += 1
        if number % 8 in _WORKED_ON:
            case, name = opening.request.case_id, adviser_of(number)
            minutes = opening.request.words[:2]  # not to the reporter: minutes of one's own
            talk = rpc.RecordConversation(
                case_id=case,
                mode="walk",
                minutes=minutes,
                signature=organisation.signature(name, UUID(case), minutes),
            )
            await self._ask(organisation, talk, name)
            listened = rpc.RecordIntervention(case_id=case, intervention="listening")
            await self._ask(organisation, listened, name)

    async def _ask(
        self,
        organisation: Organisation,
        request: rpc.Shape,
        subject: str,
        role: Role = Role.ADVISER,
    ) -> None:
        """As shared/runtime/service.py does behind the token: policy, command, handler."""
        name = _VERBS[type(request)]
        principal = Principal(subject, role, None if role is Role.ADMIN else organisation.id)
        if not may(principal, name):
            raise PermissionError(name)
        content = name.encode() + b"\n" + msgspec.json.encode(request, order="deterministic")
        command = Command(actor=subject, key=str(uuid4()), request=content)
        now = self._installation.now()
        call = Call(principal=principal, now=now, parts=self.parts, command=command)
        await run_command(call, _HANDLERS[name], request, rpc.Done, organisation.id)
