"""At the tick: count each due window once, and record its release before anything leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from services.signals.domain.places import is_cell
from services.signals.domain.window import Tally, add, release
from services.signals.kept_facts import kept_facts
from services.signals.streams import load_organisation, load_window, release_stream
from shared.eventstore.store import Change, Conflict
from shared.eventstore.types import UnknownEventType
from shared.keys.case_key import Unreadable
from shared.runtime.service import TickFailed
from shared.taxonomy.calendar import moment_of
from shared.taxonomy.period import Period
from shared.telemetry.events import Event

if TYPE_CHECKING:
    from datetime import date

    from shared.runtime.calls import Parts

SYSTEM = "signals"


async def release_windows(parts: Parts) -> bool:
    """Release what is due. A window is due from its tick on, once all facts up to that day have
    arrived. Answers whether anything was released.

    Raises TickFailed after all others were released, for windows that could not be.
    """
    now = parts.clock.now()
    async with parts.pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT organisation, period, due FROM held_window JOIN reached_day USING (organisation)"
            " WHERE reached_day.day >= due AND NOT EXISTS (SELECT 1 FROM released_window AS done"
            "   WHERE done.organisation = held_window.organisation"
            "   AND done.period = held_window.period)"
            " ORDER BY organisation, period"
        )
        due: list[tuple[UUID, str, date]] = await cursor.fetchall()
    released = False
    failed: dict[str, Exception] = {}
    for organisation, text, day in due:
        if moment_of(day) > now:
            continue
        try:
            released |= await _release(parts, organisation, Period.parse(text))
        except (ValueError, Unreadable, UnknownEventType) as error:
            # One organisation's damaged facts keep no other organisation's figures back.
            failed[f"{organisation}/{text}"] = error
    if failed:
        raise TickFailed(failed)
    return released


async def _release(parts: Parts, organisation: UUID, period: Period) -> bool:
    adopted = await load_organisation(parts.store, organisation)
    structure = (await load_window(parts.store, organisation, period)).structure
    if adopted is None or structure is None:
        raise ValueError("a window without a structure")
    tally, strange = Tally(), False
    async with parts.pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT stream FROM held_facts WHERE organisation = %s AND period = %s",
            (organisation, str(period)),
        )
        streams = {stream: organisation for (stream,) in await cursor.fetchall()}
    async for one in kept_facts(parts.store, streams, lambda _: structure.due):
        add(tally, structure, one.facts, one.later)
        strange |= not all(is_cell(structure, fact) for fact in one.facts.facts)
    event = release(adopted, structure, tally, release_id=uuid4())
    try:
        appended = await parts.store.append(
            organisation,
            [Change(release_stream(organisation, period), 1, event)],
            actor=SYSTEM,
            at=parts.clock.now(),
        )
    except Conflict:
        return False  # another replica was first; its draw is the one
    if strange:
        parts.tell(Event.TICK_STRANGE_CODES)  # neither whose nor how many
    await parts.projector.until(organisation, appended.last)
    return True
