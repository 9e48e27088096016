"""An adviser proposes a recovery key."""

from __future__ import annotations

from services.intake.domain.organisation import publish_recovery_key as decide
from services.intake.domain.words import key_id_of
from services.intake.signatures import verifies
from services.intake.streams import load_organisation, organisation_stream, recovery_key_stream
from shared.contracts.rpc import Done, PublishRecoveryKey
from shared.eventstore.store import Change
from shared.runtime.calls import Call


async def publish_recovery_key(call: Call, request: PublishRecoveryKey) -> Done:
    """See PublishRecoveryKey."""
    state = await load_organisation(call.parts.store, call.organisation)
    key_id = key_id_of(request.public_key)
    published, proposed = decide(
        state,
        adviser_id=call.principal.subject,
        key_id=key_id,
        public_key=request.public_key,
        digest=request.digest,
        signature=request.signature,
        on=call.now.date(),
        verifies=verifies,
    )
    stream = organisation_stream(call.organisation)
    return await call.commit(
        [
            Change(recovery_key_stream(call.organisation, key_id), 1, published),
            Change(stream, state.version + 1, proposed),
        ],
        Done(id=str(key_id), position=0),
    )
