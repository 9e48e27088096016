"""The policy `noisy` through the whole service: a grid is frozen, its windows are drawn once at their
ticks, and what was released never changes.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import msgspec
import psycopg
import pytest
import pytest_asyncio

from services.reporting.domain.figures import check
from services.reporting.shapes import drafted_from_bus
from services.signals.commands.release_due import release_due
from services.signals.commands.release_grids import release_grids
from services.signals.domain.lattice import BUDGET, cells_of
from services.signals.domain.noise import Draws, margin, threshold
from services.signals.domain.noisy import NoisyStatisticsReleased, PrivacyBudgetDebited
from services.signals.events import TYPES
from services.signals.service import DEFINITION
from services.signals.streams import release_stream
from shared.contracts import events as contracts
from shared.contracts.events import (
    CloudEvent,
    Fact,
    FactsBooked,
    FactsErased,
    FactsSubjects,
    OrganisationSetUp,
)
from shared.contracts.rpc import Release, ReleasePolicy, Statistics, StatisticsQuery, Unit
from shared.eventstore.store import Change, Conflict
from shared.identity.roles import Role
from shared.ledger.leaf import BLANK
from shared.runtime.operate import rebuild_projections
from shared.runtime.service import TickFailed
from shared.taxonomy.period import Period
from shared.telemetry.events import Event
from tests.component.test_signals import TOKENS, Signals, lines_of
from tests.component.test_time_travel import checkpoint
from tests.conftest import Database
from tests.nats_server import Bus, running_bus
from tests.service_lab import ELSEWHERE, HERE, eventually, running
from tests.store_lab import NOW, Lab, store_lab

APRIL, JULY = date(2026, 4, 15), date(2026, 7, 15)
OCTOBER, JANUARY = date(2026, 10, 15), date(2027, 1, 15)
UNITS = tuple((f"unit-{n}", f"Afdeling {n}", 3_000) for n in range(1, 5))
"""12,000 people, of whom 180 cases a year are expected: enough for themes by the quarter, and units by
the half-year.
"""

SPENT = ("released_spent", "released_spent_table")


def at_tick(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 9, 0, tzinfo=UTC)


@dataclass
class Noisy(Signals):
    """The service with organisations that decided for noise."""

    async def set_up(
        self,
        organisation: UUID = HERE,
        *,
        units: tuple[tuple[str, str, int], ...] = UNITS,
        on: date = date(2026, 3, 2),
        **policy: Any,
    ) -> None:
        await self.send(
            "intake.v1.organisation.set_up",
            OrganisationSetUp(
                organisation_id=str(organisation),
                token=TOKENS[organisation],
                name="De Hoekstee",
                language="nl",
                units=tuple(Unit(id=one, name=name, headcount=n) for one, name, n in units),
                release=ReleasePolicy(**policy),
                on=on,
                advisers=("anna",),
            ),
        )

    async def cases(
        self, count: int, quarter: str = "2026-Q1", *, unit: str | None = "unit-1", **more: Any
    ) -> UUID:
        """Facts of so many cases that were booked in a quarter."""
        year, _, number = quarter.partition("-Q")
        facts_id = uuid4()
        fact = Fact(
            facts_id=str(facts_id),
            period=f"{year}-H{1 if number in '12' else 2}",
            category=more.pop("category", "bullying"),
            unit_id=unit,
            count=count,
            quarter=quarter,
        )
        booked = FactsBooked(
            organisation_id=str(more.get("organisation", HERE)),
            taxonomy_version=more.get("taxonomy_version", 1),
            due=more.get("due", JULY),
            facts=(fact,),
        )
        await self.send("intake.v1.facts.booked", booked, facts_id)
        return facts_id

    async def erase(self, facts_id: UUID) -> None:
        """Intake tells that the case behind the facts was erased."""
        erased = FactsErased(organisation_id=str(HERE), facts_id=str(facts_id))
        await self.send("intake.v1.facts.erased", erased)

    async def tick(self, day: date, organisation: UUID = HERE) -> None:
        """The day is closed, and it is the moment of its tick."""
        await self.day(day, organisation)
        self.running.clock.move(at_tick(day))

    async def ticked(
        self, day: date, organisation: UUID = HERE, *, published: bool = True
    ) -> list[tuple[str, str]]:
        """The tables of a tick, once it is done and, where it is published, everybody can see it."""

        async def there() -> list[tuple[str, str]] | None:
            ticks = [one.event for one in await self.log(organisation) if one.type == "ReleaseTick"]
            return next(([*one.tables] for one in ticks if one.day == day.isoformat()), None)

        found: list[tuple[str, str]] = await eventually(there)
        await self.running.service.projector.catch_up()
        if published:
            await self.seen(organisation)
        return found

    async def drawn(self) -> dict[tuple[str, str], tuple[int, ...]]:
        """Measure and window → the values that were drawn."""
        return {
            (one.event.measure, one.event.period): one.event.values
            for one in await self.log()
            if one.type == "NoisyStatisticsReleased"
        }

    async def everything(self, messages: int) -> tuple[list[Any], ...]:
        """All that was ever released, byte for byte: in the database, on the bus, and to readers."""
        return (
            self.running.rows(
                "SELECT * FROM event JOIN ciphertext USING (organisation, leaf_index)"
                " WHERE type = ANY (%s) ORDER BY leaf_index",
                (list(RELEASED),),
            ),
            await self.messages(messages),
            [msgspec.json.encode(one) for one in await self.statistics()],
        )


RELEASED = ("NoisyStatisticsReleased", "PrivacyBudgetDebited", "TableReleased", "ReleaseTick")


@pytest_asyncio.fixture
async def bus(tmp_path: Path) -> AsyncIterator[Bus]:
    folder = tmp_path / "nats"
    folder.mkdir()
    async with running_bus(folder) as bus:
        yield bus


@pytest_asyncio.fixture
async def noisy(database: Database, tmp_path: Path, bus: Bus) -> AsyncIterator[Noisy]:
    async with running(DEFINITION, database, bus, tmp_path) as service:
        yield Noisy(service)


# Frozen before the first fact --------------------------------------------------------------------


async def test_a_grid_is_frozen_before_the_first_fact_of_a_half_year(noisy: Noisy) -> None:
    """With the set-up, and then at the first closed day, cases or not; the second half-year has the
    grid of the first.
    """
    await noisy.set_up()
    assert ["OrganisationAdopted", "LatticeFrozen"] == await noisy.types()
    await noisy.cases(1)
    await noisy.day(date(2026, 6, 30))
    assert ["FactsKept", "DayReached"] == (await noisy.types())[2:]
    await noisy.day(date(2026, 7, 1))
    assert ["LatticeFrozen", "DayReached"] == (await noisy.types())[4:]
    await noisy.cases(1, "2026-Q3")
    assert ["FactsKept"] == (await noisy.types())[6:]
    first, second = [one.event for one in await noisy.log() if one.type == "LatticeFrozen"]
    assert ("2026-H1", "2026-H2") == (first.period, second.period)
    assert first.grid_id == second.grid_id
    assert [(str(second.grid_id), "2026-H2")] == [
        (str(grid), period)
        for grid, period in noisy.rows(
            "SELECT grid, period FROM held_grid WHERE period > '2026-H1'"
        )
    ]


# Drawn once at the tick ---------------------------------------------------------------------------


async def test_each_window_is_drawn_at_its_tick_and_counts_each_case_once(noisy: Noisy) -> None:
    """Noise is small beside a thousand cases: so many are in each quarter by theme, and in the
    half-year by unit.
    """
    await noisy.set_up()
    await noisy.cases(1_000)
    await noisy.cases(2_000, "2026-Q2", unit="unit-2")
    noisy.clock.move(at_tick(APRIL))
    await noisy.day(date(2026, 4, 14))
    await asyncio.sleep(0.7)
    assert {} == await noisy.drawn()  # its facts may not all be here yet
    await noisy.day(APRIL)
    await noisy.messages(1)
    assert {("theme", "2026-Q1")} == set(await noisy.drawn())
    await noisy.tick(JULY)
    await noisy.ticked(JULY)
    drawn = await noisy.drawn()
    grid = next(one.event for one in await noisy.log() if one.type == "LatticeFrozen")
    (by_unit,) = (one for one in grid.measures if one.grain == "half-year")
    assert {("theme", "2026-Q1"), ("theme", "2026-Q2"), (by_unit.id, "2026-H1")} == set(drawn)
    for window, cases in (
        (("theme", "2026-Q1"), 1_000),
        (("theme", "2026-Q2"), 2_000),
        ((by_unit.id, "2026-H1"), 3_000),
    ):
        assert abs(sum(drawn[window]) - cases) < 400
    types = await noisy.types()
    for released, debited in pairwise(types):
        assert (released == "NoisyStatisticsReleased") is (debited == "PrivacyBudgetDebited")
    debits = [one.event for one in await noisy.log() if one.type == "PrivacyBudgetDebited"]
    epsilon = {one.id: one.epsilon for one in grid.measures}
    assert {(measure, period, epsilon[measure]) for measure, period in drawn} == {
        (one.measure, one.period, one.epsilon) for one in debits
    }
    assert 3 == len(debits)


async def test_a_tick_leaves_a_log_that_verifies(noisy: Noisy) -> None:
    """No key stands in two streams, which an auditor would take for tampering."""
    await noisy.set_up()
    await noisy.cases(1_000)
    await noisy.tick(JULY)
    await noisy.ticked(JULY)
    assert [] == noisy.rows(
        "SELECT key_id FROM event WHERE type <> %s GROUP BY key_id HAVING count(DISTINCT stream) > 1",
        (BLANK,),
    )


async def test_what_is_shown_comes_with_its_margin_and_what_is_not_without_a_number(
    noisy: Noisy,
) -> None:
    """The answer and the message say the same; labels name every cell."""
    await noisy.set_up()
    await noisy.cases(1_000)
    await noisy.tick(APRIL)
    (release,) = await noisy.released()
    assert ("noisy", "theme", "2026-Q1") == (release.policy, release.dimension, release.period)
    (epsilon,) = (
        one.event.epsilon for one in await noisy.log() if one.type == "PrivacyBudgetDebited"
    )
    assert epsilon == release.epsilon
    (values,) = (await noisy.drawn()).values()
    # Noise may show an empty one beside it.
    (cell,) = (one for one in release.cells if one.code == "bullying_intimidation")
    assert (values[0], margin((Draws(epsilon),))) == (cell.count, cell.margin)
    assert release.withheld is not None
    assert release.withheld.count is None
    assert {threshold((Draws(epsilon),))} == set(release.withheld.thresholds)
    assert len(release.withheld.codes) == len(release.withheld.thresholds)
    assert BUDGET["standard"] == release.budget
    assert len(values) == len(release.labels_nl)
    assert len(values) == len(release.cells) + len(release.withheld.codes)
    ((_, body),) = await noisy.messages(1)
    event = msgspec.json.decode(body, type=CloudEvent)
    told = msgspec.json.decode(event.data, type=contracts.StatisticsReleased)
    assert msgspec.structs.replace(release, labels_en={}, labels_nl={}) == told.release
    assert (release.labels_en, release.labels_nl) == (told.labels_en, told.labels_nl)
    window = contracts.WindowDrawn(measure="theme", period="2026-Q1", epsilon=epsilon)
    assert (window,) == told.drawn


async def test_messages_are_as_many_and_as_large_with_news_or_without(noisy: Noisy) -> None:
    """Two organisations of one grid, one without a case: at both ticks nothing can be told from the
    number of messages or their length.
    """
    for organisation in (HERE, ELSEWHERE):
        await noisy.set_up(organisation)
    for unit, *_ in UNITS:
        await noisy.cases(1_000_000, unit=unit)
        await noisy.cases(7, "2026-Q2", unit=unit)
    before = 0
    for day in (APRIL, JULY):
        for organisation in (HERE, ELSEWHERE):
            await noisy.day(day, organisation)
        noisy.clock.move(at_tick(day))
        ours, theirs = [await noisy.ticked(day, one) for one in (HERE, ELSEWHERE)]
        assert ours == theirs
        messages = (await noisy.messages(before + 2 * len(ours)))[before:]
        before += len(messages)
        sizes = [
            sorted(len(body) for subject, body in messages if TOKENS[one] in subject)
            for one in (HERE, ELSEWHERE)
        ]
        assert sizes[0] == sizes[1]
        assert len(ours) == len(sizes[0])


async def test_a_report_may_print_what_is_released(noisy: Noisy) -> None:
    """Reporting checks once more what signals guarantees, and finds every table of a half-year safe."""
    await noisy.set_up()
    await noisy.cases(1_000)
    await noisy.tick(JULY)
    tables = await noisy.ticked(JULY)
    checked = set()
    for _, body in await noisy.messages(len(tables)):
        event = msgspec.json.decode(body, type=CloudEvent)
        told = msgspec.json.decode(event.data, type=contracts.StatisticsReleased)
        if told.release.period == "2026-H1":
            drafted = drafted_from_bus(told)
            check(drafted.figures, drafted.labels_en, drafted.labels_nl)
            checked.add((told.release.dimension, told.release.period))
    assert {table for table in tables if table[1] == "2026-H1"} == checked


async def test_one_damaged_organisation_keeps_no_other_s_figures_back(noisy: Noisy) -> None:
    """What cannot be read is counted nowhere, and told once."""
    for organisation in (HERE, ELSEWHERE):
        await noisy.set_up(organisation)
    await noisy.cases(5)
    facts = next(one.stream for one in await noisy.log() if one.type == "FactsKept")
    await noisy.cases(30, organisation=ELSEWHERE)
    with psycopg.connect(noisy.database.admin) as connection:
        connection.execute("ALTER TABLE signals.ciphertext DISABLE TRIGGER ALL")
        connection.execute(
            "UPDATE signals.ciphertext SET ciphertext = set_byte(ciphertext, 3,"
            " 255 - get_byte(ciphertext, 3)) FROM signals.event"
            " WHERE event.stream = %s AND event.organisation = ciphertext.organisation"
            " AND event.leaf_index = ciphertext.leaf_index",
            (facts,),
        )
    for organisation in (HERE, ELSEWHERE):
        await noisy.day(APRIL, organisation)
    noisy.clock.move(at_tick(APRIL))
    await noisy.released(organisation=ELSEWHERE)
    drawn = "SELECT FROM event WHERE type = 'NoisyStatisticsReleased' AND organisation = %s"
    assert [] == noisy.rows(drawn, (HERE,))
    with pytest.raises(TickFailed):
        await release_due(noisy.service.parts)


async def test_codes_that_the_grid_does_not_have_are_counted_and_not_told(
    noisy: Noisy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A unit that was founded since, a category of a newer taxonomy: each case counts once in each
    measure, in the remainder. No line says that there was such a code, and so such a case.
    """
    told = lines_of(monkeypatch)
    await noisy.set_up()
    await noisy.cases(400, unit="founded-since")
    await noisy.cases(900, category="unheard_of", taxonomy_version=7)
    await noisy.tick(APRIL)
    await noisy.ticked(APRIL)
    await noisy.tick(JULY)
    await noisy.ticked(JULY)
    drawn = await noisy.drawn()
    grid = next(one.event for one in await noisy.log() if one.type == "LatticeFrozen")
    themes = dict(zip(cells_of(grid, ("theme",)), drawn["theme", "2026-Q1"], strict=True))
    places = dict(zip(cells_of(grid, ("unit", "area")), drawn["unit_area", "2026-H1"], strict=True))
    for expected, count in (
        (400, themes["bullying_intimidation"]),
        (900, themes["dilemma_or_strength"]),
        (400, places["not_said/conduct"]),
        (900, places[f"{grid.units[0].code}/culture"]),
    ):
        assert abs(count - expected) < 60
    assert {Event.RELAY_PUBLISHED, Event.CHECKPOINT_SIGNED} >= {*told}


