"""An adviser shares a calendar of the weeks in which something is due."""

from __future__ import annotations

from services.intake.domain import calendar_feed
from services.intake.streams import calendar_stream, load_calendar_feed
from shared.contracts.rpc import Done, ShareCalendar
from shared.eventstore.store import Change
from shared.runtime.calls import Call


async def share_calendar(call: Call, request: ShareCalendar) -> Done:
    """See ShareCalendar."""
    stream = calendar_stream(call.parts.ring, call.organisation, call.principal.subject)
    state = await load_calendar_feed(call.parts.store, call.organisation, stream)
    event = calendar_feed.share(
        adviser_id=call.principal.subject, token_sha256=request.token_sha256, at=call.now
    )
    return await call.commit(
        [Change(stream, state.version + 1, event)], Done(id=str(stream), position=0)
    )
