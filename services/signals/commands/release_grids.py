"""Under the policy `noisy`: draw each due window once when its day is closed, and at the tick record the
draws and make the tables of them.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import version
from itertools import groupby
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid4

from services.signals.ahead import Ahead
from services.signals.ahead import Drawn as Kept
from services.signals.domain import noise
from services.signals.domain.lattice import LatticeFrozen
from services.signals.domain.noisy import NoisyStatisticsReleased
from services.signals.domain.tick import Drawn, Due, Ticked, draw, reveal, wanted
from services.signals.kept_facts import kept_facts
from services.signals.streams import (
    release_stream,
    table_stream,
    tick_stream,
    window_stream,
)
from shared.eventstore.damaged import DAMAGED
from shared.eventstore.projector import tracking_name
from shared.eventstore.store import Change, Conflict
from shared.runtime.service import TickFailed
from shared.taxonomy.period import Period

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from services.signals.domain.window import FactKept
    from shared.runtime.calls import Parts

SYSTEM = "signals"
LIBRARY: Final = f"opendp {version('opendp')}"
"""What draws, kept with every draw."""

# Organisations whose events are loaded with one statement, and how many such groups are under way at
# once: while the database writes down one, the next is drawn.
_TOGETHER = 50
_GROUPS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """What is due of one organisation on one day."""

    organisation: UUID
    day: date
    size: int
    due: tuple[Due, ...]

    @property
    def name(self) -> str:
        """What is told of it when it fails."""
        return f"{self.organisation}/{self.day}"

    @property
    def key(self) -> tuple[str, UUID, str]:
        """Under which its draws wait."""
        return "grid", self.organisation, self.day.isoformat()


@dataclass(frozen=True, slots=True)
class _Made:
    """What that is made of. It is here while its group is worked on, and no longer."""

    grids: dict[UUID, list[LatticeFrozen]] = field(default_factory=dict)
    facts: dict[str, list[FactKept]] = field(default_factory=lambda: defaultdict(list))
    earlier: list[NoisyStatisticsReleased] = field(default_factory=list)


async def release_grids(parts: Parts, ahead: Ahead | None = None) -> bool:
    """Release what is due. A window is due from its tick on, once all facts up to that day have
    arrived: then it is counted and drawn, and at the tick's moment it is revealed. Answers whether
    anything was released.

    Raises TickFailed after all others were released, for organisations that could not be.
    """
    ahead = Ahead() if ahead is None else ahead
    works = await _due(parts, ahead)
    ahead.waiting("grid", {work.key for work in works}, parts.clock.now())
    if works:
        await ahead.forget_changed(parts)
    released = 0
    failed: dict[str, Exception] = {}
    drawn = [_drawn_of(work, ahead) is not None for work in works]
    # What was drawn ahead leaves first: it does not wait for what is to be counted yet.
    for first in (True, False):
        some = [work for work, ready in zip(works, drawn, strict=True) if ready == first]
        released += await _release_all(parts, some, ahead, failed)
    if failed:
        raise TickFailed(failed)
    return released > 0


async def _release_all(
    parts: Parts, works: Sequence[_Work], ahead: Ahead, failed: dict[str, Exception]
) -> int:
    groups = iter([works[start : start + _TOGETHER] for start in range(0, len(works), _TOGETHER)])

    async def worker() -> int:
        # One iterator for all: each takes the next.
        return sum([await _release(parts, group, ahead, failed) for group in groups])

    return sum(await asyncio.gather(*(worker() for _ in range(_GROUPS))))


def _drawn_of(work: _Work, ahead: Ahead) -> Kept[Drawn] | None:
    """What was drawn ahead of just these windows."""
    kept = ahead.get(work.key)
    if kept is None:
        return None
    windows = {(one.grid_id, one.measure, one.period) for one, _ in kept.value.draws}
    due = {(one.grid_id, one.measure, one.period) for one in work.due}
    return kept if windows == due else None


async def _due(parts: Parts, ahead: Ahead) -> list[_Work]:
    """What is due: of each organisation the oldest tick of which the day is closed. A later one waits for
    the next look, when this one is done; so does what was not projected yet, which may be done already.
    """
    async with parts.pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT organisation, due, grid, measure, period, log.size FROM held_measure"
            " JOIN reached_day USING (organisation) JOIN log USING (organisation)"
            " JOIN projection_position ON name = %s || organisation AND position >= log.size"
            " WHERE reached_day.day >= due AND due <= %s"
            " AND NOT EXISTS (SELECT FROM drawn_measure AS done"
            "   WHERE done.organisation = held_measure.organisation"
            "   AND done.measure = held_measure.measure AND done.period = held_measure.period)"
            " ORDER BY organisation, due, period, measure",
            (tracking_name("windows", None), ahead.until(parts.clock.now())),
        )
        rows = await cursor.fetchall()
    works: list[_Work] = []
    for (organisation, day, size), group in groupby(rows, key=lambda row: (*row[:2], row[5])):
        if not works or works[-1].organisation != organisation:
            due = tuple(
                Due(grid_id=grid, measure=measure, period=period)
                for _, _, grid, measure, period, _ in group
            )
            works.append(_Work(organisation=organisation, day=day, size=size, due=due))
    return works


async def _release(
    parts: Parts, works: Sequence[_Work], ahead: Ahead, failed: dict[str, Exception]
) -> int:
    """How many of these organisations' ticks were released; `failed` gets what could not be."""
    drawn = {work.organisation: _drawn_of(work, ahead) for work in works}
    works = [
        work
        for work in works
        if (kept := drawn[work.organisation]) is None
        or ahead.may_leave(work.day, kept.ready, parts.clock.now())
    ]
    if not works:
        return 0
    try:
        made = await _load(
            parts, works, counted=[work for work in works if not drawn[work.organisation]]
        )
    except DAMAGED as error:
        if len(works) > 1:
            # One organisation's damaged facts keep no other organisation's figures back.
            return sum([await _release(parts, [one], ahead, failed) for one in works])
        failed[works[0].name] = error
        return 0
    # Drawing takes a moment, and leaves the loop to the database meanwhile.
    draws = await asyncio.to_thread(
        lambda: [_draw(work, made[work.organisation], drawn[work.organisation]) for work in works]
    )
    leaving = []
    now = parts.clock.now()
    for work, one in zip(works, draws, strict=True):
        kept = drawn[work.organisation]
        if isinstance(one, Exception):
            failed[work.name] = one
        elif kept is not None or ahead.may_leave(work.day, now, now):
            leaving.append((work, one))
        else:
            # Facts and counts go; what is drawn waits.
            ahead.put(
                work.key,
                Kept(organisation=work.organisation, size=work.size, ready=now, value=one),
            )
    ticked = await asyncio.to_thread(
        lambda: [_reveal(work, made[work.organisation], one) for work, one in leaving]
    )
    there = []
    for (work, _), revealed in zip(leaving, ticked, strict=True):
        if isinstance(revealed, Exception):
            failed[work.name] = revealed
        else:
            there.append(_keep(parts, work, ahead, revealed))
    return sum(await asyncio.gather(*there))


