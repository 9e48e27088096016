"""At the quarterly tick: release what two advisers approved and what employees answered, and say that
this tick was, news or not.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from services.signals.ahead import Ahead, Drawn
from services.signals.commands.release_grids import LIBRARY
from services.signals.domain import noise, pulse
from services.signals.domain.noisy import PrivacyBudgetDebited
from services.signals.domain.signal import (
    MOST_PER_TICK,
    SignalReleased,
    Status,
    release,
    tick,
)
from services.signals.streams import (
    load_round,
    load_signal,
    pulse_release_stream,
    signal_tick_stream,
)
from shared.eventstore.damaged import DAMAGED
from shared.eventstore.projector import tracking_name
from shared.eventstore.store import Change, Conflict
from shared.runtime.service import TickFailed
from shared.taxonomy.calendar import moment_of

if TYPE_CHECKING:
    from datetime import date

    from shared.runtime.calls import Parts

SYSTEM = "signals"

MOST_WITHDRAWN = 64
"""Withdrawn signals that one tick tells of; others wait for the next."""

# So many organisations wait for the database at once; more would only hold more in memory.
_TOGETHER = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """An organisation's next tick, and what it has for it: most have nothing."""

    organisation: UUID
    day: date
    token: str
    pulse: str | None
    busy: bool

    @property
    def key(self) -> tuple[str, UUID, str]:
        """Under which the draw of its pulse waits."""
        return "pulse", self.organisation, self.pulse or ""


async def release_signals(parts: Parts, ahead: Ahead | None = None) -> bool:
    """Make each organisation's tick that is due: once its day is closed at intake, as for figures. A
    pulse is drawn then, and revealed at the tick's moment.

    Answers whether anything was released. Raises TickFailed, when all others are done, for
    organisations of which an event cannot be read.
    """
    ahead = Ahead() if ahead is None else ahead
    released = False
    failed: dict[str, Exception] = {}
    while works := await _waiting(parts, ahead):
        done: dict[UUID, int] = {}
        ahead.waiting("pulse", {work.key for work in works}, parts.clock.now())
        # What was drawn ahead leaves first: it does not wait for what is to be counted yet.
        works.sort(key=lambda work: work.pulse is not None and ahead.get(work.key) is None)
        await _make(parts, works, ahead, done, failed)
        # Whoever looks now sees it. Of thousands that would take as long as projecting them all.
        for organisation, last in list(done.items())[:_TOGETHER]:
            await parts.projector.until(organisation, last)
        released |= bool(done)
        # An organisation that was away for a year has several; each makes the next one due.
        if failed or not done:
            break
    if failed:
        raise TickFailed(failed)
    return released


async def _make(
    parts: Parts,
    works: list[_Work],
    ahead: Ahead,
    done: dict[UUID, int],
    failed: dict[str, Exception],
) -> None:
    queue = iter(works)

    async def worker() -> None:
        for work in queue:  # one iterator for all: each takes the next
            try:
                last = await _tick(parts, work, ahead)
            except DAMAGED as error:
                failed[f"{work.organisation}/signals/{work.day}"] = error
            else:
                if last is not None:
                    done[work.organisation] = last

    await asyncio.gather(*(worker() for _ in range(_TOGETHER)))


