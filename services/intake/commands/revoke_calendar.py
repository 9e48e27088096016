"""An adviser ends the sharing of their calendar."""

from __future__ import annotations

from services.intake.domain import calendar_feed
from services.intake.streams import calendar_stream, load_calendar_feed
from shared.contracts.rpc import Done, Empty
from shared.eventstore.store import Change
from shared.runtime.calls import Call


async def revoke_calendar(call: Call, _request: Empty) -> Done:
    """See CalendarFeed."""
    stream = calendar_stream(call.parts.ring, call.organisation, call.principal.subject)
    state = await load_calendar_feed(call.parts.store, call.organisation, stream)
    event = calendar_feed.revoke(state, at=call.now)
    return await call.commit(
        [Change(stream, state.version + 1, event)], Done(id=str(stream), position=0)
    )