def _draw(work: _Work, made: _Made, kept: Kept[Drawn] | None) -> Drawn | Exception:
    if kept is not None:
        return kept.value
    try:
        return draw(
            work.due,
            grids=made.grids,
            facts=made.facts,
            sample=noise.draw,
            library=LIBRARY,
            new_id=uuid4,
        )
    except DAMAGED as error:
        return error


def _reveal(work: _Work, made: _Made, drawn: Drawn) -> Ticked | Exception:
    try:
        return reveal(work.day, drawn, grids=made.grids, earlier=made.earlier, new_id=uuid4)
    except DAMAGED as error:
        return error


async def _keep(parts: Parts, work: _Work, ahead: Ahead, ticked: Ticked) -> bool:
    """Whether it was released by this. Where another replica was first its draws are the ones, and these
    are forgotten.
    """
    ahead.drop(work.key)
    try:
        await parts.store.append(
            work.organisation,
            list(_changes(work.organisation, work.day, ticked)),
            actor=SYSTEM,
            at=parts.clock.now(),
        )
    except Conflict:
        return False
    return True


def _changes(organisation: UUID, day: date, ticked: Ticked) -> Iterator[Change]:
    """All of a tick, in one transaction: nothing leaves of which the budget is not debited, and of a
    tick that was cut off nothing is there. Each stream has a key of its own: whoever verifies the log
    takes a key of two streams for tampering.
    """
    for released, debited in ticked.draws:
        stream = release_stream(organisation, Period.parse(released.period), released.measure)
        yield Change(stream, 1, released)
        yield Change(stream, 2, debited)
    for table in ticked.tables:
        yield Change(table_stream(organisation, table.table, table.period), 1, table)
    yield Change(tick_stream(organisation, day), 1, ticked.tick)


# What it is made of -------------------------------------------------------------------------------


async def _load(
    parts: Parts, works: Sequence[_Work], counted: Sequence[_Work]
) -> dict[UUID, _Made]:
    """Grids and earlier draws of these organisations; facts of those that are to be counted."""
    days = {work.organisation: work.day for work in works}
    made = {organisation: _Made() for organisation in days}
    async with parts.pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT organisation, period FROM held_grid WHERE organisation = ANY (%s)"
            " AND grid = ANY (%s)",
            (list(days), list({one.grid_id for work in works for one in work.due})),
        )
        periods = await cursor.fetchall()
        cursor = await connection.execute(
            "SELECT organisation, stream FROM held_facts JOIN held_grid USING (organisation, period)"
            " WHERE organisation = ANY (%s) AND grid = ANY (%s)",
            (
                [work.organisation for work in counted],
                list({one.grid_id for work in counted for one in work.due}),
            ),
        )
        facts = {stream: organisation for organisation, stream in await cursor.fetchall()}
    frozen = {
        window_stream(organisation, Period.parse(period)): organisation
        for organisation, period in periods
    }
    for recorded in await parts.store.load_across(frozen):
        grid = recorded.event
        if isinstance(grid, LatticeFrozen):
            made[recorded.organisation].grids.setdefault(grid.grid_id, []).append(grid)
    for one in made.values():
        for halves in one.grids.values():
            halves.sort(key=lambda half: Period.parse(half.period))
    async for kept in kept_facts(parts.store, facts, days.__getitem__):
        made[kept.organisation].facts[kept.facts.period].extend(kept.facts.facts)
    earlier = {
        release_stream(work.organisation, Period.parse(period), measure): work.organisation
        for work in works
        for measure, period in wanted(work.due, made[work.organisation].grids)
    }
    if earlier:
        for recorded in await parts.store.load_across(earlier):
            if isinstance(recorded.event, NoisyStatisticsReleased):
                made[recorded.organisation].earlier.append(recorded.event)
    return made
