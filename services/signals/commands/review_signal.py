"""The second adviser approves a signal along the checklist, or returns it with remarks."""

from __future__ import annotations

from services.signals.commands.in_signal import add_to_signal, adopted_of
from services.signals.domain import signal
from services.signals.shapes import as_uuid, sealed_from_bus
from shared.contracts.rpc import Done, ReviewSignal
from shared.runtime.calls import Call


async def review_signal(call: Call, request: ReviewSignal) -> Done:
    """See ReviewSignal."""
    adopted = await adopted_of(call)
    return await add_to_signal(
        call,
        as_uuid(request.signal_id, "signalId"),
        lambda state: signal.review(
            state,
            seats=adopted.advisers,
            reviewer_id=call.principal.subject,
            revision=request.revision,
            checklist=request.checklist,
            text=request.text,
            salt=request.salt,
            remarks=sealed_from_bus(request.remarks),
            on=call.now.date(),
        ),
    )
