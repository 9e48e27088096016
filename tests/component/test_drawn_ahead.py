"""What is released is counted and drawn when its day is closed, and leaves at the moment of the tick: so
the time at which it leaves does not tell how much there was to count.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import psycopg
import pytest_asyncio

from services.signals.ahead import Ahead, Drawn
from services.signals.commands.release_due import release_due
from services.signals.service import DEFINITION
from shared.contracts.rpc import PrivacyBudget, PrivacyBudgetQuery
from shared.identity.roles import Role
from tests.component.test_noisy_release import APRIL, JULY, Noisy
from tests.component.test_pulse_life import UNITS, Pulse
from tests.component.test_signals import Signals
from tests.conftest import Database
from tests.nats_server import Bus, running_bus
from tests.service_lab import HERE, Running, eventually, running

Key = tuple[str, UUID, str]

GRID: Key = ("grid", HERE, "2026-04-15")


@dataclass
class Stands:
    """A clock that stands."""

    moment: datetime

    def now(self) -> datetime:
        """See Clock."""
        return self.moment


@dataclass
class Replica:
    """A process of signals with a clock that nobody moves. That of the lab's service stands before the
    tick: it takes in what intake sends, and reveals nothing.
    """

    running: Running
    ahead: Ahead = field(default_factory=lambda: Ahead(waits=True))

    async def look(self, hour: int, minute: int = 0, second: int = 0, day: date = APRIL) -> bool:
        """Whether figures were released by a look at that time. Its signals are another matter."""
        now = datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=UTC)
        self.ahead.begin(now)
        parts = msgspec.structs.replace(self.running.service.parts, clock=Stands(now))
        before = await figures(self.running)
        await release_due(parts, self.ahead)
        await self.running.service.projector.catch_up()
        return before < await figures(self.running)

    async def draws(self, key: Key, day: date = APRIL) -> Drawn[Any]:
        """What it has drawn ahead. What is not projected yet, as after a background entry of the log, is
        seen at one of the next looks.
        """
        minutes = iter(range(60))

        async def there() -> Drawn[Any] | None:
            assert not await self.look(4, next(minutes), day=day)
            return self.ahead.get(key)

        found: Drawn[Any] = await eventually(there)
        return found

    async def releases(self, hour: int, day: date = APRIL) -> None:
        """Figures leave at that hour."""
        await eventually(lambda: self.look(hour, day=day))

    def damage(self, kind: str) -> None:
        """From now on no event of this kind can be read."""
        with psycopg.connect(self.running.database.admin) as connection:
            connection.execute("ALTER TABLE signals.ciphertext DISABLE TRIGGER ALL")
            connection.execute(
                "UPDATE signals.ciphertext SET ciphertext = set_byte(ciphertext, 3,"
                " 255 - get_byte(ciphertext, 3)) FROM signals.event"
                " WHERE event.type = %s AND event.organisation = ciphertext.organisation"
                " AND event.leaf_index = ciphertext.leaf_index",
                (kind,),
            )


async def figures(running: Running) -> int:
    """How many releases of figures there are."""
    kinds = ("ReleaseTick", "StatisticsReleased", "PulseReleased")
    there = await types(running)
    return sum(there.count(kind) for kind in kinds)


async def types(running: Running) -> list[str]:
    """What stands in the organisation's log, whether or not it can be read."""
    query = "SELECT type FROM event WHERE organisation = %s ORDER BY leaf_index"
    return [row[0] for row in running.rows(query, (HERE,))]


@pytest_asyncio.fixture
async def bus(tmp_path: Path) -> AsyncIterator[Bus]:
    folder = tmp_path / "nats"
    folder.mkdir()
    async with running_bus(folder) as bus:
        yield bus


@pytest_asyncio.fixture
async def lab(database: Database, tmp_path: Path, bus: Bus) -> AsyncIterator[Running]:
    async with running(DEFINITION, database, bus, tmp_path) as service:
        yield service


async def closed(lab: Running) -> Noisy:
    """An organisation with noise and cases in its first quarter, of which the day is closed."""
    noisy = Noisy(lab)
    await noisy.set_up()
    await noisy.cases(400)
    await noisy.day(APRIL)
    return noisy


