"""A second person, of another role, confirms a recovery key."""

from __future__ import annotations

from services.intake.domain.organisation import confirm_recovery_key as decide
from services.intake.sealed import as_uuid
from services.intake.streams import load_organisation, organisation_stream
from shared.contracts.rpc import ConfirmRecoveryKey, Done
from shared.eventstore.store import Change
from shared.runtime.calls import Call


async def confirm_recovery_key(call: Call, request: ConfirmRecoveryKey) -> Done:
    """See ConfirmRecoveryKey."""
    state = await load_organisation(call.parts.store, call.organisation)
    event = decide(
        state,
        key_id=as_uuid(request.key_id, "keyId"),
        by=call.principal.subject,
        role=call.principal.role.value,
        on=call.now.date(),
    )
    stream = organisation_stream(call.organisation)
    return await call.commit(
        [Change(stream, state.version + 1, event)], Done(id=request.key_id, position=0)
    )
