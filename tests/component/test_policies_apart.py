"""One policy for each organisation: no path leads from exact figures to noise, or back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from uuid import UUID, uuid4

import msgspec
import pytest
import pytest_asyncio

from services.intake.service import DEFINITION as INTAKE
from services.signals.commands.release_grids import release_grids
from services.signals.commands.release_windows import release_windows
from services.signals.domain.window import OrganisationAdopted
from services.signals.service import DEFINITION as SIGNALS
from services.signals.streams import organisation_stream, window_stream
from shared.contracts.errors import Code, Refusal
from shared.contracts.events import Fact, FactsBooked
from shared.contracts.rpc import Done, ReleasePolicy
from shared.eventstore.store import Change, Conflict
from shared.identity.roles import Role
from shared.taxonomy.period import Period
from tests.component.test_intake import set_up
from tests.component.test_noisy_release import JANUARY, JULY, Noisy
from tests.conftest import Database
from tests.nats_server import Bus, running_bus
from tests.service_lab import ELSEWHERE, HERE, Running, running
from tests.store_lab import NOW

OF_EXACT = {"StructureFrozen", "StatisticsReleased"}
OF_NOISE = {
    "LatticeFrozen",
    "NoisyStatisticsReleased",
    "PrivacyBudgetDebited",
    "TableReleased",
    "WindowClosed",
    "ReleaseTick",
}
TABLES_OF_EXACT = ("held_window", "released_window")
TABLES_OF_NOISE = (
    "held_grid",
    "held_measure",
    "drawn_measure",
    "released_draw",
    "released_grid",
    "released_spent",
    "released_spent_table",
)


@pytest_asyncio.fixture
async def bus(tmp_path: Path) -> AsyncIterator[Bus]:
    folder = tmp_path / "nats"
    folder.mkdir()
    async with running_bus(folder) as bus:
        yield bus


@pytest_asyncio.fixture
async def intake(database: Database, tmp_path: Path, bus: Bus) -> AsyncIterator[Running]:
    async with running(INTAKE, database, bus, tmp_path) as service:
        yield service


@pytest_asyncio.fixture
async def signals(database: Database, tmp_path: Path, bus: Bus) -> AsyncIterator[Noisy]:
    """One organisation of each policy: HERE exact, ELSEWHERE with noise."""
    async with running(SIGNALS, database, bus, tmp_path) as service:
        signals = Noisy(service)
        await signals.organisation()
        await signals.set_up(ELSEWHERE)
        yield signals


async def test_an_organisation_decides_once(intake: Running) -> None:
    """A second set-up is refused, whichever policy it names and in whichever order; the decision
    stays.
    """
    exact, noisy = set_up(HERE).release, ReleasePolicy(policy="noisy")
    for organisation, first, second in ((HERE, exact, noisy), (ELSEWHERE, noisy, exact)):
        request = set_up(organisation)
        decided = msgspec.structs.replace(request, release=first)
        await intake.ask("set_up_organisation", decided, Done, role=Role.ADMIN)
        again = msgspec.structs.replace(request, release=second)
        with pytest.raises(Refusal) as caught:
            await intake.ask("set_up_organisation", again, Done, role=Role.ADMIN)
        assert Code.ALREADY_EXISTS is caught.value.code
        (recorded,) = await intake.log(organisation)
        assert first.policy == recorded.event.release.policy


async def test_a_year_of_both_leaves_each_its_own(signals: Noisy) -> None:
    """Cases, subjects, registers and ticks of both, in one service: each has events and tables of its
    policy alone, and answers of it alone. Who looks for more to release finds nothing.
    """
    for organisation in (HERE, ELSEWHERE):
        for quarter in ("2026-Q1", "2026-Q3"):
            await signals.cases(40, quarter, unit="care", organisation=organisation)
        row = Fact(facts_id=str(uuid4()), period="2018", category="bullying", count=900)
        await signals.send(
            "intake.v1.facts.booked",
            FactsBooked(
                organisation_id=str(organisation), taxonomy_version=1, due=JULY, facts=(row,)
            ),
            UUID(row.facts_id),
        )
    for day in (JULY, JANUARY):
        for organisation in (HERE, ELSEWHERE):
            await signals.tick(day, organisation)
        await signals.ticked(day, ELSEWHERE)
    assert {"2018", "2026-H1", "2026-H2"} == {
        one.period for one in await signals.released(3, organisation=HERE)
    }

    for organisation, policy, theirs, others, tables in (
        (HERE, "exact", OF_EXACT, OF_NOISE, TABLES_OF_NOISE),
        (ELSEWHERE, "noisy", OF_NOISE - {"WindowClosed"}, OF_EXACT, TABLES_OF_EXACT),
    ):
        types = set(await signals.types(organisation))
        assert theirs <= types
        assert set() == others & types
        assert {policy} == {
            one.policy for one in await signals.statistics(organisation=organisation)
        }
        for table in tables:
            assert [] == signals.rows(
                f"SELECT 1 FROM {table} WHERE organisation = %s",  # noqa: S608  names above
                (organisation,),
            )
    assert not await release_windows(signals.service.parts)
    assert not await release_grids(signals.service.parts)


async def test_the_database_refuses_a_decision_or_a_window_of_another_policy(
    signals: Noisy,
) -> None:
    """The decision, and what is frozen of a period, are each the first event of one stream, whatever
    kind it is.
    """
    store, period = signals.service.parts.store, Period.parse("2026-H1")
    await signals.day(date(2026, 3, 3))
    (of_exact,) = await store.load(HERE, window_stream(HERE, period))
    (of_noise,) = await store.load(ELSEWHERE, window_stream(ELSEWHERE, period))
    assert ("StructureFrozen", "LatticeFrozen") == (of_exact.type, of_noise.type)
    (adopted,) = await store.load(HERE, organisation_stream(HERE))
    assert isinstance(adopted.event, OrganisationAdopted)
    other = replace(adopted.event, policy="noisy", dimension=None, k=None, merge_order=())
    for organisation, stream, event in (
        (HERE, organisation_stream(HERE), other),
        (HERE, window_stream(HERE, period), of_noise.event),
        (ELSEWHERE, window_stream(ELSEWHERE, period), of_exact.event),
    ):
        with pytest.raises(Conflict):
            await store.append(organisation, [Change(stream, 1, event)], actor="signals", at=NOW)


async def test_a_register_of_a_half_year_changes_no_quarter_that_was_drawn(signals: Noisy) -> None:
    """It knows no quarter: its rows count in the last one, which is not drawn before the half-year
    ends. With what was drawn of the first quarter nothing happens.
    """
    april = date(2026, 4, 15)
    await signals.tick(april, ELSEWHERE)
    await signals.ticked(april, ELSEWHERE)
    before = await drawn(signals)
    assert ("theme", "2026-Q1") in before
    row = Fact(facts_id=str(uuid4()), period="2026-H1", category="bullying", count=900)
    await signals.send(
        "intake.v1.facts.booked",
        FactsBooked(organisation_id=str(ELSEWHERE), taxonomy_version=1, due=JULY, facts=(row,)),
        UUID(row.facts_id),
    )
    await signals.tick(JULY, ELSEWHERE)
    await signals.ticked(JULY, ELSEWHERE)
    after = await drawn(signals)
    assert before.items() <= after.items()
    assert abs(sum(after["theme", "2026-Q1"])) < 400
    assert abs(sum(after["theme", "2026-Q2"]) - 900) < 400


async def drawn(signals: Noisy) -> dict[tuple[str, str], tuple[int, ...]]:
    """Measure and window → the values that were drawn."""
    return {
        (one.event.measure, one.event.period): one.event.values
        for one in await signals.log(ELSEWHERE)
        if one.type == "NoisyStatisticsReleased"
    }
