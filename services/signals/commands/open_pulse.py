"""An adviser or HR freezes a round of questions for employees, before it opens."""

from __future__ import annotations

from services.signals.commands.in_signal import adopted_of, ground_of
from services.signals.domain import pulse
from services.signals.streams import load_round, pulse_release_stream, pulse_stream
from shared.contracts.errors import Code, Refusal
from shared.contracts.rpc import Done, OpenPulse
from shared.eventstore.store import Change
from shared.runtime.calls import Call
from shared.taxonomy.period import Period


async def open_pulse(call: Call, request: OpenPulse) -> Done:
    """See OpenPulse."""
    adopted = await adopted_of(call)
    period = Period.containing(request.opens_on)
    state = await load_round(call.parts.store, call.organisation, str(period))
    if await call.parts.store.load(
        call.organisation, pulse_release_stream(call.organisation, str(period))
    ):
        # Published, and lost here when an older database was put back: it would never be released.
        raise Refusal(Code.ALREADY_EXISTS)
    event = pulse.freeze(
        state,
        organisation_id=adopted.organisation_id,
        token=adopted.token,
        policy=adopted.policy,
        ground=await ground_of(call, adopted, period) if request.by_unit else None,
        questions=request.questions,
        by_unit=request.by_unit,
        opens_on=request.opens_on,
        closes_on=request.closes_on,
        today=call.now.date(),
    )
    stream = pulse_stream(call.organisation, str(period))
    return await call.commit([Change(stream, 1, event)], Done(id=event.period, position=0))
