"""Bad input at the front door: a clear sentence each, and nothing is stored."""

from __future__ import annotations

import base64
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import jwt
import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.identity.issuer import load_key
from shared.local import documents
from shared.local.session import Installation
from tests.system.people import Organisation


def stored(installation: Installation) -> dict[str, int]:
    """How many events and answers each service holds."""
    with psycopg.connect(installation.database_url("postgres")) as connection:
        counts = {}
        for service in ("intake", "signals", "reporting"):
            row = connection.execute(
                f"SELECT (SELECT count(*) FROM {service}.event"  # noqa: S608  our own names
                # What fills up tiles comes by itself.
                " WHERE type <> 'Blank'),"
                f" (SELECT count(*) FROM {service}.idempotency)".encode()
            ).fetchone()
            assert row is not None
            counts[service] = sum(row)
    return counts


@pytest.fixture(scope="module")
def organisation(installation: Installation) -> Iterator[Organisation]:
    """An organisation with an adviser, which no test changes."""
    made = Organisation(installation)
    yield made
    made.close()


@pytest.fixture
def unchanged(installation: Installation, organisation: Organisation) -> Iterator[Organisation]:
    """Whatever the test sends, nothing is stored by it."""
    before = stored(installation)
    yield organisation
    assert before == stored(installation)


def post(
    organisation: Organisation, body: bytes | str, token: str | None = None, **headers: str
) -> httpx2.Response:
    """Send a body as it is."""
    accept = "application/graphql-response+json"
    sent = {"Content-Type": "application/json", "Accept": accept, **headers}
    if token is not None:
        sent["Authorization"] = f"Bearer {token}"
    return httpx2.post(
        organisation.installation.gateway_url,
        content=body,
        headers=sent,
        timeout=20,
        trust_env=False,
    )


def refusal(response: httpx2.Response) -> tuple[int, str]:
    """Status and the first error's code; the answer holds no stack and no value."""
    body = response.json()
    error = body["errors"][0]
    assert error["message"]
    assert "Traceback" not in response.text
    return response.status_code, error["extensions"]["code"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "MALFORMED_REQUEST"),
        (b"{", "MALFORMED_REQUEST"),
        (b"\xff\xfe\x00", "MALFORMED_REQUEST"),
        (b"[]", "MALFORMED_REQUEST"),
        (b'{"query": 7}', "MALFORMED_REQUEST"),
        (b'{"query": "{"}', "INVALID_DOCUMENT"),
        (b'{"query": "{ nothing }"}', "INVALID_DOCUMENT"),
        (b"[" * 100_000, "MALFORMED_REQUEST"),
    ],
)
def test_malformed_requests(unchanged: Organisation, body: bytes, code: str) -> None:
    """Whatever is no GraphQL request is told so with a status of 400, never 500."""
    assert (400, code) == refusal(post(unchanged, body, unchanged.adviser.token))


def test_a_body_over_the_limit(unchanged: Organisation) -> None:
    """A body above the limit is refused with the limit in the sentence."""
    response = post(unchanged, b" " * (2 * 1024 * 1024 + 1), unchanged.adviser.token)
    assert (413, "TOO_LARGE") == refusal(response)
    assert "2048 KiB" in response.text


def _signed(unchanged: Organisation, key: Any = None, **claims: Any) -> str:
    """A token like the issuer's, signed by somebody else's key unless `key` says otherwise."""
    claims = {
        "iss": unchanged.installation.issuer_url,
        "aud": "hoeksteen",
        "sub": "anna",
        "iat": int(time.time()),
        "exp": 4_000_000_000,
        "role": "adviser",
        "org": str(unchanged.id),
    } | claims
    header = jwt.get_unverified_header(unchanged.adviser.token)
    return jwt.encode(
        claims,
        key or Ed25519PrivateKey.generate(),
        algorithm="EdDSA",
        headers={"typ": "at+jwt", "kid": header["kid"]},
    )


def _unsigned(unchanged: Organisation) -> str:
    head, body, _ = unchanged.adviser.token.split(".")
    kid = jwt.get_unverified_header(unchanged.adviser.token)["kid"]
    none = json.dumps({"alg": "none", "typ": "at+jwt", "kid": kid}).encode()
    assert head
    return f"{base64.urlsafe_b64encode(none).rstrip(b'=').decode()}.{body}."


