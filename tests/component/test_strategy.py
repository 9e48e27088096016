"""What the organisation stands for over the whole service, and cases that are tagged with it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from typing import cast
from uuid import uuid4

import pytest_asyncio

from hoeksteen_client.reporter import ReporterCode
from services.intake.outbound import OUTBOUND
from services.intake.service import DEFINITION
from services.signals.service import DEFINITION as SIGNALS
from services.signals.streams import load_aims
from shared.contracts.errors import Code
from shared.contracts.events import OrganisationStrategy, StrategyHeld
from shared.contracts.rpc import (
    ById,
    Case,
    CaseRecord,
    Done,
    KeepRecord,
    KeepStrategyEntry,
    LinkStrategyEntry,
    OfOrganisation,
    StrategyRegister,
    WithdrawStrategyEntry,
)
from shared.identity.roles import Role
from tests.component.test_intake import Intake, opening
from tests.component.test_noisy_release import Noisy
from tests.conftest import Database
from tests.nats_server import running_bus
from tests.service_lab import ELSEWHERE, HERE, START, eventually, running

RULES = KeepStrategyEntry(
    organisation_id=str(HERE), code="house_rules", kind="policy", en="House rules", nl="Huisregels"
)


@pytest_asyncio.fixture
async def intake(database: Database, tmp_path: Path) -> AsyncIterator[Intake]:
    (tmp_path / "nats").mkdir()
    async with (
        running_bus(tmp_path / "nats") as bus,
        running(DEFINITION, database, bus, tmp_path) as service,
    ):
        intake = Intake(service)
        await intake.found()
        yield intake


async def test_a_case_is_tagged_with_what_holds(intake: Intake) -> None:
    """An administrator adds a policy, an adviser tags with it; once it is withdrawn nobody does, and
    the case keeps its tag.
    """
    case = uuid4()
    tagged = CaseRecord(policies=("house_rules",))
    early = await intake.refused("open_case", opening(record=tagged), subject="anna")
    assert Code.INVALID_INPUT is early.code
    await intake.ask("keep_strategy_entry", RULES, Done, role=Role.ADMIN)
    await intake.anna("open_case", opening(case, record=tagged))
    gone = WithdrawStrategyEntry(
        code="house_rules", withdrawn_from=START.date() + timedelta(days=7)
    )
    await intake.ask("withdraw_strategy_entry", gone, Done, role=Role.COORDINATOR)
    again = KeepRecord(
        case_id=str(case), record=CaseRecord(policies=("house_rules", "code_of_conduct"))
    )
    await intake.anna("keep_record", again)
    intake.clock.move(START + timedelta(days=7))
    late = KeepRecord(case_id=str(await intake.open()), record=tagged)
    assert Code.INVALID_INPUT is (await intake.refused("keep_record", late, subject="anna")).code
    seen = await intake.anna("case", ById(id=str(case)), Case)
    assert ("house_rules", "code_of_conduct") == seen.record.policies


async def test_everybody_reads_the_register_of_their_own_organisation(intake: Intake) -> None:
    """Also who comes with a code; another organisation has its own, and no look is recorded."""
    await intake.found(ELSEWHERE)
    await intake.ask("keep_strategy_entry", RULES, Done, role=Role.ADMIN)
    before = await intake.types()
    ask, register = OfOrganisation(), StrategyRegister
    code = ReporterCode.generate()
    seen = await intake.ask("strategy_register", ask, register, token=intake.session(code))
    theirs = await intake.ask(
        "strategy_register", ask, register, role=Role.EMPLOYEE, organisation=ELSEWHERE
    )

    assert (1, 0) == (seen.version, theirs.version)
    assert {"house_rules"} == {one.code for one in seen.entries} - {
        one.code for one in theirs.entries
    }
    assert all(one.holds for one in seen.entries)
    assert before == await intake.types()


async def test_what_leaves_of_a_change_is_the_whole_register(intake: Intake) -> None:
    """Each time, with what serves what, in the order of the log and before any fact; a change that is
    refused leaves nothing. What was linked is shown to everybody.
    """
    await intake.ask("keep_strategy_entry", RULES, Done, role=Role.ADMIN)
    link = LinkStrategyEntry(code="house_rules", serves=("respect", "inclusion"))
    await intake.ask("link_strategy_entry", link, Done, role=Role.COORDINATOR)
    wrong = LinkStrategyEntry(code="house_rules", serves=("house_rules",))
    refused = await intake.refused("link_strategy_entry", wrong, role=Role.COORDINATOR)
    told = [
        cast(OrganisationStrategy, OUTBOUND[one.type].data(one))
        for one in await intake.log()
        if one.type == "StrategyAnnounced"
    ]
    seen = await intake.ask(
        "strategy_register", OfOrganisation(), StrategyRegister, role=Role.EMPLOYEE
    )

    assert Code.INVALID_INPUT is refused.code
    assert [(1, ()), (2, ("respect", "inclusion"))] == [
        (one.version, one.entries[-1].serves) for one in told
    ]
    assert {18} == {len(one.entries) for one in told}
    assert ("respect", "inclusion") == seen.entries[-1].serves
    assert OUTBOUND["OrganisationSetUp"].rank is OUTBOUND["StrategyAnnounced"].rank


async def test_signals_know_the_register_from_the_next_daily_moment_on(
    database: Database, tmp_path: Path
) -> None:
    """What holds on the day, and what no longer does; before the first change the common entries hold."""

    def held(code: str, withdrawn_from: date | None) -> StrategyHeld:
        return StrategyHeld(
            code=code,
            kind="policy",
            en=code,
            nl=code,
            valid_from=None,
            withdrawn_from=withdrawn_from,
        )

    (tmp_path / "nats").mkdir()
    async with (
        running_bus(tmp_path / "nats") as bus,
        running(SIGNALS, database, bus, tmp_path) as service,
    ):
        noisy, day = Noisy(service), START.date()
        await noisy.set_up()
        store = service.service.parts.store
        assert None is await load_aims(store, HERE, day)
        entries = (held("house_rules", None), held("old_rules", day))
        await noisy.send(
            "intake.v1.organisation.strategy",
            OrganisationStrategy(organisation_id=str(HERE), version=2, entries=entries),
        )

        async def taken_in() -> bool:
            return "AimsAnnounced" in await service.types()

        await eventually(taken_in)
        assert frozenset({"house_rules"}) == await load_aims(store, HERE, day)
        yesterday = day - timedelta(days=1)
        assert frozenset({"house_rules", "old_rules"}) == await load_aims(store, HERE, yesterday)
