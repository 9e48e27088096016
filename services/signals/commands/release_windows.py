"""Under the policy `exact`: count each due window once when its day is closed, and at the tick record its
release before anything leaves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from services.signals.ahead import Ahead, Drawn
from services.signals.domain.window import Tally, add, release
from services.signals.kept_facts import kept_facts
from services.signals.streams import load_organisation_in, load_window, release_stream
from shared.eventstore.damaged import DAMAGED
from shared.eventstore.store import Change, Conflict
from shared.runtime.service import TickFailed
from shared.taxonomy.period import Period

if TYPE_CHECKING:
    from datetime import date

    from services.signals.domain.window import StatisticsReleased
    from shared.runtime.calls import Parts

SYSTEM = "signals"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """A window of which the day is closed."""

    organisation: UUID
    period: str
    day: date
    size: int

    @property
    def key(self) -> tuple[str, UUID, str]:
        """Under which what was counted waits."""
        return "window", self.organisation, self.period


async def release_windows(parts: Parts, ahead: Ahead | None = None) -> bool:
    """Release what is due. A window is due from its tick on, once all facts up to that day have
    arrived: then it is counted, and at the tick's moment it is released. Answers whether anything was.

    Raises TickFailed after all others were released, for windows that could not be.
    """
    ahead = Ahead() if ahead is None else ahead
    async with parts.pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT organisation, period, due, log.size FROM held_window"
            " JOIN reached_day USING (organisation) JOIN log USING (organisation)"
            " WHERE reached_day.day >= due AND due <= %s"
            " AND NOT EXISTS (SELECT 1 FROM released_window AS done"
            "   WHERE done.organisation = held_window.organisation"
            "   AND done.period = held_window.period)"
            " ORDER BY organisation, period",
            (ahead.until(parts.clock.now()),),
        )
        works = [
            _Work(organisation=organisation, period=period, day=day, size=size)
            for organisation, period, day, size in await cursor.fetchall()
        ]
    ahead.waiting("window", {work.key for work in works}, parts.clock.now())
    if works:
        await ahead.forget_changed(parts)
    released = False
    failed: dict[str, Exception] = {}
    # What was counted ahead leaves first: it does not wait for what is to be counted yet.
    for work in sorted(works, key=lambda work: ahead.get(work.key) is None):
        try:
            released |= await _release(parts, work, ahead)
        except DAMAGED as error:
            # One organisation's damaged facts keep no other organisation's figures back.
            failed[f"{work.organisation}/{work.period}"] = error
    if failed:
        raise TickFailed(failed)
    return released


async def _release(parts: Parts, work: _Work, ahead: Ahead) -> bool:
    period = Period.parse(work.period)
    kept: Drawn[StatisticsReleased] | None = ahead.get(work.key)
    if kept is None:
        counted = await _count(parts, work.organisation, period)
        kept = Drawn(
            organisation=work.organisation,
            size=work.size,
            ready=parts.clock.now(),
            value=counted,
        )
        ahead.put(work.key, kept)
    if not ahead.may_leave(work.day, kept.ready, parts.clock.now()):
        return False
    ahead.drop(work.key)
    try:
        appended = await parts.store.append(
            work.organisation,
            [Change(release_stream(work.organisation, period), 1, kept.value)],
            actor=SYSTEM,
            at=parts.clock.now(),
        )
    except Conflict:
        return False  # another replica was first; its draw is the one
    await parts.projector.until(work.organisation, appended.last)
    return True


async def _count(parts: Parts, organisation: UUID, period: Period) -> StatisticsReleased:
    """What will be released of a window. The counts themselves are forgotten here."""
    adopted = await load_organisation_in(parts.store, organisation, period)
    structure = (await load_window(parts.store, organisation, period)).structure
    if adopted is None or structure is None:
        raise ValueError("a window without a structure")
    tally = Tally()
    async with parts.pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT stream FROM held_facts WHERE organisation = %s AND period = %s",
            (organisation, str(period)),
        )
        streams = {stream: organisation for (stream,) in await cursor.fetchall()}
    async for one in kept_facts(parts.store, streams, lambda _: structure.due):
        add(tally, structure, one.facts, one.later)
    return release(adopted, structure, tally, release_id=uuid4())