async def test_a_register_of_an_old_period_is_released_at_the_tick_that_was_told(
    noisy: Noisy,
) -> None:
    """Once for each measure, with a grid of its own."""
    await noisy.set_up()
    row = Fact(facts_id=str(uuid4()), period="2018", category="bullying", count=900)
    booked = FactsBooked(organisation_id=str(HERE), taxonomy_version=1, due=JULY, facts=(row,))
    await noisy.send("intake.v1.facts.booked", booked)
    await noisy.tick(APRIL)
    await noisy.messages(1)
    await noisy.tick(JULY)

    async def there() -> bool:
        return ("total", "2018") in {
            (one.dimension, one.period) for one in await noisy.statistics()
        }

    await eventually(there)
    drawn = await noisy.drawn()
    of_register = {measure for measure, period in drawn if period == "2018"}
    assert {"theme"} < of_register
    for measure in of_register:
        assert abs(sum(drawn[measure, "2018"]) - 900) < 400
    assert abs(sum(drawn["theme", "2026-Q1"])) < 400


async def test_a_register_that_comes_after_its_tick_joins_the_next(noisy: Noisy) -> None:
    """However many messages it comes in. Until then nothing of it is due, and nothing is drawn twice."""
    await noisy.set_up()
    await noisy.tick(JULY)
    await noisy.ticked(JULY)
    before = await noisy.drawn()
    for _ in range(2):
        row = Fact(facts_id=str(uuid4()), period="2018", category="bullying", count=450)
        booked = FactsBooked(organisation_id=str(HERE), taxonomy_version=1, due=JULY, facts=(row,))
        await noisy.send("intake.v1.facts.booked", booked)
    assert not await release_grids(noisy.service.parts)
    assert before == await noisy.drawn()
    due = "SELECT DISTINCT due FROM held_measure WHERE period = '2018'"
    assert [(JANUARY,)] == noisy.rows(due)
    for day in (OCTOBER, JANUARY):
        await noisy.tick(day)
        tables = await noisy.ticked(day)
        assert (day == JANUARY) == (("total", "2018") in tables)
    drawn = await noisy.drawn()
    assert before.items() < drawn.items()
    assert abs(sum(drawn["theme", "2018"]) - 900) < 400
    assert len(drawn) == (await noisy.types()).count("NoisyStatisticsReleased")
    assert not await release_grids(noisy.service.parts)