async def _waiting(parts: Parts, ahead: Ahead) -> list[_Work]:
    now = parts.clock.now()
    async with parts.pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT organisation, held_signal_tick.day, known.content::json ->> 'token',"
            " (SELECT min(period) FROM pulse_round WHERE status = 'closed'"
            "  AND pulse_round.organisation = held_signal_tick.organisation"
            "  AND pulse_round.due <= held_signal_tick.day"
            # One that is published and was lost by a restore is never drawn again.
            "  AND NOT EXISTS (SELECT FROM drawn_measure AS done WHERE done.measure = %s"
            "   AND done.organisation = pulse_round.organisation"
            "   AND done.period = pulse_round.period)),"
            " EXISTS (SELECT FROM signal_index WHERE status = %s"
            "  AND signal_index.organisation = held_signal_tick.organisation)"
            " OR EXISTS (SELECT FROM held_withdrawal"
            "  WHERE held_withdrawal.organisation = held_signal_tick.organisation)"
            " FROM held_signal_tick JOIN reached_day USING (organisation)"
            " JOIN released_organisation AS known USING (organisation)"
            # What was not projected yet may be done already: it is looked at again.
            " JOIN log USING (organisation)"
            " JOIN projection_position ON name = %s || organisation AND position >= log.size"
            " WHERE reached_day.day >= held_signal_tick.day AND held_signal_tick.day <= %s"
            " ORDER BY organisation",
            (
                *(pulse.MEASURE, Status.APPROVED.value, tracking_name("signals", None)),
                ahead.until(now),
            ),
        )
        rows = await cursor.fetchall()
    return [
        _Work(organisation=organisation, day=day, token=token, pulse=period, busy=busy)
        for organisation, day, token, period, busy in rows
        if moment_of(day) <= now or period is not None
    ]


async def _tick(parts: Parts, work: _Work, ahead: Ahead) -> int | None:
    """The tick's place in the log; None where it is looked at again: its moment is still to come, or
    something else was first, another replica, or an adviser who withdrew a signal.
    """
    organisation = work.organisation
    of_pulse: list[Change] = []
    if work.pulse is not None:
        kept = ahead.get(work.key)
        if kept is None:
            of_pulse = await _pulse(parts, organisation, work.pulse)
            kept = Drawn(
                organisation=organisation, size=None, ready=parts.clock.now(), value=of_pulse
            )
            ahead.put(work.key, kept)
        if not ahead.may_leave(work.day, kept.ready, parts.clock.now()):
            return None
        of_pulse = kept.value
    changes: list[Change] = []
    released: list[SignalReleased] = []
    withdrawn: list[UUID] = []
    if work.busy:
        for signal_id in await _approved(parts, organisation, work.day):
            state = await load_signal(parts.store, organisation, signal_id)
            event = release(state, day=work.day)
            if event is not None:
                released.append(event)
                changes.append(Change(signal_id, state.version + 1, event))
        withdrawn = await _withdrawn(parts, organisation)
    changes += of_pulse
    told = tick(
        released,
        withdrawn,
        message_id=uuid4(),
        organisation_id=organisation,
        token=work.token,
        day=work.day,
        pulse=work.pulse,
    )
    changes.append(Change(signal_tick_stream(organisation, work.day), 1, told))
    try:
        appended = await parts.store.append(
            organisation, changes, actor=SYSTEM, at=parts.clock.now()
        )
    except Conflict:
        return None
    return appended.last


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


async def _pulse(parts: Parts, organisation: UUID, period: str) -> list[Change]:
    """A closed round is counted, once. The draw is the first event of its stream: the database
    refuses a second.
    """
    state = await load_round(parts.store, organisation, period)
    frozen = pulse.with_noise(state.known)
    sheets = [
        sheet
        for one in await parts.store.load_many(organisation, list(state.kept or ()))
        if isinstance(one.event, pulse.PulseSheetsKept)
        for sheet in one.event.sheets
    ]
    stream, release_id = pulse_release_stream(organisation, period), uuid4()
    drawn = await asyncio.to_thread(
        pulse.draw, frozen, sheets, release_id=release_id, sample=noise.draw, library=LIBRARY
    )
    debited = PrivacyBudgetDebited(
        release_id=release_id, measure=pulse.MEASURE, period=period, epsilon=pulse.EPSILON
    )
    # What is shown follows from the draw alone; the law of many draws takes a moment to compute.
    shown = await asyncio.to_thread(pulse.show_drawn, frozen, drawn)
    return [Change(stream, 1, drawn), Change(stream, 2, debited), Change(stream, 3, shown)]
