"""Early warning through the whole service: from draws at their ticks to what readers are told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from uuid import uuid4

import pytest_asyncio

from services.signals.service import DEFINITION
from shared.contracts.errors import Code
from shared.contracts.rpc import (
    ById,
    Done,
    DraftSignal,
    EarlyWarningQuery,
    EarlyWarnings,
    SignalDraft,
    SignalEvidence,
    SignalSaid,
    TellLaggingIndicator,
)
from shared.identity.roles import Role
from tests.component.test_noisy_release import Noisy
from tests.component.test_time_travel import checkpoint
from tests.conftest import Database
from tests.nats_server import running_bus
from tests.service_lab import ELSEWHERE, HERE, running

QUARTERS = (
    ("2026-Q1", date(2026, 4, 15)),
    ("2026-Q2", date(2026, 7, 15)),
    ("2026-Q3", date(2026, 10, 15)),
    ("2026-Q4", date(2027, 1, 15)),
)
NEXT = ("2027-Q1", date(2027, 4, 15))


@pytest_asyncio.fixture
async def noisy(database: Database, tmp_path: Path) -> AsyncIterator[Noisy]:
    (tmp_path / "nats").mkdir()
    async with (
        running_bus(tmp_path / "nats") as bus,
        running(DEFINITION, database, bus, tmp_path) as service,
    ):
        yield Noisy(service)


async def told(noisy: Noisy, as_of: int | None = None, role: Role = Role.HR) -> EarlyWarnings:
    query = EarlyWarningQuery(language="nl", as_of=as_of)
    found = await noisy.ask("early_warning", query, EarlyWarnings, role=role)
    assert isinstance(found, EarlyWarnings)
    return found


async def quarter(noisy: Noisy, name: str, tick: date, cases: int) -> None:
    await noisy.cases(cases, name, due=tick)
    await noisy.tick(tick)
    await noisy.ticked(tick)


async def test_a_rise_is_told_from_its_tick_on_and_bears_out_a_signal(noisy: Noisy) -> None:
    """Sixty cases of bullying a quarter for a year, then two thousand: noise is small beside it. The one
    adviser of the organisation may say that it rises, since the figures say so, and nothing else.
    """
    await noisy.set_up(on=date(2026, 1, 1))
    for name, tick in QUARTERS:
        await quarter(noisy, name, tick, 60)
    before = await told(noisy)
    assert () == before.warnings
    assert {"no_warning"} == {one.reason for one in before.lead_times}
    assert {"too_few_windows"} == {one.reason for one in before.unwatched}
    earlier = await checkpoint(noisy.running, date(2027, 1, 16))
    await quarter(noisy, *NEXT, 2_000)

    found = await told(noisy, role=Role.WORKS_COUNCIL)
    # Noise may have another theme jump, once in hundreds of walks.
    (one,) = (each for each in found.warnings if each.cell == "bullying_intimidation")
    assert ("detector/1", "theme") == (found.detector, found.table)
    assert ("jump", "2027-Q1") == (one.kind, one.period)
    assert one.seen[-1].count is not None
    assert abs(one.seen[-1].count - 2_000) < 60
    assert 40 < one.expected < 80
    assert one.sentence.startswith("Pesten, intimidatie en uitsluiting: in het eerste kwartaal van")
    assert "meer dan toeval en ruis verklaren" in one.sentence
    assert {"theme"} < {trend.table for trend in found.trends}
    assert before == await told(noisy, earlier)
    assert ["early warning"] * 3 == [
        each.event.what for each in await noisy.log() if each.type == "AccessRecorded"
    ]

    warning = SignalEvidence(
        kind="warning", table="theme", period="2027-Q1", cell="bullying_intimidation"
    )
    said = SignalSaid(
        theme="bullying_intimidation",
        place="all",
        period="2027-Q1",
        direction="rising",
        evidence=(warning,),
        causes=(),
        aims=("trust",),
    )
    draft = DraftSignal(signal_id=str(uuid4()), reviewer_id=None, said=said)
    await noisy.ask("draft_signal", draft, Done, subject="anna")
    kept = await noisy.ask("signal_draft", ById(id=draft.signal_id), SignalDraft, subject="anna")
    assert ("rising", False) == (kept.content.direction, kept.content.judged)

    await how_early(noisy)
    assert before == await told(noisy, earlier)


async def how_early(noisy: Noisy) -> None:
    """The warning came on 15 April; the quarter in which HR tells that a complaint came began two weeks
    before that and ended 76 days after it. What is taken back is not told any more.
    """
    complaint = TellLaggingIndicator(what="formal_complaint", period="2027-Q2")
    refused = await noisy.refused("tell_lagging_indicator", complaint, role=Role.WORKS_COUNCIL)
    assert Code.NOT_ALLOWED is refused.code
    await noisy.ask("tell_lagging_indicator", complaint, Done, role=Role.HR)
    again = await noisy.refused("tell_lagging_indicator", complaint, role=Role.HR)
    assert Code.ALREADY_EXISTS is again.code
    first, second = (await told(noisy)).lead_times
    assert ("formal_complaint", -14, 76, None) == (
        first.what,
        first.at_least,
        first.at_most,
        first.reason,
    )
    assert "in dezelfde periode als de eerste formele klacht" in first.sentence
    assert ("absence_rise", None, "not_told") == (second.what, second.at_least, second.reason)

    back = TellLaggingIndicator(what="formal_complaint", period="2027-Q2", happened=False)
    await noisy.ask("tell_lagging_indicator", back, Done, subject="anna")
    assert {"not_told"} == {one.reason for one in (await told(noisy)).lead_times}


async def test_a_manager_sees_the_organisation_and_their_own_branch(noisy: Noisy) -> None:
    """Trends of units of other branches are left out."""
    await noisy.set_up(on=date(2026, 1, 1))
    for name, tick in QUARTERS[:2]:
        await quarter(noisy, name, tick, 60)
    manager = noisy.running.signer.token(
        sub="m-1", role=Role.MANAGER, organisation=HERE, unit="unit-1"
    )
    whole = await told(noisy)
    own = await noisy.ask(
        "early_warning", EarlyWarningQuery(language="nl"), EarlyWarnings, token=manager
    )
    units = {one.cell.split("/")[0] for one in whole.trends if one.table.startswith("unit")}
    assert {"unit-1", "unit-2"} < units
    assert whole.unwatched == own.unwatched
    assert own.trends == tuple(
        one
        for one in whole.trends
        if not one.table.startswith("unit") or one.cell.split("/")[0] == "unit-1"
    )


async def test_where_nothing_is_released_there_is_nothing_to_tell(noisy: Noisy) -> None:
    """Nor of another organisation; no look is recorded, and employees may not ask."""
    await noisy.set_up(on=date(2026, 1, 1))
    await noisy.set_up(ELSEWHERE, on=date(2026, 1, 1))
    await quarter(noisy, *QUARTERS[0], 60)

    query = EarlyWarningQuery()
    other = await noisy.ask(
        "early_warning", query, EarlyWarnings, role=Role.HR, organisation=ELSEWHERE
    )
    assert EarlyWarnings() == other
    assert "AccessRecorded" not in await noisy.types(ELSEWHERE)
    refused = await noisy.refused("early_warning", query, role=Role.EMPLOYEE)
    assert Code.NOT_ALLOWED is refused.code
