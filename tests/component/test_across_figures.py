"""Two organisations with the same advisers, on the side of figures and reports: what one does changes no
byte of what anybody in the other is answered, and an id of the other is one that is nowhere.

The verbs are read off their list: a new one stands in here by itself, or fails the test until it does.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest_asyncio

from services.reporting.policy import ALLOWED as REPORTING_ROLES
from services.signals.policy import ALLOWED as SIGNALS_ROLES
from services.signals.service import DEFINITION
from shared.contracts import reporting_loop, rpc
from shared.contracts import reporting_mirror as mirror
from shared.contracts.errors import Code
from shared.contracts.events import Fact, FactsBooked
from shared.contracts.reporting_breaks import WithdrawSeriesBreak
from shared.contracts.rpc import LEDGER_VERBS, VERBS, Done, Shape, Verb
from shared.identity.roles import Role
from tests.component.test_pulse_life import ASKED
from tests.component.test_reporting import Reporting, reporting
from tests.component.test_signal_life import CHECKLIST, JULY, TEXT, World
from tests.conftest import Database
from tests.nats_server import running_bus
from tests.service_lab import ELSEWHERE, HERE, eventually, running

__all__ = ["reporting"]

IN_A_TEST_OF_ITS_OWN = {
    verb.name
    for verb in VERBS.values()
    if reporting_loop.__name__ in (verb.request.__module__, verb.answer.__module__)
}
"""Verbs of reporting that name recommendations, measures and the like: tests/component/test_loop_walk.py."""

NOWHERE = "00000000-abc0-4000-8000-000000000001"
WORDS = (rpc.Sealed(key_id="k", ciphertext=b"planted"),)


def verbs_of(service: str) -> dict[str, Verb]:
    """Those that are asked with a token and are not about the log, which grows with one's own looks."""
    return {
        verb.name: verb
        for verb in VERBS.values()
        if verb.service == service and not verb.public and verb.name not in LEDGER_VERBS
    }


def naming(service: str) -> set[str]:
    """The verbs in whose requests something is named by an id that people of one organisation share."""
    return {
        name
        for name, verb in verbs_of(service).items()
        if any(
            re.search(r"(^|_)id$", one.name) and one.name != "reviewer_id"
            for one in msgspec.structs.fields(verb.request)
        )
    }


QUESTIONS: Mapping[str, Shape] = {
    "statistics": rpc.StatisticsQuery(),
    "explanations": rpc.ExplanationsQuery(
        tables=(rpc.TableNamed(period="2026-H1", dimension="theme"),), language="nl"
    ),
    "privacy_budget": rpc.PrivacyBudgetQuery(),
    "early_warning": rpc.EarlyWarningQuery(),
    "plan_grid": rpc.PlanGridQuery(),
    "signals": rpc.SignalsQuery(),
    "signal_drafts": rpc.Empty(),
    "signal_draft": rpc.ById(id=NOWHERE),
    "pulses": rpc.Empty(),
    "pulse_results": rpc.PulseResultsQuery(),
}


def by_signal(signal: str) -> dict[str, Shape]:
    """A request of each verb that names a signal."""
    said = rpc.SignalSaid(
        theme="organisation",
        place="care",
        period="2026-H1",
        direction="rising",
        causes=("unclear_responsibility",),
        aims=("trust",),
    )
    return {
        "revise_signal": rpc.ReviseSignal(signal_id=signal, said=said),
        "review_signal": rpc.ReviewSignal(
            signal_id=signal, revision=1, checklist=CHECKLIST, text=None, salt=None
        ),
        "withdraw_signal": rpc.WithdrawSignal(signal_id=signal, reason="mistaken"),
        "signal_draft": rpc.ById(id=signal),
    }


@pytest_asyncio.fixture
async def world(database: Database, tmp_path: Path) -> AsyncIterator[World]:
    (tmp_path / "nats").mkdir()
    async with (
        running_bus(tmp_path / "nats") as bus,
        running(DEFINITION, database, bus, tmp_path) as service,
    ):
        world = World(service)
        for organisation in (HERE, ELSEWHERE):
            await world.set_up(organisation=organisation)
        await released(world, HERE)
        yield world


async def released(world: World, organisation: UUID) -> None:
    """Wait until the figures of the July tick are out, and everybody can see them."""
    await world.ticked(JULY, organisation)

    async def there() -> bool:
        return "StatisticsReleased" in await world.running.types(organisation)

    await eventually(there)
    await world.running.service.projector.catch_up()
    await world.seen(organisation)


async def reply(world: World, verb: str, request: Shape, role: Role) -> dict[str, Any]:
    """The bare reply to somebody of HERE; an adviser is one of both."""
    subject = "anna" if role is Role.ADVISER else None
    headers = {"Authorization": f"Bearer {world.running.token(role, HERE, subject)}"}
    if VERBS[f"signals.{verb}"].kind == "command":
        headers["Idempotency-Key"] = str(uuid4())
    return await world.running.raw(verb, msgspec.json.encode(request), **headers)


async def everything(world: World) -> dict[tuple[str, Role], dict[str, Any]]:
    """What everybody of HERE is answered to every question."""
    return {
        (verb, role): await reply(world, verb, request, role)
        for verb, request in QUESTIONS.items()
        for role in sorted(SIGNALS_ROLES[verb] - {Role.ADMIN})
    }


