"""A message that a service's stream holds and its database does not, after an older one was put back.

What it was made of is lost, and is not made up from the message: a case that nobody can open would
otherwise stand in the log. It keeps its place, so that the service publishes behind it and readers
who took it in are not told something else.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import NAMESPACE_OID, UUID, uuid5

from shared.bus.relay import StreamDiverged
from shared.eventstore.store import Change

if TYPE_CHECKING:
    from shared.contracts.events import CloudEvent
    from shared.runtime.calls import Parts

_OF_PLACE = (
    "SELECT organisation FROM relay_queue ORDER BY position DESC LIMIT 1",
    "SELECT organisation FROM log ORDER BY organisation LIMIT 1",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageAdopted:
    """This message was published, and what it was made of is lost. `subject` is the message's."""

    message_id: str
    subject: str


async def adopt_message(parts: Parts, event: CloudEvent, subject: str) -> tuple[UUID, int]:
    """See Definition.adopt: the mark of a message that is there."""
    organisation = _organisation(event)
    return await _mark(parts, organisation, MessageAdopted(message_id=event.id, subject=subject))


async def adopt_gap(parts: Parts, stream: str, position: int) -> tuple[UUID, int]:
    """See Definition.adopt_gap: the mark of a message that was taken out: its case was erased, or it
    expired. Whose it was nobody knows; the mark stands in the log of the message before it.
    """
    async with parts.pool.connection() as connection:
        for statement in _OF_PLACE:
            row = await (await connection.execute(statement)).fetchone()
            if row is not None:
                subject = f"{stream.lower()}.v1.erased"
                mark = MessageAdopted(message_id=f"gap-{position}", subject=subject)
                return await _mark(parts, row[0], mark)
    raise StreamDiverged(
        f"Stream {stream} has lost {position}, and the database knows no log at all."
    )


async def _mark(parts: Parts, organisation: UUID, mark: MessageAdopted) -> tuple[UUID, int]:
    stream = uuid5(NAMESPACE_OID, f"hoeksteen/adopted/{organisation}/{mark.message_id}")
    stored = await parts.store.load(organisation, stream)
    if stored:
        return organisation, stored[0].index
    appended = await parts.store.append(
        organisation,
        [Change(stream, 1, mark)],
        actor=parts.settings.nats_user,
        at=parts.clock.now(),
    )
    return organisation, appended.first


def _organisation(event: CloudEvent) -> UUID:
    try:
        return UUID(json.loads(bytes(event.data))["organisation_id"])
    except (ValueError, KeyError, TypeError):
        raise StreamDiverged(f"a message of the kind {event.type} names no organisation") from None
