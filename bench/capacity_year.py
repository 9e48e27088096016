"""A year of many organisations, case after case and log after log, at the cost that was measured of each.

Simulated, not run: who reports when is drawn (the same seed draws the same year), and what follows from it
is counted or queued for. `bench.capacity` measures the costs and prints what this finds.

What is assumed stands in the constants. Organisations are as those of `bench.tick`. A case is opened by a
reporter, most often in the evening, gets three more commands within hours and eight within some months, in
office hours (what would fall on a weekend comes on any weekday after it); what would come after New Year is
taken as what came over from the year before. In a few organisations something becomes known, and many report
within days, whatever the weekday. Each log grows by whole tiles once a day, by at least one (docs/adr/0012).
At the daily moment each service goes through its logs, one after the other, while commands come in and share
two processors with them.

Left out: looks at cases, which are entries too, imports, and the few events of signals and reporting (they
take the places of blank entries); what services do at the daily moment besides filling and signing; and that
three services share one disk, of which `tile_seconds` was measured with one.
"""

from __future__ import annotations

import heapq
import itertools
import random
from array import array
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

DAYS: Final = 365
REPORTS: Final = 0.015
"""Cases a year for each person employed, as in `bench.tick`."""
AFFAIRS, AFFAIR_REPORTS, AFFAIR_DAYS = 0.05, 0.02, 5.0
"""Organisations in a year in which something becomes known; the part of their people who then report;
after how many days on average."""
SOON, LATER = 3, 8
"""Commands of a case within hours of the first, and after that."""
PER_CASE: Final = 1 + SOON + LATER
SERVICES: Final = 3
"""Services that keep a log of each organisation."""
TILE: Final = 256
MOMENT, TICK = 3.0, 9.0
"""Hours of the day: logs are filled and signed; figures are released."""
STREAM_DAYS: Final = 30