async def busy(world: World) -> str:
    """The other organisation has cases and figures, its advisers draft a signal, and HR opens a pulse."""
    signal = str(uuid4())
    there: dict[str, Any] = {"organisation": ELSEWHERE}
    draft = world.drafting(UUID(signal), author="anna", reviewer="bram", text=TEXT)
    await world.ask("draft_signal", draft, Done, subject="anna", **there)
    opened = rpc.OpenPulse(questions=ASKED, opens_on=date(2026, 9, 1), closes_on=date(2026, 9, 20))
    await world.ask("open_pulse", opened, Done, role=Role.HR, **there)
    booked = FactsBooked(
        organisation_id=str(ELSEWHERE),
        taxonomy_version=1,
        due=JULY,
        facts=(
            Fact(
                facts_id=str(uuid4()),
                period="2026-H1",
                category="bullying",
                unit_id="care",
                count=40,
                quarter="2026-Q2",
            ),
        ),
    )
    await world.send("intake.v1.facts.booked", booked)
    await released(world, ELSEWHERE)
    return signal


async def test_what_one_organisation_does_changes_nothing_for_the_other(world: World) -> None:
    """Figures, drafts, signals, pulses, budget and warnings: every answer to everybody stays as it was,
    byte for byte; and there is something on the other side that could have been told.
    """
    assert {name for name, verb in verbs_of("signals").items() if verb.kind == "query"} == set(
        QUESTIONS
    )
    before = await everything(world)
    signal = await busy(world)
    drafts = await world.ask(
        "signal_drafts", rpc.Empty(), rpc.SignalDrafts, subject="anna", organisation=ELSEWHERE
    )

    assert before == await everything(world)
    assert signal in {one.id for one in drafts.items}


async def test_a_signal_of_the_other_organisation_is_nowhere(world: World) -> None:
    """To its own author too, in their other seat; and nothing is changed in it."""
    assert naming("signals") == set(by_signal(NOWHERE)) | {"draft_signal"}
    signal = await busy(world)
    before = await world.running.types(ELSEWHERE)
    for verb, request in by_signal(signal).items():
        theirs = await reply(world, verb, request, Role.ADVISER)
        nowhere = await reply(world, verb, by_signal(NOWHERE)[verb], Role.ADVISER)
        assert theirs == nowhere, verb
        assert Code.NOT_FOUND.value == theirs["refused"]["code"], verb
    assert before == await world.running.types(ELSEWHERE)


async def test_a_report_of_the_other_organisation_is_nowhere(reporting: Reporting) -> None:
    """Nor is a layer of leaders, its mirror or a break in a series: to everybody who may read or write them,
    in every way in which one is named.
    """
    report = await reporting.published()
    await reporting.announce(ELSEWHERE)

    def by_report(one: str) -> dict[str, Shape]:
        return {
            "report": rpc.ReportQuery(id=one),
            "render_report": rpc.RenderReport(id=one),
            "save_interpretation": rpc.SaveInterpretation(report_id=one, sealed=WORDS),
            "approve_report": rpc.ApproveReport(report_id=one, interpretation="Woorden."),
            "publish_report": rpc.PublishReport(report_id=one, language="nl"),
            "correct_report": rpc.CorrectReport(report_id=one, changes="Iets."),
            "acknowledge_report": rpc.AcknowledgeReport(report_id=one, version=1),
            "withdraw_series_break": WithdrawSeriesBreak(break_id=one),
        }

    def by_layer(one: str) -> dict[str, Shape]:
        period = "2026-H1"
        return {
            "withdraw_leadership_layer": mirror.WithdrawLeadershipLayer(layer_id=one),
            "open_mirror": mirror.OpenMirror(layer_id=one, period=period, key_hash=bytes(32)),
            "give_leaders_view": mirror.GiveLeadersView(
                layer_id=one, period=period, key=bytes(32), answers=(3,) * 7, present=10
            ),
            "compose_mirror": mirror.ComposeMirror(
                layer_id=one, period=period, themes=(), questions=(), words="Woorden."
            ),
            "share_mirror": mirror.ShareMirror(layer_id=one, period=period),
            "acknowledge_mirror": mirror.AcknowledgeMirror(
                layer_id=one, period=period, key=bytes(32)
            ),
            "mirror": mirror.MirrorQuery(layer_id=one, period=period, key=bytes(32)),
        }

    layer = await reporting.ask(
        "declare_leadership_layer",
        mirror.DeclareLeadershipLayer(levels=("team",), leaders=12),
        Done,
        role=Role.HR,
    )
    by_id = by_report(report) | by_layer(layer.id)
    by_none = by_report(NOWHERE) | by_layer(NOWHERE)
    assert naming("reporting") - IN_A_TEST_OF_ITS_OWN == set(by_id)
    # Known there before anything is asked: what is not known here is nobody's either.
    await reporting.release(ELSEWHERE, release_id=str(uuid4()))
    await reporting.reports(1, organisation=ELSEWHERE)
    for verb, request in by_id.items():
        for role in sorted(REPORTING_ROLES[verb]):
            who: dict[str, Any] = {"role": role, "organisation": ELSEWHERE}
            theirs = await reporting.refused(verb, request, **who)
            nowhere = await reporting.refused(verb, by_none[verb], **who)
            assert Code.NOT_FOUND is theirs is nowhere, (verb, role)
