"""GraphQL over HTTP: statuses, media types, sign-in, and everything that a caller may send amiss."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path

import jwt
import pytest
import pytest_asyncio

from services.gateway import http
from services.gateway.access import served_schemas
from services.gateway.execution import Engine
from services.gateway.guesses import Guesses
from services.gateway.http import accepts
from services.gateway.live import Live
from shared.bus.rpc import RpcClient
from shared.contracts.errors import Code, Refusal
from shared.identity.roles import Role
from tests.gateway_lab import ORGANISATION, REPORTER, RESPONSE_JSON, Lab, running_gateway

SESSION = {"query": "{ session { role } }"}


@pytest_asyncio.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    """A running gateway."""
    async with running_gateway(tmp_path) as lab:
        yield lab


async def test_a_question_is_answered(lab: Lab) -> None:
    """A signed-in caller gets data, in the media type of the draft, kept by no cache."""
    answer = await lab.post(SESSION)

    assert 200 == answer.status_code
    assert {"data": {"session": {"role": "adviser"}}} == answer.json()
    assert f"{RESPONSE_JSON}; charset=utf-8" == answer.headers["content-type"]
    assert "no-store" == answer.headers["cache-control"]


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.REPORTER}))
async def test_the_operation_runs_on_the_schema_of_its_role(lab: Lab, role: Role) -> None:
    """Introspection shows a signed-in role its own schema and nothing else."""
    data = await lab.ask('{ __type(name: "Case") { name } session { role } }', role=role)

    assert {"role": role.value} == data["session"]
    assert ({"name": "Case"} if role is Role.ADVISER else None) == data["__type"]


async def test_a_reporter_runs_on_the_schema_of_reporters(lab: Lab) -> None:
    """A code is a sign-in: its session is a reporter's, whose schema has no type for cases."""
    answer = await lab.post(
        {"query": '{ __type(name: "Case") { name } session { role } }'},
        Authorization=f"Bearer {REPORTER}",
    )

    assert {"__type": None, "session": {"role": "reporter"}} == answer.json()["data"]


@pytest.mark.parametrize("role", ["reporter", "director", "Adviser", "", "adviser hr"])
async def test_an_issuer_makes_no_reporters_and_no_roles(lab: Lab, role: str) -> None:
    """A token that is signed as it should be, for a role that no issuer gives, is nobody's."""
    answer = await lab.post(SESSION, Authorization=f"Bearer {signed(lab, role=role)}")

    assert (401, "NOT_SIGNED_IN") == (answer.status_code, code_of(answer.json()))


async def test_a_role_without_a_schema_would_be_refused(lab: Lab) -> None:
    """Were a role ever taken out of the table, its people would be told that they may not."""
    engine = Engine(
        {Role.HR: served_schemas()[Role.HR]},
        RpcClient(await lab.bus.client("gateway")),
        lab.telemetry,
        Guesses(),
        Live(),
    )
    engine.must_serve(Role.HR)

    with pytest.raises(Refusal) as caught:
        engine.must_serve(Role.ADVISER)

    assert Code.NOT_ALLOWED is caught.value.code


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Bearer nonsense", "Basic YTpi", "bearer a.b.c", "Bearer \xff"],
)
async def test_without_a_token_nothing_is_answered(lab: Lab, header: str) -> None:
    """A missing or meaningless token gives 401, the challenge of RFC 6750, and one sentence."""
    answer = await lab.http.post(
        "/graphql", json=SESSION, headers=[(b"Authorization", header.encode("latin-1"))]
    )

    assert (401, "NOT_SIGNED_IN") == (answer.status_code, code_of(answer.json()))
    assert 'Bearer realm="hoeksteen"' == answer.headers["www-authenticate"]


def signed(lab: Lab, **claims: object) -> str:
    """A token with the issuer's signature and whatever claims."""
    now = int(time.time())
    return jwt.encode(
        {
            "iss": lab.signer.issuer,
            "aud": "hoeksteen",
            "sub": "x",
            "iat": now,
            "exp": now + 60,
            "org": str(ORGANISATION),
        }
        | claims,
        lab.signer.key,
        algorithm="EdDSA",
        headers={"typ": "at+jwt", "kid": lab.signer.kid},
    )


async def test_an_expired_token_is_refused(lab: Lab) -> None:
    """A token of yesterday gives 401."""
    answer = await lab.post(SESSION, Authorization=f"Bearer {lab.token(lifetime=-60)}")

    assert (401, "NOT_SIGNED_IN") == (answer.status_code, code_of(answer.json()))


