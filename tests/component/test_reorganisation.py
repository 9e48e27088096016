"""A reorganisation: planned at intake, announced to signals, and told where figures can no longer be
set side by side.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from services.intake.outbound import OUTBOUND
from services.intake.service import DEFINITION as INTAKE
from services.signals.service import DEFINITION as SIGNALS
from shared.contracts.errors import Code
from shared.contracts.events import OrganisationUnits, UnitMapped
from shared.contracts.rpc import (
    Done,
    Empty,
    Explanations,
    OfOrganisation,
    Organisation,
    PlanUnits,
    Release,
    Unit,
    UnitHistory,
    UnitMapping,
)
from shared.identity.roles import Role
from tests.component.test_explanations import of_tables
from tests.component.test_intake import Intake, opening
from tests.component.test_noisy_release import JANUARY, JULY, OCTOBER, Noisy
from tests.conftest import Database
from tests.nats_server import Bus, running_bus
from tests.service_lab import HERE, running

JULY_FIRST = datetime(2026, 7, 1, 10, 0, tzinfo=UTC)
NEXT = PlanUnits(
    effective="2026-H2",
    units=(
        Unit(id="home", name="Thuiszorg", headcount=60),
        Unit(id="clinic", name="Kliniek", headcount=40),
    ),
    mapping=(UnitMapping(old="care", new="home"), UnitMapping(old="care", new="clinic")),
)


@pytest_asyncio.fixture
async def bus(tmp_path: Path) -> AsyncIterator[Bus]:
    (tmp_path / "nats").mkdir()
    async with running_bus(tmp_path / "nats") as bus:
        yield bus


@pytest_asyncio.fixture
async def intake(database: Database, tmp_path: Path, bus: Bus) -> AsyncIterator[Intake]:
    async with running(INTAKE, database, bus, tmp_path) as service:
        intake = Intake(service)
        await intake.found()
        yield intake


@pytest_asyncio.fixture
async def noisy(database: Database, tmp_path: Path, bus: Bus) -> AsyncIterator[Noisy]:
    async with running(SIGNALS, database, bus, tmp_path) as service:
        yield Noisy(service)


async def test_cases_are_opened_in_the_units_of_their_day(intake: Intake) -> None:
    """The old ones until the half-year ends, the new ones from its first day on; both are shown."""
    await intake.ask("plan_units", NEXT, Done, role=Role.COORDINATOR)
    early = await intake.refused("open_case", opening(unit_id="home"), subject="anna")
    await intake.open(unit_id="care")
    intake.clock.move(JULY_FIRST)
    late = await intake.refused("open_case", opening(unit_id="care"), subject="anna")
    await intake.open(unit_id="home")
    shown = await intake.ask("organisation", Empty(), Organisation, role=Role.EMPLOYEE)
    history = await intake.ask("unit_history", OfOrganisation(), UnitHistory, subject="anna")

    for refused in (early, late):
        assert (Code.INVALID_INPUT, "unitId") == (refused.code, refused.values["field"])
    assert ["home", "clinic"] == [unit.id for unit in shown.units]
    assert [None, "2026-H2"] == [tree.effective for tree in history.items]
    assert NEXT.mapping == history.items[1].mapping


async def test_what_leaves_of_a_plan_is_the_tree_and_what_became_of_it(intake: Intake) -> None:
    """Before any fact, and with nothing of who planned it."""
    await intake.ask("plan_units", NEXT, Done, role=Role.COORDINATOR)
    (recorded,) = [one for one in await intake.log() if one.type == "UnitsPlanned"]
    message = OUTBOUND["UnitsPlanned"].data(recorded)

    assert (
        OrganisationUnits(
            organisation_id=str(HERE),
            effective="2026-H2",
            units=NEXT.units,
            mapping=tuple(UnitMapped(old=row.old, new=row.new) for row in NEXT.mapping),
        )
        == message
    )
    assert OUTBOUND["UnitsPlanned"].rank is OUTBOUND["OrganisationSetUp"].rank


@pytest.mark.parametrize(
    "changes",
    [
        {"effective": "2026-H1"},
        {"mapping": ()},
        {"units": (Unit(id="home", name="Thuis", headcount=-1),)},
    ],
)
async def test_a_plan_that_is_refused_changes_nothing(
    intake: Intake, changes: dict[str, Any]
) -> None:
    """What has begun, leaves a unit without an end, or is no tree."""
    fields = {"effective": NEXT.effective, "units": NEXT.units, "mapping": NEXT.mapping}
    before = await intake.types()
    refused = await intake.refused(
        "plan_units", PlanUnits(**(fields | changes)), role=Role.COORDINATOR
    )

    assert Code.INVALID_INPUT is refused.code
    assert before == await intake.types()


async def announce(noisy: Noisy) -> None:
    """Units 1 and 2 are merged, unit 3 is split, unit 4 stays."""
    await noisy.send(
        "intake.v1.organisation.units",
        OrganisationUnits(
            organisation_id=str(HERE),
            effective="2026-H2",
            units=(
                Unit(id="both", name="Samen", headcount=6_000),
                Unit(id="left", name="Links", headcount=1_500),
                Unit(id="right", name="Rechts", headcount=1_500),
                Unit(id="unit-4", name="Afdeling 4", headcount=3_000),
            ),
            mapping=tuple(
                UnitMapped(old=old, new=new)
                for old, new in (
                    ("unit-1", "both"),
                    ("unit-2", "both"),
                    ("unit-3", "left"),
                    ("unit-3", "right"),
                    ("unit-4", "unit-4"),
                )
            ),
        ),
    )


async def table(noisy: Noisy, period: str, dimension: str = "unit") -> Release:
    (found,) = [
        one
        for one in await noisy.statistics()
        if (one.period, one.dimension) == (period, dimension)
    ]
    return found


async def test_figures_are_made_of_the_new_units_and_say_so(noisy: Noisy) -> None:
    """The half-year before keeps its units; the next has the new ones. What is booked under an id that
    was merged counts in the merged unit, and under one that was split nowhere in particular.
    """
    await noisy.set_up()
    await noisy.cases(500, unit="unit-1")
    await announce(noisy)
    await noisy.tick(JULY)
    await noisy.ticked(JULY)
    await noisy.cases(700, "2026-Q3", unit="both", due=JANUARY)
    await noisy.cases(300, "2026-Q3", unit="unit-2", due=JANUARY)
    await noisy.cases(900, "2026-Q4", unit="unit-3", due=JANUARY)
    await noisy.cases(800, "2026-Q4", unit="left", due=JANUARY)
    for day in (OCTOBER, JANUARY):
        await noisy.tick(day)
        await noisy.ticked(day)
    before, after = await table(noisy, "2026-H1"), await table(noisy, "2026-H2")

    assert {"unit-1", "unit-2", "unit-3", "unit-4", "not_said"} == before.labels_nl.keys()
    assert {"both", "left", "right", "unit-4", "not_said"} == after.labels_nl.keys()
    shown = {cell.code: cell for cell in after.cells}
    for code, true in (("both", 1_000), ("left", 800), ("not_said", 900)):
        assert abs(shown[code].count - true) <= 3 * (shown[code].margin or 0)
    halves = [one for one in await noisy.statistics() if "-H" in one.period]
    told = await noisy.ask(
        "explanations", of_tables(halves, "nl"), Explanations, role=Role.WORKS_COUNCIL
    )
    assert len(halves) == len(told.items)
    assert {
        one.release_id
        for one in halves
        if one.period == "2026-H2" and one.dimension in ("unit", "unit_area")
    } == {one.release_id for one in told.items if one.break_in_series is not None}
    (sentence,) = {one.break_in_series for one in told.items} - {None}
    assert "Reeksbreuk" in sentence
