"""At the tick, under the policy `noisy`: draw each due window once, and make the tables of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from itertools import groupby
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid4

from services.signals.domain import noise
from services.signals.domain.noisy import NoisyStatisticsReleased
from services.signals.domain.tick import Due, Ticked, tick, wanted
from services.signals.domain.window import FactsKept
from services.signals.streams import (
    load_grids,
    release_stream,
    table_stream,
    tick_stream,
)
from shared.eventstore.store import Change, Conflict
from shared.eventstore.types import UnknownEventType
from shared.keys.case_key import Unreadable
from shared.ledger.leaf import KEY_DESTROYED
from shared.runtime.service import TickFailed
from shared.taxonomy.calendar import moment_of
from shared.taxonomy.period import Period

if TYPE_CHECKING:
    from datetime import date

    from services.signals.domain.lattice import LatticeFrozen
    from services.signals.domain.window import FactKept
    from shared.runtime.calls import Parts

SYSTEM = "signals"
LIBRARY: Final = f"opendp {version('opendp')}"
"""What draws, kept with every draw."""

_PAGE = 500
# So many organisations wait for the database at once; more would only hold more in memory.
_TOGETHER = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    organisation: UUID
    day: date
    due: tuple[Due, ...]


async def release_grids(parts: Parts) -> bool:
    """Release what is due. A window is due from its tick on, once all facts up to that day have
    arrived. Answers whether anything was released.

    Raises TickFailed after all others were released, for organisations that could not be.
    """
    released: list[tuple[UUID, int]] = []
    failed: dict[str, Exception] = {}
    works = iter(await _due(parts))

    async def worker() -> None:
        for work in works:  # one iterator for all: each takes the next
            try:
                last = await _release(parts, work)
            except (ValueError, Unreadable, UnknownEventType) as error:
                # One organisation's damaged facts keep no other organisation's figures back.
                failed[f"{work.organisation}/{work.day}"] = error
            else:
                if last is not None:
                    released.append((work.organisation, last))

    await asyncio.gather(*(worker() for _ in range(_TOGETHER)))
    for organisation, last in released:
        await parts.projector.until(organisation, last)
    if failed:
        raise TickFailed(failed)
    return bool(released)


async def _due(parts: Parts) -> list[_Work]:
    """What is due now: of each organisation the oldest tick. A later one waits for the next look, when
    this one is done.
    """
    now = parts.clock.now()
    async with parts.pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT organisation, due, grid, measure, period FROM held_measure"
            " JOIN reached_day USING (organisation)"
            " WHERE reached_day.day >= due AND NOT EXISTS (SELECT FROM drawn_measure AS done"
            "   WHERE done.organisation = held_measure.organisation"
            "   AND done.measure = held_measure.measure AND done.period = held_measure.period)"
            " ORDER BY organisation, due, period, measure"
        )
        rows = [row for row in await cursor.fetchall() if moment_of(row[1]) <= now]
    works: list[_Work] = []
    for (organisation, day), group in groupby(rows, key=lambda row: (row[0], row[1])):
        if not works or works[-1].organisation != organisation:
            due = tuple(
                Due(grid_id=grid, measure=measure, period=period)
                for _, _, grid, measure, period in group
            )
            works.append(_Work(organisation=organisation, day=day, due=due))
    return works


async def _release(parts: Parts, work: _Work) -> int | None:
    """The place in the log behind which it is released; None where another replica was first: its
    draws are the ones, and these are forgotten.
    """
    organisation = work.organisation
    grids = await _grids(parts, work)
    facts = await _facts(
        parts, organisation, [half.period for one in grids.values() for half in one]
    )
    earlier = await _earlier(parts, organisation, wanted(work.due, grids))
    # Drawing takes a moment, and leaves the loop to the other organisations meanwhile.
    ticked = await asyncio.to_thread(
        tick,
        work.day,
        work.due,
        grids=grids,
        facts=facts,
        earlier=earlier,
        sample=noise.draw,
        library=LIBRARY,
        new_id=uuid4,
    )
    try:
        appended = await parts.store.append(
            organisation,
            list(_changes(organisation, work.day, ticked)),
            actor=SYSTEM,
            at=parts.clock.now(),
        )
    except Conflict:
        return None
    return appended.last


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


async def _grids(parts: Parts, work: _Work) -> dict[UUID, list[LatticeFrozen]]:
    """The frozen periods of each grid that is due, in order."""
    async with parts.pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT period FROM held_grid WHERE organisation = %s AND grid = ANY (%s)",
            (work.organisation, [one.grid_id for one in work.due]),
        )
        periods = sorted(Period.parse(row[0]) for row in await cursor.fetchall())
    grids: dict[UUID, list[LatticeFrozen]] = {}
    for _, grid in sorted((await load_grids(parts.store, work.organisation, periods)).items()):
        grids.setdefault(grid.grid_id, []).append(grid)
    return grids


async def _facts(parts: Parts, organisation: UUID, periods: list[str]) -> dict[str, list[FactKept]]:
    async with parts.pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT stream FROM held_facts WHERE organisation = %s AND period = ANY (%s)",
            (organisation, periods),
        )
        streams = [row[0] for row in await cursor.fetchall()]
    facts: dict[str, list[FactKept]] = {}
    for start in range(0, len(streams), _PAGE):
        page = await parts.store.load_many(organisation, streams[start : start + _PAGE])
        # Erased before the tick: not counted, whether or not the erasure has come to its end.
        erased = {recorded.stream for recorded in page if recorded.type == KEY_DESTROYED}
        for recorded in page:
            if isinstance(recorded.event, FactsKept) and recorded.stream not in erased:
                facts.setdefault(recorded.event.period, []).extend(recorded.event.facts)
    return facts


async def _earlier(
    parts: Parts, organisation: UUID, windows: set[tuple[str, str]]
) -> list[NoisyStatisticsReleased]:
    if not windows:
        return []
    streams = [
        release_stream(organisation, Period.parse(period), measure) for measure, period in windows
    ]
    return [
        recorded.event
        for recorded in await parts.store.load_many(organisation, streams)
        if isinstance(recorded.event, NoisyStatisticsReleased)
    ]