# Never again --------------------------------------------------------------------------------------


async def test_nothing_changes_what_was_released(noisy: Noisy) -> None:
    """Asked again, drawn at the same time, late, erased, over days and half-years: event, message and
    answer stay as they were, to the byte; what was erased before is not in them, and what came late
    counts in the quarter that is open.
    """
    await noisy.set_up()
    kept = await noisy.cases(1_000)
    gone = await noisy.cases(50_000)
    await noisy.erase(gone)
    await noisy.tick(APRIL)
    await asyncio.gather(*(release_due(noisy.service.parts) for _ in range(8)))
    before = await noisy.everything(1)
    first = await noisy.drawn()
    assert abs(sum(first["theme", "2026-Q1"]) - 1_000) < 400

    subjects = FactsSubjects(organisation_id=str(HERE), facts_id=str(kept), subjects=(bytes(16),))
    await noisy.send("intake.v1.facts.subjects", subjects)  # the case goes on: no new count
    await noisy.erase(kept)
    await noisy.cases(3_000, "2026-Q1", unit="unit-2")  # late: the first quarter is drawn
    await noisy.day(date(2026, 4, 16))
    await asyncio.sleep(0.7)
    assert not await release_due(noisy.service.parts)
    assert before == await noisy.everything(1)
    assert before == await noisy.everything(1)

    await noisy.tick(JULY)
    many = 1 + len(await noisy.ticked(JULY))
    assert first.items() <= (await noisy.drawn()).items()
    assert abs(sum((await noisy.drawn())["theme", "2026-Q2"]) - 3_000) < 400
    later = await noisy.everything(many)
    for whole, part in zip(later, before, strict=True):
        assert part == [one for one in whole if one in part]


