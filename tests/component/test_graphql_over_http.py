"""What the draft of GraphQL over HTTP (September 2025) demands of a server, row by row, at a gateway that
takes queries by GET too. `make conformance` asks the same of `graphql-http`'s audits.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from tests.gateway_lab import RESPONSE_JSON, Lab, running_gateway

JSON = "application/json"
UNKNOWN = "application/x-nobody-knows"
HELLO = "{ session { role } }"
TWO = "query One { session { role } } query Two { session { role } }"
NAMED = "query Name($language: Language!) { taxonomy(language: $language) { version } }"
CHANGE = "mutation { __typename }"

Told = Literal["data", "errors", "status"]


@dataclass(frozen=True)
class Row:
    """A request, and what has to come back."""

    section: str
    """What it is about: a method, a header, a media type of answers."""
    what: str
    status: int
    told: Told = "data"
    """Data without errors; errors without data; or the status alone."""
    method: str = "POST"
    body: Any = None
    """JSON, or bytes as they are."""
    address: dict[str, str] = field(default_factory=dict)
    accept: str | None = RESPONSE_JSON
    content_type: str | None = JSON
    media_type: str = RESPONSE_JSON


def asked(**members: Any) -> dict[str, Any]:
    return {"query": HELLO} | members


NO_MEMBERS: dict[str, tuple[Any, ...]] = {
    "query": (0, False, [HELLO], {}),
    "operationName": (0, False, ["One"], {}),
    "variables": (0, False, "{}", []),
    "extensions": (0, False, "{}", []),
}
REFUSED_BODIES: dict[str, Any] = {
    "no member query": {"operationName": None},
    "a query that is null": {"query": None},
    **{
        f"{member} that is {json.dumps(one)}": asked(**{member: one})
        for member, values in NO_MEMBERS.items()
        for one in values
    },
    "a list": [asked()],
    "a number": 1,
    "null": b"null",
    "nothing": b"",
    "half of it": b'{"query": "{ session',
    "what is no UTF-8": b'{"query": "{ session { role } } # \xff"}',
}
NOT_RUN: dict[str, Any] = {
    "a document that does not parse": {"query": "{"},
    "a document that does not fit the schema": {"query": "{ nothing }"},
    "an operation that is not there": {"query": TWO, "operationName": "Three"},
    "several operations, and none named": {"query": TWO},
    "a variable that is missing": {"query": NAMED},
    "a variable of another type": {"query": NAMED, "variables": {"language": 1}},
    "no operation": {"query": "fragment F on Query { session { role } }"},
}
TAKEN: dict[str, Any] = {
    "a query alone": asked(),
    "null for what is optional": asked(operationName=None, variables=None, extensions=None),
    "what is named": {"query": TWO, "operationName": "Two"},
    "variables": {"query": NAMED, "variables": {"language": "NL"}},
    "extensions": asked(extensions={"a": 1}),
    "a member that nobody knows": asked(more=1),
    "letters beyond ASCII": asked(query=f"{HELLO} # Ünïcode ☂"),
}
ROWS = (
    *(Row("POST", what, 200, body=body) for what, body in TAKEN.items()),
    *(Row("POST", what, 400, "errors", body=body) for what, body in REFUSED_BODIES.items()),
    *(
        Row("graphql-response+json", what, 400, "errors", body=body)
        for what, body in NOT_RUN.items()
    ),
    *(
        Row("json", what, 200, "errors", body=body, accept=JSON, media_type=JSON)
        for what, body in NOT_RUN.items()
    ),
    Row("json", "half of it", 400, "errors", body=b"{", accept=JSON, media_type=JSON),
    Row("json", "an answer", 200, body=asked(), accept=JSON, media_type=JSON),
    Row("Accept", "nothing said", 200, body=asked(), accept=None, media_type=JSON),
    Row("Accept", "anything", 200, body=asked(), accept="*/*", media_type=JSON),
    Row("Accept", "what is ours", 200, body=asked(), accept="application/*", media_type=JSON),
    Row("Accept", "with a charset", 200, body=asked(), accept=f"{RESPONSE_JSON}; charset=utf-8"),
    Row(
        "Accept",
        "the old one rather",
        200,
        body=asked(),
        accept=f"{RESPONSE_JSON};q=0.2, {JSON};q=0.9",
        media_type=JSON,
    ),
    Row(
        "Accept",
        "the new one, then the old one",
        200,
        body=asked(),
        accept=f"{RESPONSE_JSON}, {JSON};q=0.9",
    ),
    Row("Accept", "what is not ours", 406, "status", body=asked(), accept=UNKNOWN),
    Row("POST", "with its charset", 200, body=asked(), content_type=f"{JSON}; charset=utf-8"),
    Row("POST", "of no type", 415, "errors", body=asked(), content_type=None),
    Row("POST", "of another type", 415, "errors", body=asked(), content_type="text/plain"),
    Row("POST", "of a type unknown", 415, "errors", body=asked(), content_type=UNKNOWN),
    Row(
        "POST",
        "of another charset",
        415,
        "errors",
        body=asked(),
        content_type=f"{JSON}; charset=iso-8859-1",
    ),
    Row("GET", "a query", 200, method="GET", address={"query": HELLO}),
    Row("GET", "one of two", 200, method="GET", address={"query": TWO, "operationName": "One"}),
    Row(
        "GET",
        "variables",
        200,
        method="GET",
        address={"query": NAMED, "variables": '{"language": "NL"}'},
    ),
    Row("GET", "extensions", 200, method="GET", address=asked(extensions='{"a": 1}')),
    Row("GET", "empty words", 200, method="GET", address=asked(operationName="", variables="")),
    Row("GET", "nothing", 400, "errors", method="GET"),
    Row("GET", "no JSON", 400, "errors", method="GET", address=asked(variables="{")),
    Row("GET", "a list", 400, "errors", method="GET", address=asked(variables="[]")),
    Row("GET", "no map", 400, "errors", method="GET", address=asked(extensions="1")),
    Row("GET", "a change", 405, "errors", method="GET", address={"query": CHANGE}),
    Row(
        "GET",
        "a change beside a question",
        405,
        "errors",
        method="GET",
        address={"query": f"query Q {HELLO} mutation M {{ __typename }}", "operationName": "M"},
    ),
    *(
        Row("Methods", method, 405, "status", method=method, body=asked())
        for method in ("PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
    ),
)


async def wrong(lab: Lab, row: Row) -> str | None:
    """What came back in place of what has to; None: it is right."""
    headers = {"Authorization": f"Bearer {lab.token()}"}
    headers |= {} if row.accept is None else {"Accept": row.accept}
    headers |= (
        {} if row.content_type is None or row.body is None else {"Content-Type": row.content_type}
    )
    request = lab.http.build_request(
        row.method,
        "/graphql",
        params=row.address or None,
        content=row.body if isinstance(row.body, bytes) else json.dumps(row.body).encode(),
        headers=headers,
    )
    if row.accept is None:
        request.headers.pop("Accept", None)
    answer = await lab.http.send(request)
    if answer.status_code != row.status:
        return f"status {answer.status_code}"
    if row.status == 405 and not answer.headers.get("Allow"):
        return "no word of what is allowed"
    if row.told == "status":
        return None
    if answer.headers["Content-Type"] != f"{row.media_type}; charset=utf-8":
        return f"a {answer.headers['Content-Type']}"
    told = json.loads(answer.content)
    if not isinstance(told, dict) or told.keys() - {"data", "errors", "extensions"}:
        return f"no answer of GraphQL: {told}"
    if row.told == "data":
        return None if told.keys() == {"data"} and isinstance(told["data"], dict) else f"{told}"
    errors = told.get("errors")
    if "data" in told or not isinstance(errors, list) or not errors:
        return f"{told}"
    return None if all(isinstance(one["message"], str) for one in errors) else f"{errors}"


async def test_what_the_draft_demands(tmp_path: Path) -> None:
    """Status, media type and form of each answer."""
    async with running_gateway(tmp_path, get_queries=True) as lab:
        found = {f"{row.section}: {row.method} {row.what}": await wrong(lab, row) for row in ROWS}

    assert len(ROWS) == len(found) > 60
    assert {} == {what: problem for what, problem in found.items() if problem is not None}
