"""Signals and the register of strategy as reporting takes them in over the bus."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import msgspec

from shared.contracts.errors import Code
from shared.contracts.events import (
    CloudEvent,
    OrganisationStrategy,
    SignalsReleased,
    SignalTold,
    StrategyHeld,
)
from shared.contracts.reporting_compliance import (
    ComplianceText,
    ComplianceTextQuery,
    EnterFormalNumbers,
    FormalCounter,
    FormalNumbers,
    Law,
    TextKind,
)
from shared.contracts.reporting_strategy import (
    GapsQuery,
    PolicyGaps,
    StrategyChain,
    StrategyQuery,
)
from shared.contracts.rpc import Done, Empty, Shape
from shared.identity.roles import Role
from tests.component.test_reporting import ELSEWHERE, HERE, TOKENS, Reporting, reporting
from tests.conftest import Database
from tests.reporting_house import running_reporting
from tests.service_lab import eventually

__all__ = ["reporting"]

FIRST, SECOND = str(UUID(int=11)), str(UUID(int=12))
RULES = StrategyHeld(
    code="house_rules",
    kind="policy",
    en="House rules",
    nl="Huisregels",
    valid_from=None,
    withdrawn_from=None,
    serves=("inclusion",),
)
INCLUSION = StrategyHeld(
    code="inclusion",
    kind="theme",
    en="Inclusion",
    nl="Inclusie",
    valid_from=None,
    withdrawn_from=None,
)


def signal(signal_id: str, *aims: str) -> SignalTold:
    return SignalTold(
        signal_id=signal_id,
        theme="workload",
        place="all",
        period="2026-H1",
        direction="rising",
        judged=False,
        causes=("policy_misfit",),
        aims=aims,
    )


async def published(reporting: Reporting, *told: tuple[str, Shape], again: bool = False) -> None:
    """Neighbours tell these, in order; `again`: a message comes twice, under another id."""
    for kind, data in told:
        client = reporting.intake if kind.startswith("intake") else reporting.signals
        subject = kind
        if isinstance(data, SignalsReleased):
            subject = f"signals.v1.{data.organisation_token}.signals-released"
        for _ in range(1 + again):
            event = CloudEvent(
                id=str(uuid4()),
                source="/hoeksteen/test",
                type=kind,
                week="2026-W29",
                data=msgspec.Raw(msgspec.json.encode(data)),
            )
            await client.jetstream().publish(subject, msgspec.json.encode(event).ljust(4096))


def register(version: int, *entries: StrategyHeld) -> tuple[str, Shape]:
    return (
        "intake.v1.organisation.strategy",
        OrganisationStrategy(organisation_id=str(HERE), version=version, entries=entries),
    )


def tick(day: date, *released: SignalTold, withdrawn: tuple[str, ...] = ()) -> tuple[str, Shape]:
    return (
        "signals.v1.signals.released",
        SignalsReleased(
            organisation_id=str(HERE),
            organisation_token=TOKENS[HERE],
            day=day,
            released=released,
            withdrawn=withdrawn,
        ),
    )


def codes(found: StrategyChain) -> list[tuple[str | None, list[tuple[str | None, int]]]]:
    return [
        (
            None if goal.theme is None else goal.theme.code,
            [
                (None if link.policy is None else link.policy.code, len(link.signals))
                for link in goal.policies
            ],
        )
        for goal in found.goals
    ]


async def test_one_question_leads_from_a_goal_to_what_was_told(reporting: Reporting) -> None:
    """Of those who may ask it the look is recorded; another organisation has its own, and others get none."""
    await reporting.announce()
    await reporting.announce(ELSEWHERE)
    await published(reporting, register(1, INCLUSION, RULES))
    await published(
        reporting,
        tick(date(2026, 7, 15), signal(FIRST, "house_rules"), signal(SECOND, "none")),
    )

    async def told() -> StrategyChain | None:
        found = await reporting.ask("strategy_chain", StrategyQuery(), StrategyChain, role=Role.HR)
        whole = [("inclusion", [("house_rules", 1)]), (None, [(None, 1)])]
        return found if whole == codes(found) else None

    found = await eventually(told)
    assert (FIRST,) == found.goals[0].policies[0].signals
    seen = found.signals[0]
    assert (FIRST, date(2026, 7, 15), "rising") == (seen.id, seen.told_on, seen.direction)
    assert "workload" in seen.behaviour
    gaps = await reporting.ask("policy_gaps", GapsQuery(), PolicyGaps, role=Role.WORKS_COUNCIL)
    assert [("house_rules", 1, 33)] == [
        (one.policy.code, one.contrary, one.points) for one in gaps.gaps
    ]
    looks = reporting.count("AccessRecorded")
    elsewhere = await reporting.ask(
        "strategy_chain", StrategyQuery(), StrategyChain, role=Role.BOARD, organisation=ELSEWHERE
    )
    assert not any(link.signals for goal in elsewhere.goals for link in goal.policies)
    assert looks == reporting.count("AccessRecorded") > 1
    later = StrategyQuery(period="2027-H1")
    assert 0 == sum(
        len(link.signals)
        for goal in (await reporting.ask("strategy_chain", later, StrategyChain)).goals
        for link in goal.policies
    )
    for wrong, code in (
        (("strategy_chain", StrategyQuery(period="2026-07")), Code.INVALID_PERIOD),
        (("policy_gaps", GapsQuery(period="2026-Q3")), Code.INVALID_PERIOD),
    ):
        assert code is await reporting.refused(*wrong)
    assert Code.NOT_ALLOWED is await reporting.refused(
        "strategy_chain", StrategyQuery(), role=Role.MANAGER
    )


async def test_signals_and_the_register_are_kept_once(reporting: Reporting) -> None:
    """However often they come; a tick without news leaves nothing in the log."""
    await reporting.announce()
    await published(reporting, register(1, INCLUSION), register(2, INCLUSION, RULES), again=True)
    await published(
        reporting,
        tick(date(2026, 7, 15), signal(FIRST, "house_rules"), signal(SECOND, "none")),
        tick(date(2026, 8, 15)),
        tick(date(2026, 10, 15), withdrawn=(SECOND,)),
        again=True,
    )

    async def taken_in() -> bool:
        return reporting.count("SignalsTold") == 2

    await eventually(taken_in)
    assert 2 == reporting.count("StrategyKnown")


def numbers(law: Law, period: str, **changes: Any) -> EnterFormalNumbers:
    """Six formal complaints of a window that is over."""
    fields: dict[str, Any] = {
        "counters": (FormalCounter(code="formal_complaints", value=6),),
        "source": "Register van de klachtencommissie",
    }
    return EnterFormalNumbers(law=law, period=period, **(fields | changes))


async def test_exact_numbers_come_from_who_keeps_the_register(reporting: Reporting) -> None:
    """A coordinator enters those of complaints and a report officer those of reports of wrongdoing; each is
    labelled wherever it is read, also in the account to the works council, and nobody else enters any.
    """
    await reporting.announce()
    enter, sent = "enter_formal_numbers", numbers("complaints", "2025-H2")

    async def known() -> bool:
        types = reporting.rows("SELECT type FROM event")
        return any(name.startswith("OrganisationKnown") for (name,) in types)

    await eventually(known)
    await reporting.ask(enter, sent, Done, role=Role.COORDINATOR)
    wbk = numbers(
        "wbk",
        "2025",
        counters=tuple(
            FormalCounter(code=code, value=value)
            for code, value in {
                "received": 3,
                "being_assessed": 1,
                "followed_up": 1,
                "closed": 1,
                "confirmed_in_time": 3,
                "informed_in_time": 2,
            }.items()
        ),
    )
    assert Code.INVALID_INPUT is await reporting.refused(enter, wbk, role=Role.REPORT_OFFICER)
    seen = msgspec.structs.replace(wbk, small_numbers_seen=True)
    await reporting.ask(enter, seen, Done, role=Role.REPORT_OFFICER)
    for role, request in ((Role.COORDINATOR, seen), (Role.REPORT_OFFICER, sent), (Role.HR, sent)):
        assert Code.NOT_ALLOWED is await reporting.refused(enter, request, role=role)

    async def read(role: Role) -> list[tuple[str, str, int]]:
        found = await reporting.ask("formal_numbers", Empty(), FormalNumbers, role=role)
        assert {one.law for one in found.entered} <= {one.law for one in found.asked}
        return [(one.law, one.period, one.revision) for one in found.entered]

    assert [("complaints", "2025-H2", 1), ("wbk", "2025", 1)] == await read(Role.WORKS_COUNCIL)
    assert [("wbk", "2025", 1)] == await read(Role.REPORT_OFFICER)
    assert 2 == reporting.count("DisclosureEntered")
    texts: dict[TextKind, str] = {}
    kinds: tuple[TextKind, ...] = ("works_council", "risk_inventory", "impact_assessment")
    for kind in kinds:
        query = ComplianceTextQuery(kind=kind, period="2025", language="en")
        found = await reporting.ask("compliance_text", query, ComplianceText, role=Role.HR)
        texts[kind] = found.markdown
        assert msgspec.json.decode(found.json)
    assert "| Formal complaints laid down | 6 |" in texts["works_council"]
    assert "outside the claim that nobody can be found" in texts["works_council"]
    assert "Psychosocial" not in texts["works_council"]
    assert "psychosocial load" in texts["risk_inventory"]
    assert "intake.v1.facts.booked" in texts["impact_assessment"]
    assert "Kept: 30 days" in texts["impact_assessment"]
    quarter = ComplianceTextQuery(kind="works_council", period="2026-Q1", language="nl")
    assert Code.INVALID_PERIOD is await reporting.refused("compliance_text", quarter)


CHAIN = """{ strategyChain(period: "2026-H1", language: NL) {
  theme { code label }
  policies {
    policy { code label } values { code }
    signals { id theme behaviour
      recommendations { id answered { answer } measures { owner status policy } } }
    recommendations { id } } } }"""
RECOMMENDED, MEASURE = (f"6b2f0d1e-0000-4000-8000-{one:012d}" for one in (1, 2))


async def test_one_question_leads_from_a_goal_to_the_measure(
    database: Database, tmp_path: Path
) -> None:
    """Over the gateway, for who reads along: theme, policy, value, signal, conduct, recommendation, measure.
    An employee has no such question.
    """
    value = msgspec.structs.replace(INCLUSION, code="respect", kind="value", serves=("inclusion",))
    policy = msgspec.structs.replace(RULES, code="workload_policy", serves=("respect",))
    async with running_reporting(database, tmp_path) as house:
        await house.known()
        await house.told(date(2026, 7, 15), (UUID(FIRST), "workload", "all", "2026-H1"))
        kind, whole = register(1, INCLUSION, value, policy)
        event = CloudEvent(
            id=str(uuid4()),
            source="/hoeksteen/test",
            type=kind,
            week="2026-W29",
            data=msgspec.Raw(msgspec.json.encode(whole)),
        )
        await house.intake.jetstream().publish(kind, msgspec.json.encode(event).ljust(4096))

        async def linked() -> bool:
            return "StrategyKnown" in await house.service.types()

        await eventually(linked)
        house.service.clock.move(datetime(2026, 8, 3, 10, tzinfo=UTC))
        await house.done(
            "recommend",
            {
                "recommendationId": RECOMMENDED,
                "title": {"nl": "Rooster in overleg"},
                "text": {"nl": "Maak het rooster samen."},
                "kind": "STRUCTURAL",
                "signals": [FIRST],
                "figures": [],
                "policies": ["workload_policy"],
            },
            role=Role.ADVISER,
        )
        answer = {"recommendationId": RECOMMENDED, "answer": "ACCEPTED"}
        await house.done("answerRecommendation", answer, role=Role.BOARD)
        await house.done(
            "planMeasure",
            {
                "measureId": MEASURE,
                "recommendationId": RECOMMENDED,
                "title": {"nl": "Rooster per team"},
                "owner": "Afdeling Zorg",
                "kind": "POLICY",
                "policy": "workload_policy",
                "signalId": FIRST,
                "plannedFor": "2026-10-01",
            },
            role=Role.HR,
        )
        (goal,) = await house.ask(CHAIN, role=Role.WORKS_COUNCIL)
        employee = await house.http.post(
            "/graphql",
            json={"query": CHAIN},
            headers={"Authorization": f"Bearer {house.service.token(role=Role.EMPLOYEE)}"},
        )

    assert {"code": "inclusion", "label": "Inclusie"} == goal["theme"]
    (link,) = goal["policies"]
    assert ("workload_policy", [{"code": "respect"}], []) == (
        link["policy"]["code"],
        link["values"],
        link["recommendations"],
    )
    (seen,) = link["signals"]
    assert FIRST == seen["id"]
    assert "workload" in seen["behaviour"]
    assert [
        {
            "id": RECOMMENDED,
            "answered": {"answer": "ACCEPTED"},
            "measures": [
                {"owner": "Afdeling Zorg", "status": "PLANNED", "policy": "workload_policy"}
            ],
        }
    ] == seen["recommendations"]
    assert "INVALID_DOCUMENT" in employee.text
