"""An adviser begins a signal, for a second adviser to review."""

from __future__ import annotations

from services.signals.commands.in_signal import add_to_signal, adopted_of, checked
from services.signals.domain import signal
from services.signals.shapes import as_uuid, sealed_from_bus
from shared.contracts.rpc import Done, DraftSignal
from shared.runtime.calls import Call


async def draft_signal(call: Call, request: DraftSignal) -> Done:
    """See DraftSignal."""
    signal_id = as_uuid(request.signal_id, "signalId")
    adopted = await adopted_of(call)
    content = await checked(call, adopted, request.said)
    return await add_to_signal(
        call,
        signal_id,
        lambda state: signal.draft(
            state,
            signal_id=signal_id,
            organisation_id=adopted.organisation_id,
            token=adopted.token,
            seats=adopted.advisers,
            author_id=call.principal.subject,
            reviewer_id=request.reviewer_id,
            content=content,
            commitment=request.commitment,
            sealed=sealed_from_bus(request.sealed),
            on=call.now.date(),
        ),
    )