_SOON_SECONDS, _LATER_DAYS = 1200.0, 10.0
_HOUR, _DAY = 3600.0, 86_400.0
_FRIDAY: Final = 4
_WEEKDAYS: Final = (1.2, 1.2, 1.1, 1.1, 1.0, 0.5, 0.6)
_REPORTERS: Final = (2, 1, 1, 1, 1, 1, 2, 3, 5, 6, 6, 5, 6, 5, 5, 5, 6, 6, 6, 8, 10, 10, 8, 5)
"""Weights of the hours of a day in which reporters write. Assumed, as the weekdays are."""
_SUMMER, _SUMMER_PART = range(190, 240), 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """What one costs. Bytes, seconds; a tile is one of blank entries."""

    event_bytes: float
    event_wal: float
    tile_bytes: float
    tile_wal: float
    tile_files: float
    tile_processor: float
    tile_seconds: float
    """From the first row to the signature on the disk, of which the processor's part is above."""
    command_processor: float
    """Of everything that runs, from the gateway to reporting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Year:
    """Who reported what, when."""

    people: Sequence[int]
    cases: Sequence[int]
    """Of each organisation."""
    opened: Sequence[float]
    commands: Sequence[float]
    """Seconds since New Year, in order."""
    busy: Counter[tuple[int, int]]
    """Commands by organisation and the day whose daily moment covers them: the first that comes then."""

    @property
    def tiles(self) -> int:
        """By which the logs of all services grew; cases are intake's."""
        quiet = SERVICES * len(self.people) * DAYS
        return quiet + sum(whole_tiles(many) - 1 for many in self.busy.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What a day's commands and its daily moment did to each other. Seconds."""

    waited: Sequence[float]
    """Of each command, in their order, until a processor had time."""
    moment: float
    """From its beginning until the last log was signed."""


def whole_tiles(entries: int) -> int:
    """Tiles by which a log of so many new entries grows in a day."""
    return max(1, -(-entries // TILE))


def simulated(organisations: int, *, seed: int) -> Year:
    """A year, drawn."""
    chosen = random.Random(seed)  # noqa: S311  nothing secret is drawn
    weights = [
        _WEEKDAYS[day % 7] * (_SUMMER_PART if day in _SUMMER else 1.0) for day in range(DAYS)
    ]
    days = list(itertools.accumulate(weights))
    hours = list(itertools.accumulate(_REPORTERS))
    people, cases = [], []
    opened, commands = array("d"), array("d")
    busy: Counter[tuple[int, int]] = Counter()
    for organisation in range(organisations):
        many = int(100 * 50 ** chosen.random())
        reported = chosen.choices(range(DAYS), cum_weights=days, k=_poisson(chosen, many * REPORTS))
        if chosen.random() < AFFAIRS:
            known = chosen.randrange(DAYS)
            reported += [
                (known + int(chosen.expovariate(1 / AFFAIR_DAYS))) % DAYS
                for _ in range(_poisson(chosen, many * AFFAIR_REPORTS))
            ]
        people.append(many)
        cases.append(len(reported))
        for day in reported:
            moments = case_commands(chosen, day, hours)
            opened.append(moments[0])
            commands.extend(moments)
            busy.update((organisation, _covered(moment)) for moment in moments)
    return Year(
        people=people,
        cases=cases,
        opened=sorted(opened),
        commands=sorted(commands),
        busy=busy,
    )


def _covered(moment: float) -> int:
    """The day at whose daily moment a command of `moment` comes under a checkpoint."""
    return int((moment - MOMENT * _HOUR) // _DAY + 1) % DAYS


def case_commands(chosen: random.Random, day: int, hours: Sequence[int]) -> list[float]:
    """The moments of a case's commands, the reporter's first. It is opened on `day`; `hours` are the hours'
    weights, accumulated.
    """
    (hour,) = chosen.choices(range(24), cum_weights=hours)
    moment = day * _DAY + (hour + chosen.random()) * _HOUR
    moments = [moment]
    for _ in range(SOON):
        moment += chosen.expovariate(1 / _SOON_SECONDS)
        moments.append(moment)
    later = float(day)
    for _ in range(LATER):
        later += 1 + chosen.expovariate(1 / _LATER_DAYS)
        while (weekday := int(later) % DAYS % 7) > _FRIDAY:
            later += 7 - weekday + chosen.randrange(_FRIDAY + 1)
        moments.append(int(later) * _DAY + chosen.uniform(9.0, 17.0) * _HOUR)
    return [each % (DAYS * _DAY) for each in moments]


def _poisson(chosen: random.Random, mean: float) -> int:
    """How many come when `mean` are expected: those whose gaps fit into the time."""
    many, passed = 0, chosen.expovariate(mean)
    while passed < 1:
        many += 1
        passed += chosen.expovariate(mean)
    return many


def queued(
    commands: Sequence[float],
    tiles: Sequence[Sequence[int]],
    prices: Prices,
    *,
    processors: int = 2,
) -> Day:
    """A day at `processors` that take who came first.

    `commands`: seconds since midnight, in order. `tiles`: for each service, by how many each of its logs
    grows; the next log begins when the one before is signed.
    """
    began = MOMENT * _HOUR
    arriving: list[tuple[float, int, int]] = [(moment, -1, -1) for moment in commands]
    arriving += [(began, service, 0) for service, logs in enumerate(tiles) if logs]
    heapq.heapify(arriving)
    free = [0.0] * processors
    waited, ended = [], began
    while arriving:
        moment, service, log = heapq.heappop(arriving)
        start = max(moment, heapq.heappop(free))
        if service < 0:
            heapq.heappush(free, start + prices.command_processor)
            waited.append(start - moment)
            continue
        many = tiles[service][log]
        heapq.heappush(free, start + prices.tile_processor * many)
        signed = start + max(prices.tile_seconds, prices.tile_processor) * many
        ended = max(ended, signed)
        if log + 1 < len(tiles[service]):
            heapq.heappush(arriving, (signed, service, log + 1))
    return Day(waited=waited, moment=ended - began)


def busiest(moments: Sequence[float], seconds: float) -> tuple[int, int]:
    """The time of that length, counted from New Year, in which most came; and how many did."""
    number, many = Counter(int(moment // seconds) for moment in moments).most_common(1)[0]
    return number, many


def most_within(moments: Sequence[float], seconds: float) -> int:
    """The most that ever came within that time of each other. `moments` in order."""
    most, first = 0, 0
    for last, moment in enumerate(moments):
        while moments[first] <= moment - seconds:
            first += 1
        most = max(most, last - first + 1)
    return most


def hardest_day(year: Year, prices: Prices) -> Day:
    """The daily moment with most tiles, and with it the year's busiest hour, as if that had come then.

    A year has at least one command.
    """
    hour, _ = busiest(year.commands, _HOUR)
    commands = [
        MOMENT * _HOUR + moment % _HOUR for moment in year.commands if int(moment // _HOUR) == hour
    ]
    more: Counter[int] = Counter()
    for (_, day), many in year.busy.items():
        more[day] += whole_tiles(many) - 1
    number, _ = more.most_common(1)[0]
    organisations = range(len(year.people))
    of_cases = [whole_tiles(year.busy[organisation, number]) for organisation in organisations]
    quiet = [1 for _ in organisations]
    return queued(commands, [of_cases, *(quiet for _ in range(SERVICES - 1))], prices)


def described(year: Year, day: Day, prices: Prices) -> list[tuple[str, str]]:
    """What came of a year, in words and figures; GB are 10^9 bytes."""
    commands, tiles = len(year.commands), year.tiles
    entries = tiles * TILE
    waited = sorted(day.waited)
    blank = (entries - commands) / TILE
    of_cases = commands * prices.event_bytes
    tables = of_cases + blank * prices.tile_bytes
    wal = commands * prices.event_wal + blank * prices.tile_wal
    _, in_hour = busiest(year.commands, _HOUR)
    hours = (commands * prices.command_processor, tiles * prices.tile_processor)
    return [
        ("people, in all", f"{sum(year.people):,}"),
        ("cases", f"{sum(year.cases):,}, of one organisation at most {max(year.cases)}"),
        ("organisations without a case", f"{sum(not many for many in year.cases):,}"),
        ("commands on cases", f"{commands:,}"),
        ("in the busiest hour", f"{in_hour:,}"),
        ("within a second, at most", f"{most_within(year.commands, 1.0)}"),
        (
            "the longest daily moment",
            f"{day.moment / 60:,.1f} minutes, of {60 * (TICK - MOMENT):.0f} before a tick",
        ),
        (
            "the busiest hour's commands, had they come with it, waited",
            f"{1000 * waited[len(waited) // 2]:,.1f} ms (median), at most {1000 * waited[-1]:,.1f}",
        ),
        ("entries of logs", f"{entries:,}, blank {entries - commands:,}"),
        (
            "most commands that one checkpoint newly covers",
            f"{max(year.busy.values())}, of {TILE} that a tile hides",
        ),
        ("tables and indexes", f"{tables / 1e9:,.0f} GB, of cases {of_cases / 1e9:,.1f}"),
        ("PostgreSQL's log, to be archived", f"{wal / 1e9:,.0f} GB"),
        ("files of the ledger", f"{tiles * prices.tile_files / 1e9:,.0f} GB, {2 * tiles:,} files"),
        ("processor for commands", f"{hours[0] / _HOUR:,.1f} hours"),
        ("processor for days", f"{hours[1] / _HOUR:,.0f} hours"),
        (
            f"facts in INTAKE at a time (kept {STREAM_DAYS} days), at most",
            f"{most_within(year.opened, STREAM_DAYS * _DAY):,}",
        ),
    ]
