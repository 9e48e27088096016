"""One call of one verb: who asks, when, and how its changes are committed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID, uuid4

import msgspec

from shared.contracts.errors import Code, Refusal
from shared.contracts.reporting_hr import HrImported
from shared.contracts.rpc import Done, Imported, PublishedImported, Shape
from shared.eventstore.store import (
    Change,
    Command,
    Conflict,
    EventStore,
    StoreUnavailable,
    StreamErased,
)
from shared.runtime.erasure import KeyDestroyed
from shared.runtime.live import Live

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from psycopg_pool import AsyncConnectionPool

    from shared.eventstore.projector import Projector
    from shared.identity.principal import Principal
    from shared.keys.ring import KeyRing
    from shared.runtime.clock import Clock
    from shared.runtime.erasure import Erasures
    from shared.runtime.proofs import LogProofs
    from shared.runtime.settings import ServiceSettings

Answer = TypeVar("Answer", Done, Imported, PublishedImported, HrImported)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRecorded:
    """Somebody was shown something. `what` is a kind such as `case`; `ref` its random id, if any."""

    what: str
    ref: UUID | None
    role: str
    at: datetime


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """What a service's handlers work with."""

    settings: ServiceSettings
    store: EventStore
    pool: AsyncConnectionPool[Any]
    ring: KeyRing
    clock: Clock
    projector: Projector
    proofs: LogProofs
    erasures: Erasures
    answers: AsyncConnectionPool[Any] | None = None
    """Connections under the role that answers readers; for services that have one."""
    live: Live = msgspec.field(default_factory=Live)
    """Where a commit is told to those who wait for news."""


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A request that has passed sign-in and the service's policy."""

    principal: Principal
    now: datetime
    """The time that its events carry."""
    parts: Parts
    command: Command | None = None
    """For commands: what makes a repeat recognisable."""

    @property
    def organisation(self) -> UUID:
        """The asker's organisation. Raises Refusal NOT_ALLOWED for a role that has none."""
        if self.principal.organisation is None:
            raise Refusal(Code.NOT_ALLOWED)
        return self.principal.organisation

    async def commit(
        self,
        changes: Sequence[Change],
        answer: Answer,
        *,
        organisation: UUID | None = None,
    ) -> Answer:
        """Append `changes` with this command's answer, and give the answer its position.

        Returns once the changes are durable and this process's projections hold them.
        """
        where = organisation or self.organisation
        appended = await self.parts.store.append(
            where,
            changes,
            actor=self.principal.subject,
            at=self.now,
            command=self.command,
            answer=msgspec.json.encode(answer),
        )
        await self.parts.projector.until(where, appended.last)
        return msgspec.structs.replace(answer, position=appended.last)

    async def erase(
        self,
        stream: UUID,
        answer: Answer,
        *,
        ground: str,
        approved_by: tuple[str, ...] = (),
        also: Sequence[Change] = (),
    ) -> Answer:
        """Destroy the key of `stream`, append `also`, and give this command's answer its position.

        Returns once keys and contents are gone and this process's projections hold it. Raises
        StreamErased, and StoreUnavailable where the destruction log cannot be written: then it is
        decided, and the service tries again.
        """
        try:
            appended = await self.parts.erasures.erase(
                self.organisation,
                stream,
                KeyDestroyed(ground=ground, approved_by=approved_by, at=self.now),
                store=self.parts.store,
                actor=self.principal.subject,
                command=self.command,
                answer=msgspec.json.encode(answer),
                also=also,
            )
        except OSError:
            raise StoreUnavailable from None
        await self.parts.projector.until(self.organisation, appended.last)
        return msgspec.structs.replace(answer, position=appended.last)

    async def record_access(
        self, what: str, ref: UUID | None = None, *, stream: UUID | None = None
    ) -> None:
        """Record, durably, that the asker is about to be shown `what`. Before the answer leaves.

        `stream` makes it once: a second event of that stream raises Conflict.
        """
        event = AccessRecorded(what=what, ref=ref, role=self.principal.role.value, at=self.now)
        await self.parts.store.append(
            self.organisation,
            [Change(stream or uuid4(), 1, event)],
            actor=self.principal.subject,
            at=self.now,
        )


# A command whose stream was changed by somebody else is decided again on the new state.
_ATTEMPTS = 4


async def run_command(
    call: Call,
    handler: Callable[[Call, Any], Awaitable[Shape]],
    request: Shape,
    answer_type: type[Shape],
    organisation: UUID,
) -> Shape:
    """Run a command so that a repeat gets the first answer and a lost race is run again.

    Nothing is looked up beforehand: a repeat that would change something meets its own key
    (Conflict), and where nothing was changed the first answer is looked for before another one is
    given. What the handler decided on state in memory, and refuses, is decided again on state that
    was read.

    Raises Refusal: what the handler refuses, KEY_DESTROYED, KEY_REUSED, CONFLICT or UNAVAILABLE.
    """
    store, command = call.parts.store, call.command
    if command is None:
        raise Refusal(Code.INVALID_INPUT, field="idempotencyKey", reason="it is missing")
    for attempt in range(_ATTEMPTS):
        session = store.session(hopeful=attempt == 0)
        parts = msgspec.structs.replace(call.parts, store=session)
        try:
            answer = await handler(
                Call(principal=call.principal, now=call.now, parts=parts, command=command), request
            )
        except Conflict:
            first = await _first_answer(store, command, organisation, answer_type)
            if first is not None:
                return first
            continue
        except StoreUnavailable:
            raise Refusal(Code.UNAVAILABLE) from None
        except (Refusal, StreamErased) as refused:
            # An earlier try of this very command may have landed: then what is in its way is
            # itself, and it has its answer.
            first = await _first_answer(store, command, organisation, answer_type)
            if first is not None:
                return first
            if session.from_memory:
                session.forget()
                continue
            if isinstance(refused, StreamErased):
                raise Refusal(Code.KEY_DESTROYED) from None
            raise
        if session.appended:
            return answer
        first = await _first_answer(store, command, organisation, answer_type)
        return answer if first is None else first
    raise Refusal(Code.CONFLICT)


async def _first_answer(
    store: EventStore, command: Command, organisation: UUID, answer_type: type[Shape]
) -> Shape | None:
    first = await store.answered(organisation, command)
    if first is None:
        return None
    if not first.same_content:
        raise Refusal(Code.KEY_REUSED)
    answer = msgspec.json.decode(first.answer, type=answer_type)
    return msgspec.structs.replace(answer, position=first.position)
