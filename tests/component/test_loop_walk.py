"""From a released figure to a recommendation, an answer, a measure, its effect, and what staff is told: over
the gateway, by everybody who has a part in it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest_asyncio

from services.reporting.policy import ALLOWED
from shared.contracts import reporting_loop as shapes
from shared.contracts.errors import Code
from shared.contracts.rpc import VERBS, Empty, Part, Shape
from shared.identity.roles import Role
from tests.conftest import Database
from tests.reporting_house import ReportingHouse, running_reporting
from tests.service_lab import ELSEWHERE, HERE

ADVISER: dict[str, Any] = {"role": Role.ADVISER}
BOARD: dict[str, Any] = {"role": Role.BOARD}
HR: dict[str, Any] = {"role": Role.HR}
COUNCIL: dict[str, Any] = {"role": Role.WORKS_COUNCIL}
STAFF: dict[str, Any] = {"role": Role.EMPLOYEE}
A, M, T, I = (f"6b2f0d1e-0000-4000-8000-{one:012d}" for one in range(4))  # noqa: E741
SIGNAL = UUID("6b2f0d1e-0000-4000-8000-000000000009")
CELL = {"table": "unit", "code": "zorg", "period": "2026-H1"}

FOLLOW_UP = """{ followUp { responseWeeks
  shares { made answered late accepted executed measures structural done begun days }
  recommendations { id title { nl } late due policies figures { table code period }
    answered { answer reasons { nl } role }
    signals { signalId theme place toldOn }
    measures { id policy signalId owner status late plannedFor words { nl } reviewOn
      reviews { role words { nl } }
      baseLine { table code period value margin below label { nl } }
      effect { period value margin below after compared } } } } }"""
DUE = "{ dueFollowUps { kind ref due late yours } }"
TOLD = "{ youSaidWeDid { id heard { nl en } did { nl en } edition ways passedOn reach } }"
HELD = """{ interventions { id themes layer units heldOn attended attendedBelow
  baseLine { value } effect { period value below compared }
  comparison { code value } elsewhere { period value compared } } }"""


@pytest_asyncio.fixture
async def house(database: Database, tmp_path: Path) -> AsyncIterator[ReportingHouse]:
    async with running_reporting(database, tmp_path) as house:
        await house.known()
        await house.released("2026-H1", {"zorg": 40, "kantoor": 31})
        await house.told(date(2026, 7, 15), (SIGNAL, "workload", "zorg", "2026-H1"))
        yield house


def at(house: ReportingHouse, year: int, month: int, day: int) -> None:
    house.service.clock.move(datetime(year, month, day, 10, tzinfo=UTC))


def recommendation(**changes: Any) -> dict[str, Any]:
    return {
        "recommendationId": A,
        "title": {"nl": "Rooster in overleg"},
        "text": {"nl": "Maak het rooster samen.", "en": "Make the roster together."},
        "kind": "STRUCTURAL",
        "signals": [str(SIGNAL)],
        "figures": [CELL],
        "policies": ["workload_policy"],
        "period": "2026-H1",
    } | changes


def measure(**changes: Any) -> dict[str, Any]:
    return {
        "measureId": M,
        "recommendationId": A,
        "title": {"nl": "Rooster per team"},
        "owner": "Afdeling Zorg",
        "kind": "POLICY",
        "policy": "workload_policy",
        "signalId": str(SIGNAL),
        "plannedFor": "2026-10-01",
    } | changes


async def test_a_recommendation_becomes_a_measure_whose_effect_is_seen(
    house: ReportingHouse,
) -> None:
    """The adviser recommends, the board answers and acts, the works council reads along; what came after
    is compared with the base line from the first window that began after the measure was done.
    """
    at(house, 2026, 8, 3)
    await house.done("recommend", recommendation(), **ADVISER)
    for who, yours in ((BOARD, True), (COUNCIL, False), (ADVISER, False)):
        assert [] == await house.ask(DUE, **who)
        at(house, 2026, 9, 15)
        assert [
            {"kind": "answer", "ref": A, "due": "2026-09-14", "late": True, "yours": yours}
        ] == await house.ask(DUE, **who)
        at(house, 2026, 8, 3)
    for wrong in (
        {"signals": [str(uuid4())]},
        {"policies": ["house_rules"]},
        {"figures": [CELL | {"period": "2025-H1"}]},
    ):
        other = recommendation(recommendationId=str(uuid4()), **wrong)
        assert "INVALID_INPUT" == await house.refused("recommend", other, **ADVISER)
    assert "INVALID_INPUT" == await house.refused(
        "answerRecommendation", {"recommendationId": A, "answer": "DECLINED"}, **BOARD
    )
    await house.done(
        "answerRecommendation",
        {"recommendationId": A, "answer": "PARTLY", "reasons": {"nl": "Alleen de nachten."}},
        **BOARD,
    )
    await house.done("planMeasure", measure(), **HR)
    at(house, 2026, 9, 1)
    step = {"measureId": M, "step": "START", "baseLine": CELL}
    await house.done("advanceMeasure", step, **HR)
    at(house, 2026, 12, 1)
    shows = {
        "norm": "RESPECT",
        "level": 3,
        "period": "2026-H2",
        "words": "Het rooster is samen gemaakt.",
        "evidence": [{"kind": "MEASURE", "measureId": M}],
    }
    assert "INVALID_INPUT" == await house.refused("assessMaturity", shows, **COUNCIL)
    await house.done("advanceMeasure", {"measureId": M, "step": "FINISH"}, **HR)
    # What was carried out may show how far a norm is; what was only begun may not.
    await house.done("assessMaturity", shows, **COUNCIL)
    await house.released("2026-H2", {"zorg": 36, "kantoor": 30})
    await house.released("2027-H1", {"zorg": None, "kantoor": 33})
    at(house, 2027, 7, 20)
    said = {"measureId": M, "words": {"nl": "De nachtdienst hoort er minder over."}}
    assert [("effect", True)] == [
        (one["kind"], one["yours"]) for one in await house.ask(DUE, **ADVISER)
    ]
    await house.done("reviewEffect", said, **ADVISER)

    found = await house.ask(FOLLOW_UP, **COUNCIL)
    (seen,) = found["recommendations"]
    assert {"answer": "PARTLY", "reasons": {"nl": "Alleen de nachten."}, "role": "board"} == seen[
        "answered"
    ]
    told = {"signalId": str(SIGNAL), "theme": "workload", "place": "zorg", "toldOn": "2026-07-15"}
    assert [told] == seen["signals"]
    (done,) = seen["measures"]
    assert ("workload_policy", str(SIGNAL)) == (done["policy"], done["signalId"])
    assert ("DONE", "Afdeling Zorg", None) == (done["status"], done["owner"], done["reviewOn"])
    assert {"value": 40, "margin": 4, "below": None, "label": {"nl": "Zorg"}} | CELL == done[
        "baseLine"
    ]
    assert [
        ("2026-H2", 36, None, False, "not_comparable"),
        ("2027-H1", None, 6, True, "fewer"),
    ] == [
        (one["period"], one["value"], one["below"], one["after"], one["compared"])
        for one in done["effect"]
    ]
    assert {
        "made": 1,
        "answered": 1,
        "late": 0,
        "accepted": 1,
        "executed": 1,
        "measures": 1,
        "structural": 1,
        "done": 1,
        "begun": 1,
        "days": 48,
    } == found["shares"]
    # The council's look stands in the log, before its answer left.
    assert "AccessRecorded" == (await house.service.types())[-1]


async def test_staff_is_told_and_nobody_counts_who_reads_it(house: ReportingHouse) -> None:
    """In both languages, about what was answered; each role passes it on once; no look is recorded."""
    at(house, 2026, 8, 3)
    await house.done("recommend", recommendation(), **ADVISER)
    told = {
        "tellingId": T,
        "heard": {"nl": "Het rooster knelt.", "en": "The roster pinches."},
        "did": {"nl": "Teams maken het zelf.", "en": "Teams make it themselves."},
        "recommendations": [A],
        "ways": ["INTRANET", "MEETING"],
    }
    assert "ALREADY_DECIDED" == await house.refused("tellStaff", told, **ADVISER)
    await house.done("answerRecommendation", {"recommendationId": A, "answer": "ACCEPTED"}, **BOARD)
    await house.done("tellStaff", told, **ADVISER)
    await house.done("passOnTelling", {"tellingId": T}, **COUNCIL)
    assert "ALREADY_DECIDED" == await house.refused("passOnTelling", {"tellingId": T}, **COUNCIL)
    before = await house.service.types()
    (seen,) = await house.ask(TOLD, **STAFF)
    assert {
        "id": T,
        "heard": told["heard"],
        "did": told["did"],
        "edition": 1,
        "ways": ["INTRANET", "MEETING"],
        "passedOn": ["works_council"],
        "reach": 3,
    } == seen
    assert before == await house.service.types()


async def test_a_training_is_held_and_compared_with_elsewhere(house: ReportingHouse) -> None:
    """Four people came: a number to who counted them, and below five to everybody else. And the advisers
    tell of their own work, of a period that is over, in steps.
    """
    kept = {"period": "2026-H1", "informationSessions": 4, "caseHours": 41, "otherHours": 11}
    assert "INVALID_INPUT" == await house.refused("keepActivities", kept, **ADVISER)
    at(house, 2026, 8, 3)
    await house.done("keepActivities", kept | {"firstTalk": "WITHIN_A_WEEK"}, **ADVISER)
    query = "{ activities { period informationSessions caseHours otherHours firstTalk } }"
    assert [
        kept | {"caseHours": 60, "otherHours": 15, "firstTalk": "WITHIN_A_WEEK"}
    ] == await house.ask(query, **COUNCIL)
    plan = {
        "interventionId": I,
        "kind": "TRAINING",
        "title": {"nl": "Feedback"},
        "themes": ["giving_feedback", "receiving_feedback"],
        "layer": "TEAM_LEADERS",
        "units": ["zorg"],
        "plannedFor": "2026-08-10",
    }
    assert "INVALID_INPUT" == await house.refused(
        "planIntervention", plan | {"units": ["kelder"]}, **ADVISER
    )
    await house.done("planIntervention", plan, **ADVISER)
    assert [("intervention", True)] == [
        (one["kind"], one["yours"]) for one in await house.ask(DUE, **HR)
    ]
    at(house, 2026, 8, 11)
    held = {
        "interventionId": I,
        "heldOn": "2026-08-10",
        "attended": 4,
        "baseLine": CELL,
        "comparison": CELL | {"code": "kantoor"},
    }
    await house.done("holdIntervention", held, **ADVISER)
    assert "ALREADY_DECIDED" == await house.refused(
        "cancelIntervention", {"interventionId": I, "reasons": {"nl": "Ziek."}}, **HR
    )
    await house.released("2027-H1", {"zorg": 12, "kantoor": 33})
    (mine,) = await house.ask(HELD, **ADVISER)
    (theirs,) = await house.ask(HELD, **HR)
    assert [(4, None), (None, 5)] == [
        (one["attended"], one["attendedBelow"]) for one in (mine, theirs)
    ]
    assert [{"period": "2027-H1", "value": 12, "below": None, "compared": "fewer"}] == theirs[
        "effect"
    ]
    assert [{"period": "2027-H1", "value": 33, "compared": "no_clear_change"}] == theirs[
        "elsewhere"
    ]


def requests() -> dict[str, Shape]:
    """One of every verb of the loop, about what the other organisation has."""
    words = shapes.InWords(nl="Woorden.")
    both = shapes.InWords(nl="Woorden.", en="Words.")
    day = datetime(2026, 12, 1, tzinfo=UTC).date()
    figure = shapes.FigureRef(**CELL)
    return {
        "recommend": shapes.Recommend(
            recommendation_id=str(uuid4()),
            title=words,
            text=words,
            kind="incident",
            figures=(figure,),
        ),
        "withdraw_recommendation": shapes.WithdrawRecommendation(
            recommendation_id=A, reasons=words
        ),
        "answer_recommendation": shapes.AnswerRecommendation(
            recommendation_id=A, answer="accepted"
        ),
        "plan_measure": shapes.PlanMeasure(
            measure_id=str(uuid4()),
            recommendation_id=A,
            title=words,
            owner="HR",
            kind="incident",
            planned_for=day,
        ),
        "advance_measure": shapes.AdvanceMeasure(measure_id=M, step="start"),
        "review_effect": shapes.ReviewEffect(measure_id=M, words=words),
        "tell_staff": shapes.TellStaff(
            telling_id=str(uuid4()), heard=both, did=both, recommendations=(A,), ways=("report",)
        ),
        "pass_on_telling": shapes.PassOnTelling(telling_id=T),
        "plan_intervention": shapes.PlanIntervention(
            intervention_id=str(uuid4()),
            kind="coaching",
            title=words,
            themes=("workload",),
            layer="staff",
            planned_for=day,
            units=("zorg",),
        ),
        "hold_intervention": shapes.HoldIntervention(
            intervention_id=I, held_on=datetime(2026, 8, 3, tzinfo=UTC).date(), attended=4
        ),
        "cancel_intervention": shapes.CancelIntervention(intervention_id=I, reasons=words),
        "decide_response_term": shapes.DecideResponseTerm(weeks=4),
        "keep_activities": shapes.KeepActivities(period="2026-H1"),
        "follow_up": Part(),
        "due_follow_ups": Empty(),
        "you_said_we_did": Part(),
        "interventions": Part(),
        "activities": Empty(),
    }


OWN = {"decide_response_term", "keep_activities", "plan_intervention"}
"""Name nothing that the other has."""


async def test_nothing_of_the_loop_crosses_to_another_organisation(house: ReportingHouse) -> None:
    """What one has is nowhere for the other: not to be read, not to be referred to, not to be changed; and
    an organisation that nobody announced has no loop at all.
    """
    at(house, 2026, 8, 3)
    await house.done("recommend", recommendation(), **ADVISER)
    await house.done("answerRecommendation", {"recommendationId": A, "answer": "ACCEPTED"}, **BOARD)
    await house.done("planMeasure", measure(), **BOARD)
    asked = requests()
    assert set(asked) <= set(ALLOWED)
    before = await house.service.types(HERE)
    for verb, request in asked.items():
        for role in sorted(ALLOWED[verb]):
            who: dict[str, Any] = {"role": role, "organisation": ELSEWHERE}
            if VERBS[f"reporting.{verb}"].kind == "command":
                refusal = await house.service.refused(verb, request, **who)
                assert Code.NOT_FOUND is refusal.code, (verb, role)
            else:
                await _nothing(house, verb, request, who)
    await house.known(ELSEWHERE)
    for verb, request in asked.items():
        if VERBS[f"reporting.{verb}"].kind == "query" or verb in OWN:
            continue
        for role in sorted(ALLOWED[verb]):
            refusal = await house.service.refused(verb, request, role=role, organisation=ELSEWHERE)
            # A figure that is released here is none there.
            expected = Code.INVALID_INPUT if verb == "recommend" else Code.NOT_FOUND
            assert expected is refusal.code, (verb, role)
    assert before == await house.service.types(HERE)


async def _nothing(house: ReportingHouse, verb: str, request: Shape, who: dict[str, Any]) -> None:
    found = await house.service.ask(verb, request, VERBS[f"reporting.{verb}"].answer, **who)
    items = found.recommendations if isinstance(found, shapes.FollowUp) else found.items  # type: ignore[attr-defined]
    assert () == items, verb


def test_every_verb_of_the_loop_stands_in_the_test_above() -> None:
    """A new one has to be added there."""
    module = shapes.__name__
    named = {
        verb.name
        for verb in VERBS.values()
        if module in (verb.request.__module__, verb.answer.__module__)
    }
    assert named == set(requests())