async def test_released_figures_survive_a_restart_and_a_rebuild(
    database: Database, tmp_path: Path, bus: Bus
) -> None:
    """A process that starts anew draws nothing again; projections made of the log alone say the same."""
    async with running(DEFINITION, database, bus, tmp_path) as service:
        first = Noisy(service)
        await first.set_up()
        await first.cases(30)
        await first.tick(APRIL)
        await first.tick(JULY)
        many = 1 + len(await first.ticked(JULY))
        before = await first.everything(many)
    async with running(DEFINITION, database, bus, tmp_path) as service:
        again = Noisy(service)
        service.clock.move(at_tick(JULY))
        await asyncio.sleep(0.7)
        assert before == await again.everything(many)
        spent = [again.rows(f"SELECT * FROM {one} ORDER BY 1, 2, 3, 4") for one in SPENT]  # noqa: S608
        assert all(spent)
        await rebuild_projections(service.service.definition, service.service.settings)
        assert before == await again.everything(many)
        assert spent == [
            again.rows(f"SELECT * FROM {one} ORDER BY 1, 2, 3, 4")  # noqa: S608
            for one in SPENT
        ]
        assert not await release_due(service.service.parts)


async def test_what_was_released_is_answered_as_of_a_checkpoint(noisy: Noisy) -> None:
    """Before the tick nothing, behind it what stands there to this day."""
    await noisy.set_up()
    await noisy.tick(APRIL)
    (release,) = await noisy.released()
    size = await checkpoint(noisy.running, date(2026, 4, 16))

    async def then(as_of: int) -> tuple[Release, ...]:
        question = StatisticsQuery(as_of=as_of)
        found = await noisy.running.ask("statistics", question, Statistics, role=Role.HR)
        return found.releases

    assert (release,) == await then(size)
    assert () == await then(0)
    await noisy.tick(JULY)
    assert len(await noisy.ticked(JULY)) + 1 == len(await noisy.statistics())
    assert (release,) == await then(size)


