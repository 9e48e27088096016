"""An adviser puts their own public key in the organisation's directory."""

from __future__ import annotations

from services.intake.domain.organisation import publish_key
from services.intake.domain.words import key_id_of
from services.intake.signatures import verifies
from services.intake.streams import adviser_key_stream, load_organisation, organisation_stream
from shared.contracts.rpc import Done, PublishAdviserKey
from shared.eventstore.store import Change
from shared.runtime.calls import Call


async def publish_adviser_key(call: Call, request: PublishAdviserKey) -> Done:
    """See PublishAdviserKey. The key id is a hash of the key, as the client computes it too."""
    state = await load_organisation(call.parts.store, call.organisation)
    key_id = key_id_of(request.public_key)
    published, listed = publish_key(
        state,
        adviser_id=call.principal.subject,
        key_id=key_id,
        public_key=request.public_key,
        on=call.now.date(),
        verifies=verifies,
        signing_key=request.signing_key,
        proof=request.proof,
        previous_signature=request.previous_signature,
    )
    stream = organisation_stream(call.organisation)
    return await call.commit(
        [
            Change(adviser_key_stream(call.organisation, key_id), 1, published),
            Change(stream, state.version + 1, listed),
        ],
        Done(id=str(key_id), position=0),
    )
