"""What an operation leaves behind: of a reporter nothing at all, of anybody nothing they sent."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest
import pytest_asyncio

from hoeksteen_client.pulse import PulseToken
from hoeksteen_client.reporter import ReporterCode
from shared.contracts import rpc
from shared.contracts.errors import Code, Refusal
from shared.identity.roles import Role
from tests.gateway_lab import ORGANISATION, PADDED, REPORTER, Lab, running_gateway

CODE = ReporterCode(bytes(range(16)))
TOKEN = REPORTER
MINE = "{ myCase { id status messages { sender week } } }"
OPEN = "mutation ($input: OpenCaseInput!) { openCase(input: $input) { __typename } }"
SECRET = "Anna de Vries was shouted at"
ADDRESS = "203.0.113.77"


@pytest_asyncio.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    """A running gateway."""
    async with running_gateway(tmp_path) as lab:
        yield lab


def opening(**changes: Any) -> dict[str, Any]:
    """What opens a case."""
    return {
        "idempotencyKey": "key-12345678",
        "caseId": str(CODE.case_id),
        "channel": "form",
        "anonymity": "anonymous",
        "reporterRole": "employee",
        "relation": "manager",
        "category": "bullying",
        "words": [{"keyId": "k1", "ciphertext": b64encode(PADDED).decode()}],
    } | changes


async def ask(lab: Lab, query: str, token: str = TOKEN, **variables: Any) -> dict[str, Any]:
    """What the gateway says, to a reporter unless another token is given."""
    answer = await lab.post(
        {"query": query, "variables": variables}, Authorization=f"Bearer {token}"
    )
    told: dict[str, Any] = answer.json()
    return told


# Of a reporter, nothing -------------------------------------------------------------------------


async def test_staff_are_seen_where_reporters_are_not(lab: Lab) -> None:
    """The places that the next tests find unchanged do change with a question of staff."""
    before = lab.left()
    await lab.ask("{ session { role } }", role=Role.HR)
    left = lab.left()

    assert before != left
    assert '"graphql.operation"' in left
    assert 'operation_duration_seconds_count{operation_type="query",role="hr"' in left
    assert "http_requests_total{" in left


@pytest.mark.parametrize(
    ("query", "variables", "verb"),
    [
        (MINE, {}, "intake.my_case"),
        ("{ organisation { name } }", {}, "intake.organisation"),
        (OPEN, {"input": opening()}, "intake.open_case"),
    ],
)
async def test_a_reporters_operation_leaves_nothing(
    lab: Lab, query: str, variables: dict[str, Any], verb: str
) -> None:
    """No span, no measurement, no count, no log line: not one byte; and no trace on the bus."""
    lab.neighbours.answers |= {
        "intake.my_case": rpc.MyCase(
            id=str(CODE.case_id),
            status="open",
            adviser_id="anna",
            messages=(),
            in_log_since=None,
        ),
        "intake.organisation": Refusal(Code.NOT_FOUND),
        "intake.open_case": rpc.Done(id=str(CODE.case_id), position=4),
    }
    before = lab.left()
    told = await ask(lab, query, **variables)
    (asked,) = lab.neighbours.asked

    assert "errors" not in told
    assert (verb, TOKEN, None) == (asked.verb, asked.token, asked.traceparent)
    assert before == lab.left()


ANSWER = "mutation ($input: AnswerPulseInput!) { answerPulse(input: $input) { __typename } }"


@pytest.mark.parametrize(
    ("query", "variables", "verb"),
    [
        ("{ pulses { period } }", {}, "signals.pulses"),
        ("{ organisation { name } }", {}, "intake.organisation"),
        (
            ANSWER,
            {"input": {"idempotencyKey": "key-12345678", "answers": [1, 5]}},
            "signals.answer_pulse",
        ),
        (ANSWER, {"input": {"idempotencyKey": "key-12345678", "answers": ["x"]}}, None),
        ("{ statistics { id } }", {}, None),
    ],
)
async def test_who_answers_a_pulse_leaves_nothing(
    lab: Lab, query: str, variables: dict[str, Any], verb: str | None
) -> None:
    """An employee without a name is as quiet as a reporter, also where they are refused."""
    token = PulseToken(bytes(range(32))).bearer(ORGANISATION)
    lab.neighbours.answers |= {
        "signals.pulses": rpc.Pulses(items=()),
        "intake.organisation": Refusal(Code.NOT_FOUND),
        "signals.answer_pulse": Refusal(Code.PULSE_ANSWERED),
    }
    before = lab.left()
    await ask(lab, query, token, **variables)

    expected = [] if verb is None else [(verb, token, None)]
    assert expected == [(one.verb, one.token, one.traceparent) for one in lab.neighbours.asked]
    assert before == lab.left()


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "INVALID_DOCUMENT"),
        ("{ cases { edges { cursor } } }", "INVALID_DOCUMENT"),
        ("query ($id: ID!) { myCase { id } }", "INVALID_DOCUMENT"),
        ("query ($v: Int!) { taxonomy(version: $v) { version } }", "INVALID_VARIABLES"),
        ("{ taxonomy(version: 99) { version } }", "UNKNOWN_TAXONOMY_VERSION"),
        (MINE, "UNAVAILABLE"),
    ],
)
async def test_a_reporters_refusal_leaves_nothing(lab: Lab, query: str, code: str) -> None:
    """Neither does what is refused: a bad document, bad variables, a part that is not there."""
    lab.neighbours.answers["intake.my_case"] = Refusal(Code.UNAVAILABLE)
    before = lab.left()
    told = await ask(lab, query)

    assert code == told["errors"][0]["extensions"]["code"]
    assert before == lab.left()


@pytest.mark.parametrize(
    "authorization",
    [
        "Bearer reporter.",
        f"Bearer {TOKEN[:-1]}",
        f"bearer   {TOKEN} ",
        f"Bearer {TOKEN}x",
        f"Bearer reporter.{ORGANISATION}.{2**32}.{'!' * 70}",
    ],
)
async def test_a_code_that_is_amiss_leaves_nothing(lab: Lab, authorization: str) -> None:
    """A mistyped code is a reporter's too: refused or not, it is neither counted nor logged."""
    before = lab.left()
    answer = await lab.post({"query": "{ session { role } }"}, Authorization=authorization)

    assert (200 if TOKEN in authorization.split() else 401) == answer.status_code
    assert before == lab.left()


