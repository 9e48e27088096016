"""Time spent, through the gateway: an adviser's own, a case's, and rounded totals for the report."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest_asyncio

from shared.contracts.rpc import ApproveErasure, Done, RequestErasure
from shared.identity.roles import Role
from tests.component.test_intake import opening
from tests.conftest import Database
from tests.house import House, running_house
from tests.service_lab import ELSEWHERE

ANNA: dict[str, Any] = {"subject": "anna"}
BRAM: dict[str, Any] = {"subject": "bram"}
COEN: dict[str, Any] = {"role": Role.COORDINATOR, "subject": "coen"}

MINE = """{ myTime(halfYear: "2026-H1") { toldFrom spent { activity quarters }
  entries { id activity quarters on withCase } } }"""
TOTALS = '{ timeTotals(halfYear: "2026-H1") { activity hours } }'
CASE = "query Case($id: ID!) { case(id: $id) { time { activity quarters } entries { kind code } } }"


@pytest_asyncio.fixture
async def house(database: Database, tmp_path: Path) -> AsyncIterator[House]:
    async with running_house(database, tmp_path) as house:
        yield house


async def a_case(house: House) -> str:
    """A case of Anna's."""
    case = uuid4()
    signed = house.signed("geheim", house.keys["anna"], [house.keys["anna"]], case)
    request = opening(
        case,
        words=house.on_bus(signed["words"]),
        signature=base64.b64decode(signed["signature"]),
    )
    await house.service.ask("open_case", request, Done, subject="anna")
    return str(case)


def spent(activity: str, quarters: int, **changes: Any) -> dict[str, Any]:
    return {
        "entryId": str(uuid4()),
        "activity": activity,
        "quarters": quarters,
        "on": "2026-03-02",
    } | changes


async def refused_look(house: House, query: str, **who: Any) -> str:
    """The code with which a question is refused."""
    answer = await house.http.post(
        "/graphql",
        json={"query": query},
        headers={"Authorization": f"Bearer {house.service.token(**who)}"},
    )
    return str(answer.json()["errors"][0]["extensions"]["code"])


async def test_time_is_recorded_seen_by_its_adviser_and_told_in_rounded_totals(
    house: House,
) -> None:
    """With a case and without; the coordinator learns totals of all, once nothing is added any more."""
    codes = await house.ask("{ practiceCodes(language: NL) { activities { code label } } }", **COEN)
    assert {"code": "training", "label": "Opleiding en bijscholing"} in codes["activities"]
    case = await a_case(house)
    talked = spent("conversation", 5, caseId=case)
    await house.done("recordTime", talked, **ANNA)
    wrong = spent("preparation", 9, caseId=case)
    await house.done("recordTime", wrong, **ANNA)
    await house.done("recordTime", spent("information_session", 10), **ANNA)
    await house.done("recordTime", spent("information_session", 11), **BRAM)
    seen = await house.ask(CASE, {"id": case}, **ANNA)
    assert seen["time"] == [
        {"activity": "conversation", "quarters": 5},
        {"activity": "preparation", "quarters": 9},
    ]
    back = {"entryId": wrong["entryId"], "on": "2026-03-02", "caseId": case}
    await house.done("withdrawTime", back, **ANNA)
    seen = await house.ask(CASE, {"id": case}, **ANNA)
    assert seen["time"] == [{"activity": "conversation", "quarters": 5}]
    assert seen["entries"][1:] == [
        {"kind": "CaseTimeRecorded", "code": "conversation"},
        {"kind": "CaseTimeRecorded", "code": "preparation"},
        {"kind": "CaseTimeWithdrawn", "code": None},
    ]
    mine = await house.ask(MINE, **ANNA)
    assert mine["toldFrom"] == "2026-07-15"
    assert mine["spent"] == [
        {"activity": "conversation", "quarters": 5},
        {"activity": "information_session", "quarters": 10},
    ]
    assert [one["withCase"] for one in mine["entries"]] == [True, False]
    assert (await house.ask(MINE, **BRAM))["spent"] == [
        {"activity": "information_session", "quarters": 11}
    ]
    assert await refused_look(house, TOTALS, **COEN) == "INVALID_INPUT"  # not told yet

    house.service.clock.move(datetime(2026, 7, 15, 12, tzinfo=UTC))
    told = {one["activity"]: one["hours"] for one in await house.ask(TOTALS, **COEN)}
    assert told == {
        "case_work": 20,
        "peer_consultation": 0,
        "information_session": 10,
        "consulting_hours": 0,
        "training": 0,
        "other_activity": 0,
    }
    assert await house.refused("recordTime", spent("training", 4), **ANNA) == "PERIOD_RELEASED"
    for role in (Role.HR, Role.BOARD, Role.MANAGER, Role.WORKS_COUNCIL):
        query = '{ timeTotals(halfYear: "2026-H1") { hours } }'
        assert await refused_look(house, query, role=role) == "INVALID_DOCUMENT"


