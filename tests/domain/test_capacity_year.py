"""The simulated year of many organisations: it is a year, logs grow as they do, and queues are queues."""

from __future__ import annotations

import math
import random
from collections import Counter
from dataclasses import replace

import pytest

from bench.capacity_year import (
    AFFAIR_REPORTS,
    AFFAIRS,
    DAYS,
    PER_CASE,
    REPORTS,
    SERVICES,
    Prices,
    Year,
    busiest,
    case_commands,
    described,
    hardest_day,
    most_within,
    queued,
    simulated,
    whole_tiles,
)

MOMENT = 3 * 3600.0


def priced(*, tile: float = 0.0, disk: float = 0.0, command: float = 0.0) -> Prices:
    return Prices(
        event_bytes=0,
        event_wal=0,
        tile_bytes=0,
        tile_wal=0,
        tile_files=0,
        tile_processor=tile,
        tile_seconds=tile + disk,
        command_processor=command,
    )


def test_a_seed_is_a_year() -> None:
    """The same seed draws the same commands, another one others."""
    first, again, other = (simulated(50, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first.commands != other.commands


def test_as_many_report_as_are_expected() -> None:
    """Within what chance does to the two assumed rates."""
    year = simulated(2_000, seed=7)
    people = sum(year.people)
    expected = people * (REPORTS + AFFAIRS * AFFAIR_REPORTS)
    # Poisson's own deviation, and that of who is in an affair, which is larger.
    of_affairs = AFFAIR_REPORTS * math.sqrt(AFFAIRS * sum(each**2 for each in year.people))
    deviation = math.hypot(math.sqrt(expected), of_affairs)
    assert abs(sum(year.cases) - expected) < 4 * deviation
    assert min(year.people) >= 100
    assert max(year.people) <= 5_000


def test_every_case_has_its_commands_within_the_year_and_in_order() -> None:
    """Also those that would come after New Year."""
    year = simulated(200, seed=3)
    assert len(year.commands) == PER_CASE * sum(year.cases)
    assert list(year.commands) == sorted(year.commands)
    assert year.commands[0] >= 0
    assert year.commands[-1] < DAYS * 86_400
    assert sum(year.busy.values()) == len(year.commands)


@pytest.mark.parametrize(
    ("entries", "tiles"), [(0, 1), (1, 1), (256, 1), (257, 2), (512, 2), (513, 3)]
)
def test_a_log_grows_by_whole_tiles_and_by_one_at_least(entries: int, tiles: int) -> None:
    """As docs/adr/0012 has it."""
    assert whole_tiles(entries) == tiles


def test_a_quiet_year_is_a_tile_a_day_for_each_service() -> None:
    """None of twenty organisations fills a second one."""
    year = simulated(20, seed=1)
    assert year.tiles == SERVICES * 20 * DAYS


def test_a_busy_day_takes_more_tiles_in_the_log_of_cases_alone() -> None:
    """600 entries are three tiles. What comes after the daily moment is the next one's."""
    before, after = MOMENT - 60.0, MOMENT + 60.0
    commands = [*([before] * 600), *([after] * 10), *([86_400 + before] * 300)]
    busy = Counter({(0, 0): 600, (0, 1): 310})
    year = Year(people=[100, 100], cases=[1, 0], opened=[before], commands=commands, busy=busy)
    assert year.tiles == SERVICES * 2 * DAYS + 2 + 1
    day = hardest_day(year, priced(disk=2.0))
    assert day.moment == pytest.approx(2.0 * (3 + 1))
    # The hour before the moment was the busiest; its minute is kept.
    assert len(day.waited) == 600


def test_commands_after_the_daily_moment_are_the_next_one_s() -> None:
    """Counted by hand, over New Year too."""
    year = simulated(100, seed=5)
    of_days = [0] * DAYS
    for moment in year.commands:
        day, second = divmod(moment, 86_400)
        of_days[int(day + (second >= MOMENT)) % DAYS] += 1
    for number in range(DAYS):
        assert of_days[number] == sum(year.busy[each, number] for each in range(100))


def test_the_moment_goes_through_the_logs_one_after_the_other() -> None:
    """A log that grows by three tiles takes three times as long."""
    assert queued([], [[1] * 10] * 3, priced(disk=2.0)).moment == pytest.approx(20.0)
    assert queued([], [[1, 3], [1, 1]], priced(disk=2.0)).moment == pytest.approx(8.0)


def test_three_services_share_two_processors_at_the_moment() -> None:
    """30 seconds of work for two: 15, and up to one log more where they do not come out even."""
    moment = queued([], [[1] * 10] * 3, priced(tile=1.0)).moment
    assert 15.0 <= moment <= 16.0
    assert queued([], [[1] * 10] * 3, priced(tile=1.0), processors=3).moment == pytest.approx(10.0)


def test_a_command_waits_for_the_logs_before_it_and_no_longer() -> None:
    """During the daily moment and after it."""
    during, after = MOMENT + 0.5, MOMENT + 60.0
    day = queued([during, after], [[1] * 10] * 3, priced(tile=1.0, command=0.1), processors=1)
    # Three logs came first, a second each: 2.5 s are left of them.
    assert list(day.waited) == pytest.approx([2.5, 0.0])


def test_a_command_waits_for_those_before_it() -> None:
    """Three at once, at two processors."""
    day = queued([10.0, 10.0, 10.0], [], priced(command=1.0))
    assert list(day.waited) == pytest.approx([0.0, 0.0, 1.0])
    assert day.moment == 0.0


def test_the_busiest_hour_is_the_one_with_most_commands() -> None:
    """Counted here in another way; with the hardest day come just these."""
    year = simulated(100, seed=5)
    number, many = busiest(year.commands, 3_600)
    counted = [0] * DAYS * 24
    for moment in year.commands:
        counted[int(moment // 3_600)] += 1
    assert many == max(counted) == counted[number]
    assert len(hardest_day(year, priced()).waited) == many


def test_the_busiest_hour_waits_for_the_logs_of_the_moment() -> None:
    """It is put where the daily moment begins; a log that is being done is waited for."""
    year = simulated(100, seed=5)
    assert max(hardest_day(year, priced()).waited) == 0.0
    assert max(hardest_day(year, priced(tile=30.0)).waited) > 1.0


def test_advisers_work_in_office_hours() -> None:
    """Whatever comes later in a case, Monday to Friday, from nine to five; all weekdays alike."""
    chosen, weekdays = random.Random(1), Counter[int]()  # noqa: S311  nothing secret
    for number in range(2_000):
        for moment in case_commands(chosen, number % DAYS, [1] * 24)[4:]:
            day, second = divmod(moment, 86_400)
            assert 9 * 3_600 <= second <= 17 * 3_600
            weekdays[int(day) % 7] += 1
    assert set(weekdays) == {0, 1, 2, 3, 4}
    assert max(weekdays.values()) < 1.1 * min(weekdays.values())


def test_the_most_within_a_time_may_lie_on_both_sides_of_a_full_one() -> None:
    """The busiest second begins with any command."""
    assert busiest([0.9, 1.1, 1.2, 5.0], 1.0) == (1, 2)
    assert most_within([0.9, 1.1, 1.2, 5.0], 1.0) == 3


def test_what_a_year_takes_is_told_by_part() -> None:
    """Entries are those of whole tiles; blank is what no command wrote, and costs what a tile of it costs."""
    year = simulated(100, seed=5)
    prices = replace(
        priced(tile=36.0, command=3.6),
        event_bytes=1e9,
        event_wal=2e9,
        tile_bytes=256e9,
        tile_wal=512e9,
        tile_files=3e9,
    )
    rows = dict(described(year, hardest_day(year, priced(tile=0.001)), prices))
    entries = 256 * SERVICES * 100 * DAYS
    assert rows["entries of logs"] == f"{entries:,}, blank {entries - len(year.commands):,}"
    _, in_hour = busiest(year.commands, 3_600)
    assert rows["in the busiest hour"] == f"{in_hour:,}"
    covered = max(year.busy.values())
    assert (
        rows["most commands that one checkpoint newly covers"]
        == f"{covered}, of 256 that a tile hides"
    )
    in_stream = most_within(year.opened, 30 * 86_400)
    assert rows["facts in INTAKE at a time (kept 30 days), at most"] == f"{in_stream:,}"
    assert rows["cases"].startswith(f"{sum(year.cases):,}, ")
    tiles = SERVICES * 100 * DAYS
    assert rows["tables and indexes"] == f"{entries:,} GB, of cases {len(year.commands):,}.0"
    assert rows["PostgreSQL's log, to be archived"] == f"{2 * entries:,} GB"
    assert rows["files of the ledger"] == f"{3 * tiles:,} GB, {2 * tiles:,} files"
    assert rows["processor for days"] == f"{tiles // 100:,} hours"
    assert rows["processor for commands"] == f"{len(year.commands) / 1000:,.1f} hours"
