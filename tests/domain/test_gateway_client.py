"""The Python client's way with answers, refusals and a failing network."""

import json
from base64 import b64encode
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx2
import pytest

import hoeksteen_client.gateway
from hoeksteen_client import (
    GatewayClient,
    GatewayError,
    ReporterCode,
    Unreachable,
    as_reporter,
)

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


# Files ------------------------------------------------------------------------------------------

CASE, FILE = uuid4(), uuid4()
CHUNKS = [bytes([number]) * (64 * 1024 + 16) for number in range(20)]


class Breaks(httpx2.SyncByteStream):
    """A body that breaks off after some bytes, as a network does."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def __iter__(self) -> Iterator[bytes]:
        yield self._data
        raise httpx2.ReadError("cut")


def test_chunks_go_a_mebibyte_at_a_time_and_again_after_a_failure() -> None:
    """Case, file and number stand before them; what was cut off is sent again as it was."""
    gateway = Gateway(httpx2.Response(204), httpx2.ReadError("cut"), httpx2.Response(204))

    with client(gateway) as sending:
        count = sending.send_chunks(CHUNKS, case=CASE, attachment=str(FILE))

    assert 20 == count
    place = CASE.bytes + FILE.bytes
    first = place + bytes(4) + b"".join(CHUNKS[:16])
    rest = place + b"\0\0\0\x10" + b"".join(CHUNKS[16:])
    assert [first, rest, rest] == [request.content for request in gateway.asked]
    assert {"http://gateway.test/attachments"} == {str(request.url) for request in gateway.asked}


def test_a_refused_chunk_ends_the_sending() -> None:
    """With the gateway's own sentence, or its status where it gave none."""
    told = {"errors": [{"message": "Te groot.", "extensions": {"code": "TOO_LARGE"}}]}
    for answer, code in (
        (httpx2.Response(413, json=told), "TOO_LARGE"),
        (httpx2.Response(502, text="<html>"), "HTTP_502"),
    ):
        with client(Gateway(answer)) as sending, pytest.raises(GatewayError) as refused:
            sending.send_chunks(CHUNKS, case=CASE, attachment=FILE)
        assert code == refused.value.code


def test_chunks_come_back_and_go_on_where_they_broke_off() -> None:
    """The chunk that was cut is asked for again, and none comes twice."""
    body = b"".join(CHUNKS[:3])
    gateway = Gateway(
        httpx2.Response(200, stream=Breaks(body[:-7])),
        httpx2.ConnectError("down"),
        httpx2.Response(200, content=CHUNKS[2]),
    )

    with client(gateway) as fetching:
        chunks = list(fetching.fetch_chunks(FILE))

    assert CHUNKS[:3] == chunks
    assert [f"/attachments/{FILE}?from={number}" for number in (0, 2, 2)] == [
        request.url.raw_path.decode() for request in gateway.asked
    ]


def test_a_file_that_is_not_there_or_cannot_be_reached_says_so() -> None:
    """A refusal is the gateway's; after four failures in a row nobody asks on."""
    told = {"errors": [{"message": "Niet gevonden.", "extensions": {"code": "NOT_FOUND"}}]}
    gone = Gateway(httpx2.Response(404, json=told))
    with client(gone) as fetching, pytest.raises(GatewayError, match="Niet gevonden"):
        list(fetching.fetch_chunks(FILE))
    down = Gateway(*[httpx2.ConnectError("down")] * 4)
    with client(down) as fetching, pytest.raises(Unreachable):
        list(fetching.fetch_chunks(FILE))


def test_a_reporter_opens_a_session_when_it_is_needed_and_again_when_it_ended() -> None:
    """The lookup key goes over the line in the exchange alone; what was refused is asked once more, once."""

    def refused() -> httpx2.Response:
        error = {"message": "Sign in again.", "extensions": {"code": "NOT_SIGNED_IN"}}
        return httpx2.Response(401, json={"errors": [error]})

    def session(token: str) -> httpx2.Response:
        opened = {"openReporterSession": {"token": token, "seconds": 900}}
        return httpx2.Response(200, json={"data": opened})

    data = httpx2.Response(200, json={"data": {"myCase": None}})
    answers = (refused(), session("one"), data, refused(), session("two"), httpx2.Response(204))
    gateway = Gateway(*answers, refused(), session("three"), refused())
    organisation, code = uuid4(), ReporterCode.generate()
    network = httpx2.MockTransport(gateway)
    with as_reporter(URL, organisation, code, transport=network) as asking:
        assert {"myCase": None} == asking.execute("{ myCase { id } }")
        asking.send_chunks([b"chunk"], case=uuid4(), attachment=uuid4())
        with pytest.raises(GatewayError, match="Sign in again"):
            asking.execute("{ myCase { id } }")

    at_door = f"reporter.{organisation}"
    assert [
        *(at_door, at_door, "one", "one", at_door, "two", "two", at_door, "three"),
    ] == [one.headers["Authorization"].removeprefix("Bearer ") for one in gateway.asked]
    key = b64encode(code.lookup_key)
    assert [1, 4, 7] == [n for n, one in enumerate(gateway.asked) if key in one.content]
