"""Who asks too much of the gateway is told to wait, by status, header, sentence and code; nobody else is."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from pathlib import Path
from typing import Any
from uuid import uuid4

from services.gateway.documents import DocumentRules
from services.gateway.guesses import Guesses
from services.gateway.rates import RateLimits, Rates
from shared.contracts import rpc
from shared.contracts.errors import Code, Refusal
from shared.identity.roles import Role
from tests.gateway_lab import ORGANISATION, REPORTER, Lab, running_gateway
from tests.gateway_lab import PADDED as WORDS

SESSION = {"query": "{ session { role } }"}
DOOR = f"Bearer reporter.{ORGANISATION}"
EXCHANGE = {
    "query": "mutation ($input: OpenReporterSessionInput!) "
    "{ openReporterSession(input: $input) { ... on OpenReporterSessionPayload { token seconds } } }",
    "variables": {"input": {"lookupKey": b64encode(bytes(32)).decode()}},
}


def code_of(body: dict[str, Any]) -> str:
    """Of the one error of an answer."""
    (error,) = body["errors"]
    return str(error["extensions"]["code"])


async def test_who_asks_too_much_waits(tmp_path: Path) -> None:
    """By what it costs, over all ways in; another person, and another role, is answered. In both languages,
    and for both media types; staff are counted as any answer is, and nothing says who it was.
    """
    rates = Rates(RateLimits(person=24, role=0), clock=lambda: 0.0)
    async with running_gateway(tmp_path, rates=rates) as lab:
        assert [200, 200, 429] == [(await lab.post(SESSION)).status_code for _ in range(3)]
        held = await lab.post(SESSION, Accept="application/json", Accept_Language="nl")
        assert (429, "TOO_MANY_REQUESTS") == (held.status_code, code_of(held.json()))
        assert "data" not in held.json()
        seconds = int(held.headers["Retry-After"])
        assert seconds == held.json()["errors"][0]["extensions"]["retryAfter"] > 0
        assert f"Wacht {seconds} seconden" in held.json()["errors"][0]["message"]
        mine = {"Authorization": f"Bearer {lab.token()}"}
        file = await lab.http.get(f"/attachments/{uuid4()}", headers=mine)
        assert (429, "TOO_MANY_REQUESTS") == (file.status_code, code_of(file.json()))
        assert int(file.headers["Retry-After"]) > seconds
        other = f"Bearer {lab.token(sub='another')}"
        assert 200 == (await lab.post(SESSION, Authorization=other)).status_code
        assert 200 == (await lab.post(SESSION, role=Role.HR)).status_code
        assert 'http_status="429"' in lab.left()
        assert "person" not in lab.left().replace("personal", "")


async def test_what_cannot_run_is_charged_for_the_work_that_it_was(tmp_path: Path) -> None:
    """Else unknown documents without end would be parsed and validated for nothing. Who may send trusted ones
    alone is charged next to nothing for another one, which nobody looks through.
    """
    rates = Rates(RateLimits(person=1_200, role=0), clock=lambda: 0.0)
    rules = DocumentRules(free=frozenset({Role.AUDITOR}))
    async with running_gateway(tmp_path, rates=rates, rules=rules) as lab:
        for role, told in ((Role.AUDITOR, [400, 400, 429]), (Role.HR, [400] * 3)):
            documents = [{"query": f"{{ nothing{n} }}"} for n in range(3)]
            answers = [await lab.post(one, role=role) for one in documents]
            assert told == [one.status_code for one in answers]


async def test_a_made_up_session_is_told_slowly_beside_graphql_too(tmp_path: Path) -> None:
    """At the address of attachments as anywhere; whoever signed in is told at once."""
    held: list[float] = []

    async def hold(seconds: float) -> None:
        held.append(seconds)

    async with running_gateway(tmp_path, guesses=Guesses(sleep=hold)) as lab:
        lab.neighbours.answers["intake.chunk"] = Refusal(Code.NOT_SIGNED_IN)
        for token, times in ((lab.token(), 0), (REPORTER, 1)):
            headers = {"Authorization": f"Bearer {token}"}
            file = await lab.http.get(f"/attachments/{uuid4()}", headers=headers)
            assert (401, times) == (file.status_code, len(held))


async def exchanged(lab: Lab) -> dict[str, Any]:
    """What a reporter at the door is told."""
    body: dict[str, Any] = (await lab.post(EXCHANGE, Authorization=DOOR)).json()
    return body


async def test_what_strangers_bring_is_limited_and_leaves_nothing(tmp_path: Path) -> None:
    """Sessions by the minute, cases by the day and organisation. When it is too much the service is not even
    asked, and not a byte is left of it; an adviser opens cases as before. What is refused does not count, nor
    what is sent again.
    """
    rates = Rates(RateLimits(person=0, role=0, sessions=2, openings=4), clock=lambda: 0.0)
    opening = {
        "caseId": str(uuid4()),
        "channel": "form",
        "anonymity": "anonymous",
        "reporterRole": "employee",
        "relation": "manager",
        "category": "bullying",
        "words": [{"keyId": "k1", "ciphertext": b64encode(WORDS).decode()}],
    }
    document = "mutation ($input: OpenCaseInput!) { openCase(input: $input) { __typename } }"

    def case(key: str) -> dict[str, Any]:
        return {"query": document, "variables": {"input": opening | {"idempotencyKey": key}}}

    held, let_go = asyncio.Event(), asyncio.Event()

    async def hold(_: float) -> None:
        held.set()
        await let_go.wait()

    async with running_gateway(tmp_path, rates=rates, guesses=Guesses(sleep=hold)) as lab:
        lab.neighbours.answers |= {
            "intake.open_reporter_session": rpc.ReporterSession(token=REPORTER, seconds=900),
            "intake.open_case": rpc.Done(id=str(uuid4()), position=1),
        }
        before = lab.left()
        told = [await exchanged(lab) for _ in range(3)]
        assert [REPORTER] * 2 == [one["data"]["openReporterSession"]["token"] for one in told[:2]]
        assert "TOO_MANY_REQUESTS" == code_of(told[2])
        reporter = f"Bearer {REPORTER}"
        taken = lab.neighbours.answers["intake.open_case"]
        # A session that intake never opened: its answer is held back, and nothing of the limit with it.
        lab.neighbours.answers["intake.open_case"] = Refusal(Code.NOT_SIGNED_IN)
        made_up = asyncio.create_task(lab.post(case("no-12345678"), Authorization=reporter))
        await held.wait()
        for wrong in ({"caseId": "none"}, {}):
            lab.neighbours.answers["intake.open_case"] = Refusal(Code.ADVISER_AVOIDED)
            asking = case("bad-12345678")
            asking["variables"]["input"] |= wrong
            filled_in = (await lab.post(asking, Authorization=reporter)).json()["data"]["openCase"]
            assert ("InvalidInput" if wrong else "Conflict") == filled_in["__typename"]
        lab.neighbours.answers["intake.open_case"] = taken
        opened = await lab.post(case("one-12345678"), Authorization=reporter)
        assert not made_up.done()
        let_go.set()
        assert "NOT_SIGNED_IN" == code_of((await made_up).json())
        assert "OpenCasePayload" == opened.json()["data"]["openCase"]["__typename"]
        refused = await lab.post(case("two-12345678"), Authorization=reporter)
        assert "TOO_MANY_REQUESTS" == code_of(refused.json())
        assert int(refused.headers["Retry-After"]) > 3600
        assert before == lab.left()
        assert 5 == len(lab.neighbours.asked)
        again = await lab.post(case("one-12345678"), Authorization=reporter)
        assert "OpenCasePayload" == again.json()["data"]["openCase"]["__typename"]
        assert "openCase" in (await lab.post(case("three-123456"))).json()["data"]
