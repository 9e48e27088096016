"""What is planted in requests to a whole installation is in no span, metric, exemplar or log line."""

from __future__ import annotations

import json
from base64 import b64encode
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import httpx2
import psycopg
import pytest

from hoeksteen_client import AdviserKey, GatewayError
from shared.ledger.leaf import BLANK
from shared.local import documents
from shared.local.session import SERVICES, Installation
from tests.otlp_receiver import Receiver, attributes
from tests.system.people import Organisation, until

Found = Callable[..., Organisation]

ADDRESS, MAIL = "203.0.113.77", "anna.canary@werkvloer.example"
TRACE = "c0ffee00c0ffee00c0ffee00c0ffee00"
ALIAS, WORDS, FAULT = "plantedAlias", "planted words of a case", "planted_exception"


def metrics(installation: Installation) -> str:
    """What Prometheus reads of all programs; the port that people reach has none of it."""
    ports = [installation.ports.gateway_metrics, *map(installation.ports.service, SERVICES)]
    with httpx2.Client(trust_env=False) as http:
        answers = [http.get(f"http://127.0.0.1:{port}/metrics") for port in ports]
        assert 404 == http.get(f"{installation.gateway_origin}/metrics").status_code
    assert {200} == {answer.status_code for answer in answers}
    return "".join(answer.text for answer in answers)


def logs(installation: Installation) -> str:
    """Every log of every program, PostgreSQL's and NATS' among them."""
    files = sorted(installation.home.logs.iterdir())
    assert {"gateway.log", "intake.log", "nats.log", "postgres.log"} <= {one.name for one in files}
    return "".join(file.read_text(errors="replace") for file in files)


def span_files(installation: Installation) -> str:
    """Every span on disk."""
    return "".join(file.read_text() for file in sorted(installation.home.telemetry.iterdir()))


@contextmanager
def no_row_may_be_written(installation: Installation, schema: str) -> Iterator[None]:
    """PostgreSQL refuses each new row that somebody asks for, in words that hold the row and the name of a
    rule. Blank entries are left alone: a log that is signed meanwhile needs them, and ends its program
    where it cannot have them.
    """
    with psycopg.connect(installation.database_url("postgres"), autocommit=True) as superuser:
        superuser.execute(
            f"ALTER TABLE {schema}.event ADD CONSTRAINT {FAULT} CHECK (type = '{BLANK}') NOT VALID".encode()
        )
        try:
            yield
        finally:
            superuser.execute(f"ALTER TABLE {schema}.event DROP CONSTRAINT {FAULT}".encode())