# Two who draw at once -----------------------------------------------------------------------------


async def test_the_database_refuses_a_second_draw_of_a_window(
    database: Database, tmp_path: Path
) -> None:
    """A thousand windows, two replicas each time with a draw of their own: one of the two is kept, the
    other is told, and so is whoever comes later.
    """

    def draw(period: str, values: tuple[int, ...]) -> list[Change]:
        released = NoisyStatisticsReleased(
            release_id=uuid4(),
            organisation_id=HERE,
            token=TOKENS[HERE],
            grid_id=UUID(int=1),
            measure="theme",
            period=period,
            epsilon=1.0,
            values=values,
            library="none",
        )
        debited = PrivacyBudgetDebited(
            release_id=released.release_id, measure="theme", period=period, epsilon=1.0
        )
        stream = release_stream(HERE, Period.parse(period), "theme")
        return [Change(stream, 1, released), Change(stream, 2, debited)]

    async def record(lab: Lab, period: str, values: tuple[int, ...]) -> tuple[int, ...]:
        await lab.store.append(HERE, draw(period, values), actor="signals", at=NOW)
        return values

    periods = [f"{1900 + n // 4}-Q{n % 4 + 1}" for n in range(1_000)]
    refused = 0
    async with (
        store_lab(database, tmp_path, TYPES, service="signals") as one,
        store_lab(database, tmp_path, TYPES, service="signals") as other,
    ):
        for start in range(0, 1_000, 50):
            some = periods[start : start + 50]
            results = await asyncio.gather(
                *(record(one, period, (1, 2)) for period in some),
                *(record(other, period, (3, 4)) for period in some),
                return_exceptions=True,
            )
            refused += sum(isinstance(result, Conflict) for result in results)
            for period, *both in zip(some, results[:50], results[50:], strict=True):
                (kept,) = (values for values in both if isinstance(values, tuple))
                stored = await one.store.load(
                    HERE, release_stream(HERE, Period.parse(period), "theme")
                )
                assert ["NoisyStatisticsReleased", "PrivacyBudgetDebited"] == [
                    recorded.type for recorded in stored
                ]
                assert kept == stored[0].event.values
        with pytest.raises(Conflict):
            await record(other, periods[0], (5, 6))
        assert [(2_000,)] == one.rows("SELECT count(*) FROM event")
    assert 1_000 == refused
