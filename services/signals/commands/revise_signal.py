"""An adviser changes a draft of theirs, or takes up one that rules began."""

from __future__ import annotations

from services.signals.commands.in_signal import add_to_signal, adopted_of, checked
from services.signals.domain import signal
from services.signals.shapes import as_uuid, sealed_from_bus
from shared.contracts.rpc import Done, ReviseSignal
from shared.runtime.calls import Call


async def revise_signal(call: Call, request: ReviseSignal) -> Done:
    """See ReviseSignal."""
    signal_id = as_uuid(request.signal_id, "signalId")
    adopted = await adopted_of(call)
    content = await checked(call, adopted, request.said)
    return await add_to_signal(
        call,
        signal_id,
        lambda state: signal.revise(
            state,
            seats=adopted.advisers,
            author_id=call.principal.subject,
            reviewer_id=request.reviewer_id,
            content=content,
            commitment=request.commitment,
            sealed=sealed_from_bus(request.sealed),
            on=call.now.date(),
        ),
    )