async def test_a_reporter_at_another_address_leaves_nothing(lab: Lab) -> None:
    """A code that is sent with a report, a method or a page leaves no more than with a question."""
    before = lab.left()
    mine = {"Authorization": f"Bearer {TOKEN}"}
    statuses = [
        (await lab.http.request(method, path, headers=mine)).status_code
        for method, path in [
            ("GET", f"/reports/{CODE.case_id}.pdf"),
            ("GET", "/graphql"),
            ("GET", f"/{CODE.case_id}"),
        ]
    ]

    assert [404, 405, 404] == statuses
    assert before == lab.left()


def raising(*_: object, **__: object) -> Any:
    """A fault of ours, whose text holds what somebody wrote."""
    raise RuntimeError(f"{SECRET} {CODE.case_id}")


async def test_a_fault_of_ours_leaves_nothing_of_a_reporter(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line of our code would say whose operation failed, and the log when: there is none."""
    monkeypatch.setattr("services.gateway.schema.my_case.MyCase.of", raising)
    lab.neighbours.answers["intake.my_case"] = rpc.MyCase(
        id=str(CODE.case_id),
        status="open",
        adviser_id="anna",
        messages=(),
        in_log_since=None,
    )
    before = lab.left()
    told = await ask(lab, MINE)

    assert "INTERNAL" == told["errors"][0]["extensions"]["code"]
    assert SECRET not in str(told)
    assert before == lab.left()


@pytest.mark.parametrize(
    "where", ["services.gateway.http._decode", "services.gateway.http.accepts"]
)
async def test_a_fault_outside_of_operations_leaves_nothing_of_a_reporter(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """Where the request itself breaks on us they are answered, and the server hears of nothing."""
    monkeypatch.setattr(where, raising)
    before = lab.left()
    async with lab.listening() as address, httpx2.AsyncClient(base_url=address) as http:
        answer = await http.post(
            "/graphql",
            json={"query": MINE},
            headers={"Authorization": f"Bearer {TOKEN}"},
        )

    assert (500, "INTERNAL") == (
        answer.status_code,
        answer.json()["errors"][0]["extensions"]["code"],
    )
    assert SECRET not in answer.text
    assert before == lab.left()


# Of anybody, nothing that they sent -------------------------------------------------------------

PLANTED_CASE = "5b0c1e9a-7a39-4b6e-9c55-3f1f1f3a2d10"
QUERY = """
query PlantedOperation($planted_variable: ID!) {
  planted_alias: case(id: $planted_variable) { planted_field: id }
} # planted comment
"""
INVALID = 'query PlantedOperation { planted_unknown(planted_argument: "planted text") }'
CHANGE = """
mutation PlantedOperation($input: OpenCaseInput!) { planted_alias: openCase(input: $input) { __typename } }
"""


def measured(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> str:
    """The metrics as they are before they become text, with whatever exemplars they have."""
    collected: list[str] = []
    (reader,) = lab.telemetry._meters._metric_readers
    with monkeypatch.context() as patched:
        patched.setattr(
            reader, "_receive_metrics", lambda data, *_, **__: collected.append(data.to_json())
        )
        reader.collect()
    return "".join(collected)


@pytest.mark.parametrize("fault", ["in the service", "in a resolver", "in the request"])
async def test_nothing_that_was_planted_is_found(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    """Address, token, query, variables, case id and exception text: in no span, metric, exemplar or
    log line, whoever asks and whatever breaks.
    """
    staff = lab.token(sub="planted.subject")

    def neighbour(_: Any) -> Any:
        raise RuntimeError(f"{SECRET} {PLANTED_CASE}")

    lab.neighbours.answers |= {"intake.case": neighbour, "intake.open_case": neighbour}
    lab.neighbours.answers["reporting.report"] = neighbour
    lab.neighbours.answers["intake.my_case"] = neighbour
    if fault == "in a resolver":
        for place in (
            "cases.whole_or_none",
            "my_case.whole_or_none",
            "cases.command",
            "reports.ask_or_none",
        ):
            monkeypatch.setattr(f"services.gateway.schema.{place}", raising)
    if fault == "in the request":
        monkeypatch.setattr("services.gateway.http._decode", raising)
    statuses = []
    async with lab.listening() as address, httpx2.AsyncClient(base_url=address) as http:
        for token in (staff, TOKEN, "planted.token.x"):
            for query, variables in [
                (QUERY, {"planted_variable": PLANTED_CASE}),
                (QUERY.replace("case(", "report("), {"planted_variable": PLANTED_CASE}),
                (MINE, {}),
                (CHANGE, {"input": opening(caseId=PLANTED_CASE, unitId="planted-unit")}),
                (CHANGE, {"input": {"planted": SECRET}}),
                (INVALID, {}),
            ]:
                answer = await http.post(
                    f"/graphql?planted={PLANTED_CASE}",
                    json={
                        "query": query,
                        "variables": variables,
                        "operationName": "PlantedOperation" if "Planted" in query else None,
                        "extensions": {"planted": SECRET},
                    },
                    headers={
                        "Authorization": f"Bearer {token}",
                        "X-Forwarded-For": ADDRESS,
                        "X-Real-IP": ADDRESS,
                        "Forwarded": f"for={ADDRESS}",
                        "User-Agent": "planted-agent",
                        "Referer": f"https://planted.example/{PLANTED_CASE}",
                        "Cookie": "planted=cookie",
                        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                        "baggage": "who=planted",
                    },
                )
                statuses.append(answer.status_code)
                assert SECRET not in answer.text
        pdf = f"/reports/{PLANTED_CASE}.pdf?planted"
        await http.get(pdf, headers={"Authorization": f"Bearer {staff}"})
        await http.get(f"/planted/{PLANTED_CASE}")
    metrics = measured(lab, monkeypatch)
    left = lab.left() + metrics

    broken = {"in the service": 200, "in a resolver": 200, "in the request": 500}[fault]
    assert {broken, 401} <= set(statuses)
    assert "operation.failed" in left or "library.spoke" in left
    assert '"graphql.operation"' in left or fault == "in the request"
    assert {"[]"} == set(re.findall(r'"exemplars": (\[[^]]*\])', metrics))
    for planted in (
        ADDRESS,
        "127.0.0.1",
        "planted",
        "Planted",
        "myCase",
        "my_case",
        "reporter",
        SECRET,
        "Anna",
        PLANTED_CASE,
        PLANTED_CASE.replace("-", ""),
        str(CODE.case_id),
        str(ORGANISATION),
        staff,
        staff.rpartition(".")[2],
        TOKEN,
        TOKEN.rpartition(".")[2],
        b64encode(PLANTED_CASE.encode()).decode(),
        "0af7651916cd43dd8448eb211c80319c",
        "bullying",
    ):
        assert planted not in left, planted


def test_what_is_planted_would_be_found() -> None:
    """The code and the case id that the tests look for are what is sent."""
    assert TOKEN.startswith(f"reporter.{ORGANISATION}.")
    assert str(CODE.case_id).encode() in msgspec.json.encode(opening())
