"""An adviser says that the device with their key is lost, or stolen."""

from __future__ import annotations

from services.intake.domain.organisation import withdraw_key
from services.intake.sealed import as_uuid
from services.intake.streams import load_organisation, organisation_stream
from shared.contracts.rpc import Done, WithdrawAdviserKey
from shared.eventstore.store import Change
from shared.runtime.calls import Call


async def withdraw_adviser_key(call: Call, request: WithdrawAdviserKey) -> Done:
    """See WithdrawAdviserKey."""
    state = await load_organisation(call.parts.store, call.organisation)
    event = withdraw_key(
        state,
        adviser_id=call.principal.subject,
        key_id=as_uuid(request.key_id, "keyId"),
        reason=request.reason,
        on=call.now.date(),
    )
    stream = organisation_stream(call.organisation)
    return await call.commit(
        [Change(stream, state.version + 1, event)], Done(id=request.key_id, position=0)
    )
