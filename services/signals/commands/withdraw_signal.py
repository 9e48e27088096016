"""An adviser takes a signal back."""

from __future__ import annotations

from services.signals.commands.in_signal import add_to_signal, adopted_of
from services.signals.domain import signal
from services.signals.shapes import as_uuid
from shared.contracts.live import Hint, Topic
from shared.contracts.rpc import Done, WithdrawSignal
from shared.runtime.calls import Call


async def withdraw_signal(call: Call, request: WithdrawSignal) -> Done:
    """See WithdrawSignal."""
    adopted = await adopted_of(call)
    done = await add_to_signal(
        call,
        as_uuid(request.signal_id, "signalId"),
        lambda state: signal.withdraw(
            state,
            seats=adopted.advisers,
            adviser_id=call.principal.subject,
            reason=request.reason,
            on=call.now.date(),
        ),
    )
    # Readers see it at once; what is released waits for its messages (open_to_readers).
    call.parts.live.tell(Topic.SIGNAL, Hint(organisation=call.organisation), done.position)
    return done
