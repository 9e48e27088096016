"""Terms over GraphQL: labels in both languages, days as texts, refusals that a person understands."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from shared.contracts import rpc
from shared.contracts.errors import Code, Refusal
from shared.identity.roles import Role
from shared.taxonomy.terms import RULES
from tests.gateway_lab import Lab, running_gateway

CASE = "6f1d2c3b-0000-4000-8000-000000000003"
TASKS = "{ myTasks { caseId term kind { code label } week dueOn stage ground { code label } } }"
PAUSE = """mutation Pause($input: PauseTermInput!) {
  pauseTerm(input: $input) {
    __typename ... on PauseTermPayload { caseId position } ... on UserError { code message path }
  }
}"""


@pytest_asyncio.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    async with running_gateway(tmp_path) as lab:
        yield lab


def task(**changes: Any) -> rpc.Task:
    fields: dict[str, Any] = {
        "case_id": CASE,
        "term": "feedback",
        "kind": "feedback",
        "week": "2026-W37",
        "due_on": date(2026, 9, 7),
        "stage": "paused",
        "ground": "reporter_asked",
    }
    return rpc.Task(**(fields | changes))


async def test_tasks_are_told_in_the_language_of_who_asks(lab: Lab) -> None:
    """Kinds and grounds have labels; retention is a kind too."""
    kept = task(term="retention", kind="retention", stage="soon", ground=None)
    lab.neighbours.answers["intake.my_tasks"] = rpc.Tasks(items=(task(), kept))

    answer = (await lab.post({"query": TASKS}, Accept_Language="nl")).json()["data"]["myTasks"]

    assert answer[0] == {
        "caseId": CASE,
        "term": "feedback",
        "kind": {"code": "feedback", "label": "Terugkoppeling geven"},
        "week": "2026-W37",
        "dueOn": "2026-09-07",
        "stage": "PAUSED",
        "ground": {"code": "reporter_asked", "label": "De melder vraagt te wachten"},
    }
    assert (answer[1]["kind"]["label"], answer[1]["ground"]) == ("De zaak mag weg", None)


async def test_a_coordinator_is_told_kind_week_and_number(lab: Lab) -> None:
    """And has no word for a case; an adviser has none for this list."""
    lab.neighbours.answers["intake.overdue_terms"] = rpc.OverdueTerms(
        items=(rpc.OverdueTerm(kind="confirmation", week="2026-W11", count=2),)
    )
    query = "{ overdueTerms { kind { label } week count } }"

    data = await lab.ask(query, role=Role.COORDINATOR)

    assert data["overdueTerms"] == [
        {"kind": {"label": "Confirm receipt"}, "week": "2026-W11", "count": 2}
    ]
    for role, refused in ((Role.ADVISER, query), (Role.COORDINATOR, TASKS)):
        answer = (await lab.post({"query": refused}, role=role)).json()
        assert answer["errors"][0]["extensions"]["code"] == "INVALID_DOCUMENT"


async def test_the_rules_are_told_without_asking_anybody(lab: Lab) -> None:
    """All kinds, in their order, with what pauses and extends them."""
    data = await lab.ask(
        "{ termRules { kind { code } law days months pauseGrounds { code } extensionMonths } }"
    )

    assert [one["kind"]["code"] for one in data["termRules"]] == list(RULES)
    assert data["termRules"][2] == {
        "kind": {"code": "access"},
        "law": "GDPR 12(3)",
        "days": 0,
        "months": 1,
        "pauseGrounds": [{"code": "identity_in_doubt"}, {"code": "request_unclear"}],
        "extensionMonths": 2,
    }
    assert lab.neighbours.asked == []


@pytest.mark.parametrize(
    ("refusal", "kind", "begin"),
    [
        (Refusal(Code.TERM_PASSED), "Conflict", "Deze termijn is voorbij."),
        (
            Refusal(
                Code.INVALID_INPUT, field="ground", reason="a term of this kind is not paused on it"
            ),
            "InvalidInput",
            "Het veld 'ground' is niet goed ingevuld: een termijn van deze soort wordt niet",
        ),
    ],
)
async def test_a_refused_pause_says_why(lab: Lab, refusal: Refusal, kind: str, begin: str) -> None:
    """As a member of the result, in Dutch."""
    lab.neighbours.answers["intake.pause_term"] = refusal
    values = {"idempotencyKey": "pause-1-2-3", "caseId": CASE, "term": "feedback", "ground": "x"}

    answer = await lab.post({"query": PAUSE, "variables": {"input": values}}, Accept_Language="nl")

    result = answer.json()["data"]["pauseTerm"]
    assert result["__typename"] == kind
    assert result["message"].startswith(begin)


async def test_what_an_adviser_does_goes_to_intake_as_it_was_given(lab: Lab) -> None:
    """Days are read strictly: what is none never reaches intake."""
    lab.neighbours.answers["intake.meet_term"] = rpc.Done(id=CASE, position=7)
    query = """mutation Met($input: MeetTermInput!) {
      meetTerm(input: $input) {
        ... on MeetTermPayload { caseId position } ... on UserError { code path }
      }
    }"""
    values = {"idempotencyKey": "met-1-2-3", "caseId": CASE, "term": "feedback", "how": "DECLINED"}

    data = await lab.ask(query, {"input": values | {"on": "2028-02-29"}})

    assert data["meetTerm"] == {"caseId": CASE, "position": 7}
    (asked,) = lab.neighbours.asked
    assert asked.request == rpc.MeetTerm(
        case_id=CASE, term="feedback", on=date(2028, 2, 29), how="declined"
    )
    for wrong in ("2027-02-29", "29-02-2028", "2028-02-29T10:00", ""):
        data = await lab.ask(query, {"input": values | {"on": wrong}})
        assert data["meetTerm"] == {"code": "INVALID_INPUT", "path": ["input", "on"]}
    assert len(lab.neighbours.asked) == 1
