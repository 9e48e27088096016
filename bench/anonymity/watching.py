"""Attackers who watch: they ask again and again, or look at when something is told and who was away."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import count as numbers
from typing import TYPE_CHECKING, Literal
from uuid import UUID

import msgspec
import numpy as np

from bench.anonymity.organisations import published
from services.signals.domain import answers
from services.signals.domain.lattice import cells_of
from services.signals.domain.noisy import count
from services.signals.released import OUTBOUND
from shared.eventstore.store import Recorded
from shared.taxonomy.calendar import tick_of
from shared.taxonomy.period import Grain, Period

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.anonymity.organisations import Organisation, Published
    from services.signals.domain.answers import Shown
    from services.signals.domain.lattice import Measure, Table
    from services.signals.domain.noisy import Sampler

ASKED = 30
"""How often each figure is asked for."""


# Asking again -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Averaged:
    """A figure that was asked for ASKED times, and whether the median of the answers is the true
    count.
    """

    found: bool
    differed: bool
    """Whether any answer was another one."""


def asked_again(attacked: Organisation, given: Published) -> Iterator[Averaged]:
    """Ask for each shown figure that is a single draw, ASKED times, from what was released."""
    asked: dict[tuple[Table, Period], list[Shown | None]] = {}
    for table, window, number, truth in _figures(attacked, given):
        if (table, window) not in asked:  # an answer is a whole table
            asked[table, window] = [
                answers.shown(given.grids[window.year], table, window, given.draws)
                for _ in range(ASKED)
            ]
        told = [
            None if shown is None else shown.figures[number].value for shown in asked[table, window]
        ]
        values = [value for value in told if value is not None]
        found = len(values) == ASKED and round(float(np.median(values))) == truth
        yield Averaged(found, len(set(told)) > 1)


def drawn_again(attacked: Organisation, given: Published, sample: Sampler) -> Iterator[Averaged]:
    """The control: every answer has noise of its own."""
    for table, window, _, truth in _figures(attacked, given):
        measure = _measure(given, table, window)
        told = sample([truth] * ASKED, measure.epsilon)
        yield Averaged(round(float(np.median(told))) == truth, len(set(told)) > 1)


def _figures(attacked: Organisation, given: Published) -> Iterator[tuple[Table, Period, int, int]]:
    """Shown figures of the first measure's own tables, and their true counts."""
    for year, grid in given.grids.items():
        for table, window, released in given.of(year):
            measure = grid.measures[0]
            if (table.axes, table.grain) == (measure.axes, measure.grain):
                true = count(grid, measure, attacked.during(window))
                shown = {one.code for one in released.shown}
                for number, name in enumerate(cells_of(grid, table.axes)):
                    if name in shown:
                        yield table, window, number, true[number]


def _measure(given: Published, table: Table, window: Period) -> Measure:
    return next(one for one in given.grids[window.year].measures if one.axes == table.axes)


# Who was away -----------------------------------------------------------------------------------

Told = Literal["the same day", "quarter", "half-year"]

AWAY = 0.01
"""The share of working days on which a colleague is seen to be away."""


def guessed(rng: np.random.Generator, told: Told, *, staff: int, trials: int) -> float:
    """How often the right colleague is guessed by somebody who knows on which days each was away,
    and learns that a case is there when it is told: at once (a live signal), or at a tick.

    A person who speaks is away on that day. The days on which a case may have been booked follow
    from the real calendar: all that are released with the same tick.
    """
    right = 0.0
    days = _window(told, Period(2026, None, 2))
    for _ in range(trials):
        away = rng.random((len(days), staff)) < AWAY
        spoke = int(rng.integers(len(days)))
        away[spoke, 0] = True
        seen = away if told != "the same day" else away[spoke : spoke + 1]
        times = seen.sum(axis=0)
        best = np.flatnonzero(times == times.max())
        right += 1 / len(best) if 0 in best else 0.0
    return right / trials


def _window(told: Told, quarter: Period) -> list[date]:
    """The working days whose cases are told at the same tick as those of this quarter."""
    grain: Grain = "half-year" if told == "half-year" else "quarter"
    window = Period.containing(quarter.start, grain)
    due = tick_of(window, window.start)
    day, found = window.start - timedelta(days=370), []
    while day < due:
        its = Period.containing(day, grain)
        if day.weekday() < 5 and tick_of(its, its.start) == due:
            found.append(day)
        day += timedelta(days=1)
    return found


# What leaves ------------------------------------------------------------------------------------


def leaves(attacked: Organisation, seed: int) -> list[tuple[bytes, int]]:
    """Every message of an organisation, and the size to which it is filled up, where the draws are
    those of the seed, whatever the facts.
    """
    rng = np.random.default_rng(seed)
    ids = numbers(1)

    def sample(counts: Sequence[int], _epsilon: float) -> list[int]:
        values: list[int] = rng.integers(-3, 15, len(counts)).tolist()
        return values

    given = published(attacked, sample=sample, new_id=lambda: UUID(int=next(ids)))
    outbound = OUTBOUND["TableReleased"]
    found = []
    for table in given.tables:
        recorded = Recorded(
            organisation=table.organisation_id,
            index=0,
            stream=table.release_id,
            version=1,
            type="TableReleased",
            week="2026-W29",
            key_id=table.release_id,
            event=table,
        )
        size = outbound.size if isinstance(outbound.size, int) else outbound.size(recorded)
        found.append((msgspec.json.encode(outbound.data(recorded)), size))
    return found


def emptied(attacked: Organisation) -> Organisation:
    """The same organisation without a single case."""
    return replace(attacked, facts=dict.fromkeys(attacked.facts, ()))