async def test_an_adviser_with_a_second_role_is_refused(lab: Lab) -> None:
    """A token that says adviser and hr gets neither."""
    token = signed(lab, role="adviser", roles=["hr"])

    assert 401 == (await lab.post(SESSION, Authorization=f"Bearer {token}")).status_code


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"])
async def test_only_post_is_served(lab: Lab, method: str) -> None:
    """No other method is served: in a GET, variables would stand in logs of addresses."""
    answer = await lab.http.request(
        method,
        "/graphql?query={session{role}}",
        headers={"Authorization": f"Bearer {lab.token()}"},
    )

    assert (405, "POST") == (answer.status_code, answer.headers["allow"])


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/graphql",
        "application/json; charset=latin-1",
        "application/jsonx",
        "",
    ],
)
async def test_only_json_in_utf8_is_read(lab: Lab, content_type: str) -> None:
    """What a web form could send across origins is not read."""
    answer = await lab.post(SESSION, Content_Type=content_type)

    assert 415 == answer.status_code


async def test_json_with_its_charset_is_read(lab: Lab) -> None:
    """The parameter that many clients send is taken."""
    answer = await lab.post(SESSION, Content_Type='application/json; charset="UTF-8"')

    assert 200 == answer.status_code


BODIES = {
    "nothing": b"",
    "no json": b"{",
    "a list (a batch)": b'[{"query": "{ session { role } }"}]',
    "a text": b'"query"',
    "null": b"null",
    "no query": b"{}",
    "query is a number": b'{"query": 7}',
    "query is null": b'{"query": null}',
    "operationName is a list": b'{"query": "{ a }", "operationName": []}',
    "variables is a text": b'{"query": "{ a }", "variables": "x"}',
    "variables is a list": b'{"query": "{ a }", "variables": []}',
    "extensions is a text": b'{"query": "{ a }", "extensions": "x"}',
    "no utf-8": b'{"query": "\xff"}',
    "a surrogate": b'{"query": "\xed\xa0\x80"}',
    "half an escaped pair": b'{"query": "\\ud800"}',
    "endless nesting": b'{"query": "{ a }", "variables": {"a": ' + b"[" * 200_000,
    "a number too large": b'{"query": "{ a }", "variables": {"a": 1e999}}',
    "not a number": b'{"query": "{ a }", "variables": {"a": NaN}}',
    "utf-16": '{"query": "{ a }"}'.encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf{}",
    "zeros": b"\x00" * 100,
}


@pytest.mark.parametrize("name", BODIES)
async def test_a_malformed_body_is_a_bad_request(lab: Lab, name: str) -> None:
    """Whatever stands in the body, the answer is 400 with one sentence, never 500."""
    answer = await lab.post(BODIES[name])

    assert (400, "MALFORMED_REQUEST") == (answer.status_code, code_of(answer.json()))
    assert "operation.failed" not in lab.lines.getvalue()


VARIABLES = {
    "nested deep": b'{"a": ' + b'{"a":' * 400 + b"1" + b"}" * 401,
    "a list in a list": b'{"id": [["x"]]}',
    "an object": b'{"id": {"x": "Anna"}}',
    "a float": b'{"id": 1.5}',
    "missing": b"{}",
    "null": b'{"id": null}',
    "true": b'{"id": true}',
}


@pytest.mark.parametrize("name", VARIABLES)
async def test_variables_that_do_not_fit_are_a_bad_request(lab: Lab, name: str) -> None:
    """They give 400 and never come back in the answer."""
    query = b'{"query": "query($id: ID!) { case(id: $id) { id } }", "variables": '
    answer = await lab.post(query + VARIABLES[name] + b"}")

    assert 400 == answer.status_code
    assert code_of(answer.json()) in ("INVALID_VARIABLES", "MALFORMED_REQUEST", "TOO_COMPLEX")
    assert "data" not in answer.json()
    assert "Anna" not in answer.text


async def test_the_answer_tells_where_variables_do_not_fit(lab: Lab) -> None:
    """The path leads to the field; its value and an unknown name are not repeated."""
    query = "mutation($input: OpenCaseInput!) { openCase(input: $input) { __typename } }"
    answer = await lab.post(
        {
            "query": query,
            "variables": {"input": {"words": [{"keyId": "a", "ciphertext": "Anna!"}], "Bob": 1}},
        }
    )
    text = answer.text

    assert ["input", "words", 0, "ciphertext"] in [
        error["extensions"].get("variable") for error in answer.json()["errors"]
    ]
    assert "Anna" not in text
    assert "Bob" not in text


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("query A { session { role } } query B { session { role } }", None),
        ("query A { session { role } } query B { session { role } }", "C"),
        ("query A { session { role } }", ""),
        ("query A { session { role } }", "B"),
    ],
)
async def test_an_operation_must_be_named_where_there_are_several(
    lab: Lab, query: str, name: str | None
) -> None:
    """A document from which nothing is chosen is a bad request."""
    answer = await lab.post({"query": query, "operationName": name})

    assert (400, "INVALID_VARIABLES") == (answer.status_code, code_of(answer.json()))


