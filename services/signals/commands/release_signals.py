"""At the quarterly tick: release what two advisers approved, and say that this tick was, news or not."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from services.signals.domain.signal import MOST_PER_TICK, Status, release, tick
from services.signals.streams import load_organisation, load_signal, signal_tick_stream
from shared.eventstore.store import Change, Conflict
from shared.eventstore.types import UnknownEventType
from shared.keys.case_key import Unreadable
from shared.runtime.service import TickFailed
from shared.taxonomy.calendar import moment_of

if TYPE_CHECKING:
    from datetime import date

    from shared.runtime.calls import Parts

SYSTEM = "signals"

MOST_WITHDRAWN = 64
"""Withdrawn signals that one tick tells of; others wait for the next."""


async def release_signals(parts: Parts) -> bool:
    """Make each organisation's tick that is due: once its day is closed at intake, as for figures.

    Answers whether anything was released. Raises TickFailed, when all others are done, for
    organisations of which an event cannot be read.
    """
    released = going_on = False
    failed: dict[str, Exception] = {}
    while waiting := await _waiting(parts):
        for organisation, day in waiting:
            try:
                going_on |= await _tick(parts, organisation, day)
            except (ValueError, Unreadable, UnknownEventType) as error:
                failed[f"{organisation}/signals/{day}"] = error
        released |= going_on
        # An organisation that was away for a year has several; each makes the next one due.
        if not going_on or failed:
            break
        going_on = False
    if failed:
        raise TickFailed(failed)
    return released


async def _waiting(parts: Parts) -> list[tuple[UUID, date]]:
    """Each organisation's next tick, where that is due."""
    now = parts.clock.now()
    async with parts.pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT held_signal_tick.organisation, held_signal_tick.day"
            " FROM held_signal_tick JOIN reached_day USING (organisation)"
            " WHERE reached_day.day >= held_signal_tick.day AND held_signal_tick.day <= %s"
            " ORDER BY organisation",
            (now.date(),),
        )
        found: list[tuple[UUID, date]] = await cursor.fetchall()
    return [(organisation, day) for organisation, day in found if moment_of(day) <= now]


async def _tick(parts: Parts, organisation: UUID, day: date) -> bool:
    adopted = await load_organisation(parts.store, organisation)
    if adopted is None:
        raise ValueError("a tick of an organisation that is not known")
    changes, released = [], []
    for signal_id in await _approved(parts, organisation, day):
        state = await load_signal(parts.store, organisation, signal_id)
        event = release(state, day=day)
        if event is not None:
            released.append(event)
            changes.append(Change(signal_id, state.version + 1, event))
    told = tick(
        released,
        await _withdrawn(parts, organisation),
        message_id=uuid4(),
        organisation_id=organisation,
        token=adopted.token,
        day=day,
    )
    changes.append(Change(signal_tick_stream(organisation, day), 1, told))
    try:
        appended = await parts.store.append(
            organisation, changes, actor=SYSTEM, at=parts.clock.now()
        )
    except Conflict:
        return False  # another replica made it, or an adviser withdrew one: look again
    await parts.projector.until(organisation, appended.last)
    return True


async def _approved(parts: Parts, organisation: UUID, day: date) -> list[UUID]:
    """Those that wait for this tick, the longest waiting first."""
    async with parts.pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT signal_id FROM signal_index WHERE organisation = %s AND status = %s"
            " AND due <= %s ORDER BY changed LIMIT %s",
            (organisation, Status.APPROVED.value, day, MOST_PER_TICK),
        )
        return [row[0] for row in await cursor.fetchall()]


async def _withdrawn(parts: Parts, organisation: UUID) -> list[UUID]:
    async with parts.pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT signal_id FROM held_withdrawal WHERE organisation = %s"
            " ORDER BY signal_id LIMIT %s",
            (organisation, MOST_WITHDRAWN),
        )
        return [row[0] for row in await cursor.fetchall()]
