"""Trusted documents: what a production gateway runs, for whom, and what a broken manifest does."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from services.gateway.access import served_schemas
from services.gateway.documents import DocumentRules, documents_of
from services.gateway.settings import load
from shared.identity.roles import Role
from shared.runtime.settings import SettingProblem
from tests.gateway_lab import ORGANISATION, Lab, running_gateway

HELLO = "query Hello { session { role } }"
OTHER = "query Other { session { role } }"
DIGEST = hashlib.sha256(HELLO.encode()).hexdigest()
SCHEMAS = served_schemas()
PULSE = f"pulse.{ORGANISATION}.{'A' * 43}"


def manifest(folder: Path, role: str = "adviser", *texts: str) -> Path:
    """A folder with a manifest as graphql-codegen writes it."""
    folder.mkdir(exist_ok=True)
    documents = {hashlib.sha256(text.encode()).hexdigest(): text for text in texts or (HELLO,)}
    (folder / f"{role}.json").write_text(json.dumps(documents))
    return folder


@pytest_asyncio.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    """A gateway as in production, with one document that advisers have."""
    rules = DocumentRules(
        folder=manifest(tmp_path / "documents"),
        free=frozenset({Role.INTEGRATION}),
        anonymous_introspection=False,
    )
    async with running_gateway(tmp_path, rules=rules) as lab:
        yield lab


async def told(lab: Lab, body: dict[str, Any], role: Role = Role.ADVISER, **headers: str) -> Any:
    """The data, or the code and rule of the first error."""
    answer = await lab.post(body, role=role, **headers)
    document = answer.json()
    if "errors" not in document:
        return document["data"]
    assert 400 == answer.status_code
    extensions = document["errors"][0]["extensions"]
    return extensions["code"], extensions.get("rule")


MALFORMED = ("MALFORMED_REQUEST", None)
UNKNOWN = ("UNKNOWN_DOCUMENT", "TrustedDocuments")
PERSISTED = {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": DIGEST}}}


RELEASED = {"session": {"role": "adviser"}}
REQUESTS: dict[str, tuple[dict[str, Any], Any]] = {
    "by its id": ({"documentId": f"sha256:{DIGEST}"}, RELEASED),
    "by its digest alone": ({"documentId": DIGEST}, RELEASED),
    "as a persisted query": (PERSISTED, RELEASED),
    "by its very text": ({"query": HELLO}, RELEASED),
    "whatever stands beside the id": (
        {"query": OTHER, "documentId": f"sha256:{DIGEST}"},
        RELEASED,
    ),
    "another text": ({"query": OTHER}, UNKNOWN),
    "nearly its text": ({"query": HELLO + " "}, UNKNOWN),
    "another id": ({"documentId": "sha256:" + "0" * 64}, UNKNOWN),
    "what is no id": ({"documentId": "sha256:nothing"}, UNKNOWN),
    "another text with its id": (
        {"query": OTHER, "documentId": hashlib.sha256(OTHER.encode()).hexdigest()},
        UNKNOWN,
    ),
    "nothing": ({}, MALFORMED),
    "no text": ({"query": None}, MALFORMED),
    "a number": ({"documentId": 7}, MALFORMED),
    "a persisted number": ({"extensions": {"persistedQuery": 7}}, MALFORMED),
}


async def test_in_production_what_was_released_runs(lab: Lab) -> None:
    """By its id in either way or by its text, and nothing else, whatever stands beside it. A document is of
    its role; a role that may bring its own brings any.
    """
    assert {name: expected for name, (_, expected) in REQUESTS.items()} == {
        name: await told(lab, body) for name, (body, _) in REQUESTS.items()
    }
    assert UNKNOWN == await told(lab, {"documentId": DIGEST}, Role.HR)
    assert {"session": {"role": "integration"}} == await told(
        lab, {"query": OTHER}, Role.INTEGRATION
    )


async def test_whoever_has_an_account_introspects_their_own_schema(tmp_path: Path) -> None:
    """In production nobody without one: not who answers a pulse, and not a reporter."""
    rules = DocumentRules(anonymous_introspection=False)
    body = {"query": "{ __schema { queryType { name } } }"}
    async with running_gateway(tmp_path, rules=rules) as lab:
        found = await told(lab, body, Role.EMPLOYEE)
        refused = await told(lab, body, Authorization=f"Bearer {PULSE}")
        typename = await told(lab, {"query": "{ __typename }"}, Authorization=f"Bearer {PULSE}")

    assert {"__schema": {"queryType": {"name": "Query"}}} == found
    assert ("INVALID_DOCUMENT", "NoSchemaIntrospection") == refused
    assert {"__typename": "Query"} == typename


def test_local_mode_runs_any_document_and_knows_the_released_ones(tmp_path: Path) -> None:
    """By id what the manifest has; by an id that it has not, the text beside it if it is that text's."""
    adviser = documents_of(SCHEMAS, DocumentRules(folder=manifest(tmp_path)))[Role.ADVISER]
    other = hashlib.sha256(OTHER.encode()).hexdigest()

    assert adviser.find(None, DIGEST) is adviser.find(HELLO, None)
    assert adviser.find(OTHER, other) is adviser.find(OTHER, None)