async def test_the_named_operation_runs(lab: Lab) -> None:
    """Of several operations the one that is named runs."""
    answer = await lab.post(
        {
            "query": "query A { session { role } } query B { s: session { role } }",
            "operationName": "B",
        }
    )

    assert {"data": {"s": {"role": "adviser"}}} == answer.json()


async def test_a_body_that_is_too_large_is_refused(lab: Lab) -> None:
    """One byte above the limit is refused, announced or not; the limit itself is taken."""
    body = b'{"query": "{ session { role } }"}'
    exact = body + b" " * (http.LARGEST_BODY - len(body))

    async def chunks() -> AsyncIterator[bytes]:
        yield exact
        yield b" "

    assert 200 == (await lab.post(exact)).status_code
    assert 413 == (await lab.post(exact + b" ")).status_code
    unannounced = await lab.http.post(
        "/graphql",
        content=chunks(),
        headers={"Authorization": f"Bearer {lab.token()}", "Content-Type": "application/json"},
    )
    assert (413, "TOO_LARGE") == (unannounced.status_code, code_of(unannounced.json()))


@pytest.mark.parametrize(
    "start", ["", "-1", "x", "٣", "2147483648", "0" * 11 + "9" * 30, "0" * 5000]
)
async def test_a_chunk_that_cannot_be_is_refused(lab: Lab, start: str) -> None:
    """A number of the wrong form, or larger than any, is told so, and asks nobody anything."""
    answer = await lab.http.get(
        f"/attachments/{ORGANISATION}",
        params={"from": start},
        headers={"Authorization": f"Bearer {lab.token()}"},
    )
    assert (400, "INVALID_INPUT") == (answer.status_code, code_of(answer.json()))
    assert [] == lab.neighbours.asked


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "INVALID_DOCUMENT"),
        ("{ nothing }", "INVALID_DOCUMENT"),
        ("subscription { session { role } }", "INVALID_DOCUMENT"),
        ("{" + " ".join(f"a{n}: session {{ role }}" for n in range(40)) + "}", "TOO_COMPLEX"),
    ],
)
async def test_a_document_that_cannot_run_has_no_data(lab: Lab, query: str, code: str) -> None:
    """It is 400 in the new media type, 200 in the old one, and without a data member in both."""
    new = await lab.post({"query": query})
    old = await lab.post({"query": query}, Accept="application/json")

    assert (400, 200) == (new.status_code, old.status_code)
    assert new.json() == old.json()
    assert code == code_of(new.json())
    assert "data" not in new.json()
    assert "application/json; charset=utf-8" == old.headers["content-type"]


@pytest.mark.parametrize(
    ("header", "chosen"),
    [
        (None, "application/json"),
        ("", "application/json"),
        ("*/*", "application/json"),
        ("application/*", "application/json"),
        ("application/json", "application/json"),
        (RESPONSE_JSON, RESPONSE_JSON),
        (f"{RESPONSE_JSON}, application/json;q=0.9", RESPONSE_JSON),
        (f"{RESPONSE_JSON};q=0.5, application/json", "application/json"),
        (f"*/*, {RESPONSE_JSON}", RESPONSE_JSON),
        (f"{RESPONSE_JSON};charset=utf-8", RESPONSE_JSON),
        ("APPLICATION/JSON", "application/json"),
        ("text/html", None),
        ("application/json;q=0", None),
        (f"{RESPONSE_JSON};charset=latin-1", None),
        ("application/json;q=much", None),
        (";;;,,,", None),
    ],
)
async def test_the_media_type_is_negotiated(header: str | None, chosen: str | None) -> None:
    """The caller's weights decide; a named type goes before a wildcard; nothing fitting is None."""
    assert chosen == accepts(header)


async def test_an_answer_nobody_takes_is_not_acceptable(lab: Lab) -> None:
    """A caller that takes HTML only is told so."""
    assert 406 == (await lab.post(SESSION, Accept="text/html")).status_code


@pytest.mark.parametrize(
    ("header", "start"),
    [("nl", "U bent niet"), ("nl-BE, en;q=0.5", "U bent niet"), ("en", "You are"), ("fr", "You")],
)
async def test_sentences_are_in_the_callers_language(lab: Lab, header: str, start: str) -> None:
    """Accept-Language chooses between Dutch and English."""
    answer = await lab.http.post("/graphql", json=SESSION, headers={"Accept-Language": header})

    assert answer.json()["errors"][0]["message"].startswith(start)


async def test_what_is_not_there_is_said_in_one_form(lab: Lab) -> None:
    """Other addresses give the same kind of answer, without the server's own page."""
    answer = await lab.http.get("/nothing/here")

    assert (404, "NOT_FOUND") == (answer.status_code, code_of(answer.json()))


def code_of(body: dict[str, list[dict[str, dict[str, str]]]]) -> str:
    """The code of the first error."""
    return body["errors"][0]["extensions"]["code"]
