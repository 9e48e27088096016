"""The weeks of an adviser's calendar, for whoever has its address; and whether there is one."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING
from uuid import UUID, uuid5

from services.intake.domain.calendar_feed import SECRET_BYTES
from services.intake.queries.my_tasks import tasks_of
from services.intake.streams import adviser_seats, calendar_stream, load_calendar_feed
from shared.contracts.errors import Code, Refusal
from shared.contracts.rpc import CalendarFeed, CalendarQuery, CalendarWeeks, Empty
from shared.eventstore.store import Change, Conflict
from shared.eventstore.week import week_of
from shared.identity.roles import Role
from shared.runtime.calls import AccessRecorded, Call, Parts
from shared.taxonomy.working_days import day_of

if TYPE_CHECKING:
    from datetime import datetime


async def calendar_feed(call: Call, _request: Empty) -> CalendarFeed:
    """See CalendarFeed."""
    stream = calendar_stream(call.parts.ring, call.organisation, call.principal.subject)
    state = await load_calendar_feed(call.parts.store, call.organisation, stream)
    return CalendarFeed(
        id=str(stream), shared_week=None if state.shared is None else week_of(state.shared.at)
    )


async def calendar_weeks(parts: Parts, request: CalendarQuery) -> CalendarWeeks:
    """See CalendarQuery. What does not open a calendar looks like none; that it was looked at is recorded
    once a day, since programs look all the time.
    """
    try:
        organisation, feed = UUID(request.organisation_id), UUID(request.feed)
    except ValueError:
        raise Refusal(Code.NOT_FOUND) from None
    if feed.version != 5 or len(request.secret) != SECRET_BYTES:  # a case's id has version 4
        raise Refusal(Code.NOT_FOUND)
    adviser_id = (await load_calendar_feed(parts.store, organisation, feed)).opens(request.secret)
    seats = await adviser_seats(parts.store, organisation)
    if seats is None or adviser_id not in seats:
        raise Refusal(Code.NOT_FOUND)
    now = parts.clock.now()
    this_week = week_of(day_of(now))
    weeks = {
        max(task.week, this_week)
        async for task in tasks_of(parts, organisation, adviser_id, now)
        if task.stage != "paused"
    }
    await _looked(parts, organisation, feed, adviser_id, now)
    return CalendarWeeks(this_week=this_week, weeks=tuple(sorted(weeks)))


async def _looked(
    parts: Parts, organisation: UUID, feed: UUID, adviser_id: str, now: datetime
) -> None:
    stream = uuid5(feed, day_of(now).isoformat())
    event = AccessRecorded(what="calendar", ref=None, role=Role.ADVISER.value, at=now)
    async with parts.pool.connection() as connection:
        cursor = await connection.execute("SELECT FROM event WHERE stream = %s LIMIT 1", (stream,))
        if await cursor.fetchone() is not None:
            return
    with contextlib.suppress(Conflict):  # somebody else looked at this very moment
        await parts.store.append(organisation, [Change(stream, 1, event)], actor=adviser_id, at=now)
