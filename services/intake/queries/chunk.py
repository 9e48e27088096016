"""A chunk of an attached file, as its client sealed it. That an adviser took it is recorded first."""

from __future__ import annotations

import contextlib
from functools import reduce
from uuid import UUID

from services.intake import chunks
from services.intake.domain import case
from services.intake.domain.hand_over import shown_to_adviser
from services.intake.sealed import as_uuid
from services.intake.streams import case_events
from shared.contracts.errors import Code, Refusal
from shared.contracts.rpc import Chunk, ChunkQuery
from shared.eventstore.store import Conflict
from shared.identity.roles import Role
from shared.runtime.calls import Call


async def chunk(call: Call, request: ChunkQuery) -> Chunk:
    """See Chunk. Whichever chunk an adviser asks for first on a day: the look is durable before it
    leaves, once for each adviser, file and day. A reporter's is recorded nowhere.
    """
    attachment = as_uuid(request.id, "id")
    held = await chunks.held(call.parts.pool, call.organisation, attachment)
    if held is None:
        raise Refusal(Code.NOT_FOUND)
    recorded = await case_events(call.parts.store, call.organisation, held.case_id)
    state = reduce(case.evolve, (one.event for one in recorded), case.Case())
    file = next((one for one in state.files if one.attachment_id == attachment), None)
    if state.opened is None or file is None:
        raise Refusal(Code.NOT_FOUND)
    if call.principal.role is Role.REPORTER:
        if str(held.case_id) != call.principal.subject or not case.shown_to_reporter(
            state.opened, file
        ):
            raise Refusal(Code.NOT_FOUND)
    else:
        case.owned_by(state, call.principal.subject)
        # Of a case that was handed over: the parts that were.
        if all(one.event is not file for one in shown_to_adviser([one.event for one in recorded])):
            raise Refusal(Code.NOT_FOUND)
        # A conflict: recorded before, for an earlier chunk.
        with contextlib.suppress(Conflict):
            await call.record_access("attachment", attachment, stream=_look(call, attachment))
    # As many as were attached: what came between that and its settling is no part of the file.
    there = request.number < file.chunks
    found = there and await chunks.read(call.parts, call.organisation, attachment, request.number)
    if not found:
        raise Refusal(Code.NOT_FOUND)
    content, _ = found
    return Chunk(content=content, chunks=file.chunks)


def _look(call: Call, attachment: UUID) -> UUID:
    """The stream of a look: the same one in every replica, and nobody's to guess (as in Visits)."""
    name = f"attachment/{attachment}/{call.now.date()}/{call.principal.subject}"
    pseudonym = call.parts.ring.pseudonym(call.organisation, call.now.year, name)
    return UUID(bytes=pseudonym, version=4)