def test_nothing_that_was_planted_is_told(
    found: Found, installation: Installation, receiver: Receiver
) -> None:
    """An address, tokens, the text of queries, ids of cases and an exception's text, planted in requests that
    are answered, refused or break; whoever reads all telemetry finds the requests that may be told, and
    none of it.
    """
    there = found()
    case, stranger = there.open_case(WORDS), uuid4()
    heard = {"X-Forwarded-For": ADDRESS, "User-Agent": MAIL, "Referer": f"https://{ADDRESS}/{MAIL}"}
    told = {"traceparent": f"00-{TRACE}-c0ffee00c0ffee00-01", "baggage": f"mail={MAIL}"}
    token = there.hr.token
    with httpx2.Client(trust_env=False, headers=heard | told) as http:

        def post(query: str, bearer: str = token, **variables: str) -> int:
            asked = {"query": query, "variables": variables}
            bearer = f"Bearer {bearer}"
            answer = http.post(
                installation.gateway_url, json=asked, headers={"Authorization": bearer}
            )
            return answer.status_code

        # Answered; refused; no document; a token that is none; a case in a path, a query and a document.
        assert 200 == post(f"# {MAIL}\n{{ {ALIAS}: reports {{ id }} organisation {{ name }} }}")
        post(f'query {ALIAS} {{ case(id: "{case}") {{ id }} }}', there.adviser.token)
        post(f'{{ {ALIAS}: case(id: "{stranger}") {{ id {MAIL} }} }}')
        post("{ session { role } }", f"{token[:-8]}{FAULT}")
        post(f"query ($id: UUID!) {{ {ALIAS}: report(id: $id) {{ id }} }}", id=str(case))
        for path in (f"reports/{case}.pdf", f"ledger/intake/{case}/checkpoint", f"{case}?q={MAIL}"):
            http.get(
                f"{installation.gateway_origin}/{path}",
                headers={"Authorization": f"Bearer {token}"},
            )
    key = b64encode(AdviserKey.generate().public).decode()
    with no_row_may_be_written(installation, "intake"):
        with pytest.raises(GatewayError, match="wrong"):
            there.open_case(WORDS)
        with pytest.raises(GatewayError, match="wrong"):
            there.adviser.do(documents.PUBLISH_ADVISER_KEY, publicKey=key)
    organisation = there.hr.ask("{ organisation { name } }")
    assert "Proefbedrijf" == organisation["name"]

    def arrived() -> bool:
        verbs = {attributes(span).get("verb") for span in receiver.spans()}
        return {"intake.organisation", "reporting.reports"} <= verbs

    until(arrived)
    sent = b"".join(body for _, body in list(receiver.requests)).decode()
    left = {
        "OTLP": sent,
        "spans": span_files(installation),
        "metrics": metrics(installation),
        "logs": logs(installation),
    }

    # They were heard, and faults were told: by class.
    assert '"error": "CheckViolation"' in left["logs"]
    assert (
        'rpc_duration_seconds_count{status="INTERNAL",verb="intake.publish_adviser_key"}'
        in left["metrics"]
    )
    planted = {
        *(ADDRESS, key, MAIL, "werkvloer", TRACE, ALIAS, WORDS, FAULT, "Proefbedrijf"),
        *(str(case), case.hex, str(stranger), stranger.hex, str(there.id), there.id.hex),
        *(each for person in there.signed_in for each in (person.token, person.token[-20:])),
    }
    assert [] == [
        (place, one)
        for place, text in left.items()
        for one in planted
        if one.lower() in text.lower()
    ]
    # No exemplar, in either form: a sample has nothing behind its value.
    samples = [line for line in left["metrics"].splitlines() if not line.startswith("#")]
    assert not [line for line in samples if "#" in line]
    assert "xemplar" not in sent


WAYS = {
    ("graphql.operation", "gateway", "ask"),
    ("ask", "intake", "verb"),
    ("verb", "intake", "database"),
}
"""Of a question to intake: a span, a program, and what it made under it. A command makes one more."""


def traces(receiver: Receiver) -> dict[str, list[dict[str, Any]]]:
    """The spans that have come, by trace."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for span in receiver.spans():
        found[span["traceId"]].append(span)
    return found


def ways(spans: list[dict[str, Any]]) -> set[tuple[str, str, str]]:
    """Of each span that belongs to another that has come: the other's name, its program, its name."""
    names = {span["spanId"]: span["name"] for span in spans}
    return {
        (names[span["parentSpanId"]], span["service"], span["name"])
        for span in spans
        if span.get("parentSpanId") in names
    }


def test_a_question_of_staff_is_followed_and_a_case_is_not(
    found: Found, receiver: Receiver
) -> None:
    """From the gateway over the bus to the database and back, in one trace; a case that is opened or looked
    at leaves none, in no program.
    """

    def come(verb: str, expected: set[tuple[str, str, str]], before: set[str]) -> bool:
        """Whether all of a new trace with this verb is there: each program sends its own part."""
        return any(
            ways(spans) == expected
            for trace, spans in traces(receiver).items()
            if trace not in before and verb in {attributes(span).get("verb") for span in spans}
        )

    before = set(traces(receiver))
    there = found()
    command = WAYS | {("verb", "intake", "append")}
    until(lambda: come("intake.set_up_organisation", command, before))
    until(lambda: come("intake.publish_adviser_key", command, before))

    before = set(traces(receiver))
    case = there.open_case()
    there.adviser.ask(documents.CASE, id=str(case))
    # What those left in either program would come before this.
    there.hr.ask("{ organisation { name } }")
    until(lambda: come("intake.organisation", WAYS, before))
    (trace,) = set(traces(receiver)) - before
    assert {"intake.organisation"} == {
        attributes(span)["verb"] for span in traces(receiver)[trace] if "verb" in attributes(span)
    }
    assert not [span for span in receiver.spans() if "case" in json.dumps(span)]