async def test_what_is_drawn_before_the_moment_stands_nowhere(lab: Running) -> None:
    """Neither in the log nor in a table, an answer, the budget or a message; at the moment it is just
    that draw which is released.
    """
    noisy, replica = await closed(lab), Replica(lab)
    kept = await replica.draws(GRID)
    before = await types(lab)
    assert not {"NoisyStatisticsReleased", "PrivacyBudgetDebited", "TableReleased"} & {*before}
    for table in ("drawn_measure", "released_draw", "released_table", "released_spent"):
        assert [] == noisy.rows(f"SELECT FROM {table}")
    assert () == await noisy.statistics()
    budget = await noisy.ask("privacy_budget", PrivacyBudgetQuery(), PrivacyBudget, role=Role.HR)
    assert {0} == {one.spent for one in budget.periods}
    assert not await replica.look(8, 59, 59)
    await replica.releases(9)
    drawn = [one.event for one in await noisy.log() if one.type == "NoisyStatisticsReleased"]
    assert [one for one, _ in kept.value.draws] == drawn
    assert replica.ahead.get(GRID) is None


async def test_at_the_moment_no_fact_is_read(lab: Running) -> None:
    """How many there are can then not matter: here they cannot even be read any more."""
    noisy, replica = await closed(lab), Replica(lab)
    await replica.draws(GRID)
    replica.damage("FactsKept")
    await replica.releases(9)
    assert "ReleaseTick" in await types(lab)
    await noisy.seen()
    assert await noisy.statistics()


async def test_what_was_not_ready_leaves_at_the_next_whole_hour(lab: Running) -> None:
    """A process that died with what it had drawn loses nothing: another draws anew, once."""
    await closed(lab)
    died = Replica(lab)
    await died.draws(GRID)
    replica = Replica(lab)

    async def ready() -> Drawn[Any] | None:
        assert not await replica.look(9, 20)
        return replica.ahead.get(GRID)

    kept = await eventually(ready)
    assert not await replica.look(9, 59, 59)
    await replica.releases(10)
    released = [one.event for one in await lab.log() if one.type == "NoisyStatisticsReleased"]
    assert [one for one, _ in kept.value.draws] == released
    assert not await died.look(10, 0, 1)
    assert 1 == (await types(lab)).count("ReleaseTick")


async def test_of_two_that_drew_ahead_one_is_first(lab: Running) -> None:
    """The other forgets what it drew."""
    await closed(lab)
    one, other = Replica(lab), Replica(lab)
    await one.draws(GRID)
    await other.draws(GRID)
    await one.releases(9)
    first = [one.event for one in await lab.log() if one.type == "NoisyStatisticsReleased"]
    assert not await other.look(9)
    assert not await other.look(9, 2)
    assert first == [one.event for one in await lab.log() if one.type == "NoisyStatisticsReleased"]


async def test_what_is_erased_before_the_moment_is_not_counted(lab: Running) -> None:
    """It is counted again, and what was drawn of it is forgotten unseen."""
    noisy = Noisy(lab)
    await noisy.set_up()
    facts = await noisy.cases(400)
    await noisy.day(APRIL)
    replica = Replica(lab)
    first = await replica.draws(GRID)
    assert max(first.value.draws[0][0].values) > 300
    await noisy.erase(facts)
    await replica.releases(9)
    drawn = await noisy.drawn()
    assert max(drawn["theme", "2026-Q1"]) < 100


async def test_exact_figures_are_counted_ahead_too(lab: Running) -> None:
    """The counts are forgotten when the rule has been applied to them."""
    signals, replica = Signals(lab), Replica(lab)
    await signals.organisation()
    await signals.facts(30)
    await signals.day()
    await replica.draws(("window", HERE, "2026-H1"), JULY)
    assert "StatisticsReleased" not in await types(lab)
    replica.damage("FactsKept")
    await replica.releases(9, JULY)
    (release,) = await signals.released()
    assert 30 == release.total


async def test_a_pulse_is_drawn_ahead_too(lab: Running) -> None:
    """Its sheets are not read at the moment of its tick."""
    pulse, replica = Pulse(lab), Replica(lab)
    await pulse.set_up(units=UNITS, policy="noisy")
    for token in await pulse.open(tokens=40):
        await pulse.answer(token, 3)
    await pulse.closed()
    await pulse.day(APRIL)
    await replica.draws(("pulse", HERE, "2026-H1"))
    assert "PulseDrawn" not in await types(lab)
    assert () == await pulse.results()
    replica.damage("PulseSheetsKept")
    await replica.releases(9)
    await pulse.seen()
    (result,) = await pulse.results()
    assert "2026-H1" == result.period
