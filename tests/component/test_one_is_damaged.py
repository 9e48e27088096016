"""What is damaged of one organisation keeps no other waiting: neither for its figures nor for the rules."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
import pytest_asyncio

from services.signals.domain.window import FactsAmended
from services.signals.service import DEFINITION
from shared.eventstore.store import Change
from shared.telemetry.events import Event
from tests.component.test_noisy_release import APRIL, Noisy, at_tick
from tests.component.test_signals import TICK, Signals
from tests.conftest import Database
from tests.nats_server import running_bus
from tests.service_lab import ELSEWHERE, HERE, Running, eventually, running
from tests.store_lab import NOW


@pytest_asyncio.fixture
async def lab(database: Database, tmp_path: Path) -> AsyncIterator[Running]:
    folder = tmp_path / "nats"
    folder.mkdir()
    async with (
        running_bus(folder) as bus,
        running(DEFINITION, database, bus, tmp_path) as service,
    ):
        yield service


@pytest.fixture
def problems(lab: Running, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Event, str]]:
    """What the service tells of problems, and the class of each."""
    told: list[tuple[Event, str]] = []
    kept = lab.service.telemetry.log

    def log(event: Event, **allowed: Any) -> None:
        if "error" in allowed:
            told.append((event, allowed["error"]))
        kept(event, **allowed)

    monkeypatch.setattr(type(lab.service.telemetry), "log", lambda _self, *a, **b: log(*a, **b))
    return told


async def amended_to_nonsense(lab: Running) -> None:
    """Facts get a correction that decrypts, and says what none can say."""
    (stream,) = {one.stream for one in await lab.log() if one.type == "FactsKept"}
    nonsense: Any = {"a category": "is a word"}
    event = FactsAmended(
        category=nonsense,
        unit_id=None,
        role=None,
        relation=None,
        taxonomy_version=1,
        after=None,
    )
    await lab.service.parts.store.append(HERE, [Change(stream, 2, event)], actor="signals", at=NOW)


def at_superuser(lab: Running, statement: str, values: tuple[Any, ...]) -> None:
    """Somebody changes a table."""
    with psycopg.connect(lab.database.admin) as connection:
        connection.execute("SET search_path = signals")
        connection.execute(statement.encode(), values)


async def test_facts_of_another_form_stop_no_other_exact_window(
    lab: Running, problems: list[tuple[Event, str]]
) -> None:
    """It is told, once, and the service goes on."""
    signals = Signals(lab)
    for organisation in (HERE, ELSEWHERE):
        await signals.organisation(organisation)
        await signals.facts(30, organisation=organisation)
        await signals.day(organisation=organisation)
    await amended_to_nonsense(lab)
    lab.clock.move(TICK)
    (release,) = await signals.released(organisation=ELSEWHERE)
    assert 30 == release.total
    assert () == await signals.statistics()

    async def told() -> bool:
        return (Event.TICK_FAILED, "ValidationError") in problems

    await eventually(told)


@pytest.mark.parametrize(
    ("column", "value"),
    [("grid", UUID(int=77)), ("measure", "nonsense")],
    ids=["a grid that is not there", "a measure that the grid does not have"],
)
async def test_a_window_of_nothing_stops_no_other_grid(
    lab: Running, problems: list[tuple[Event, str]], column: str, value: object
) -> None:
    """What is due of one organisation is not to be found: it is told, and the other's is drawn."""
    noisy = Noisy(lab)
    for organisation in (HERE, ELSEWHERE):
        await noisy.set_up(organisation)
        await noisy.cases(400, organisation=organisation)
        await noisy.day(APRIL, organisation)
    at_superuser(
        lab,
        f"UPDATE held_measure SET {column} = %s"  # noqa: S608 - a column of this test
        " WHERE organisation = %s AND due = %s AND measure = 'theme'",
        (value, HERE, APRIL),
    )
    lab.clock.move(at_tick(APRIL))
    await noisy.ticked(APRIL, ELSEWHERE)
    assert "ReleaseTick" not in await noisy.types()

    async def told() -> bool:
        return (Event.TICK_FAILED, "KeyError") in problems

    await eventually(told)


async def test_more_damaged_ones_than_a_look_takes_stop_the_rules_of_none(lab: Running) -> None:
    """Twenty come before it in every order, and fail at each look."""
    noisy = Noisy(lab)
    at_superuser(
        lab,
        "INSERT INTO held_rules (organisation, day) SELECT unnest(%s::uuid[]), %s",
        ([UUID(int=number) for number in range(1, 21)], date(2026, 4, 15)),
    )
    await noisy.set_up()
    await noisy.tick(APRIL)

    async def ran() -> bool:
        return "SignalRulesRun" in await noisy.types()

    await eventually(ran)
    await lab.service.projector.catch_up()
    assert [(20,)] == lab.rows("SELECT count(*) FROM held_rules")