def _expired(unchanged: Organisation) -> str:
    key = load_key(unchanged.installation.home.secrets / "issuer.key")
    return _signed(unchanged, key, iat=int(time.time()) - 120, exp=int(time.time()) - 60)


def test_a_token_like_the_issuers_is_taken(organisation: Organisation) -> None:
    """The tokens made here fail for what is wrong with them, and for nothing else."""
    key = load_key(organisation.installation.home.secrets / "issuer.key")
    body = json.dumps({"query": documents.ORGANISATION})
    assert post(organisation, body, _signed(organisation, key)).status_code == 200


def _meddled(unchanged: Organisation) -> str:
    head, body, signature = unchanged.adviser.token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    claims["role"] = "auditor"
    changed = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"{head}.{changed}.{signature}"


@pytest.mark.parametrize(
    "token",
    [lambda _one: None, lambda _one: "nonsense", _signed, _unsigned, _expired, _meddled],
    ids=["none", "nonsense", "foreign", "unsigned", "expired", "meddled"],
)
def test_tokens_that_prove_nothing(
    unchanged: Organisation, token: Callable[[Organisation], str | None]
) -> None:
    """Without a token that holds, one answer for every reason: sign in."""
    body = json.dumps({"query": documents.ORGANISATION})
    assert (401, "NOT_SIGNED_IN") == refusal(post(unchanged, body, token(unchanged)))


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"channel": "smoke"}, "a code that taxonomy version 1 does not know"),
        ({"category": "Bullying!"}, "a code that taxonomy version 1 does not know"),
        ({"unitId": "nowhere"}, "the organisation has no such unit"),
        ({"caseId": "not-an-id"}, "caseId"),
        ({"words": []}, "words"),
        (
            {
                "words": [
                    {
                        "keyId": str(uuid4()),
                        "ciphertext": base64.b64encode(bytes(1073)).decode(),
                    }
                ]
            },
            "sealed to a key that may not read it",
        ),
        ({"idempotencyKey": "short"}, "idempotencyKey"),
    ],
    ids=["channel", "category", "unit", "case", "no words", "foreign key", "idempotency"],
)
def test_a_case_that_cannot_be(unchanged: Organisation, changed: dict[str, Any], told: str) -> None:
    """A wrong field is named in a sentence, without its value."""
    case = uuid4()
    given = {
        "idempotencyKey": "a-key-for-this-test",
        "caseId": str(case),
        "channel": "phone",
        "anonymity": "named",
        "reporterRole": "employee",
        "relation": "colleague",
        "category": "bullying",
        "words": [unchanged.sealed("iets", case)],
    } | changed
    body = json.dumps({"query": documents.OPEN_CASE, "variables": {"input": given}})
    answer = post(unchanged, body, unchanged.adviser.token, **{"Accept-Language": "en"}).json()
    result = answer["data"]["openCase"]
    assert told in result["message"]
    for value in changed.values():
        assert str(value) not in result["message"] or not value


def test_wrong_types_in_variables(unchanged: Organisation) -> None:
    """Variables of the wrong type are told before anything is asked of a service."""
    body = json.dumps({"query": documents.OPEN_CASE, "variables": {"input": {"caseId": 7}}})
    assert (400, "INVALID_VARIABLES") == refusal(post(unchanged, body, unchanged.adviser.token))


_LOAD = """
import sys
from pathlib import Path
from shared import taxonomy
from shared.taxonomy.register import read_register
with open(sys.argv[1], "rb") as file:
    register = read_register(file, taxonomy=taxonomy.current(), units={})
# Of this program alone: ru_maxrss would tell the test runner's size from before the exec.
status = Path("/proc/self/status").read_text().splitlines()
print(next(line.split()[1] for line in status if line.startswith("VmHWM:")))
for error in register.line_errors[:3]:
    print(error.sentence("en"))
"""


def test_ten_million_rows_need_no_memory(tmp_path: Path) -> None:
    """A register of ten million rows is read as a stream, and refused with a sentence."""
    file = tmp_path / "huge.csv"
    with file.open("wb") as out:
        out.write(b"period,category,count\n")
        for _ in range(100):
            out.write(b"2018,bullying,1\n" * 100_000)
    done = subprocess.run(
        (sys.executable, "-c", _LOAD, str(file)),
        capture_output=True,
        text=True,
        check=True,
        timeout=150,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (2 * 1024**3, 2 * 1024**3)),
    )
    kib, *sentences = done.stdout.splitlines()
    assert int(kib) < 150 * 1024
    assert sentences
