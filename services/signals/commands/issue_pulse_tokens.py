"""An adviser or HR lets tokens answer. They were made in a client, and only their hashes come here."""

from __future__ import annotations

from services.signals.commands.in_signal import adopted_of
from services.signals.domain import pulse
from services.signals.streams import load_round, pulse_stream
from shared.contracts.rpc import Done, IssuePulseTokens
from shared.eventstore.store import Change
from shared.runtime.calls import Call


async def issue_pulse_tokens(call: Call, request: IssuePulseTokens) -> Done:
    """See IssuePulseTokens."""
    adopted = await adopted_of(call)
    state = await load_round(call.parts.store, call.organisation, request.period)
    event = pulse.issue(
        state,
        request.hashes,
        staff=sum(unit.headcount for unit in adopted.units),
        today=call.now.date(),
    )
    stream = pulse_stream(call.organisation, request.period)
    return await call.commit(
        [Change(stream, state.version + 1, event)], Done(id=request.period, position=0)
    )