BROKEN = {
    "not JSON": ("adviser.json", "{", "adviser.json cannot be read"),
    "a list": ("adviser.json", "[]", "adviser.json cannot be read"),
    "no role": ("advisor.json", "{}", "advisor.json is named for no role"),
    "another digest": ("adviser.json", json.dumps({DIGEST: OTHER}), "has another SHA-256"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_manifest_stops_the_start(tmp_path: Path, name: str) -> None:
    """The sentence names the file, and what is wrong with it."""
    file, text, sentence = BROKEN[name]
    (tmp_path / file).write_text(text)

    with pytest.raises(SettingProblem, match=f"HOEKSTEEN_DOCUMENTS.*{sentence}"):
        documents_of(SCHEMAS, DocumentRules(folder=tmp_path))


def test_a_document_that_does_not_fit_stops_the_start(tmp_path: Path) -> None:
    """What a role's schema refuses is found before the first page asks for it, by file, id, rule and line."""
    text = "{ session { role }\n cases { edges { cursor } } }"
    digest = hashlib.sha256(text.encode()).hexdigest()
    folder = manifest(tmp_path, "hr", text)

    with pytest.raises(
        SettingProblem, match=rf"{digest} of hr\.json .*FieldsOnCorrectType \(line 2\)"
    ):
        documents_of(SCHEMAS, DocumentRules(folder=folder))
    with pytest.raises(SettingProblem, match="must be a folder"):
        documents_of(SCHEMAS, DocumentRules(folder=tmp_path / "none"))


@pytest.mark.parametrize(
    ("value", "roles"),
    [
        (None, {Role.AUDITOR, Role.INTEGRATION}),
        ("none", set()),
        ("auditor, adviser", {Role.AUDITOR, Role.ADVISER}),
        ("everybody", None),
        ("none,adviser", None),
    ],
)
def test_who_may_bring_documents_is_a_setting(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, value: str | None, roles: set[Role] | None
) -> None:
    """Roles by name; what is no role is a sentence at the start."""
    for name in ("NATS_URL", "NATS_USER", "NATS_PASSWORD_FILE", "JWKS", "ISSUER"):
        monkeypatch.setenv(f"HOEKSTEEN_{name}", "x")
    monkeypatch.setenv("HOEKSTEEN_DOCUMENTS", str(tmp_path))
    if value is not None:
        monkeypatch.setenv("HOEKSTEEN_FREE_DOCUMENTS", value)
    if roles is None:
        with pytest.raises(SettingProblem, match="HOEKSTEEN_FREE_DOCUMENTS"):
            load()
    else:
        settings = load()
        assert (roles, tmp_path) == (set(settings.free_documents), settings.documents)
