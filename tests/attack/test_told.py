"""Who reads every metric and log line of the services does not learn on which day there was a case."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest_asyncio

from bench.anonymity.told import days
from shared.contracts.events import CONTRACTS, OF_CASES
from shared.contracts.rpc import ById, Case, CorrectFacts, Done
from tests.component.test_intake import opening
from tests.conftest import Database
from tests.nats_server import Bus, running_bus
from tests.service_lab import Running


@pytest_asyncio.fixture
async def bus(tmp_path: Path) -> AsyncIterator[Bus]:
    folder = tmp_path / "nats"
    folder.mkdir()
    async with running_bus(folder) as bus:
        yield bus


async def one_case(intake: Running) -> UUID:
    """Somebody comes to Anna, who corrects what she noted and looks at it again."""
    request = opening()
    await intake.ask("open_case", request, Done, subject="anna")
    case = request.case_id
    corrected = CorrectFacts(
        case_id=case,
        channel=request.channel,
        anonymity=request.anonymity,
        reporter_role=request.reporter_role,
        relation=request.relation,
        category="intimidation",
    )
    await intake.ask("correct_facts", corrected, Done, subject="anna")
    await intake.ask("case", ById(id=case), Case, subject="anna")
    return UUID(case)


async def many_cases(intake: Running) -> None:
    """A day on which eleven come."""
    for _ in range(11):
        await one_case(intake)


async def test_a_day_with_cases_tells_what_a_day_without_tells(
    database: Database, tmp_path: Path, bus: Bus
) -> None:
    """Metrics grow by the same, the same lines are written, and nothing changes while a case is opened;
    whether there was none, one, or eleven. All metrics are compared: none is left out, durations neither,
    since work on a case has none.
    """
    none, one, eleven, again = await days(
        database, bus, tmp_path, [None, one_case, many_cases, None]
    )
    assert none == one == eleven == again
    assert {"intake", "signals"} == {*none}
    assert {"relay.published", "checkpoint.signed"} <= {
        word for line in none["intake"].lines for word in line.split('"')
    }
    assert 1 == none["signals"].grown['consumer_handled_total{consumer="signals-facts"}']
    assert 1 == none["intake"].grown['relay_published_total{stream="INTAKE"}']


def test_messages_that_come_of_a_case_are_not_counted() -> None:
    """Of what intake sends these are counted when they are taken in, and nothing else."""
    sent = {name for name, contract in CONTRACTS.items() if contract.stream == "INTAKE"}
    assert {
        "intake.v1.organisation.set_up",
        "intake.v1.organisation.units",
        "intake.v1.organisation.seats",
        "intake.v1.organisation.strategy",
        "intake.v1.day.closed",
    } == sent - OF_CASES