async def test_what_was_spent_on_a_case_goes_with_it_and_the_sheet_never_knew_it(
    house: House,
) -> None:
    """No event outside the case holds its id; after the erasure the hours stay in the totals."""
    case = await a_case(house)
    talked = spent("conversation", 85, caseId=case)
    await house.done("recordTime", talked, **ANNA)
    sheet = [one for one in await house.service.log() if one.type == "TimeRecorded"]
    assert case not in repr(sheet)
    assert UUID(case) not in {one.stream for one in sheet}
    ask = RequestErasure(case_id=case, ground="court_order")
    await house.service.ask("request_erasure", ask, Done, **ANNA)
    await house.service.ask("approve_erasure", ApproveErasure(case_id=case), Done, **COEN)
    left = [one.event for one in await house.service.log() if str(one.stream) == case]
    assert set(left) == {None}
    back = {"entryId": talked["entryId"], "on": "2026-03-02", "caseId": case}
    assert await house.refused("withdrawTime", back, **ANNA) == "NOT_FOUND"
    house.service.clock.move(datetime(2026, 7, 15, 12, tzinfo=UTC))
    assert (await house.ask(TOTALS, **ANNA))[0] == {"activity": "case_work", "hours": 40}


async def test_bad_time_is_refused_and_nothing_is_stored(house: House) -> None:
    """None, too much, tomorrow's, an unknown activity, somebody else's case, one of elsewhere."""
    case = await a_case(house)
    kept = spent("training", 4)
    await house.done("recordTime", kept, **ANNA)
    stored = await house.service.types()
    away: dict[str, Any] = {"organisation": ELSEWHERE} | ANNA
    for bad, who, code in (
        (spent("training", 0), ANNA, "INVALID_INPUT"),
        (spent("training", 97), ANNA, "INVALID_INPUT"),
        (spent("training", 4, on="2026-03-03"), ANNA, "INVALID_INPUT"),
        (spent("coffee", 4), ANNA, "UNKNOWN_CODE"),
        (spent("peer_consultation", 4, caseId=case), ANNA, "INVALID_INPUT"),
        (spent("conversation", 4, caseId=case), BRAM, "NOT_FOUND"),
        (spent("conversation", 4, caseId=str(uuid4())), ANNA, "NOT_FOUND"),
        (spent("conversation", 4, caseId=case), away, "NOT_FOUND"),
        (kept | {"quarters": 5}, ANNA, "ALREADY_EXISTS"),
    ):
        assert await house.refused("recordTime", bad, **who) == code
    back = {"entryId": kept["entryId"], "on": "2026-03-02"}
    assert await house.refused("withdrawTime", back, **BRAM) == "NOT_FOUND"
    named = back | {"caseId": case}
    assert await house.refused("withdrawTime", named, **ANNA) == "INVALID_INPUT"
    assert await refused_look(house, '{ myTime(halfYear: "2026") { toldFrom } }', **ANNA) == (
        "INVALID_PERIOD"
    )
    assert await house.service.types() == stored
