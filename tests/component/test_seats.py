"""Advisers come and leave: at intake at once, at signals and reporting with the next daily moment."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest_asyncio

from services.intake.outbound import OUTBOUND
from services.intake.service import DEFINITION as INTAKE
from services.signals.service import DEFINITION as SIGNALS
from shared.contracts.errors import Code
from shared.contracts.events import OrganisationSeats
from shared.contracts.rpc import (
    CaseIds,
    CasesOfAdviser,
    Done,
    Empty,
    Organisation,
    Page,
    PublishAdviserKey,
    Reports,
    ReportsQuery,
    SeatAdviser,
    Statistics,
    StatisticsQuery,
    VacateSeat,
)
from shared.identity.roles import Role
from tests.component.test_intake import BRAMS_KEY, Intake, opening
from tests.component.test_noisy_release import Noisy
from tests.component.test_reporting import Reporting, reporting
from tests.conftest import Database
from tests.nats_server import Bus, running_bus
from tests.service_lab import HERE, eventually, running

__all__ = ["reporting"]


@pytest_asyncio.fixture
async def bus(tmp_path: Path) -> AsyncIterator[Bus]:
    folder = tmp_path / "nats"
    folder.mkdir()
    async with running_bus(folder) as bus:
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


async def test_who_is_seated_works_as_an_adviser_from_then_on(intake: Intake) -> None:
    """They publish a key, everybody finds them, and cases go to them."""
    unseated = await intake.refused("cases", Page(), subject="carla")
    seat = SeatAdviser(adviser_id="carla", name="Carla Prins")
    await intake.ask("seat_adviser", seat, Done, role=Role.COORDINATOR)
    key = PublishAdviserKey(public_key=BRAMS_KEY)
    await intake.ask("publish_adviser_key", key, Done, subject="carla")
    shown = await intake.ask("organisation", Empty(), Organisation, role=Role.EMPLOYEE)

    assert Code.NOT_ALLOWED is unseated.code
    assert ["Anna", "Bram", "Carla Prins"] == [one.name for one in shown.advisers]
    assert BRAMS_KEY == shown.advisers[-1].public_key
    twice = await intake.refused("seat_adviser", seat, role=Role.COORDINATOR)
    assert Code.ALREADY_EXISTS is twice.code


async def test_who_left_is_answered_no_more_and_gets_no_words(intake: Intake) -> None:
    """Of what they did not hand over others find out, to recover it; nothing is sealed to them."""
    case = await intake.open()
    await intake.ask("vacate_seat", VacateSeat(adviser_id="anna"), Done, role=Role.COORDINATOR)
    left = await intake.refused("cases", Page(), subject="anna")
    sealed = await intake.refused("open_case", opening(), subject="anna")
    shown = await intake.ask("organisation", Empty(), Organisation, subject="bram")
    lost = await intake.ask(
        "lost_cases", CasesOfAdviser(adviser_id="anna"), CaseIds, role=Role.COORDINATOR
    )

    assert Code.NOT_ALLOWED is left.code is sealed.code
    assert ["bram"] == [one.id for one in shown.advisers]
    assert [("anna", None, ["retired"])] == [
        (one.id, one.key_id, [key.state for key in one.keys]) for one in shown.former_advisers
    ]
    assert [case] == [UUID(one) for one in lost.ids]
    before = await intake.types()
    last = await intake.refused("vacate_seat", VacateSeat(adviser_id="bram"), role=Role.COORDINATOR)
    assert Code.INVALID_INPUT is last.code
    assert before == await intake.types()


async def test_what_leaves_of_a_seat_is_who_holds_one(intake: Intake) -> None:
    """All of them, in the order of the log and before any fact; no name, and not who decided."""
    seat = SeatAdviser(adviser_id="carla", name="Carla Prins")
    await intake.ask("seat_adviser", seat, Done, role=Role.COORDINATOR)
    await intake.ask("vacate_seat", VacateSeat(adviser_id="bram"), Done, role=Role.COORDINATOR)
    told = [
        OUTBOUND[one.type].data(one)
        for one in await intake.log()
        if one.type in ("AdviserSeated", "SeatVacated")
    ]

    assert [
        OrganisationSeats(organisation_id=str(HERE), advisers=("anna", "bram", "carla")),
        OrganisationSeats(organisation_id=str(HERE), advisers=("anna", "carla")),
    ] == told
    assert {OUTBOUND["OrganisationSetUp"].rank} == {
        OUTBOUND[one].rank for one in ("AdviserSeated", "SeatVacated")
    }


async def test_signals_answers_those_who_hold_a_seat(noisy: Noisy) -> None:
    """Who came is answered, who left is not; units that were announced before stay as they were."""
    await noisy.set_up()
    query = StatisticsQuery()
    assert Code.NOT_ALLOWED is (await noisy.refused("statistics", query, subject="carla")).code
    seats = OrganisationSeats(organisation_id=str(HERE), advisers=("carla",))
    await noisy.send("intake.v1.organisation.seats", seats)

    async def taken_in() -> bool:
        return "SeatsAnnounced" in await noisy.running.types()

    await eventually(taken_in)
    assert Code.NOT_ALLOWED is (await noisy.refused("statistics", query, subject="anna")).code
    await noisy.ask("statistics", query, Statistics, subject="carla")


async def test_reporting_answers_those_who_hold_a_seat(reporting: Reporting) -> None:
    """Seats that are told twice change nothing."""

    async def known(times: int) -> bool:
        return times == reporting.count("OrganisationKnown")

    await reporting.announce()
    await eventually(lambda: known(1))
    await reporting.ask("reports", ReportsQuery(), Reports, role=Role.ADVISER)
    for _ in range(2):
        await reporting.seats("carla")
    await eventually(lambda: known(2))
    assert Code.NOT_ALLOWED is await reporting.refused("reports", ReportsQuery(), role=Role.ADVISER)
    assert 2 == reporting.count("OrganisationKnown")
