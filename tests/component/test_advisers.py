"""Advisers at work over the whole service: who keeps what, who sees what, and what load tells."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from hoeksteen_client.reporter import ReporterCode
from services.intake.service import DEFINITION
from shared.contracts.errors import Code
from shared.contracts.rpc import (
    AdviserChoice,
    AdviserChoices,
    AdviserProfiles,
    AdviserProposal,
    CloseCase,
    DescribeAdviser,
    Done,
    Empty,
    EndAbsence,
    HandOver,
    OfOrganisation,
    ProposeAdvisers,
    PublishAdviserKey,
    RecordAbsence,
    RecordOutcome,
    ReopenCase,
    Workload,
)
from shared.identity.roles import Role
from tests.component.test_intake import BRAMS_KEY, FOR_BRAM, WORDS, Intake, opening
from tests.conftest import Database
from tests.nats_server import Bus, running_bus
from tests.service_lab import ELSEWHERE, HERE, START, running

BO = DescribeAdviser(
    adviser_id="bram",
    external=False,
    unit_id="care",
    languages=("nl", "tr"),
    expertise=("bullying",),
    hours_a_week=8,
    certificate="LVV-register",
    certificate_until=START.date() + timedelta(days=60),
)


@pytest_asyncio.fixture
async def bus(tmp_path: Path) -> AsyncIterator[Bus]:
    folder = tmp_path / "nats"
    folder.mkdir()
    async with running_bus(folder) as bus:
        yield bus


@pytest_asyncio.fixture
async def intake(database: Database, tmp_path: Path, bus: Bus) -> AsyncIterator[Intake]:
    async with running(DEFINITION, database, bus, tmp_path) as service:
        intake = Intake(service)
        await intake.found()
        await intake.ask(
            "publish_adviser_key", PublishAdviserKey(public_key=BRAMS_KEY), Done, subject="bram"
        )
        yield intake


def coordinator() -> dict[str, Any]:
    return {"role": Role.COORDINATOR}


async def test_a_coordinator_keeps_what_an_adviser_can_do(intake: Intake) -> None:
    """They see all of it with a warning ahead; the adviser sees their own; a reporter sees whom they
    may turn to and nothing else; and the reporter's look is recorded nowhere.
    """
    await intake.ask("describe_adviser", BO, Done, **coordinator())
    seen = await intake.ask("adviser_profiles", OfOrganisation(), AdviserProfiles, **coordinator())
    own = await intake.ask("adviser_profiles", OfOrganisation(), AdviserProfiles, subject="bram")
    before = await intake.types()
    token = intake.session(ReporterCode.generate())
    choices = await intake.ask("adviser_choices", Empty(), AdviserChoices, token=token)

    assert ["anna", "bram"] == [one.adviser_id for one in seen.items]
    assert [False, True] == [one.described for one in seen.items]
    assert ("LVV-register", "expires", 8, "care") == (
        seen.items[1].certificate,
        seen.items[1].certificate_state,
        seen.items[1].hours_a_week,
        seen.items[1].unit_id,
    )
    assert (seen.items[1],) == own.items
    assert (
        AdviserChoice(
            adviser_id="anna", name="Anna", languages=(), expertise=(), availability="available"
        ),
        AdviserChoice(
            adviser_id="bram",
            name="Bram",
            languages=("nl", "tr"),
            expertise=("bullying",),
            availability="available",
        ),
    ) == choices.items
    assert before == await intake.types()


async def test_what_is_left_out_stays_and_null_clears(intake: Intake) -> None:
    """One part at a time; of somebody new it has to be said whether they are external."""
    await intake.ask("describe_adviser", BO, Done, **coordinator())
    part = DescribeAdviser(adviser_id="bram", hours_a_week=None, languages=())
    await intake.ask("describe_adviser", part, Done, **coordinator())
    before, after = [one.event for one in await intake.log() if one.type == "AdviserDescribed"]
    assert replace(before, hours_a_week=None, languages=()) == after
    new = DescribeAdviser(adviser_id="anna", hours_a_week=8)
    refused = await intake.refused("describe_adviser", new, **coordinator())
    assert (Code.INVALID_INPUT, "external") == (refused.code, refused.values["field"])


async def test_an_administrator_names_the_organisation(intake: Intake) -> None:
    """Without it nothing is asked; of one that is not there is told what a coordinator is told who
    names another one than theirs, there or not.
    """
    here, nowhere = str(HERE), str(ELSEWHERE)
    bram = DescribeAdviser(organisation_id=here, adviser_id="bram", external=True)
    await intake.ask("describe_adviser", bram, Done, role=Role.ADMIN)
    seen = await intake.ask(
        "adviser_profiles", OfOrganisation(organisation_id=here), AdviserProfiles, role=Role.ADMIN
    )
    unnamed = DescribeAdviser(adviser_id="bram", external=True)
    missing = [
        await intake.refused("adviser_profiles", OfOrganisation(), role=Role.ADMIN),
        await intake.refused("describe_adviser", unnamed, role=Role.ADMIN),
    ]
    elsewhere = OfOrganisation(organisation_id=nowhere)

    assert [False, True] == [one.external for one in seen.items]
    for refused in missing:
        assert Code.INVALID_INPUT is refused.code
        assert {"field": "organisationId", "reason": "it is missing"} == refused.values
    for who in ({"role": Role.ADMIN}, coordinator()):
        refused = await intake.refused("adviser_profiles", elsewhere, **who)
        assert (Code.NOT_FOUND, {}) == (refused.code, refused.values)
    await intake.found(ELSEWHERE)
    refused = await intake.refused("adviser_profiles", elsewhere, **coordinator())
    assert (Code.NOT_FOUND, {}) == (refused.code, refused.values)
    changed = DescribeAdviser(organisation_id=nowhere, adviser_id="bram", external=True)
    assert (
        Code.NOT_FOUND is (await intake.refused("describe_adviser", changed, **coordinator())).code
    )
    assert "AdviserDescribed" not in await intake.types(ELSEWHERE)


async def test_who_stands_in_is_proposed_while_an_adviser_is_away(intake: Intake) -> None:
    """From the first day to the last one; a reporter and a coordinator read the same names and
    sentences, and what they asked is recorded nowhere.
    """
    today = START.date()
    absence = RecordAbsence(
        adviser_id="anna", first=today, until=today + timedelta(days=13), replacement="bram"
    )
    kept = await intake.ask("record_absence", absence, Done, **coordinator())
    before = await intake.types()
    wish = ProposeAdvisers(chosen="anna")
    token = intake.session(ReporterCode.generate())
    for who in (coordinator(), {"token": token}):
        found = await intake.ask("adviser_proposal", wish, AdviserProposal, **who)
        assert [("bram", True, ("stands_in",)), ("anna", False, ("chosen", "absent"))] == [
            (one.adviser_id, one.proposed, one.reasons) for one in found.items
        ]
        assert "Zij zijn afwezig." == found.items[1].sentences_nl[-1]
    assert before == await intake.types()
    back = EndAbsence(absence_id=kept.id, last=today - timedelta(days=1))
    await intake.ask("end_absence", back, Done, **coordinator())
    first, *_ = (await intake.ask("adviser_proposal", wish, AdviserProposal, token=token)).items
    assert ("anna", True, ("chosen",)) == (first.adviser_id, first.proposed, first.reasons)


async def test_an_absence_that_is_not_there_cannot_end(intake: Intake) -> None:
    """Nor one of another organisation, and both look alike."""
    await intake.found(ELSEWHERE)
    absence = RecordAbsence(adviser_id="anna", first=START.date())
    theirs = await intake.ask(
        "record_absence", absence, Done, organisation=ELSEWHERE, **coordinator()
    )
    for absence_id in (theirs.id, str(UUID(int=5))):
        end = EndAbsence(absence_id=absence_id, last=START.date())
        refused = await intake.refused("end_absence", end, **coordinator())
        assert (Code.NOT_FOUND, {}) == (refused.code, refused.values)


async def load(intake: Intake) -> dict[str, int]:
    """Open cases by adviser, as a coordinator is told them."""
    found = await intake.ask("workload", Empty(), Workload, **coordinator())
    return {one.adviser_id: one.open_cases for one in found.advisers}


async def test_load_is_that_of_the_weeks_beginning_in_fives(intake: Intake) -> None:
    """What is opened, closed or handed over during a week changes nothing before the next one."""
    cases = [await intake.open() for _ in range(7)]
    assert {"anna": 0, "bram": 0} == await load(intake)

    intake.clock.move(START + timedelta(weeks=1))
    assert {"anna": 5, "bram": 0} == await load(intake)
    for case in cases[:2]:
        done = RecordOutcome(case_id=str(case), outcome="referred", route="mediation")
        await intake.anna("record_outcome", done)
        await intake.anna("close_case", CloseCase(case_id=str(case)))
    over = HandOver(case_id=str(cases[2]), to_adviser="bram", entries=(), consent="spoken")
    await intake.anna("hand_over", over)
    for _ in range(4):
        words = opening(words=FOR_BRAM)
        await intake.ask("open_case", words, Done, subject="bram")
    assert {"anna": 5, "bram": 0} == await load(intake)

    intake.clock.move(START + timedelta(weeks=2))
    assert {"anna": 0, "bram": 5} == await load(intake)
    again = ReopenCase(case_id=str(cases[0]), reason="reporter_returns")
    await intake.anna("reopen_case", again)
    assert {"anna": 0, "bram": 5} == await load(intake)

    intake.clock.move(START + timedelta(weeks=3))
    assert {"anna": 5, "bram": 5} == await load(intake)


async def test_a_coordinators_proposal_counts_load_and_a_reporters_does_not(
    intake: Intake,
) -> None:
    """To a reporter an order tells nothing of how many turned to whom."""
    token = intake.session(ReporterCode.generate())
    plain = await intake.ask("adviser_proposal", ProposeAdvisers(), AdviserProposal, token=token)
    first = plain.items[0].adviser_id
    words = WORDS if first == "anna" else FOR_BRAM
    for _ in range(5):
        await intake.ask("open_case", opening(words=words), Done, subject=first)
    # The same turn among equals comes back: a later week in which it is the same adviser's.
    seen = plain
    for weeks in range(1, 40):
        intake.clock.move(START + timedelta(weeks=weeks))
        seen = await intake.ask("adviser_proposal", ProposeAdvisers(), AdviserProposal, token=token)
        if seen.items[0].adviser_id == first:
            break
    told = await intake.ask("adviser_proposal", ProposeAdvisers(), AdviserProposal, **coordinator())

    assert first == seen.items[0].adviser_id
    assert first == told.items[1].adviser_id
    assert ("least_load",) == told.items[0].reasons
    assert all(() == one.reasons for one in seen.items)


@pytest.mark.parametrize(
    "request_",
    [
        DescribeAdviser(adviser_id="eva", external=False),
        DescribeAdviser(adviser_id="bram", external=False, unit_id="moon"),
        DescribeAdviser(adviser_id="bram", external=False, certificate="a\u0007b"),
        RecordAbsence(adviser_id="eva", first=date(2026, 3, 2)),
        RecordAbsence(adviser_id="bram", first=date(2026, 3, 2), until=date(2026, 3, 1)),
    ],
)
async def test_what_is_refused_is_not_stored(
    intake: Intake, request_: DescribeAdviser | RecordAbsence
) -> None:
    """A clear answer, and the log stays as it was."""
    before = await intake.types()
    verb = "describe_adviser" if isinstance(request_, DescribeAdviser) else "record_absence"
    refused = await intake.refused(verb, request_, **coordinator())

    assert Code.INVALID_INPUT is refused.code
    assert before == await intake.types()
