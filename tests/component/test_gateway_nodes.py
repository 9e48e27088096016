"""Whatever has an id, asked for by it alone: each kind of thing, for each role."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from services.gateway.execution import _QUIET_FIELDS
from services.gateway.schema.nodes import COUNTED, LOOK_UPS
from shared.contracts import rpc
from shared.contracts.errors import Code, Refusal
from shared.identity.roles import Role
from tests.gateway_lab import Lab, running_gateway

ID = "44444444-4444-4444-8444-444444444444"
NODE = "query Node($id: ID!) { node(id: $id) { __typename id } }"
TODAY = date(2026, 9, 1)
REPORT = "reporting.report"

# Who asks what, written down a second time, from what each role is for.
ASKED = {
    Role.ADVISER: {
        "intake.case",
        "intake.disclosure",
        "intake.subject_access",
        "intake.peer_consultation",
        "signals.signal_draft",
        REPORT,
    },
    Role.COMPLAINTS_OFFICER: {"intake.complaint"},
    Role.REPORT_OFFICER: {"intake.whistleblower_report"},
    Role.HR: {REPORT},
    Role.BOARD: {REPORT},
    Role.WORKS_COUNCIL: {REPORT},
    Role.MANAGER: {REPORT},
    Role.EMPLOYEE: {REPORT},
    Role.COORDINATOR: {REPORT},
}
ALL = set[str]().union(*ASKED.values())

FOUND: dict[str, tuple[str, rpc.Shape]] = {
    "intake.case": (
        "Case",
        rpc.Case(
            id=ID,
            status="open",
            channel="phone",
            anonymity="named",
            reporter_role="employee",
            relation="manager",
            category="bullying",
            unit_id=None,
            outcome=None,
            route=None,
            opened_week="2026-W30",
            reply_key=None,
            entries=(),
        ),
    ),
    "intake.complaint": (
        "Complaint",
        rpc.Complaint(
            id=ID,
            adviser_id="anna",
            ground="breach_of_confidence",
            status="received",
            readers=("olga",),
            may_tell=False,
            reply_key=b"k" * 32,
            received_week="2026-W30",
            answer_by=None,
            overdue=False,
            history=(),
        ),
    ),
    "intake.peer_consultation": (
        "PeerConsultation",
        rpc.PeerConsultation(
            id=ID,
            adviser_id="anna",
            colleagues=("bram",),
            area="conduct",
            severity_band="lighter",
            half_year="2026-H2",
            expires_on=TODAY,
            said=(),
        ),
    ),
}

A_REPORT = rpc.Report(
    id=ID,
    period="2026-H1",
    status="drafted",
    release=None,
    tables=(),
    interpretation=None,
    drafts=(),
    version=0,
    newest=0,
    changes=None,
    audience=None,
    audiences=(),
    starts=TODAY,
    ends=TODAY,
    cut_off=TODAY,
    published_on=None,
    sections=(),
    sections_sha256=None,
    snapshot_sha256=None,
    forms=(),
    acknowledged=False,
    acknowledgements=(),
)


@pytest_asyncio.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    """A running gateway."""
    async with running_gateway(tmp_path) as lab:
        yield lab


async def told(lab: Lab, role: Role, id_: str) -> bytes:
    answer = await lab.post({"query": NODE, "variables": {"id": id_}}, role=role)
    return answer.content


async def test_each_role_asks_for_what_it_can_ask_by_id_and_for_nothing_else(lab: Lab) -> None:
    """A foreign id, one that was never there, and none at all are told in the same bytes. A role that asks
    for nothing by id has no such question.
    """
    lab.neighbours.answers |= dict.fromkeys(ALL, Refusal(Code.NOT_FOUND))
    for role in set(Role) - {Role.REPORTER}:  # whose bearer token is a code
        lab.neighbours.asked.clear()
        foreign = await told(lab, role, ID)
        asked = {one.verb for one in lab.neighbours.asked}
        if role in ASKED:
            assert b'{"data":{"node":null}}' == foreign
            assert ASKED[role] == asked
        else:
            assert b"INVALID_DOCUMENT" in foreign
            assert not asked
        assert foreign == await told(lab, role, str(uuid4())) == await told(lab, role, "7")


@pytest.mark.parametrize("verb", FOUND)
async def test_a_node_is_found_by_those_who_can_ask_for_it(lab: Lab, verb: str) -> None:
    """Each role, and each kind of thing: found, or told as if it were not there."""
    name, answer = FOUND[verb]
    lab.neighbours.answers |= dict.fromkeys(ALL, Refusal(Code.NOT_FOUND)) | {verb: answer}
    for role, verbs in ASKED.items():
        found: Any = {"__typename": name, "id": ID} if verb in verbs else None
        assert {"node": found} == await lab.ask(NODE, {"id": ID}, role=role)


async def test_a_case_that_is_found_leaves_nothing(lab: Lab) -> None:
    """As by its own question: no span, no count; and no service is asked that would count it."""
    lab.neighbours.answers |= dict.fromkeys(ALL, Refusal(Code.NOT_FOUND))
    lab.neighbours.answers["intake.case"] = FOUND["intake.case"][1]
    before = lab.left()

    assert b'"Case"' in await told(lab, Role.ADVISER, ID)
    assert before == lab.left()
    assert {("intake", None)} == {
        (one.verb.partition(".")[0], one.traceparent) for one in lab.neighbours.asked
    }
    assert COUNTED == LOOK_UPS.keys() - _QUIET_FIELDS


async def test_a_service_that_does_not_answer_is_told(lab: Lab) -> None:
    """Not as if there were nothing, unless another one has it. While the service of cases does not answer,
    nobody else is asked: they would leave a count of what may be a case.
    """
    lab.neighbours.answers |= dict.fromkeys(ALL, Refusal(Code.NOT_FOUND)) | {
        "signals.signal_draft": Refusal(Code.UNAVAILABLE),
        REPORT: A_REPORT,
    }
    assert {"node": {"__typename": "Report", "id": ID}} == await lab.ask(NODE, {"id": ID})
    lab.neighbours.answers["intake.case"] = Refusal(Code.TIMED_OUT)
    lab.neighbours.asked.clear()
    answer = (await lab.post({"query": NODE, "variables": {"id": ID}})).json()
    assert "TIMED_OUT" == answer["errors"][0]["extensions"]["code"]
    assert {"intake"} == {one.verb.partition(".")[0] for one in lab.neighbours.asked}

    lab.neighbours.answers |= dict.fromkeys(ALL, Refusal(Code.NOT_FOUND))
    lab.neighbours.answers[REPORT] = Refusal(Code.UNAVAILABLE)
    answer = (await lab.post({"query": NODE, "variables": {"id": ID}})).json()

    assert {"node": None} == answer["data"]
    assert "UNAVAILABLE" == answer["errors"][0]["extensions"]["code"]


def test_every_look_up_is_somebodys() -> None:
    """No kind of thing is looked up that no role of the table asks for."""
    assert len(LOOK_UPS) == len(ALL)
