"""Which keys the log says were published: for advisers who look whether a key was swapped."""

from __future__ import annotations

from services.intake.events import TYPES
from shared.contracts.rpc import Empty, KeyLog
from shared.runtime.calls import Call

PUBLICATIONS = (
    *TYPES.stored_names("AdviserKeyPublished"),
    *TYPES.stored_names("RecoveryKeyPublished"),
)


async def key_log(call: Call, _request: Empty) -> KeyLog:
    """See KeyLog. Not recorded as a look: public keys are there to be looked at."""
    return await call.parts.proofs.entries_of(call.organisation, PUBLICATIONS)
