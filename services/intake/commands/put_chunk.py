"""A chunk of a file that is to be attached. It stands in no log: what is attached is.

A question to the bus, not a command: it records no event, and the same chunk again changes nothing.
"""

from __future__ import annotations

from services.intake import chunks
from services.intake.commands.in_case import running_case
from services.intake.domain.attachment import CHUNK_BYTES, check_place
from services.intake.sealed import as_uuid
from shared.contracts.errors import invalid
from shared.contracts.rpc import Empty, PutChunk
from shared.runtime.calls import Call


async def put_chunk(call: Call, request: PutChunk) -> Empty:
    """See PutChunk."""
    case_id, attachment = as_uuid(request.case_id, "caseId"), as_uuid(request.id, "id")
    if attachment.version != 4:
        raise invalid("id", "it is not a random UUID (version 4)")
    limits = chunks.limits_of(call.parts.settings)
    check_place(request.number, limits)
    if len(request.content) != CHUNK_BYTES:
        raise invalid("content", "it is not {bytes} bytes long", bytes=CHUNK_BYTES)
    await running_case(call, case_id)
    await chunks.put(
        call.parts,
        call.organisation,
        case_id,
        attachment,
        request.number,
        request.content,
        limits=limits,
        day=call.now.date(),
    )
    return Empty()
