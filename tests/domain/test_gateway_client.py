"""The Python client's way with answers, refusals and a failing network."""

import json
from typing import Any

import httpx2
import pytest

import hoeksteen_client.gateway
from hoeksteen_client import GatewayClient, GatewayError, Unreachable

URL = "http://gateway.test/graphql"


class Gateway:
    """The network's other end: answers in turn, and keeps what it was asked."""

    def __init__(self, *answers: httpx2.Response | Exception) -> None:
        self._answers = list(answers)
        self.asked: list[httpx2.Request] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request)
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(request.content) for request in self.asked]


def client(gateway: Gateway) -> GatewayClient:
    """A client whose network is `gateway`."""
    return GatewayClient(URL, "a-token", language="nl", transport=httpx2.MockTransport(gateway))


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries follow at once."""
    monkeypatch.setattr(hoeksteen_client.gateway, "_FIRST_PAUSE_SECONDS", 0.0)


def test_a_question_is_asked_with_token_and_language() -> None:
    """The answer's data comes back as it is."""
    gateway = Gateway(httpx2.Response(200, json={"data": {"session": {"role": "adviser"}}}))

    with client(gateway) as asking:
        data = asking.execute("{ session { role } }", {"a": 1})

    assert {"session": {"role": "adviser"}} == data
    assert [{"query": "{ session { role } }", "variables": {"a": 1}}] == gateway.bodies
    assert gateway.asked[0].headers["Authorization"] == "Bearer a-token"
    assert gateway.asked[0].headers["Accept-Language"] == "nl"


def test_a_command_is_retried_with_the_same_key() -> None:
    """The gateway may have carried out the first attempt: the second must be recognised."""
    gateway = Gateway(
        httpx2.ConnectError("refused"),
        httpx2.ReadTimeout("slow"),
        httpx2.Response(200, json={"data": {"closeCase": {"__typename": "Done"}}}),
    )

    with client(gateway) as asking:
        asking.command("mutation …", {"caseId": "c"})

    keys = [body["variables"]["input"]["idempotencyKey"] for body in gateway.bodies]
    assert len(keys) == 3
    assert len(set(keys)) == 1
    assert gateway.bodies[0] == gateway.bodies[2]


def test_every_command_has_a_fresh_key_unless_one_is_given() -> None:
    """Two commands are two commands; a repeat by hand is the same one."""
    gateway = Gateway(*(httpx2.Response(200, json={"data": {}}) for _ in range(3)))

    with client(gateway) as asking:
        asking.command("m", {})
        asking.command("m", {})
        asking.command("m", {}, idempotency_key="given-key")

    first, second, third = (b["variables"]["input"]["idempotencyKey"] for b in gateway.bodies)
    assert first != second
    assert third == "given-key"


def test_when_nothing_answers_the_key_is_told() -> None:
    """After one attempt and three repeats."""
    gateway = Gateway(*(httpx2.ConnectError("refused") for _ in range(4)))

    with client(gateway) as asking, pytest.raises(Unreachable) as told:
        asking.command("m", {})

    assert len(gateway.asked) == 4
    assert gateway.bodies[0]["variables"]["input"]["idempotencyKey"] == told.value.idempotency_key


@pytest.mark.parametrize(
    ("answer", "sentence", "code"),
    [
        (
            {"errors": [{"message": "Log opnieuw in.", "extensions": {"code": "NOT_SIGNED_IN"}}]},
            "Log opnieuw in.",
            "NOT_SIGNED_IN",
        ),
        (
            {"errors": [{"message": "Cannot query field"}], "data": None},
            "Cannot query field",
            "GRAPHQL_ERROR",
        ),
        (
            {"data": {"closeCase": {"__typename": "Conflict", "code": "X", "message": "Nee."}}},
            "Nee.",
            "X",
        ),
    ],
)
def test_a_refusal_is_raised_with_the_gateway_s_sentence(
    answer: dict[str, Any], sentence: str, code: str
) -> None:
    """Of the request as a whole, and of one command; neither is retried."""
    gateway = Gateway(httpx2.Response(200, json=answer))

    with client(gateway) as asking, pytest.raises(GatewayError) as told:
        asking.execute("m")

    assert (sentence, code) == (str(told.value), told.value.code)
    assert len(gateway.asked) == 1


@pytest.mark.parametrize("content", [b"<html>", b"[]", b"\xff"])
def test_an_answer_that_is_no_graphql_is_told_by_its_status(content: bytes) -> None:
    """A proxy's page is not shown."""
    gateway = Gateway(httpx2.Response(502, content=content))

    with client(gateway) as asking, pytest.raises(GatewayError) as told:
        asking.execute("m")

    assert told.value.code == "HTTP_502"
    assert "html" not in str(told.value)


def test_a_redirect_is_not_followed() -> None:
    """A token goes to the address that was given, and to no other."""
    gateway = Gateway(httpx2.Response(307, headers={"Location": "http://employer.test/"}))

    with client(gateway) as asking, pytest.raises(GatewayError):
        asking.execute("m")

    assert [URL] == [str(request.url) for request in gateway.asked]
