"""Facts that are corrected: on real parts, from an adviser's case to what is released of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest_asyncio

from services.intake.service import DEFINITION as INTAKE
from services.signals.domain.window import StatisticsReleased
from services.signals.service import DEFINITION
from shared.contracts.errors import Code
from shared.contracts.events import FactsCorrected, FactsErased
from shared.contracts.rpc import (
    ById,
    Case,
    CaseRecord,
    CorrectFacts,
    KeepRecord,
    Release,
)
from tests.component.test_intake import Intake, opening, stream
from tests.component.test_noisy_release import APRIL, JULY, Noisy
from tests.component.test_signals import DUE, TICK, Signals
from tests.conftest import Database
from tests.nats_server import Bus, running_bus
from tests.service_lab import HERE, eventually, running

RECORD = CaseRecord(
    severity="severity_serious",
    impacts=("stress", "sleep"),
    categories=("workload",),
    own_first_step="step_taken",
    values=("respect",),
)


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
async def signals(database: Database, tmp_path: Path, bus: Bus) -> AsyncIterator[Noisy]:
    async with running(DEFINITION, database, bus, tmp_path) as service:
        yield Noisy(service)


def correction(case: UUID, **changed: Any) -> CorrectFacts:
    facts = {
        "channel": "in_person",
        "anonymity": "confidential",
        "reporter_role": "employee",
        "relation": "manager_to_employee",
        "category": "intimidation",
        "unit_id": None,
    }
    return CorrectFacts(case_id=str(case), **(facts | changed))


async def amend(
    signals: Signals, facts: UUID, category: str = "workload", unit: str = "office"
) -> None:
    """Intake tells how the facts should have been."""
    told = FactsCorrected(
        organisation_id=str(HERE),
        facts_id=str(facts),
        taxonomy_version=1,
        category=category,
        unit_id=unit,
        role="manager",
        relation="colleague",
    )
    await signals.send("intake.v1.facts.corrected", told)


# Intake -----------------------------------------------------------------------------------------


async def test_what_is_known_stays_and_a_correction_leaves_with_the_day(intake: Intake) -> None:
    """The record comes with the opening or later and leaves in no message; a correction leaves as
    the five facts that signals counts, under the id of the facts.
    """
    request = opening(record=RECORD)
    await intake.anna("open_case", request)
    case = UUID(request.case_id)
    seen = await intake.anna("case", ById(id=str(case)), Case)
    assert (RECORD, "bullying") == (seen.record, seen.category)
    await intake.anna(
        "keep_record", KeepRecord(case_id=str(case), record=CaseRecord(impacts=("fear",)))
    )
    part = CorrectFacts(
        case_id=str(case), relation="manager_to_employee", category="intimidation", unit_id=None
    )
    kept = seen.channel, seen.anonymity, seen.reporter_role
    await intake.anna("correct_facts", part)
    seen = await intake.anna("case", ById(id=str(case)), Case)
    assert kept == (seen.channel, seen.anonymity, seen.reporter_role)
    assert (CaseRecord(impacts=("fear",)), "intimidation", None) == (
        seen.record,
        seen.category,
        seen.unit_id,
    )
    assert [
        "CaseOpened",
        "RecordKept",
        "RecordKept",
        "FactsCorrected",
        "CorrectionTold",
    ] == [entry.kind for entry in seen.entries]
    intake.clock.move(datetime(2026, 3, 3, 3, tzinfo=UTC))

    async def closed() -> bool:
        return "day.closed" in [kind for kind, _ in await stream(intake)]

    await eventually(closed)
    sent = await stream(intake)
    kinds = [kind for kind, _ in sent]
    assert ["organisation.set_up", "facts.booked", "facts.corrected", "day.closed"] == kinds
    (booked,) = sent[1][1]["facts"]
    assert ("bullying", "care") == (booked["category"], booked["unit_id"])
    assert {
        "organisation_id": str(HERE),
        "facts_id": booked["facts_id"],
        "taxonomy_version": 1,
        "category": "intimidation",
        "unit_id": None,
        "role": "employee",
        "relation": "manager_to_employee",
    } == sent[2][1]
    told = str(sent)
    for stays in ("severity_serious", "stress", "fear", "step_taken", "respect", str(case)):
        assert stays not in told


async def test_a_record_that_cannot_be_opens_no_case(intake: Intake) -> None:
    """Nothing of either is stored; nor by another adviser's record of Anna's case."""
    before = await intake.types()
    refused = await intake.refused(
        "open_case", opening(record=CaseRecord(severity="grave")), subject="anna"
    )
    assert (Code.UNKNOWN_CODE, "record.severity") == (refused.code, refused.values["field"])
    assert before == await intake.types()
    case = await intake.open()
    before = await intake.types()
    for verb, request in (
        ("keep_record", KeepRecord(case_id=str(case), record=RECORD)),
        ("correct_facts", correction(case)),
    ):
        assert Code.NOT_FOUND is (await intake.refused(verb, request, subject="bram")).code
    assert before == await intake.types()


# Signals ----------------------------------------------------------------------------------------


def counts(release: Release) -> dict[str, int]:
    return {cell.code: cell.count for cell in release.cells}


async def test_a_correction_before_the_tick_counts_as_corrected(signals: Noisy) -> None:
    """Nine cases are booked in one unit, and three of them are corrected, twice: six and three leave."""
    await signals.organisation(dimension="unit")
    await signals.facts(6, unit="care")
    wrong = await signals.facts(3, unit="care")
    await signals.facts(20, unit="office")
    await signals.facts(7)
    await amend(signals, wrong, unit="care")
    await amend(signals, wrong, unit="office")
    await signals.day()
    signals.clock.move(TICK)
    (release,) = await signals.released()
    assert {"care": 6, "office": 23, "not_said": 7} == counts(release)


async def test_a_correction_after_the_tick_changes_nothing(signals: Noisy) -> None:
    """Also one that came after the last day was closed, and before the tick was done: what counts
    follows from the order of the messages alone. What was drawn stays, to the byte.
    """
    await signals.organisation(dimension="unit")
    await signals.facts(8, unit="care")
    late = await signals.facts(7, unit="care")
    await signals.facts(20, unit="office")
    await signals.facts(7)
    await signals.day()
    await amend(signals, late)
    signals.clock.move(TICK)
    (release,) = await signals.released()
    assert {"care": 15, "office": 20, "not_said": 7} == counts(release)
    before = await signals.messages(1)
    await amend(signals, late, "intimidation")
    await signals.day(date(2026, 7, 16))
    assert (release,) == await signals.released()
    assert before == await signals.messages(1)
    drawn = [one.event for one in await signals.log() if isinstance(one.event, StatisticsReleased)]
    assert 1 == len(drawn)
    assert 2 == (await signals.types()).count("FactsAmended")


async def test_corrections_lie_and_go_with_their_facts(signals: Noisy) -> None:
    """Of facts that never came or are gone nothing is kept; a correction lies under the facts' key."""
    await signals.organisation()
    facts = await signals.facts(1)
    await amend(signals, uuid4())
    await amend(signals, facts)
    await signals.subjects(facts, b"j" * 16)
    assert ["FactsKept", "FactsAmended", "SubjectsKept"] == [
        one.type for one in await signals.log() if one.stream == facts
    ]
    assert [(1,)] == signals.rows(
        "SELECT count(DISTINCT key_id) FROM event WHERE stream = %s", (facts,)
    )
    await signals.send(
        "intake.v1.facts.erased", FactsErased(organisation_id=str(HERE), facts_id=str(facts))
    )
    await amend(signals, facts)
    assert 1 == (await signals.types()).count("FactsAmended")
    await signals.day(DUE)


async def test_under_noise_a_correction_counts_in_each_window_that_is_drawn_later(
    signals: Noisy,
) -> None:
    """Before April's tick it counts in the first quarter. After it the quarter stays as it was drawn,
    and the half-year takes it up; the case stays in its quarter.
    """
    await signals.set_up()
    early = await signals.cases(3_000, category="workload")
    await amend(signals, early, "bullying")
    await signals.tick(APRIL)
    await signals.ticked(APRIL)
    first = await signals.drawn()
    (theme,) = (values for (measure, _), values in first.items() if measure == "theme")
    grid = next(one.event for one in await signals.log() if one.type == "LatticeFrozen")
    # The themes in the order of the cells: the first is bullying and intimidation.
    assert theme[0] > 2_500
    assert sum(abs(value) for value in theme[1:]) < 400
    await amend(signals, early, "workload")
    await signals.tick(JULY)
    await signals.ticked(JULY)
    after = await signals.drawn()
    assert first.items() <= after.items()
    assert sum(after["theme", "2026-Q2"]) < 400
    (by_unit,) = (one for one in grid.measures if one.grain == "half-year")
    assert abs(sum(after[by_unit.id, "2026-H1"]) - 3_000) < 400
