"""A file whose chunks were all sent becomes part of the case."""

from __future__ import annotations

from services.intake import chunks
from services.intake.commands.in_case import running_case
from services.intake.domain import attachment, case
from services.intake.sealed import as_uuid, from_bus
from services.intake.signatures import verifies
from services.intake.streams import load_organisation
from shared.contracts.errors import Code, Refusal
from shared.contracts.rpc import AttachFile, Done
from shared.eventstore.store import Change
from shared.identity.roles import Role
from shared.runtime.calls import Call


async def attach_file(call: Call, request: AttachFile) -> Done:
    """See AttachFile."""
    case_id, file = (
        as_uuid(request.case_id, "caseId"),
        as_uuid(request.attachment_id, "attachmentId"),
    )
    state = await running_case(call, case_id)
    held = await chunks.held(call.parts.pool, call.organisation, file)
    if held is None or held.case_id != case_id:
        raise Refusal(Code.NOT_FOUND)
    await chunks.touch(call.parts.pool, file, call.now.date())
    there, digest = await chunks.whole(call.parts.pool, file)
    attachment.check_whole(chunks=request.chunks, digest=request.digest, there=there, found=digest)
    event = case.attach_file(
        state,
        await load_organisation(call.parts.store, call.organisation),
        attachment_id=file,
        sender="reporter" if call.principal.role is Role.REPORTER else "adviser",
        chunks=there,
        digest=digest,
        words=from_bus(request.words),
        at=call.now,
        signature=request.signature,
        verifies=verifies,
    )
    done = await call.commit(
        [Change(case_id, state.version + 1, event)], Done(id=str(file), position=0)
    )
    await chunks.settle(call.parts.pool, file)
    return done
